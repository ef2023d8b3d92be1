"""A tariff made ready for one time zone: which prices hold where, and until when. PURE.

Whether an element applies depends on the local clock, on the session's age, on its energy and
on its power. Each of these gives a bit mask of elements; where the masks meet, the first
element with a price for a dimension has it (OCPI 2.2.1, 11.3.1).
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from csms.billing.tariff import DAYS
from csms.billing.wall import Wall

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime, time, tzinfo

    from csms.billing.tariff import Dimension, Element, PriceComponent, Restrictions, Tariff

NEVER: Final = 1 << 80
"""Later than any instant in microseconds, and more than any energy in milliwatt-hours."""

SLOT_US: Final = 900_000_000
"""The stretches that energy at a spot price is kept in: a quarter of an hour."""

NOMINAL_V: Final = 230
"""What a current is worked out with, as a sum over the phases, where only a power is known."""

_SECOND_US: Final = 1_000_000
_MILLIWH_PER_KWH: Final = 1_000_000
_MILLIW_PER_KW: Final = 1_000_000
_MILLIA_PER_A: Final = 1_000
_DAY_MINUTES: Final = 1_440
_MASKS_KEPT: Final = 20_000
_HOUR_US: Final = 3_600_000_000
NOTHING: Final = -1
"""The element of a dimension that no element has a price for."""

Ratio = tuple[int, int]
"""A number as a numerator and a denominator above 0."""


class Flow(NamedTuple):
    """How fast energy flowed in a stretch: least and most power in mW and current in mA."""

    least_mw: Ratio
    most_mw: Ratio
    least_ma: Ratio
    most_ma: Ratio


STILL: Final = Flow((0, 1), (0, 1), (0, 1), (0, 1))


class Active(NamedTuple):
    """The element that has the price of each dimension, NOTHING where none has."""

    energy: int
    time: int
    parking: int
    flat: int


class Plan:
    """What a tariff comes to in one time zone; made once, and shared by its sessions."""

    def __init__(self, tariff: Tariff, zone: tzinfo, reservations: tuple[str | None, ...]) -> None:
        self.tariff = tariff
        self.zone = zone
        elements = [
            (index, element)
            for kind in reservations
            for index, element in enumerate(tariff.elements)
            if element.restrictions.reservation == kind
        ]
        self._elements = elements
        rules = [element.restrictions for _, element in elements]
        self._wall = Wall(zone, frozenset(_minutes(rules))) if any(map(_is_local, rules)) else None
        self._local = [_LocalRule(one) for one in rules]
        self._turns = _turns(rules)
        self._has_days = any(one.day_of_week for one in rules)
        self._local_masks: dict[tuple[int, int, int], int] = {}
        self._durations = _bounds(rules, "duration", _SECOND_US)
        self._energies = _bounds(rules, "kwh", _MILLIWH_PER_KWH)
        self._duration_masks = _masks(rules, "duration", _SECOND_US, self._durations)
        self._energy_masks = _masks(rules, "kwh", _MILLIWH_PER_KWH, self._energies)
        self._flows = [_FlowRule(one) for one in rules]
        self.has_flow = any(rule.bounds for rule in self._flows)
        priced = {one.type for _, element in elements for one in element.price_components}
        self.has_times = bool(priced & {"TIME", "PARKING_TIME"})
        self.has_flat = "FLAT" in priced
        self.spots = frozenset(
            index for index, element in elements if _spot_of(element) is not None
        )
        self._found: dict[int, Active] = {}

    def component(self, index: int, dimension: Dimension) -> PriceComponent:
        """Returns the price that an element has for a dimension."""
        component = self.tariff.elements[index].component(dimension)
        assert component is not None  # noqa: S101 - Active names only elements that have it
        return component

    def times(self, us: int, age_us: int, *, is_still: bool = False) -> tuple[int, int]:
        """Returns (mask, until when it holds) at an instant of a session of that age.

        Where nothing flows (`is_still`) it makes no difference which spot price holds.
        """
        band = bisect_right(self._durations, age_us)
        mask = self._duration_masks[band]
        until = us - age_us + self._durations[band] if band < len(self._durations) else NEVER
        if self._wall is not None:
            mask &= self._local_mask(self._wall.local(us))
            until = min(until, self._wall.next_cut(us))
        if self.spots and not is_still:
            until = min(until, (us // SLOT_US + 1) * SLOT_US)
        return mask, until

    def _local_mask(self, local: datetime) -> int:
        """Returns the mask of the elements that a local clock allows.

        It is the same at the same minute of all days of a name between two dates that rules name.
        """
        turn = bisect_right(self._turns, local.date()) if self._turns else 0
        weekday = local.weekday() if self._has_days else 0
        key = local.hour * 60 + local.minute, weekday, turn
        mask = self._local_masks.get(key)
        if mask is None:
            if len(self._local_masks) >= _MASKS_KEPT:
                self._local_masks.clear()
            mask = sum(1 << bit for bit, rule in enumerate(self._local) if rule.holds(local))
            self._local_masks[key] = mask
        return mask

    def energies(self, milliwh: int) -> tuple[int, int]:
        """Returns (mask, the energy until which it holds) where that much has been taken."""
        band = bisect_right(self._energies, milliwh)
        until = self._energies[band] if band < len(self._energies) else NEVER
        return self._energy_masks[band], until

    def flows(self, flow: Flow) -> int:
        """Returns the mask of the elements that apply at a power and a current."""
        return sum(1 << bit for bit, rule in enumerate(self._flows) if rule.holds(flow))

    def active(self, mask: int) -> Active:
        """Returns which of the elements in a mask have the prices."""
        found = self._found.get(mask)
        if found is None:
            found = Active(*(self._first(mask, one) for one in _ORDER))
            self._found[mask] = found
        return found

    def _first(self, mask: int, dimension: Dimension) -> int:
        for bit, (index, element) in enumerate(self._elements):
            if mask >> bit & 1 and element.component(dimension) is not None:
                return index
        return NOTHING


_ORDER: Final[tuple[Dimension, ...]] = ("ENERGY", "TIME", "PARKING_TIME", "FLAT")


@lru_cache(maxsize=512)
def plan_of(tariff: Tariff, zone: tzinfo) -> Plan:
    """Returns the plan of a tariff's prices for charging; those for reservations are not in it."""
    return Plan(tariff, zone, (None,))


@lru_cache(maxsize=512)
def booking_plan_of(tariff: Tariff, zone: tzinfo, *, is_expired: bool) -> Plan:
    """Returns the plan of a tariff's prices for a reservation.

    Of one that expired, prices for that come before those for any reservation (11.4.3).
    """
    kinds = ("RESERVATION_EXPIRES", "RESERVATION") if is_expired else ("RESERVATION",)
    return Plan(tariff, zone, kinds)


def flow_of(
    rise_milliwh: int, lasted_us: int, power_w: object = None, current_a: object = None
) -> Flow | None:
    """Returns the flow of a stretch: as told, else its mean; None if it has no time and no word.

    `power_w` and `current_a` are numbers of any kind, or (least, most) pairs of them.
    """
    power = _told(power_w, 1_000)
    if power is None:
        if lasted_us <= 0:
            return None
        mean = (rise_milliwh * _HOUR_US, lasted_us)
        power = (mean, mean)
    current = _told(current_a, _MILLIA_PER_A)
    if current is None:
        (low, low_by), (high, high_by) = power
        current = (low, low_by * NOMINAL_V), (high, high_by * NOMINAL_V)
    return Flow(*power, *current)


def _told(value: object, scale: int) -> tuple[Ratio, Ratio] | None:
    if value is None:
        return None
    least, most = value if isinstance(value, tuple) else (value, value)
    return _ratio(least, scale), _ratio(most, scale)


def _ratio(value: object, scale: int) -> Ratio:
    top, bottom = Decimal(str(value)).as_integer_ratio()
    return top * scale, bottom


class _LocalRule:
    """What an element asks of the local clock."""

    __slots__ = ("_days", "_end", "_first", "_last", "_start")

    def __init__(self, rules: Restrictions) -> None:
        self._start = 0 if rules.start_time is None else _minute(rules.start_time)
        end = 0 if rules.end_time is None else _minute(rules.end_time)
        self._end = end or _DAY_MINUTES
        self._first: date | None = rules.start_date
        self._last: date | None = rules.end_date
        self._days = frozenset(DAYS.index(day) for day in rules.day_of_week) or frozenset(range(7))

    def holds(self, local: datetime) -> bool:
        """Tells whether the clock is within."""
        if local.weekday() not in self._days:
            return False
        day = local.date()
        if (self._first and day < self._first) or (self._last and day >= self._last):
            return False
        minute = local.hour * 60 + local.minute
        if self._start < self._end:
            return self._start <= minute < self._end
        return minute >= self._start or minute < self._end


class _FlowRule:
    """What an element asks of power and current: (which of the flow, whether least, bound)."""

    __slots__ = ("bounds",)

    def __init__(self, rules: Restrictions) -> None:
        asked = (
            (0, True, rules.min_power, _MILLIW_PER_KW),
            (1, False, rules.max_power, _MILLIW_PER_KW),
            (2, True, rules.min_current, _MILLIA_PER_A),
            (3, False, rules.max_current, _MILLIA_PER_A),
        )
        self.bounds = tuple(
            (which, is_least, _ratio(bound, scale))
            for which, is_least, bound, scale in asked
            if bound is not None
        )

    def holds(self, flow: Flow) -> bool:
        """Tells whether a flow is within: from the lower bound on, below the upper."""
        for which, is_least, (top, bottom) in self.bounds:
            value, by = flow[which]
            if (value * bottom >= top * by) is not is_least:
                return False
        return True


def _is_local(rules: Restrictions) -> bool:
    given = (rules.start_time, rules.end_time, rules.start_date, rules.end_date)
    return any(one is not None for one in given) or bool(rules.day_of_week)


def _turns(rules: Iterable[Restrictions]) -> tuple[date, ...]:
    """Returns the dates on which some rule begins or ends to hold, sorted."""
    given = (day for one in rules for day in (one.start_date, one.end_date))
    return tuple(sorted({day for day in given if day is not None}))


def _minutes(rules: Iterable[Restrictions]) -> Iterable[int]:
    """Yields the minutes of the day at which something may change, midnight among them."""
    yield 0
    for one in rules:
        for moment in (one.start_time, one.end_time):
            if moment is not None:
                yield _minute(moment)


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _bounds(rules: list[Restrictions], name: str, scale: int) -> tuple[int, ...]:
    """Returns the bounds on a running total in whole units, sorted, each once."""
    named = (getattr(one, f"{end}_{name}") for one in rules for end in ("min", "max"))
    return tuple(sorted({_whole(bound, scale) for bound in named if bound is not None}))


def _masks(
    rules: list[Restrictions], name: str, scale: int, bounds: tuple[int, ...]
) -> tuple[int, ...]:
    """Returns the mask of each band: below the first bound, from it to the second, and so on."""
    spans = [
        (
            -1 if (least := getattr(one, f"min_{name}")) is None else _whole(least, scale),
            NEVER if (most := getattr(one, f"max_{name}")) is None else _whole(most, scale),
        )
        for one in rules
    ]
    return tuple(
        sum(1 << bit for bit, (least, most) in enumerate(spans) if least <= total < most)
        for total in (-1, *bounds)
    )


def _whole(bound: Decimal | int, scale: int) -> int:
    """Returns the first whole unit that has reached a bound."""
    return int((Decimal(bound) * scale).to_integral_value(ROUND_CEILING))


def _spot_of(element: Element) -> object:
    component = element.component("ENERGY")
    return None if component is None else component.spot
