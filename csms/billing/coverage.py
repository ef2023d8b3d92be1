"""Whether a set of restrictions leaves anything out. PURE.

Every axis (minute of the day, weekday, date, energy, current, power, duration) is cut where
some restriction begins or ends; the first value of each piece stands for all of it.
"""

from __future__ import annotations

from datetime import date
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, Final

from csms.billing.tariff import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from csms.billing.tariff import Restrictions

RANGES: Final = ("kwh", "current", "power", "duration")
_DAY_MINUTES: Final = 1440
_MOST: Final = 20_000


def covers_all(rules: Sequence[Restrictions]) -> bool:
    """Tells whether at any time, at any energy and power, one of the restrictions holds.

    Sets that cut too finely to be looked through count as if they did.
    """
    axes: list[list[Any]] = [
        _minutes(rules),
        list(DAYS),
        _dates(rules),
        *(_bands(rules, one) for one in RANGES),
    ]
    if prod(len(axis) for axis in axes) > _MOST:
        return True
    points: Iterable[tuple[Any, ...]] = product(*axes)
    return all(any(_holds(one, point) for one in rules) for point in points)


def hours(rules: Restrictions) -> list[tuple[int, int]]:
    """Returns the minutes of a day in which restrictions hold, as half-open ranges."""
    first, last = rules.start_time, rules.end_time
    start = 0 if first is None else first.hour * 60 + first.minute
    end = (0 if last is None else last.hour * 60 + last.minute) or _DAY_MINUTES
    return [(start, end)] if start < end else [(0, end), (start, _DAY_MINUTES)]


def _minutes(rules: Sequence[Restrictions]) -> list[int]:
    marks = {mark for one in rules for span in hours(one) for mark in span}
    return sorted({0, *marks} - {_DAY_MINUTES})


def _dates(rules: Sequence[Restrictions]) -> list[date]:
    marks = {mark for one in rules for mark in (one.start_date, one.end_date) if mark is not None}
    return sorted({date.min, *marks})


def _bands(rules: Sequence[Restrictions], name: str) -> list[Any]:
    bounds = {getattr(one, f"{end}_{name}") for one in rules for end in ("min", "max")}
    return sorted({0, *bounds} - {None})


def _holds(rules: Restrictions, point: tuple[Any, ...]) -> bool:
    minute, day, on, *totals = point
    if rules.day_of_week and day not in rules.day_of_week:
        return False
    if not any(start <= minute < end for start, end in hours(rules)):
        return False
    ranges = [(on, rules.start_date, rules.end_date)]
    ranges += [
        (total, getattr(rules, f"min_{name}"), getattr(rules, f"max_{name}"))
        for name, total in zip(RANGES, totals, strict=True)
    ]
    return all(
        (least is None or value >= least) and (most is None or value < most)
        for value, least, most in ranges
    )
