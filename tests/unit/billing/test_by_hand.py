"""Tariffs and sessions with totals worked out by hand, from OCPI 2.2.1's words alone.

Each case: the tariff's elements (and members), the session, its zone, net and total. What is
worked out stands beside it.
"""

from zoneinfo import ZoneInfo

import pytest

from csms.billing import price_session
from tests.unit.billing.made_tariffs import component, element, tariff, totals

UTC_ZONE = "UTC"
STOCKHOLM = "Europe/Stockholm"
NEW_YORK = "America/New_York"

E, T, P, F = "ENERGY", "TIME", "PARKING_TIME", "FLAT"
WEEKEND = ["SATURDAY", "SUNDAY"]


def span(start, end, kwh, charging_end=None, **more):
    doc = {"start": start, "end": end, "energy_kwh": kwh, **more}
    return doc if charging_end is None else {**doc, "charging_end": charging_end}


def hours(start, end, kwh, charging_end=None):
    """A span of Wednesday 2026-01-14, in UTC."""
    day = "2026-01-14T"
    return span(f"{day}{start}Z", f"{day}{end}Z", kwh, charging_end and f"{day}{charging_end}Z")


HOUR = hours("10:00:00", "11:00:00", 10)


def kwh(amount):
    return hours("10:00:00", "11:00:00", amount)


def one(*components, **restrictions):
    return (element(*components, **restrictions),)


BY_NIGHT = (
    element(component(E, 0.1), start_time="22:00", end_time="06:00"),
    element(component(E, 0.3)),
)
BANDS = (
    element(component(E, 0.5), max_kwh=10),
    element(component(E, 0.4), max_kwh=20),
    element(component(E, 0.3)),
)
AT_TWO = (
    element(component(T, 10), start_time="02:00", end_time="03:00"),
    element(component(T, 1)),
)
BY_POWER = (
    element(component(E, 0.2), max_power=16),
    element(component(E, 0.35), max_power=32),
    element(component(E, 0.5)),
)


def at_power(*stretches):
    """Points of stretches (minutes, kWh, what is told), from 10:00 on."""
    points, minute, energy = [{"at": "2026-01-14T10:00:00Z", "energy_kwh": 0}], 600, 0
    for minutes, amount, told in stretches:
        minute, energy = minute + minutes, energy + amount
        at = f"2026-01-14T{minute // 60:02}:{minute % 60:02}:00Z"
        points.append({"at": at, "energy_kwh": energy, **told})
    return {"points": points}


CASES = {
    # ENERGY
    "12.345 kWh x 0.30 = 3.7035": (one(component(E, 0.3)), kwh(12.345), "3.70 3.70"),
    "13 steps of a kWh": (one(component(E, 0.3, 1000)), kwh(12.345), "3.90 3.90"),
    "13 kWh are 13 steps": (one(component(E, 0.3, 1000)), kwh(13), "3.90 3.90"),
    "13.000001 kWh are 14 steps": (one(component(E, 0.3, 1000)), kwh(13.000001), "4.20 4.20"),
    "0.4 Wh are a step of 1 Wh": (one(component(E, 1000)), kwh(0.0004), "1.00 1.00"),
    "a step of 0 rounds nothing": (one(component(E, 1000, 0)), kwh(0.0004), "0.40 0.40"),
    "no energy is no step": (one(component(E, 1, 500)), kwh(0), "0.00 0.00"),
    "25 kWh: 5 + 4 + 1.5": (BANDS, kwh(25), "10.50 10.50"),
    "exactly 10 kWh": (BANDS, kwh(10), "5.00 5.00"),
    "the first 5 kWh free": (one(component(E, 0.3), min_kwh=5), kwh(12), "2.10 2.10"),
    "exactly the free 5 kWh": (one(component(E, 0.3), min_kwh=5), kwh(5), "0.00 0.00"),
    "energy by the last step, at no price": (
        (
            element(component(E, 0.2, 500), max_kwh=4.3),
            element(component(E, 0.0, 1)),
        ),
        kwh(5.4),
        "0.86 0.86",
    ),
    "energy that is priced no further: 4.3 become 4.5": (
        one(component(E, 0.2, 500), max_kwh=4.3),
        kwh(5.4),
        "0.90 0.90",
    ),
    "the first that fits, though a later one is cheaper": (
        (element(component(E, 0.5)), element(component(E, 0.1))),
        kwh(10),
        "5.00 5.00",
    ),
    # TIME and PARKING_TIME
    "61 s in minutes: 2 x 2/60": (
        one(component(T, 2, 60)),
        hours("10:00:00", "10:01:01", 1),
        "0.07 0.07",
    ),
    "an hour by the hour": (one(component(T, 5, 3600)), HOUR, "5.00 5.00"),
    "an hour and a second by the hour": (
        one(component(T, 5, 3600)),
        hours("10:00:00", "11:00:01", 1),
        "10.00 10.00",
    ),
    "3 min charging as they are, 6 min parking as 7": (
        one(component(T, 1, 300), component(P, 2, 420)),
        hours("10:00:00", "10:09:00", 1, "10:03:00"),
        "0.28 0.28",
    ),
    "charging is rounded where parking has no price": (
        one(component(T, 1, 900)),
        hours("10:00:00", "10:30:00", 1, "10:10:00"),
        "0.25 0.25",
    ),
    "the last step of charging counts: 25 min at 1.2, 10 at 2.4, not rounded": (
        (
            element(component(T, 1.2, 1800), end_time="17:00"),
            element(component(T, 2.4, 1)),
        ),
        hours("16:35:00", "17:10:00", 5),
        "0.90 0.90",
    ),
    "the last step of charging counts: 35 min as 60, 35 of them at 2.4": (
        (
            element(component(T, 1.2, 1), end_time="17:00"),
            element(component(T, 2.4, 3600)),
        ),
        hours("16:35:00", "17:10:00", 5),
        "1.90 1.90",
    ),
    "parking in two elements: 50 min in all, as 60 by the last": (
        (
            element(component(P, 1.2, 900), end_time="17:00"),
            element(component(P, 6, 1800)),
        ),
        hours("16:00:00", "17:20:00", 5, "16:30:00"),
        "3.60 3.60",  # 30 min at 1.2, 20 + 10 at 6
    ),
    "no charging, only parking": (
        one(component(T, 5, 60), component(P, 2, 60)),
        hours("10:00:00", "12:00:00", 0, "10:00:00"),
        "4.00 4.00",
    ),
    "time free until 10 kWh, 2/h after": (
        one(component(T, 2), min_kwh=10),
        hours("10:00:00", "12:00:00", 20),
        "2.00 2.00",
    ),
    # FLAT
    "a session of no time and no energy has its fee": (
        one(component(F, 0.5, vat=20)),
        hours("10:00:00", "10:00:00", 0),
        "0.50 0.60",
    ),
    "a fee at weekends only, on a Wednesday": (
        (element(component(F, 3), day_of_week=WEEKEND), element(component(E, 0.1))),
        HOUR,
        "1.00 1.00",
    ),
    "one fee, though two elements follow each other": (
        (
            element(component(F, 0.5), end_time="10:30"),
            element(component(F, 0.8)),
        ),
        HOUR,
        "0.50 0.50",
    ),
    # Which element
    "a kind that an element lacks is looked for further on": (
        (
            element(component(E, 0.2), start_time="10:00", end_time="12:00"),
            element(component(E, 0.3), component(T, 1)),
        ),
        HOUR,
        "3.00 3.00",
    ),
    "nothing fits, nothing is due": (
        one(component(E, 0.2), start_time="12:00", end_time="13:00"),
        HOUR,
        "0.00 0.00",
    ),
    # The clock
    "by night, begun in the evening": (
        BY_NIGHT,
        hours("21:00:00", "23:00:00", 20),
        "4.00 4.00",
    ),
    "by night, begun before six": (BY_NIGHT, hours("05:00:00", "07:00:00", 20), "4.00 4.00"),
    "until 00:00, past midnight": (
        (
            element(component(E, 0.5), start_time="18:00", end_time="00:00"),
            element(component(E, 0.2)),
        ),
        span("2026-01-14T23:00:00Z", "2026-01-15T01:00:00Z", 10),
        "3.50 3.50",
    ),
    "start_time alone holds until midnight": (
        (element(component(E, 0.5), start_time="22:00"), element(component(E, 0.2))),
        span("2026-01-14T23:00:00Z", "2026-01-15T01:00:00Z", 10),
        "3.50 3.50",
    ),
    "end_time alone holds from midnight": (
        (element(component(E, 0.5), end_time="08:00"), element(component(E, 0.2))),
        hours("07:00:00", "09:00:00", 10),
        "3.50 3.50",
    ),
    "Friday into Saturday": (
        (element(component(E, 0.1), day_of_week=WEEKEND), element(component(E, 0.3))),
        span("2026-01-16T23:00:00Z", "2026-01-17T01:00:00Z", 10),
        "2.00 2.00",
    ),
    "Friday night: the day is the day that it is": (
        (
            element(
                component(E, 0.1), start_time="22:00", end_time="06:00", day_of_week=["FRIDAY"]
            ),
            element(component(E, 0.3)),
        ),
        span("2026-01-16T21:00:00Z", "2026-01-17T01:00:00Z", 20),
        "4.00 4.00",
    ),
    "free at Christmas, until the 26th": (
        (
            element(component(E, 0.0), start_date="2026-12-24", end_date="2026-12-26"),
            element(component(E, 0.3)),
        ),
        span("2026-12-25T23:00:00Z", "2026-12-26T01:00:00Z", 10),
        "1.50 1.50",
    ),
    "free before noon and until 10 kWh": (
        (element(component(E, 0.0), end_time="12:00", max_kwh=10), element(component(E, 0.4))),
        hours("11:30:00", "13:30:00", 20),
        "6.00 6.00",
    ),
    "three days, 36 h by day and 36 h by night": (
        (
            element(component(T, 1), start_time="08:00", end_time="20:00"),
            element(component(T, 0.5)),
        ),
        span("2026-01-16T12:00:00Z", "2026-01-19T12:00:00Z", 50),
        "54.00 54.00",
    ),
    "the night with an hour less": (
        one(component(T, 1)),
        span("2026-03-29T00:00:00+01:00", "2026-03-29T06:00:00+02:00", 5),
        "5.00 5.00",
        STOCKHOLM,
    ),
    "the night with an hour more": (
        one(component(T, 1)),
        span("2026-10-25T00:00:00+02:00", "2026-10-25T06:00:00+01:00", 5),
        "7.00 7.00",
        STOCKHOLM,
    ),
    "from two to three, which there is not": (
        AT_TWO,
        span("2026-03-29T00:00:00+01:00", "2026-03-29T06:00:00+02:00", 5),
        "5.00 5.00",
        STOCKHOLM,
    ),
    "from two to three, which there is twice": (
        AT_TWO,
        span("2026-10-25T00:00:00+02:00", "2026-10-25T06:00:00+01:00", 5),
        "25.00 25.00",
        STOCKHOLM,
    ),
    "a New York evening is no UTC evening": (
        (element(component(E, 1), start_time="18:00", end_time="20:00"), element(component(E, 0))),
        span("2026-01-14T22:00:00Z", "2026-01-15T02:00:00Z", 20),
        "10.00 10.00",
        NEW_YORK,
    ),
    # Power and current
    "exactly 16 kW is not below 16": (
        BY_POWER,
        at_power((60, 16, {"power_kw": 16})),
        "5.60 5.60",
    ),
    "exactly 16 kW is from 16 on": (
        one(component(E, 1), min_power=16),
        at_power((60, 16, {"power_kw": 16})),
        "16.00 16.00",
    ),
    "between 3 and 7 kW": (
        (element(component(E, 0.25), min_power=3, max_power=7), element(component(E, 1))),
        at_power((60, 5, {"power_kw": 5}), (60, 2, {"power_kw": 2}), (30, 5, {"power_kw": 10})),
        "8.25 8.25",
    ),
    "above and below 32 A": (
        (
            element(component(T, 1, 900), max_current=32),
            element(component(T, 2, 600), min_current=32),
        ),
        at_power((20, 2, {"current_a": 16}), (40, 15, {"current_a": 63})),
        "1.67 1.67",  # 20 min at 1, 40 at 2; 60 min are whole steps
    ),
    # How long
    "half an hour free, then 6/h": (
        one(component(T, 6), min_duration=1800),
        hours("10:00:00", "10:45:00", 5),
        "1.50 1.50",
    ),
    "parking free in the first two hours of the session": (
        (element(component(P, 0), max_duration=7200), element(component(P, 2))),
        hours("10:00:00", "14:00:00", 5, "11:00:00"),
        "4.00 4.00",
    ),
    "between one and two hours": (
        (
            element(component(E, 1), min_duration=3600, max_duration=7200),
            element(component(E, 0.1)),
        ),
        hours("10:00:00", "13:00:00", 30),
        "12.00 12.00",
    ),
    # VAT
    "20 % of energy, 10 % of time": (
        one(component(E, 0.3, vat=20), component(T, 2, vat=10)),
        HOUR,
        "5.00 5.80",
    ),
    "7.7 %: 3.50 and 0.2695": (one(component(E, 0.35, vat=7.7)), HOUR, "3.50 3.77"),
    "VAT of 0": (one(component(E, 0.3, vat=0.0)), HOUR, "3.00 3.00"),
    # By charging periods
    "charging periods with a pause": (
        one(component(E, 0.3), component(T, 1, 60), component(P, 4, 600)),
        {
            "start_date_time": "2026-01-14T10:00:00Z",
            "end_date_time": "2026-01-14T11:05:00Z",
            "charging_periods": [
                {
                    "start_date_time": "2026-01-14T10:00:00Z",
                    "dimensions": [{"type": E, "volume": 8}, {"type": T, "volume": 0.5}],
                },
                {
                    "start_date_time": "2026-01-14T10:30:00Z",
                    "dimensions": [{"type": P, "volume": 0.25}],
                },
                {
                    "start_date_time": "2026-01-14T10:45:00Z",
                    "dimensions": [{"type": E, "volume": 2}, {"type": T, "volume": 0.3333333333}],
                },
            ],
        },
        "5.17 5.17",  # 3.00, 50 min at 1, 15 min as 20 at 4
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_session_comes_to_what_a_hand_makes_of_it(name):
    elements, session, expected, *zone = CASES[name]
    made = price_session(tariff(*elements), session, ZoneInfo(zone[0] if zone else UTC_ZONE))
    assert " ".join(totals(made)) == expected
    assert sum(line.total for line in made.lines) == made.total


LIMITS = {
    "at least 2.00 and 2.50": ({"min_price": {"excl_vat": 2, "incl_vat": 2.5}}, 1, "2.00 2.50"),
    "at least 2.00, VAT as it was": ({"min_price": {"excl_vat": 2}}, 1, "2.00 2.50"),
    "at most 10 and 12": ({"max_price": {"excl_vat": 10, "incl_vat": 12}}, 20, "10.00 12.00"),
    "at most 12 with VAT, below 10": (
        {"max_price": {"excl_vat": 10, "incl_vat": 12}},
        9.9,
        "9.90 12.00",
    ),
    "a minimum of a session of nothing": ({"min_price": {"excl_vat": 1}}, 0, "1.00 1.25"),
    "within both": (
        {"min_price": {"excl_vat": 1}, "max_price": {"excl_vat": 9}},
        4,
        "4.00 5.00",
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_of_a_price_with_and_without_vat(name):
    """1 per kWh and 25 % VAT."""
    members, amount, expected = LIMITS[name]
    made = price_session(
        tariff(element(component(E, 1, vat=25)), **members), kwh(amount), ZoneInfo("UTC")
    )
    assert " ".join(totals(made)) == expected


@pytest.mark.parametrize(
    ("currency", "price", "expected"),
    [
        ("JPY", 35, "432 475"),  # 432.075 and 43.2075
        ("KWD", 0.0255, "0.315 0.346"),  # 0.3147975 and 0.03147975
        ("CLP", 350, "4321 4753"),  # 4320.75 and 432.075
        ("BHD", 0.1, "1.235 1.358"),  # 1.2345 and 0.12345; halves go up
    ],
)
def test_currencies_have_digits_of_their_own(currency, price, expected):
    priced = tariff(element(component(E, price, vat=10)), currency=currency)
    made = price_session(priced, kwh(12.345), ZoneInfo("UTC"))
    assert " ".join(totals(made)) == expected
