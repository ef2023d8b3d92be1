"""The energy of one session, from the readings of its register, to the milliwatt-hour. PURE.

Readings have an order of their own (start of the transaction, samples by time, its stop), and
the result depends on nothing else. A register that falls was reset: the fall is never negative
energy, and the session is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable


class Place(IntEnum):
    """Where in a transaction a reading stands, whatever its timestamp says."""

    START = 0
    SAMPLE = 1
    STOP = 2


class Reading(NamedTuple):
    """One register reading. `moment` is the station's time in seconds since 1970.

    `turn` breaks ties: a Transaction.Begin sample stands before, a Transaction.End sample after
    all others of its second.
    """

    place: Place
    moment: float
    turn: int
    milliwh: int


@dataclass
class Ledger:
    """A running fold over readings.

    `start` and `stop` are the transaction's own readings (1.6 meterStart, meterStop); `first`
    and `last` those of its samples, `gained` the sum of rises between samples, `falls` how often
    a later sample was lower. Without slots, as a session is.
    """

    start: int | None = None
    stop: int | None = None
    first: int | None = None
    last: Reading | None = None
    gained: int = 0
    falls: int = 0

    @classmethod
    def fold(cls, readings: Iterable[Reading]) -> Self:
        """Returns the ledger of these readings, given in any order, duplicates included."""
        ledger = cls()
        for reading in sorted(set(readings)):
            ledger.add(reading)
        return ledger

    def add(self, reading: Reading) -> bool:
        """Takes one more reading; False if it comes too late, and the ledger must be folded anew.

        A reading that was taken before changes nothing.
        """
        if reading.place is Place.START:
            is_new = self.start is None or self.start == reading.milliwh
            self.start = reading.milliwh if self.start is None else self.start
            return is_new
        if reading.place is Place.STOP:
            self.stop = reading.milliwh
            return True
        return self._add_sample(reading)

    def _add_sample(self, reading: Reading) -> bool:
        if self.last is None:
            self.first = reading.milliwh
        elif reading <= self.last:
            return reading == self.last
        else:
            step = reading.milliwh - self.last.milliwh
            self.gained += max(step, 0)
            self.falls += step < 0
        self.last = reading
        return True

    @property
    def energy_milliwh(self) -> int | None:
        """The energy delivered so far; None if no reading is known at all."""
        if self.start is None and self.first is None and self.stop is None:
            return None
        if self._ends_agree():
            return self._span
        if self.last is None:
            return max(self._span, 0)
        before = _rise(self.start, self.first)
        return before + self.gained + _rise(self.last.milliwh, self.stop)

    @property
    def flags(self) -> tuple[str, ...]:
        """What is wrong with the register: `register_reset`, `register_session_relative`."""
        if self.falls or (self._falls_outside() and not self._ends_agree()):
            return ("register_reset",)
        return ("register_session_relative",) if self._falls_outside() else ()

    @property
    def register_milliwh(self) -> int | None:
        """The newest reading of the register."""
        if self.stop is not None:
            return self.stop
        return self.last.milliwh if self.last is not None else self.start

    @property
    def _span(self) -> int:
        return self.stop - self.start if self.stop is not None and self.start is not None else 0

    def _falls_outside(self) -> bool:
        """Tells whether the register fell between the transaction's own readings and its samples.

        So it does where samples count from the session's start and the transaction's readings
        are those of the meter.
        """
        if self.last is None or self.first is None:
            return self._span < 0
        return (self.start is not None and self.first < self.start) or (
            self.stop is not None and self.stop < self.last.milliwh
        )

    def _ends_agree(self) -> bool:
        """Tells whether stop minus start is the session's energy, whatever samples count from.

        They may count from the session's start, or over the meter's life where the transaction's
        own readings begin at 0.
        """
        if self.start is None or self.stop is None or self.falls or self._span < 0:
            return False
        if self.first is None or self.last is None:
            return True
        if self.start == 0 and self.first > self.stop:
            return self._span >= self.gained
        return self._span >= self.last.milliwh - min(self.first, self.start, self.last.milliwh)


def _rise(earlier: int | None, later: int | None) -> int:
    return max(later - earlier, 0) if earlier is not None and later is not None else 0
