"""Noise of meters: normal deviates drawn once for all, of which each reading takes a stretch.

Drawn one by one they are what costs most in a reading. Where a stretch begins is the station's
own chance, so that the same seed tells the same.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

STRETCH: Final = 8
"""How many deviates a reading has: of power and frequency, of three voltages and currents."""
_BITS: Final = 12
_SEED: Final = 61_851


class Noise:
    """A ring of deviates with mean 0 and variance 1, of which any stretch can be taken."""

    __slots__ = ("_deviates",)

    def __init__(self) -> None:
        draw = Random(_SEED).gauss  # noqa: S311 - a simulation, no secrets
        ring = [draw(0.0, 1.0) for _ in range(1 << _BITS)]
        self._deviates = (*ring, *ring[:STRETCH])

    def some(self, random: Random) -> Sequence[float]:
        """Return deviates for one reading."""
        at = random.getrandbits(_BITS)
        return self._deviates[at : at + STRETCH]


NOISE: Final = Noise()
