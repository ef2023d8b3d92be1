"""The wall clock, or one of a simulation: begun at another time, running faster."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time in UTC; with `speed` 10, ten seconds pass in one.

    `begin` sets it to another time, from which it runs on; it then follows the computer's clock
    no more, no more than a faster one does.
    """

    __slots__ = ("_anchor", "_anchored_s", "_is_own", "speed")

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._is_own = speed != 1.0
        self._anchor = datetime.now(UTC)
        self._anchored_s = time.monotonic()

    def begin(self, at: datetime) -> None:
        """Makes it `at` now; for the time before anything is recorded."""
        self._anchor, self._anchored_s, self._is_own = at, time.monotonic(), True

    @property
    def is_simulated(self) -> bool:
        """Whether it tells another time than the computer's clock."""
        return self._is_own

    def now(self) -> datetime:
        """Returns the present instant."""
        if not self._is_own:
            return datetime.now(UTC)
        elapsed = (time.monotonic() - self._anchored_s) * self.speed
        return self._anchor + timedelta(seconds=elapsed)

    def real_seconds(self, seconds: float) -> float:
        """Returns how long so many of its seconds take."""
        return seconds / self.speed

    def real_seconds_until(self, at: datetime) -> float:
        """Returns how long to wait, in real seconds, until it is `at`."""
        return max((at - self.now()).total_seconds(), 0.0) / self.speed

    def step_since(self, before: tuple[datetime, float]) -> timedelta:
        """Returns by how much the computer's clock has been set since a `mark`."""
        if self._is_own:
            return timedelta(0)  # this clock does not follow that one
        return self.now() - before[0] - timedelta(seconds=time.monotonic() - before[1])

    def mark(self) -> tuple[datetime, float]:
        """Returns the present instant by this clock, and by one that nobody sets."""
        return self.now(), time.monotonic()
