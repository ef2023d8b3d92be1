"""How wrong a station's clock is, and when a thing it reports really was. PURE.

A message is late by its clock's error and by the time it waited, and waiting is never negative.
Messages that were sent as soon as they were made come as far apart as their timestamps are; a
queue comes in a burst. So a run of messages that keep the station's own pace shows its error.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NETWORK_S = 5.0
_ABSURD_BEFORE = datetime(2015, 1, 1, tzinfo=UTC)
_KEPT = 8
_AHEAD_S = 120.0
_ZONES_S = 14 * 3600.0
_PACE_S, _DRIFT, _MOST_DRIFT_S = 1.5, 0.02, 20.0
_STEADY_S = 4.5
_MINUTE_S = 60.0
_REACH_S = 600.0
_LONGEST_QUEUE_S = 400 * 86_400.0
_MATERIAL_S = 2.0
_TELLING = 3
_SLOW_LINK_S, _STEADY_LINK_S = 20.0, 2.5


class Basis(Enum):
    """What an instant rests on: the message was live, its own clock, or only its arrival."""

    LIVE = "live"
    CLOCK = "clock"
    ARRIVAL = "arrival"


class Placed(NamedTuple):
    """An instant in our time, never after its message arrived.

    `shift_s` is what the station's time was moved by, the cut to the arrival left out.
    """

    at: datetime
    is_suspect: bool
    basis: Basis
    shift_s: float = 0.0


class Stretch(NamedTuple):
    """A time in which a station's clock ran on, as its live messages showed.

    `since` and `until` are arrivals in seconds since 1970; `first_s` and `last_s` what to add to
    the station's times at either end, positive for a clock that is behind ours.
    """

    since: float
    until: float
    first_s: float
    last_s: float

    @property
    def is_wrong(self) -> bool:
        """Tells whether the error is more than the network's."""
        return max(abs(self.first_s), abs(self.last_s)) > NETWORK_S

    def offset_at(self, moment: float) -> float:
        """Returns what to add to the station's time at one of our instants."""
        if moment <= self.since or self.until <= self.since:
            return self.first_s if moment <= self.since else self.last_s
        share = min((moment - self.since) / (self.until - self.since), 1.0)
        return self.first_s + share * (self.last_s - self.first_s)


@dataclass(slots=True)
class _Run:
    """Messages in a row that keep one pace, not enough yet to prove anything."""

    since: float
    first_s: float
    is_absurd: bool
    until: float
    last_s: float
    count: int = 1
    least_s: float = 0.0
    most_s: float = 0.0

    def __post_init__(self) -> None:
        self.least_s = self.most_s = self.first_s

    def go_on(self, moment: float, delay_s: float) -> None:
        """Takes one more message that keeps the pace."""
        self.until, self.last_s, self.count = moment, delay_s, self.count + 1
        self.least_s, self.most_s = min(self.least_s, delay_s), max(self.most_s, delay_s)

    def keeps_pace(self, moment: float, delay_s: float) -> bool:
        """Tells whether one more message goes on as these did."""
        return _agree(self.last_s, delay_s, moment - self.until) and _agree(
            self.first_s, delay_s, moment - self.since
        )

    @property
    def is_proof(self) -> bool:
        """Tells whether these can only have been live.

        Lateness of some seconds may be a slow link's, which varies from message to message; that
        of less than a minute a slow server's, and one beyond all time zones a queue's. Those take
        more to believe.
        """
        span, late_s = self.until - self.since, self.last_s
        if NETWORK_S < late_s <= _SLOW_LINK_S and self.most_s - self.least_s > _STEADY_LINK_S:
            return False
        if NETWORK_S < late_s <= _MINUTE_S:
            return self.count >= _TELLING and span >= _MINUTE_S
        if late_s > _ZONES_S and not self.is_absurd:
            return self.count >= _TELLING and span >= 10  # noqa: PLR2004 - seconds
        return span >= NETWORK_S or (self.count >= _TELLING and span >= 3)  # noqa: PLR2004 - seconds


@dataclass(slots=True)
class StationClock:
    """What is known of one station's clock.

    `stretches` are proven, oldest first, the newest goes on; `version` changes when they do in a
    way that moves what happened. `booted_at` is when the station last booted: one that counts
    from 1970 began anew then. Up to `late_s` of lateness says nothing of the clock: more than a
    network's where time runs fast.
    """

    stretches: list[Stretch] = field(default_factory=list)
    version: int = 0
    booted_at: float | None = None
    late_s: float = 0.0
    _run: _Run | None = None
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=_TELLING))
    _told_s: float = 0.0
    _is_right: bool = False

    @classmethod
    def load(cls, rows: Iterable[Sequence[float]] | None) -> Self:
        """Returns the clock that `dump` described."""
        stretches = [Stretch(*row) for row in rows or ()]
        return cls(stretches, _is_right=bool(stretches) and not stretches[-1].is_wrong)

    def dump(self) -> list[list[float]] | None:
        """Returns what must outlast a restart: None for a clock that was always right."""
        return [list(each) for each in self.stretches] if self.was_wrong else None

    @property
    def was_wrong(self) -> bool:
        """Tells whether any error is known that may still matter."""
        return any(each.is_wrong for each in self.stretches)

    @property
    def is_settled(self) -> bool | None:
        """Tells whether messages keep to what is known of the clock; None while nothing is."""
        return self._run is None if self.stretches else None

    @property
    def offset_s(self) -> float:
        """What to add to the station's times now; 0 while little is known or little is wrong."""
        if not self.stretches or not self.stretches[-1].is_wrong:
            return 0.0
        return self.stretches[-1].last_s

    def boot(self, received_at: datetime) -> None:
        """Notes that the station has booted."""
        self.booted_at = received_at.timestamp()
        self._run = None

    def hear(self, at: datetime, received_at: datetime) -> None:
        """Takes the timestamp of a message that may have waited in a queue."""
        moment = received_at.timestamp()
        delay_s = (received_at - at).total_seconds()
        if -NETWORK_S <= delay_s <= self.late_s:
            delay_s = 0.0
        if self._is_right and -NETWORK_S <= delay_s <= NETWORK_S:
            self._go_on_right(moment)
            return
        run = self._run
        if moment < (run.until if run else self.stretches[-1].until if self.stretches else 0):
            return  # held back by us: what came meanwhile has told more
        if self.stretches and self._goes_on(moment, delay_s):
            return
        if run is None or not run.keeps_pace(moment, delay_s):
            is_absurd = at < _ABSURD_BEFORE
            self._run = _Run(moment, delay_s, is_absurd, moment, delay_s)
            return
        run.go_on(moment, delay_s)
        if run.is_proof:
            self._prove(run)

    def _goes_on(self, moment: float, delay_s: float) -> bool:
        """Tells whether the message belongs to the newest stretch, and prolongs that."""
        newest = self.stretches[-1]
        if self._is_right or abs(delay_s - newest.last_s) > _STEADY_S:
            return False
        self._run = None
        self._recent.append(delay_s)
        middle = sorted(self._recent)[len(self._recent) // 2]
        self.stretches[-1] = newest._replace(until=moment, last_s=middle)
        if abs(middle - self._told_s) > _MATERIAL_S:
            self._told_s = middle
            self.version += 1
        return True

    def _go_on_right(self, moment: float) -> None:
        """Prolongs a stretch in which the clock is right, as nearly all are, now and then."""
        self._run = None
        newest = self.stretches[-1]
        if moment - newest.until > _MINUTE_S:
            self.stretches[-1] = newest._replace(until=moment)

    def _prove(self, run: _Run) -> None:
        was_wrong = self.was_wrong
        self.stretches.append(Stretch(run.since, run.until, run.first_s, run.last_s))
        del self.stretches[:-_KEPT]
        self._is_right = not self.stretches[-1].is_wrong
        self._recent.clear()
        self._recent.append(run.last_s)
        self._told_s, self._run = run.last_s, None
        if was_wrong or self.was_wrong:
            self.version += 1

    def correct(self, at: datetime | None, received_at: datetime) -> tuple[datetime, bool]:
        """Returns the instant in our time, and whether the station's clock is suspect."""
        placed = self.place(at, received_at)
        return placed.at, placed.is_suspect

    def place(self, at: datetime | None, received_at: datetime) -> Placed:
        """Returns the instant in our time, by all that is known of the clock now."""
        return place(at, received_at, self.stretches, self.booted_at)

    def during(self, begun: float, ended: float | None) -> list[Stretch]:
        """Returns the stretches that matter for a session; none if the clock was right all along.

        `begun` and `ended` are arrivals; a session that runs has no end.
        """
        upto = float("inf") if ended is None else ended + _REACH_S
        found = [each for each in self.stretches if each.since <= upto]
        while len(found) > 1 and found[1].since <= begun and found[0].until < begun - _REACH_S:
            del found[0]
        return found if any(each.is_wrong for each in found) else []


def place(
    at: datetime | None,
    received_at: datetime,
    stretches: Sequence[Stretch] = (),
    booted_at: float | None = None,
) -> Placed:
    """Returns when it was that a station says was `at`, in a message received at `received_at`.

    A live message was made when it arrived. One that waited was made by the clock as it went
    then. What cannot be right, since it lies before 2015 or ahead of us, or contradicts a clock
    whose error is known, is taken to be of when it arrived.
    """
    if at is None:
        return Placed(received_at, is_suspect=True, basis=Basis.ARRIVAL)
    delay_s = (received_at - at).total_seconds()
    if abs(delay_s) <= NETWORK_S:
        return Placed(min(at, received_at), is_suspect=False, basis=Basis.LIVE)
    moment = received_at.timestamp()
    for each in stretches:
        if _is_live(each, stretches, moment, delay_s):
            return Placed(
                received_at, is_suspect=True, basis=Basis.LIVE, shift_s=each.offset_at(moment)
            )
    known = [each for each in stretches if each.since - _REACH_S <= moment]
    then = _stretch_then(at, moment, known, booted_at)
    if then is not None and then.is_wrong:
        shift_s = then.offset_at(at.timestamp() + then.last_s)
        return Placed(
            at + timedelta(seconds=shift_s), is_suspect=True, basis=Basis.CLOCK, shift_s=shift_s
        )
    is_credible = at >= _ABSURD_BEFORE and delay_s > 0
    if is_credible and (then is not None or not known or not known[-1].is_wrong):
        return Placed(at, is_suspect=False, basis=Basis.CLOCK)
    is_suspect = delay_s > 0 or -delay_s > _AHEAD_S
    return Placed(received_at, is_suspect, Basis.ARRIVAL, delay_s)


def _is_live(stretch: Stretch, stretches: Sequence[Stretch], moment: float, delay_s: float) -> bool:
    """Tells whether a message is late by just the error of the clock when it arrived."""
    if not stretch.is_wrong or moment < stretch.since - _REACH_S:
        return False
    if stretch is not stretches[-1] and moment > stretch.until + NETWORK_S:
        return False
    return abs(delay_s - stretch.offset_at(moment)) <= _STEADY_S


def _stretch_then(
    at: datetime, moment: float, known: Sequence[Stretch], booted_at: float | None
) -> Stretch | None:
    """Returns the stretch in which a message was made that waited; None if there is none.

    The time that a stretch gives must lie within it, or after it where no other is known, or
    not too long before the first that is known. A clock that counted from 1970 began anew when
    the station booted.
    """
    told = at.timestamp()
    for index in range(len(known) - 1, -1, -1):
        stretch = known[index]
        made = told + stretch.offset_at(told + stretch.last_s)
        begins = stretch.since - (_REACH_S if index else _LONGEST_QUEUE_S)
        ends = known[index + 1].since if index + 1 < len(known) else moment
        if stretch.last_s > _ZONES_S and booted_at is not None and stretch.until < booted_at:
            continue
        if begins <= made <= ends:
            return stretch
    return None


def _agree(earlier_s: float, later_s: float, passed_s: float) -> bool:
    """Tells whether two messages are late by the same time, give or take network and drift."""
    drift_s = min(_DRIFT * passed_s, _MOST_DRIFT_S)
    network_s = min(passed_s / 10, NETWORK_S)
    return abs(later_s - earlier_s) <= max(_PACE_S + drift_s, network_s)
