"""Which sessions are to be judged again, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

REJUDGE_DUE = "rejudge_due"
"""The collection that lists the sessions to be judged again."""

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_QUIET = timedelta(seconds=2)
_AT_MOST = timedelta(seconds=30)
_REAL_TIME = 1.0


@dataclass(slots=True)
class _Due:
    station_id: str
    since: datetime
    due: datetime


@dataclass(slots=True)
class Late:
    """Sessions with late samples: due 2 s after the last one, at most 30 s after the first.

    Real ones, whatever the `pace` of the clock: to judge a session again takes real time, and what
    is judged too often makes the next samples late.
    """

    pace: float = _REAL_TIME
    _sessions: dict[str, _Due] = field(default_factory=dict)

    def put(self, session_id: str, station_id: str, now: datetime) -> bool:
        """Has a session come up when it has been quiet for a while; True if it was not to."""
        known = self._sessions.get(session_id)
        if known is None:
            self._sessions[session_id] = _Due(station_id, now, now + _QUIET * self.pace)
            return True
        known.due = min(now + _QUIET * self.pace, known.since + _AT_MOST * self.pace)
        return False

    def next_due(self) -> datetime | None:
        """Returns the earliest instant, None if there is none."""
        return min((each.due for each in self._sessions.values()), default=None)

    def take_due(self, now: datetime) -> list[tuple[str, str]]:
        """Returns session and station of what is due, and forgets it."""
        due = [(name, each) for name, each in self._sessions.items() if each.due <= now]
        for name, _ in due:
            del self._sessions[name]
        return [(name, each.station_id) for name, each in due]
