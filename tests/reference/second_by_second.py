"""A bill worked out the slow way: each second of a session by itself. Shares no code with ours.

It knows ENERGY, TIME, PARKING_TIME and FLAT, local times, days and dates, durations, energies
and powers, and the step sizes of OCPI 2.2.1, 10.3.1; times and energies fall on whole seconds.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction

DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


def reference_net(doc, zone, start, stretches):
    """The exact net of a session of (seconds, milliwatt-hours a second, charging?) stretches."""
    amounts, last, total = used_of(doc, zone, start, stretches)
    round_up("ENERGY", amounts, last)
    round_up("PARKING_TIME" if "PARKING_TIME" in last else "TIME", amounts, last)
    for kind, by_element in amounts.items():
        for index, amount in by_element.items():
            total += amount * Fraction(str(priced(doc["elements"][index], kind)["price"]))
    return total


def used_of(doc, zone, start, stretches):
    """What was used by dimension and element, the last price of each, and the flat fee."""
    amounts, last, flat = defaultdict(lambda: defaultdict(Fraction)), {}, None
    at, age, energy = start.astimezone(UTC), 0, 0
    for seconds, rate, charging in stretches:
        kind, power = "TIME" if charging else "PARKING_TIME", Fraction(rate * 3600, 1_000_000)
        for _ in range(seconds):
            now = at.astimezone(zone), age, Fraction(energy, 10**6), power
            matching = [
                (index, element)
                for index, element in enumerate(doc["elements"])
                if holds(element.get("restrictions", {}), *now)
            ]
            flat = flat or first(matching, "FLAT")
            for name, amount in (("ENERGY", Fraction(rate, 10**6)), (kind, Fraction(1, 3600))):
                if amount and (found := first(matching, name)):
                    amounts[name][found[0]] += amount
                    last[name] = found
            at, age, energy = at + timedelta(seconds=1), age + 1, energy + rate
    return amounts, last, Fraction(str(flat[1]["price"])) if flat else Fraction(0)


def round_up(kind, amounts, last):
    if kind in last:
        index, component = last[kind]
        step = Fraction(component["step_size"], 1000 if kind == "ENERGY" else 3600)
        used = sum(amounts[kind].values())
        amounts[kind][index] += -(-used // step) * step - used


def first(matching, kind):
    for index, element in matching:
        if component := priced(element, kind):
            return index, component
    return None


def priced(element, kind):
    return next((one for one in element["price_components"] if one["type"] == kind), None)


def holds(rules, local, age, kwh, power_kw):
    if not rules:
        return True
    clock, day = f"{local.hour:02}:{local.minute:02}", local.date().isoformat()
    first_time, last_time = rules.get("start_time", "00:00"), rules.get("end_time", "00:00")
    last_time = "24:00" if last_time == "00:00" else last_time
    if first_time < last_time:
        in_time = first_time <= clock < last_time
    else:
        in_time = clock >= first_time or clock < last_time
    return (
        in_time
        and rules.get("start_date", "0001-01-01") <= day < rules.get("end_date", "9999-01-01")
        and DAYS[local.weekday()] in (rules.get("day_of_week") or DAYS)
        and rules.get("min_duration", 0) <= age < rules.get("max_duration", 10**9)
        and _from(rules, "min_kwh", 0) <= kwh < _from(rules, "max_kwh", 10**9)
        and _from(rules, "min_power", 0) <= power_kw < _from(rules, "max_power", 10**9)
    )


def _from(rules, name, default):
    return Fraction(str(rules[name])) if name in rules else default


def clock_changes(zone, year):
    """The instants in a year at which a zone's offset changes, to the minute."""
    at = datetime(year, 1, 1, tzinfo=UTC)
    offset = at.astimezone(zone).utcoffset()
    changes = []
    while at.year == year:
        at += timedelta(minutes=30)
        if (later := at.astimezone(zone).utcoffset()) != offset:
            changes.append(at)
            offset = later
    return changes
