"""Simulated seconds: real time, stretched or squeezed.

Cores never read this clock: they are handed the seconds that it tells.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Maps a monotonic clock's seconds to simulated ones that start at 0 and run `speed` fold."""

    started: float
    speed: float = 1.0

    def simulated(self, real: float) -> float:
        """Return the simulated seconds at `real`, a reading of the same monotonic clock."""
        return (real - self.started) * self.speed

    def real_delay(self, simulated_s: float) -> float:
        """Return how long a simulated duration takes in real seconds, never negative."""
        return max(0.0, simulated_s / self.speed)
