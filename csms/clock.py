"""The wall clock, or one that runs faster, for demonstrations with accelerated stations."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time in UTC; with `speed` 10, ten seconds pass in one."""

    __slots__ = ("_anchor", "_anchored_s", "speed")

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._anchor = datetime.now(UTC)
        self._anchored_s = time.monotonic()

    def now(self) -> datetime:
        """Returns the present instant."""
        if self.speed == 1.0:
            return datetime.now(UTC)
        elapsed = (time.monotonic() - self._anchored_s) * self.speed
        return self._anchor + timedelta(seconds=elapsed)

    def real_seconds_until(self, at: datetime) -> float:
        """Returns how long to wait, in real seconds, until it is `at`."""
        return max((at - self.now()).total_seconds(), 0.0) / self.speed

    def step_since(self, before: tuple[datetime, float]) -> timedelta:
        """Returns by how much the computer's clock has been set since a `mark`."""
        if self.speed != 1.0:
            return timedelta(0)  # this clock does not follow that one
        return self.now() - before[0] - timedelta(seconds=time.monotonic() - before[1])

    def mark(self) -> tuple[datetime, float]:
        """Returns the present instant by this clock, and by one that nobody sets."""
        return self.now(), time.monotonic()
