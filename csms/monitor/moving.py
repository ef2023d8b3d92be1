"""Charging moved within a stay to the cheapest of its hours. PURE.

A car may take energy at any time that it is plugged in, at most with its power. Where the price of
a kilowatt-hour depends on the time only, to fill the cheapest parts first is the best there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

_MILLIWH_TO_WS: Final = 3.6


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a stay, and what a kilowatt-hour costs in it."""

    start: datetime
    end: datetime
    price: Decimal

    def room_milliwh(self, power_w: float) -> int:
        """How much a car can take in it."""
        return int(power_w * (self.end - self.start).total_seconds() / _MILLIWH_TO_WS)


@dataclass(frozen=True, slots=True)
class Filled:
    """A part of a stay, and what is charged in it, in mWh."""

    part: Part
    milliwh: int


def least_power_w(milliwh: int, stay_s: float) -> float:
    """The power that it takes to have that energy by the end of a stay."""
    return milliwh * _MILLIWH_TO_WS / stay_s if stay_s > 0 else 0.0


def cheapest(parts: Sequence[Part], milliwh: int, power_w: float) -> list[Filled] | None:
    """Returns where to charge so much energy, in order of time; None if there is no room for it.

    Of parts of one price the earlier one is filled first.
    """
    left = milliwh
    filled: dict[int, int] = {}
    for index in sorted(range(len(parts)), key=lambda each: (parts[each].price, each)):
        taken = min(parts[index].room_milliwh(power_w), left)
        if taken > 0:
            filled[index] = taken
            left -= taken
        if left <= 0:
            break
    if left > 0:
        # What is left over by rounding finds room where the most is.
        if left > len(parts) or not filled:
            return None
        filled[max(filled, key=lambda each: filled[each])] += left
    return [Filled(parts[index], filled[index]) for index in sorted(filled)]
