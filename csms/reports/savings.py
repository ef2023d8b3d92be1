"""What the same sessions would have cost under another tariff, or moved within their stays.

Each is priced three times by the same rules: as it was (its energy evenly between its waiting and
its idling), under the other tariff, and moved to the cheapest parts of its stay, at most with the
peak power that it had. What it really cost may differ a little, since its energy did not come
evenly; both sides of a comparison are reckoned alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from csms.billing.money import quantize
from csms.engine.pricing import (
    Slot,
    course_of_plan,
    course_of_summary,
    price_course,
)
from csms.monitor.moving import Part, cheapest, least_power_w

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    import asyncpg

    from csms.billing import PriceSeries, Tariff
    from csms.engine.policy import Policy
    from csms.engine.pricing import Course

_STEP: Final = timedelta(minutes=15)
_KWH: Final = 1_000_000
_LONGEST: Final = timedelta(days=7)
_MILLIWH_TO_WS: Final = 3.6


@dataclass(slots=True)
class Saved:
    """Sums over sessions in one currency.

    `was` is what they cost by the course of their summaries, `other` under the other tariff,
    `moved` at the cheapest hours of their stays, and `could` how many of them that makes cheaper.
    """

    currency: str
    sessions: int = 0
    energy_milliwh: int = 0
    was: Decimal = Decimal(0)
    other: Decimal | None = None
    moved: Decimal = Decimal(0)
    could: int = 0


@dataclass(slots=True)
class Comparison:
    """Prices sessions as they were, and as they might have been.

    `left_out` counts those whose tariff is not there any more, or in another currency than the
    other one's. The price of a kilowatt-hour is looked up once for each quarter of an hour.
    """

    policy: Policy
    other: Tariff | None = None
    sums: dict[str, Saved] = field(default_factory=dict)
    left_out: int = 0
    _prices: dict[tuple[str, str, datetime], Decimal] = field(default_factory=dict)

    def take(self, rows: Sequence[asyncpg.Record]) -> None:
        """Takes sessions; some 0.5 ms each."""
        for row in rows:
            self._take(row)

    def _take(self, row: asyncpg.Record) -> None:
        known = self.policy.tariffs.newest(row["tariff"])
        own = None if known is None else known.tariff
        if own is None or row["ended_at"] - row["started_at"] > _LONGEST:
            self.left_out += 1
            return
        if self.other is not None and self.other.currency != own.currency:
            self.left_out += 1
            return
        zone, series = self.policy.zone_of(row["site"]), self.policy.series
        course = course_of_summary(
            row["started_at"],
            row["ended_at"],
            row["energy_milliwh"],
            waiting_s=row["waiting_s"],
            idle_s=row["idle_s"],
        )
        was = price_course(own, zone, course, series).total
        total = self.sums.setdefault(own.currency, Saved(own.currency))
        total.sessions += 1
        total.energy_milliwh += row["energy_milliwh"]
        total.was += was
        if self.other is not None:
            other = price_course(self.other, zone, course, series).total
            total.other = (total.other or Decimal(0)) + other
        moved = was
        plan = self.moved(own, zone, course, row)
        if plan is not None:
            moved = min(price_course(own, zone, plan, series).total, was)
        total.moved += moved
        total.could += moved < was

    def moved(
        self, tariff: Tariff, zone: tzinfo, course: Course, row: asyncpg.Record
    ) -> Course | None:
        """Returns the course of a session at the cheapest times of its stay; None without room."""
        stay_s = (course.ended_at - course.started_at).total_seconds()
        energy = course.energy_milliwh
        power_w = max(_power_w(row), least_power_w(energy, stay_s))
        parts = [
            Part(start, end, self._price(tariff, zone, start))
            for start, end in quarters(course.started_at, course.ended_at)
        ]
        found = cheapest(parts, energy, power_w)
        if found is None:
            return None
        slots = [_slot(each.part, each.milliwh, power_w) for each in found]
        return course_of_plan(course.started_at, course.ended_at, slots)

    def _price(self, tariff: Tariff, zone: tzinfo, at: datetime) -> Decimal:
        start = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
        key = (tariff.id, str(zone), start)
        known = self._prices.get(key)
        if known is None:
            known = self._prices[key] = price_of_kwh(tariff, zone, start, self.policy.series)
        return known


def price_of_kwh(
    tariff: Tariff, zone: tzinfo, start: datetime, series: Mapping[str, PriceSeries]
) -> Decimal:
    """Returns what a kilowatt-hour costs with VAT in the quarter of an hour after `start`."""
    course = course_of_plan(start, start + _STEP, [Slot(start, start + _STEP, _KWH)])
    bill = price_course(tariff, zone, course, series)
    lines = [line.total for line in bill.lines if line.dimension == "ENERGY"]
    return sum(lines, Decimal(0))


def quarters(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Returns the quarters of the clock's hours in a stay, the first and the last one cut."""
    found = []
    at = start
    while at < end:
        whole = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0) + _STEP
        found.append((at, min(whole, end)))
        at = whole
    return found


def _power_w(row: asyncpg.Record) -> float:
    """Returns the most that a session took, or its mean while it charged, in watts."""
    peak_w, charging_s = row["peak_w"], row["charging_s"]
    if isinstance(peak_w, float):
        return peak_w
    energy = row["energy_milliwh"]
    if isinstance(charging_s, float) and charging_s > 0 and isinstance(energy, int):
        return energy * _MILLIWH_TO_WS / charging_s
    return 0.0


def _slot(part: Part, milliwh: int, power_w: float) -> Slot:
    """Returns when in a part its energy flows: from its beginning, with all the power."""
    lasts = timedelta(seconds=milliwh * _MILLIWH_TO_WS / power_w) if power_w > 0 else _STEP
    return Slot(part.start, min(part.start + lasts, part.end), milliwh)


def percent_saved(was: Decimal, other: Decimal) -> Decimal | None:
    """Returns how much less it is, in percent; negative if it is more, None of nothing."""
    return None if not was else ((was - other) * 100 / was).quantize(Decimal("0.1"))


def rounded(amount: Decimal | None, currency: str) -> Decimal | None:
    """Returns an amount in the currency's digits."""
    return None if amount is None else quantize(amount, currency)
