"""What a session has come to so far: its readings, one after the other, into the tally of a tariff.

Readings come in our clock's order. One that came late, or that changes what was counted before,
has the whole made anew from all readings; see `csms.engine.costs`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from csms.billing import Tally
from csms.billing.wall import from_us, to_us
from csms.domain.ledger import Ledger
from csms.domain.readings import reading_at
from csms.domain.register_steps import Oddity
from csms.domain.usage import charging_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from csms.billing import Bill, PriceSeries, Tariff
    from csms.domain.sample import Sample
    from csms.domain.session import Session
    from csms.domain.usage import Told

GAP: Final = "gap"
METER_FLAGGED: Final = "meter_flagged"
CLOCK_CORRECTED: Final = "clock_corrected"
START_UNMEASURED: Final = "start_unmeasured"
END_UNMEASURED: Final = "end_unmeasured"

_STRIDES_KEPT = 5
_STRIDES_MISSED = 3.0
_SHORTEST_GAP_S = 900.0
_FIRST_GAP_S = 3600.0
_SOON_S = 60.0
_NEGATIVE = 1 << 20
_AT_ONCE = 200


class Point(NamedTuple):
    """The energy that a session had reached at a time, in mWh, and the power measured then.

    `oddities` is what was wrong with the register by then, `Session.ledger` tells it.
    """

    at: datetime
    milliwh: int
    power_w: float | None = None
    oddities: int = 0


@dataclass(slots=True)
class Tallied:
    """A session's tally with what is needed to go on: the last reading, the usual interval.

    `last_w` is the newest power, `booked` since when the station was reserved for the session, in
    microseconds since 1970. `is_due` tells that it has to be made anew; `billed` is what the
    newest charge record says, in short.
    """

    tally: Tally
    began: datetime
    zone: str
    at: datetime
    milliwh: int = 0
    is_measured: bool = False
    was_charging: bool = True
    strides: list[float] = field(default_factory=list)
    oddities: int = 0
    last_w: float | None = None
    booked: int | None = None
    is_due: bool = False
    billed: str | None = None

    @classmethod
    def begin(cls, session: Session, tariff: Tariff, zone: tzinfo) -> Self:
        """Begins the tally of a session, with no energy at its start."""
        began = session.started_at
        return cls(
            Tally.begin(tariff, zone, began),
            began,
            getattr(zone, "key", "UTC"),
            began,
            is_measured=session.ledger.start is not None,
        )

    @classmethod
    def load(cls, doc: Mapping[str, Any], tariff: Tariff) -> Self:
        """Returns what `dump` described."""
        values = {name: doc[name] for name in _PLAIN if name in doc}
        return cls(
            tally=Tally.load(doc["tally"], tariff, zone_named(doc["zone"])),
            began=from_us(doc["began"]),
            at=from_us(doc["at"]),
            **values,
        )

    def dump(self) -> dict[str, Any]:
        """Returns itself as JSON-able values."""
        return {
            "tally": self.tally.dump(),
            "began": to_us(self.began),
            "at": to_us(self.at),
            "zone": self.zone,
            "milliwh": self.milliwh,
            "is_measured": self.is_measured,
            "was_charging": self.was_charging,
            "strides": self.strides,
            "oddities": self.oddities,
            "last_w": self.last_w,
            "booked": self.booked,
            "is_due": self.is_due,
            "billed": self.billed,
        }

    def copy(self) -> Self:
        """Returns a copy that goes its own way."""
        return replace(self, tally=self.tally.copy())

    def take(self, point: Point, told: Told, *, is_corrected: bool = False) -> None:
        """Takes the next reading; one that is no next one has everything made anew."""
        if point.at < self.at or point.milliwh < self.milliwh or _mends(point, self.oddities):
            self.is_due = True
            return
        reasons = [CLOCK_CORRECTED] if is_corrected else []
        if point.oddities != self.oddities:
            reasons.append(METER_FLAGGED)
            self.oddities = point.oddities
        stride_s = (point.at - self.at).total_seconds()
        if self.is_measured:
            if self._is_gap(stride_s):
                reasons.append(GAP)
            elif stride_s > 0:
                self.strides = [*self.strides[1 - _STRIDES_KEPT :], stride_s]
        elif stride_s > _SOON_S:
            reasons.append(START_UNMEASURED)
        self.is_measured = True
        self._spend(point, told, reasons)

    def bill(self, session: Session, until: datetime, series: Mapping[str, PriceSeries]) -> Bill:
        """Returns the bill until the session's end, or until now, with its ledger's energy."""
        energy, until = max(session.energy_milliwh or 0, 0), max(until, self.at)
        if until == self.at:
            return self._billed(self.tally, until, energy, series)
        rest = self.copy()
        point = Point(until, max(energy, self.milliwh), None, self.oddities)
        reasons = [CLOCK_CORRECTED] if is_corrected(session) else []
        if session.is_active:
            rest.keep_on(point, session.usage.told, reasons)
        else:
            if energy and not self._is_measured_at_end(session, until):
                reasons.append(END_UNMEASURED)
            elif energy > self.milliwh and self._is_gap((until - self.at).total_seconds()):
                reasons.append(GAP)
            rest._spend(point, session.usage.told, reasons)  # noqa: SLF001 - of its own class
        return self._billed(rest.tally, until, energy, series)

    def _billed(
        self, tally: Tally, until: datetime, energy: int, series: Mapping[str, PriceSeries]
    ) -> Bill:
        if self.booked is not None:
            tally.reserve(from_us(self.booked), self.began)
        return tally.bill(until, energy, series)

    def keep_on(self, point: Point, told: Told, reasons: Sequence[str]) -> None:
        """Takes the time since the last reading of a session that runs: on as it was before."""
        if told or point.milliwh > self.milliwh:
            self._spend(point, told, reasons)
        elif point.at > self.at:
            self.tally.take(
                point.at, point.milliwh, is_charging=self.was_charging, reasons=tuple(reasons)
            )

    def _is_gap(self, stride_s: float) -> bool:
        """Tells whether readings are missing in a stretch, by those before it."""
        if not self.strides:
            return stride_s > _FIRST_GAP_S
        if stride_s <= _SHORTEST_GAP_S:
            return False
        usual_s = sorted(self.strides)[len(self.strides) // 2]
        return stride_s > max(_SHORTEST_GAP_S, _STRIDES_MISSED * usual_s)

    def _is_measured_at_end(self, session: Session, until: datetime) -> bool:
        if session.ledger.stop is not None:
            return True
        return not self._is_gap((until - self.at).total_seconds())

    def _spend(self, point: Point, told: Told, reasons: Sequence[str]) -> None:
        """Takes the stretch up to a reading, in parts where the station told another state."""
        rise, start_s = point.milliwh - self.milliwh, self.at.timestamp()
        if point.at == self.at and not rise:
            return
        why, milliwh = tuple(reasons), self.milliwh
        if point.at > self.at:
            power = (self.last_w, point.power_w)
            parts = charging_parts(told, start_s, point.at.timestamp(), rise, power)
            for part in parts[:-1]:
                milliwh += part.milliwh
                at = min(datetime.fromtimestamp(part.upto_s, UTC), point.at)
                self.tally.take(at, milliwh, is_charging=part.is_charging, reasons=why)
            self.was_charging = parts[-1].is_charging
        self.tally.take(point.at, point.milliwh, is_charging=self.was_charging, reasons=why)
        self.at, self.milliwh = point.at, point.milliwh
        if point.power_w is not None:
            self.last_w = point.power_w


_PLAIN: Final = (
    "zone",
    "milliwh",
    "is_measured",
    "was_charging",
    "strides",
    "oddities",
    "last_w",
    "booked",
    "is_due",
    "billed",
)


def _mends(point: Point, before: int) -> bool:
    """Tells whether the unit of earlier readings is another one than was taken."""
    return bool((point.oddities ^ before) & Oddity.MENDED)


def is_corrected(session: Session) -> bool:
    """Tells whether a session's times rest on what its station's clock was corrected by."""
    return bool(session.clock) or "clock_suspect" in session.flags


def oddities_of(ledger: Ledger) -> int:
    """Returns what was odd about a session's register so far, as a number to compare."""
    seen = ledger.count.seen | (ledger.entered or 0)
    return seen | _NEGATIVE if ledger.has_negative else seen


def points_of(
    session: Session, samples: Iterable[tuple[Sample, datetime]], ledger: Ledger | None = None
) -> Iterator[Point]:
    """Yields the readings of a session at the times that samples have by our clock, in order.

    Each has the energy that its session had reached by then, from a ledger of its own, or from
    the `ledger` that was before these samples. What is no reading is left out.
    """
    fold = Ledger() if ledger is None else ledger
    if ledger is None and session.ledger.start is not None:
        fold.add(session.ledger.start)
    most, reached = session.energy_milliwh, 0
    for raw, at in samples:
        sample = session.mended(raw)
        reading = reading_at(at, sample.context, sample.register_milliwh, sample.interval_milliwh)
        if reading is None:
            continue
        fold.add(reading)
        energy = fold.energy_milliwh
        if energy is None:
            continue
        reached = max(energy, reached)
        if most is not None and not session.is_active:
            reached = min(reached, most)
        yield Point(_within(session, at), reached, sample.power_w, oddities_of(fold))


async def made_anew(
    session: Session,
    tariff: Tariff,
    zone: tzinfo,
    samples: Iterable[tuple[Sample, datetime]],
) -> Tallied:
    """Returns the tally of all samples of a session, given in our order with their times.

    A long one gives way to others; nothing of the session may change meanwhile.
    """
    made = Tallied.begin(session, tariff, zone)
    is_off = is_corrected(session)
    for index, point in enumerate(points_of(session, samples), 1):
        if index % _AT_ONCE == 0:
            await asyncio.sleep(0)
        if point.at >= made.at and point.milliwh >= made.milliwh:
            made.take(point, session.usage.told, is_corrected=is_off)
    return made


def zone_named(name: str) -> tzinfo:
    """Returns a time zone; UTC if there is none of that name any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _within(session: Session, at: datetime) -> datetime:
    """Returns a reading's time, within what is known of the session."""
    at = max(at, session.started_at)
    return at if session.ended_at is None else min(at, max(session.ended_at, session.started_at))
