"""Simulated seconds: real time, stretched or squeezed.

Cores never read these clocks: they are handed the seconds that they tell.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Tells the simulated seconds, which start at 0 and never go back."""

    def now(self) -> float:
        """Return the present simulated second."""
        ...

    def real_delay(self, simulated_s: float) -> float:
        """Return how long a simulated duration takes in real seconds, never negative."""
        ...


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Maps a monotonic clock's seconds to simulated ones that start at 0 and run `speed` fold."""

    started: float
    speed: float = 1.0

    def now(self) -> float:
        """Return the present simulated second."""
        return (time.monotonic() - self.started) * self.speed

    def simulated(self, real: float) -> float:
        """Return the simulated seconds at `real`, a reading of the same monotonic clock."""
        return (real - self.started) * self.speed

    def real_delay(self, simulated_s: float) -> float:
        """Return how long a simulated duration takes in real seconds, never negative."""
        return max(0.0, simulated_s / self.speed)


@dataclass(slots=True)
class VirtualClock:
    """Stands at `second` until it is moved on."""

    second: float = 0.0

    def now(self) -> float:
        """Return the present simulated second."""
        return self.second

    def real_delay(self, simulated_s: float) -> float:
        """Return 0: nothing takes real time."""
        del simulated_s
        return 0.0
