"""What a station takes the time to be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

_SANE_YEARS: Final = (1970, 9000)
_CLOSE_ENOUGH_S: Final = 1.0


class StationClock:
    """A calendar over simulated seconds, set by what a central system says.

    `switched_on` is shown at second 0 until then. `follows_time` sets it by every answer that
    carries a time; on an accelerated clock only the first may.
    """

    __slots__ = ("_asked", "_epoch", "_follows_time", "_has_time", "_shown")

    def __init__(self, switched_on: datetime, *, follows_time: bool) -> None:
        self._epoch = switched_on
        self._follows_time = follows_time
        self._has_time = False
        self._asked, self._shown = 0.0, switched_on

    def at(self, now: float) -> datetime:
        """Return the date and time at a simulated second."""
        if now != self._asked:
            self._asked, self._shown = now, self._epoch + timedelta(seconds=round(now, 3))
        return self._shown

    def true_at(self, now: float) -> datetime:
        """Return what an honest clock would show."""
        return self.at(now)

    def set(self, told: datetime | None, now: float) -> None:
        """Take what a central system says, unless it makes no sense or no difference."""
        if told is None or not _SANE_YEARS[0] <= told.year <= _SANE_YEARS[1]:
            return
        if self._has_time and not self._follows_time:
            return
        if self._has_time and abs((told - self.at(now)).total_seconds()) < _CLOSE_ENOUGH_S:
            return
        self._epoch = told - timedelta(seconds=round(now, 3))
        self._asked, self._shown = 0.0, self._epoch
        self._has_time = True
