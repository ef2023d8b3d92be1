"""What a register's next reading adds, and what it says of the register. PURE.

Only the difference of two readings is energy. The rules, in this order, for a reading and the
one before it in the station's order:

1. A rise that a station can deliver in the time between them counts.
2. A reading that goes on from before the last odd one takes that one back: it was an outlier.
3. A fall of at most a kilowatt-hour, to no less than half, is noise: counting goes on from the
   higher one.
4. A fall from the top of a counter of usual size to its bottom is a rollover, and counts across.
5. A reading whose thousandth, or thousandfold, goes on where the register stood has the wrong
   unit; it counts in the right one. Two rises in a row that none can deliver, and whose
   thousandths one can, are of that kind, too.
6. Any other fall is a reset, any other rise a jump: neither counts, the register goes on from
   there.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

# No station known delivers more than a megawatt; clocks and registers are coarse.
MOST_MILLIW: Final = 1_000_000_000
SLACK_MILLIWH: Final = 2_500_000
_NOISE_MILLIWH: Final = 1_000_000
_ROUNDING_MILLIWH: Final = 1_000
_SCALED_FROM_MILLIWH: Final = 10_000_000
_NEAR_ZERO: Final = 20
_NEAR_TOP: Final = 100
# Counters of 6 to 9 digits of Wh, 6 to 8 of kWh, and of 31 or 32 bits.
_SIZES_MILLIWH: Final = tuple(
    1000 * size for size in (10**6, 10**7, 10**8, 10**9, 2**31, 2**32, 10**10, 10**11)
)

Aside = tuple[int, float, int, int]


class Oddity(IntFlag):
    """What is odd about a register."""

    NOISE = 1
    ROLLOVER = 2
    MENDED = 4
    OUTLIER = 8
    RESET = 16
    FALL = 32
    JUMP = 64


BREAKS: Final = Oddity.RESET | Oddity.FALL | Oddity.JUMP
"""After these the register goes on from elsewhere, and what it did meanwhile is not known."""


def most_milliwh(seconds: float) -> int:
    """Returns the most energy that a station can deliver in that time, however the clock runs."""
    return round(MOST_MILLIW * abs(seconds) / 3600) + SLACK_MILLIWH


@dataclass
class Count:
    """A register on its way through its readings.

    `base` is the reading that the next one is compared with, in the right unit, and `at` its
    moment in seconds. `gained` counts what rose, `low` and `high` are the extremes. `seen` are
    oddities. `aside` is where the register stood before the last break, until a second reading
    confirms it: base, moment, gained and oddities. `exponent` is the power of ten that the last
    reading was mended by. Without slots, as a session is.
    """

    base: int | None = None
    at: float = 0.0
    gained: int = 0
    low: int = 0
    high: int = 0
    seen: int = 0
    aside: Aside | None = None
    exponent: int = 0

    def take(self, milliwh: int, moment: float) -> None:
        """Takes the next reading in the station's order."""
        base = self.base
        if base is None:
            self.base, self.at, self.low, self.high = milliwh, moment, milliwh, milliwh
            return
        step = milliwh - base
        if (
            step >= 0
            and self.aside is None
            and (step <= SLACK_MILLIWH or step <= most_milliwh(moment - self.at))
        ):
            self.gained += step
            self.base, self.at, self.exponent = milliwh, moment, 0
            if milliwh > self.high:  # noqa: PLR1730 - twice as fast, and each sample comes by
                self.high = milliwh
        else:
            self._take_odd(base, milliwh, moment)

    def after(self, milliwh: int, moment: float) -> Count:
        """Returns the count after one more reading; this one stays as it is."""
        count = copy(self)
        count.take(milliwh, moment)
        return count

    def _take_odd(self, base: int, milliwh: int, moment: float) -> None:
        self.exponent = 0
        if self._returns(milliwh, moment):
            return
        was_jump = self.aside
        self.aside = None
        step, most = milliwh - base, most_milliwh(moment - self.at)
        if 0 <= step <= most:
            self._count(step, milliwh, moment, Oddity(0))
        elif -_NOISE_MILLIWH <= step < 0 and milliwh * 2 >= base:
            self.seen |= Oddity.NOISE if step <= -_ROUNDING_MILLIWH else 0
            self.low = min(self.low, milliwh)
        elif (across := _across(base, milliwh, most)) is not None:
            self._count(across, milliwh, moment, Oddity.ROLLOVER)
        elif not self._is_mended(base, milliwh, moment, was_jump):
            self._break(base, milliwh, moment)

    def _returns(self, milliwh: int, moment: float) -> bool:
        """Goes on from before the last break, if that is where this reading belongs."""
        if self.aside is None:
            return False
        base, at, gained, seen = self.aside
        if not 0 <= milliwh - base <= most_milliwh(moment - at):
            return False
        self.aside, self.gained, self.seen = None, gained, seen
        self._count(milliwh - base, milliwh, moment, Oddity.OUTLIER)
        return True

    def _is_mended(self, base: int, milliwh: int, moment: float, before: Aside | None) -> bool:
        """Takes the reading in another unit, if that explains it."""
        most = most_milliwh(moment - self.at)
        if base >= _SCALED_FROM_MILLIWH or self.seen & Oddity.MENDED:
            for exponent, scaled in ((-3, round(milliwh / 1000)), (3, milliwh * 1000)):
                if -_NOISE_MILLIWH <= scaled - base <= most and scaled * 2 >= base:
                    self.exponent = exponent
                    self._count(max(scaled - base, 0), max(scaled, base), moment, Oddity.MENDED)
                    return True
        if before is None or milliwh < base:
            return False
        first, at, gained, seen = before
        middle, last = round(base / 1000), round(milliwh / 1000)
        if not (0 <= middle - first <= most_milliwh(self.at - at) and last - middle <= most):
            return False
        self.exponent, self.gained, self.seen = -3, gained, seen
        self.high = max(self.low, middle)
        self._count(last - first, last, moment, Oddity.MENDED)
        return True

    def _break(self, base: int, milliwh: int, moment: float) -> None:
        self.aside = (base, self.at, self.gained, self.seen)
        odd = Oddity.JUMP
        if milliwh < base:
            odd = Oddity.RESET if milliwh * _NEAR_ZERO <= base else Oddity.FALL
        self._count(0, milliwh, moment, odd)

    def _count(self, step: int, base: int, moment: float, odd: Oddity) -> None:
        self.gained += step
        self.seen |= odd
        self._stand(base, moment)

    def _stand(self, base: int, moment: float) -> None:
        self.base, self.at = base, moment
        if base > self.high:
            self.high = base
        elif base < self.low:
            self.low = base


def _across(base: int, milliwh: int, most: int) -> int | None:
    """Returns what a counter of usual size counted from its top to here; None if it did not."""
    if milliwh >= base:
        return None
    for size in _SIZES_MILLIWH:
        near = min(most, size // _NEAR_TOP)
        if 0 < size - base <= near and 0 <= milliwh <= near and size - base + milliwh <= most:
            return size - base + milliwh
    return None
