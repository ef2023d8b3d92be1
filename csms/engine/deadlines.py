"""When to look at which session again."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class Deadlines:
    """A heap of instants, at most one for each session; the newest one set counts."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str, str]] = []
        self._current: dict[tuple[str, str], datetime] = {}

    def set(self, due: datetime, station_id: str, session_id: str) -> None:
        """Has a session come up at `due`."""
        self._current[station_id, session_id] = due
        heapq.heappush(self._heap, (due, station_id, session_id))

    def next_due(self) -> datetime | None:
        """Returns the earliest instant, None if there is none."""
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: datetime) -> list[tuple[str, str]]:
        """Returns station and session of what is due, earliest first, and forgets it."""
        found: list[tuple[str, str]] = []
        while self._heap and self._heap[0][0] <= now:
            due, station_id, session_id = heapq.heappop(self._heap)
            if self._current.get((station_id, session_id)) == due:
                del self._current[station_id, session_id]
                found.append((station_id, session_id))
        return found

    def shift(self, by: timedelta) -> None:
        """Moves every deadline, as when the clock that tells the time has been set."""
        self._current = {which: due + by for which, due in self._current.items()}
        self._heap = [(due, *which) for which, due in self._current.items()]
        heapq.heapify(self._heap)
