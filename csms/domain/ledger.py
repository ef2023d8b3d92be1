"""The energy of one session, from the readings of its register, to the milliwatt-hour. PURE.

Energy is a function of the set of readings: they have an order of their own (the start of the
transaction, its Transaction.Begin sample, the others by the station's time, its Transaction.End
sample, its stop), and nothing depends on when they arrived, or how often. What one reading adds
to the one before is ruled by `register_steps`; here stands what start and stop make of it:

- Where nothing is odd, stop minus start is the energy, and equals the sum of all rises.
- Samples may count from elsewhere than start and stop (from the session's start, or over the
  meter's life): then stop minus start counts, unless the samples moved by more than that.
- Readings that rise only in another order than that of their times (a clock that jumped) count
  from the lowest to the highest, if nothing fell to near zero.
- Else only the rises count that a station can deliver. What is left out, and what is doubtful,
  is said by flags; a start of 0 before the register of a meter's life is such a case.
- A negative reading says nothing. Of two stops the one that the station's clock says is later
  counts, then the larger one.
- Without any register, what a station says of intervals is added up, each interval once.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from csms.domain.register_steps import BREAKS, Count, Oddity, most_milliwh

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROUNDING_MILLIWH: Final = 1_000
_FAR: Final = 30
_MENDED: Final = int(Oddity.MENDED)
_FELL: Final = Oddity.RESET | Oddity.FALL
_FLAGS: Final = (
    (Oddity.RESET | Oddity.FALL, ("register_reset",)),
    (Oddity.NOISE, ("register_disordered",)),
    (Oddity.ROLLOVER, ("register_rollover",)),
    (Oddity.MENDED, ("unit_mended",)),
    (Oddity.OUTLIER, ("register_outlier",)),
    (Oddity.JUMP, ("energy_implausible", "estimated")),
)


class Place(IntEnum):
    """Where in a transaction a reading stands, whatever its timestamp says.

    The two last ones are for the energy of an interval that ends at the reading's moment, the
    very last for intervals that follow the clock.
    """

    START = 0
    BEGIN = 1
    SAMPLE = 2
    END = 3
    STOP = 4
    INTERVAL = 5
    ALIGNED_INTERVAL = 6


class Reading(NamedTuple):
    """One register reading. `moment` is the station's time in seconds since 1970.

    `place` is a `Place`, as a plain number where many are made: that is written twice as fast.
    """

    place: int
    moment: float
    milliwh: int


class Tally(NamedTuple):
    """A sum of energies of intervals up to a moment, and the last of them."""

    moment: float
    last_milliwh: int
    milliwh: int


class Span(NamedTuple):
    """What a meter's register showed at a session's beginning and at its end."""

    first_milliwh: int
    last_milliwh: int


_SAMPLE: Final = int(Place.SAMPLE)
_ENDS: Final = (int(Place.START), int(Place.STOP))


@dataclass
class Ledger:
    """A running fold over readings.

    `start` and `stop` are the transaction's own readings (1.6 meterStart, meterStop), and
    `are_stops_at_odds` tells of more than one. `first` and `last` are its samples at either end,
    as they were read; `count` is the fold of start and samples, without the oddities of the step
    to the first sample, which are in `entered` (None before there is one), and with what that
    step gained in `entry_milliwh`. `has_negative` is of samples. Without slots, as a session is.
    """

    start: Reading | None = None
    stop: Reading | None = None
    first: Reading | None = None
    last: Reading | None = None
    count: Count = field(default_factory=Count)
    entered: int | None = None
    entry_milliwh: int = 0
    are_stops_at_odds: bool = False
    has_negative: bool = False
    interval: Tally | None = None
    aligned: Tally | None = None

    @classmethod
    def fold(cls, readings: Iterable[Reading]) -> Self:
        """Returns the ledger of these readings, given in any order, duplicates included."""
        ledger = cls()
        for reading in in_order(readings):
            ledger.add(reading)
        return ledger

    def add(self, reading: Reading) -> bool:
        """Takes one more reading; False if it comes too late, and the ledger must be folded anew.

        A reading that was taken before changes nothing. Start and stop are taken at any time.
        """
        place, moment, milliwh = reading
        last = self.last
        if place == _SAMPLE and self.entered == 0 and last is not None and milliwh >= 0:
            # As nearly every reading is: one more, after those that came.
            if last.place == _SAMPLE and moment > last.moment:
                self.last = reading
                self.count.take(milliwh, moment)
                return True
        elif place in _ENDS:
            return self._add_end(reading)
        elif place >= Place.INTERVAL:
            return self._add_interval(reading)
        return self._add_sample(reading)

    def _add_sample(self, reading: Reading) -> bool:
        last = self.last
        if last is None:
            self.first = reading
        elif reading <= last:
            return reading[:2] == last[:2]
        elif reading.moment == last.moment and reading.place == last.place:
            return False
        self.last = reading
        if reading.milliwh < 0:
            self.has_negative = True
        elif self.entered == 0:
            self.count.take(reading.milliwh, reading.moment)
        else:
            self._enter(reading)
        return True

    def refolded(self, readings: Iterable[Reading]) -> Ledger:
        """Returns the ledger of these samples, with start and stop of this one."""
        kept = [] if self.start is None else [self.start]
        ledger = Ledger.fold([*kept, *readings])
        return ledger.with_stop_of(self)

    def with_stop_of(self, other: Ledger) -> Ledger:
        """Takes the stop of another ledger of the session; returns itself."""
        self.stop, self.are_stops_at_odds = other.stop, other.are_stops_at_odds
        return self

    @property
    def is_plain(self) -> bool:
        """Tells whether all that is known of the register's samples are rises that count."""
        count = self.count
        is_known = self.entered == 0 and self._start is self.start and not self.has_negative
        return is_known and not count.seen and count.aside is None and not count.exponent

    def begin_with(self, reading: Reading, following: Reading) -> None:
        """Takes a sample before all others, of a register that has only risen since."""
        self.first = reading
        if self.start is not None:
            self.entry_milliwh = reading.milliwh - self.start.milliwh
            return
        self.count.gained += following.milliwh - reading.milliwh
        self.count.low = reading.milliwh

    def copy(self) -> Ledger:
        """Returns a copy that goes its own way."""
        return replace(self, count=copy(self.count))

    def _enter(self, reading: Reading) -> None:
        """Takes the first sample, and those after which the step to it may look different."""
        count = self.count
        if self.entered is not None:
            is_open = count.aside is not None and count.aside[2:] == (0, 0)
            count.take(reading.milliwh, reading.moment)
            if is_open and count.seen & (Oddity.OUTLIER | Oddity.MENDED):
                self.entered, self.entry_milliwh = 0, 0
            return
        count.take(reading.milliwh, reading.moment)
        self.entered, self.entry_milliwh, count.seen = count.seen, count.gained, 0

    def _add_end(self, reading: Reading) -> bool:
        if reading.place == Place.STOP:
            known, self.stop = self.stop, max(reading, self.stop or reading)
            self.are_stops_at_odds |= known is not None and known.milliwh != reading.milliwh
            return True
        known, self.start = self.start, min(reading, self.start or reading)
        if self.start == known or reading.milliwh < 0:
            return True
        if known is None and self.last is None:
            self.count.take(reading.milliwh, reading.moment)
            return True
        return False

    def _add_interval(self, reading: Reading) -> bool:
        """Adds an interval; of two that end at one moment the larger counts."""
        name = "interval" if reading.place == Place.INTERVAL else "aligned"
        known: Tally | None = getattr(self, name)
        total = 0 if known is None else known.milliwh
        if known is not None and reading.moment <= known.moment:
            return reading.moment == known.moment and reading.milliwh <= known.last_milliwh
        self.has_negative |= reading.milliwh < 0
        total += max(reading.milliwh, 0)
        setattr(self, name, Tally(reading.moment, reading.milliwh, total))
        return True

    @property
    def energy_milliwh(self) -> int | None:
        """The energy delivered so far; None if no register and no interval is known at all."""
        count = self.count
        if self.stop is None and not count.seen and not self.entered and count.base is not None:
            return count.gained
        if count.base is None and self._stop is None:
            tally = self.interval or self.aligned
            return None if tally is None else tally.milliwh
        return self._settled()[0]

    @property
    def flags(self) -> tuple[str, ...]:
        """What is wrong with the register; docs/glossary.md says what each one means."""
        names: list[str] = []
        if self.count.base is None and self.energy_milliwh is not None and self.stop is None:
            names.append("energy_from_intervals")
        if self.are_stops_at_odds:
            names.append("stops_differ")
        if self.has_negative or self._start is not self.start or self._stop is not self.stop:
            names.append("register_negative")
        return (*names, *self._settled()[1])

    @property
    def register_milliwh(self) -> int | None:
        """The newest reading of the register, as it was read."""
        for reading in (self.stop, self.last, self.start):
            if reading is not None:
                return reading.milliwh
        return None

    @property
    def is_mended(self) -> bool:
        """Tells whether samples came in a unit that they cannot have had."""
        return bool((self.count.seen | (self.entered or 0)) & _MENDED)

    def mended(self, milliwh: int) -> int:
        """Returns a sample's reading in the unit that suits the newest one."""
        base = self.count.base or 0
        if milliwh > base * _FAR:
            return round(milliwh / 1000)
        return milliwh * 1000 if milliwh * _FAR < base else milliwh

    @property
    def span(self) -> Span | None:
        """What the meter's own register showed at either end; None if nobody knows.

        Where samples and ends count from elsewhere, that is the one which does not begin at 0.
        """
        start, first, entered = self._start, self.first, self.entered or 0
        end = self._ended()
        if end.base is None:
            return None
        newest = self._stop or self.last or start
        last = end.base if end.exponent or newest is None else newest.milliwh
        if start is None:
            begun = first if first is not None and first.milliwh >= 0 else self._stop
            return Span(end.low if begun is None else begun.milliwh, max(last, 0))
        if first is not None and self.last is not None and start.milliwh == 0:
            if self._is_above_ends():
                return Span(first.milliwh, self.last.milliwh)
            if entered & Oddity.JUMP:
                return Span(first.milliwh, last)
        if self._stop is None and entered & BREAKS:
            return Span(start.milliwh, start.milliwh + end.gained)
        return Span(start.milliwh, last)

    @property
    def _start(self) -> Reading | None:
        return self.start if self.start is not None and self.start.milliwh >= 0 else None

    @property
    def _stop(self) -> Reading | None:
        return self.stop if self.stop is not None and self.stop.milliwh >= 0 else None

    def _ended(self) -> Count:
        """Returns the count with the stop, if there is one."""
        stop = self._stop
        return self.count if stop is None else self.count.after(stop.milliwh, stop.moment)

    def _settled(self) -> tuple[int, tuple[str, ...]]:
        """Returns the energy and the flags of the register."""
        end, entered = self._ended(), Oddity(self.entered or 0)
        seen = entered | end.seen
        if not seen and self._stop is None:
            return end.gained, ()
        span = self._span_of_ends(end)
        if span is not None:
            is_elsewhere = bool(entered & BREAKS) or self._is_above_ends()
            more = ("register_session_relative",) if is_elsewhere else ()
            return span, (*more, *_names((entered | self.count.seen) & ~BREAKS))
        if seen & Oddity.FALL and not seen & Oddity.RESET:
            spread = end.high - end.low
            if self._is_whole(spread, end):
                return spread, ("register_disordered",)
            return min(end.gained, spread), _names(seen)
        return end.gained, _names(seen)

    def _span_of_ends(self, end: Count) -> int | None:
        """Returns stop minus start where that is the energy, whatever the samples count from."""
        start, stop, entered = self._start, self._stop, self.entered
        if start is None or stop is None or entered is None or self.count.seen & BREAKS:
            return None
        span = stop.milliwh - start.milliwh
        if not 0 <= span <= self._most():
            return None
        moved = self.count.gained
        if self._is_above_ends():
            moved -= self.entry_milliwh
        elif bool(end.seen & BREAKS) != bool(entered & BREAKS) and not entered & _FELL:
            return None
        return span if moved < span + _ROUNDING_MILLIWH else None

    def _is_above_ends(self) -> bool:
        """Tells whether samples are over the meter's life, and start and stop the session's.

        A stop is a whole watt-hour, so that the last sample may be a little above it.
        """
        start, stop, first = self._start, self._stop, self.first
        if start is None or stop is None or first is None:
            return False
        return start.milliwh == 0 and first.milliwh >= stop.milliwh + _ROUNDING_MILLIWH

    def _is_whole(self, spread: int, end: Count) -> bool:
        """Tells whether no end of the transaction contradicts that its readings only rose."""
        first, last = self._start, self._stop
        if first is None and self.first is not None and self.first.place == Place.BEGIN:
            first = self.first
        if last is None and self.last is not None and self.last.place == Place.END:
            last = self.last
        is_lowest = first is None or first.milliwh == end.low
        is_highest = last is None or last.milliwh == end.high
        return is_lowest and is_highest and spread <= self._most()

    def _most(self) -> int:
        """The most that a station can deliver between the first and the last moment."""
        readings = (self.start, self.first, self.last, self.stop)
        moments = [reading.moment for reading in readings if reading is not None]
        return most_milliwh(max(moments) - min(moments))


def in_order(readings: Iterable[Reading]) -> list[Reading]:
    """Returns readings in the station's order, of two at one place and moment the larger one."""
    found: dict[tuple[int, float], Reading] = {}
    for reading in sorted(readings):
        found[reading[:2]] = reading
    return list(found.values())


def is_rise(earlier: Reading, later: Reading) -> bool:
    """Tells whether a register rose by no more than a station can deliver meanwhile."""
    most = most_milliwh(later.moment - earlier.moment)
    return 0 <= earlier.milliwh <= later.milliwh <= earlier.milliwh + most


def _names(seen: Oddity) -> tuple[str, ...]:
    return tuple(name for odd, names in _FLAGS if seen & odd for name in names)
