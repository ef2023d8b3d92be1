"""What is legal in a tariff but surely not meant. PURE.

Source: OCPI 2.2.1, 11.3.1: the first element of a dimension whose restrictions match is used,
and a last one without restrictions is advised.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.billing.coverage import RANGES, covers_all, hours
from csms.billing.tariff import DAYS, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from csms.billing.tariff import Dimension, Element, PriceComponent, Restrictions, Tariff

_WEEK: Final = 7
_BOUNDS: Final = (*((f"min_{name}", f"max_{name}") for name in RANGES), ("start_date", "end_date"))
_AXES: Final = (*_BOUNDS, ("start_time", "end_time"), ("day_of_week",), ("reservation",))


def advise(tariff: Tariff) -> list[Finding]:
    """Returns what an operator should look at again, in the tariff's order."""
    found = [
        Finding(path, "is no member of OCPI 2.2.1, and was not read") for path in tariff.ignored
    ]
    for index, element in enumerate(tariff.elements):
        found += _never(index, element.restrictions)
        found += _hidden(tariff, index)
        found += _overlaps(tariff, index)
        found += _odd(index, element)
    found += _gaps(tariff)
    found += _flats(tariff)
    found += _steps(tariff)
    found += _rates(tariff)
    return found


def _never(index: int, rules: Restrictions) -> Iterator[Finding]:
    """Yields what keeps an element from ever applying."""
    path = f"elements[{index}].restrictions"
    for low, high in _BOUNDS:
        least, most = getattr(rules, low), getattr(rules, high)
        if least is not None and least == most:
            yield Finding(f"{path}.{high}", f"is the same as {low}: the element never applies")
    if _no_such_day(rules):
        yield Finding(f"{path}.day_of_week", "is on none of the dates: the element never applies")
    for name in RANGES:
        if getattr(rules, f"max_{name}") == 0:
            yield Finding(f"{path}.max_{name}", "is 0: the element never applies")


def _no_such_day(rules: Restrictions) -> bool:
    start, end = rules.start_date, rules.end_date
    if not rules.day_of_week or start is None or end is None or (end - start).days >= _WEEK:
        return False
    days = {DAYS[(start + timedelta(days=day)).weekday()] for day in range((end - start).days)}
    return bool(days) and days.isdisjoint(rules.day_of_week)


def _hidden(tariff: Tariff, index: int) -> Iterator[Finding]:
    """Yields the prices of an element that earlier ones never let through."""
    element = tariff.elements[index]
    for place, component in enumerate(element.price_components):
        for earlier, other in enumerate(tariff.elements[:index]):
            if other.component(component.type) and _covers(
                other.restrictions, element.restrictions
            ):
                yield Finding(
                    f"elements[{index}].price_components[{place}]",
                    f"is never reached: elements[{earlier}] has the price of {component.type} "
                    "whenever this element applies",
                )
                break


def _overlaps(tariff: Tariff, index: int) -> Iterator[Finding]:
    """Yields the earlier elements that take a part of what this one says of the same axis."""
    element = tariff.elements[index]
    for earlier, other in enumerate(tariff.elements[:index]):
        kinds = sorted(
            one.type for one in element.price_components if other.component(one.type) is not None
        )
        axis = _shared_axis(element.restrictions, other.restrictions) if kinds else None
        if axis is not None:
            yield Finding(
                f"elements[{index}].restrictions.{axis}",
                f"overlaps with elements[{earlier}], whose price of {' and '.join(kinds)} holds "
                "where both apply",
            )


def _shared_axis(later: Restrictions, earlier: Restrictions) -> str | None:
    """Returns the one axis on which two restrictions differ and partly overlap; None for none."""
    differing = [axis for axis in _AXES if _on(later, axis) != _on(earlier, axis)]
    if len(differing) != 1 or _covers(later, earlier) or _covers(earlier, later):
        return None
    (axis,) = differing
    if axis == ("start_time", "end_time"):
        meet = any(
            start < other_end and other_start < end
            for start, end in hours(later)
            for other_start, other_end in hours(earlier)
        )
    elif axis == ("reservation",):
        meet = False
    elif axis == ("day_of_week",):
        meet = not set(later.day_of_week).isdisjoint(earlier.day_of_week)
    else:
        (least, most), (other_least, other_most) = _on(later, axis), _on(earlier, axis)
        meet = (most is None or other_least is None or other_least < most) and (
            other_most is None or least is None or least < other_most
        )
    return axis[0] if meet else None


def _on(rules: Restrictions, axis: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(rules, name) for name in axis)


def _covers(wide: Restrictions, narrow: Restrictions) -> bool:
    """Tells whether one set of restrictions holds wherever another does."""
    if wide.reservation != narrow.reservation:
        return False
    for low, high in _BOUNDS:
        least, inner_least = getattr(wide, low), getattr(narrow, low)
        most, inner_most = getattr(wide, high), getattr(narrow, high)
        if least is not None and (inner_least is None or inner_least < least):
            return False
        if most is not None and (inner_most is None or inner_most > most):
            return False
    days = set(wide.day_of_week) or set(DAYS)
    if not (set(narrow.day_of_week) or set(DAYS)) <= days:
        return False
    return all(
        any(start <= inner_start and inner_end <= end for start, end in hours(wide))
        for inner_start, inner_end in hours(narrow)
    )


def _odd(index: int, element: Element) -> Iterator[Finding]:
    """Yields what one element has that reads otherwise than it counts."""
    rules, path = element.restrictions, f"elements[{index}].restrictions"
    if rules.day_of_week and len(hours(rules)) > 1:
        yield Finding(
            f"{path}.day_of_week",
            "also holds after midnight: on a day that is named, both its early and its late hours "
            "count, not the night that begins on it",
        )
    if element.component("PARKING_TIME") and (rules.min_duration or rules.max_duration):
        name = "min_duration" if rules.min_duration else "max_duration"
        yield Finding(
            f"{path}.{name}", "counts from the session's start, not from when parking began"
        )
    if element.component("PARKING_TIME") and _needs_flow(rules):
        yield Finding(path, "asks for power or current, of which a parked car takes none")
    for place, component in enumerate(element.price_components):
        where = f"elements[{index}].price_components[{place}]"
        if component.price < 0:
            yield Finding(f"{where}.price", "is negative: the driver is paid")
        if component.type == "ENERGY" and component.step_size == 0:
            yield Finding(f"{where}.step_size", "is 0: energy is billed as measured, without steps")


def _needs_flow(rules: Restrictions) -> bool:
    return bool(rules.min_power or rules.min_current)


def _gaps(tariff: Tariff) -> Iterator[Finding]:
    """Yields the dimensions that have prices with restrictions only."""
    for dimension in ("ENERGY", "TIME", "PARKING_TIME"):
        priced = [
            element.restrictions
            for element in tariff.elements
            if element.component(dimension) and element.restrictions.reservation is None
        ]
        if priced and not covers_all(priced):
            yield Finding(
                "elements",
                f"leave times, energies or powers out, at which {dimension} is free: an element "
                "without restrictions at the end would have their price",
            )


def _flats(tariff: Tariff) -> Iterator[Finding]:
    flats = [place for place, one in _components(tariff, "FLAT") if one.price]
    for place in flats[1:]:
        yield Finding(
            place, "may never count: a session pays one FLAT price, the first that applies"
        )


def _steps(tariff: Tariff) -> Iterator[Finding]:
    if not any(True for _ in _components(tariff, "PARKING_TIME")):
        return
    for place, component in _components(tariff, "TIME"):
        if component.step_size > 1:
            yield Finding(
                f"{place}.step_size",
                "has no effect on sessions that also pay for parking: then only the parking time "
                "is rounded up",
            )


def _rates(tariff: Tariff) -> Iterator[Finding]:
    every = [
        item
        for kind in ("ENERGY", "FLAT", "TIME", "PARKING_TIME")
        for item in _components(tariff, kind)
    ]
    if any(one.vat is not None for _, one in every):
        for place, component in sorted(every, key=lambda item: item[0]):
            if component.vat is None and component.price:
                yield Finding(
                    f"{place}.vat", "is missing, while other prices of the tariff have VAT"
                )


def _components(tariff: Tariff, dimension: Dimension) -> Iterable[tuple[str, PriceComponent]]:
    for index, element in enumerate(tariff.elements):
        if element.restrictions.reservation is not None:
            continue
        for place, component in enumerate(element.price_components):
            if component.type == dimension:
                yield f"elements[{index}].price_components[{place}]", component
