"""Hours of the clock on the wall: which there are in a period, and how long each one was. PURE.

Where a clock is set back an hour comes twice, where it is put forward one is missing; counts by
weekday and hour are divided by how often, and for how long, that hour really was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

HOURS_OF_WEEK: Final = 168
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LocalHours:
    """The hours of a period: hour `i` goes from `edges[i]` to `edges[i + 1]`, UTC seconds.

    `of_week` is 0 for Monday 0:00 to 167, `day` the local day as its ordinal, `of_day` 0 to 23.
    The first and the last hour are cut where the period is.
    """

    edges: NDArray[np.int64]
    of_week: NDArray[np.int64]
    day: NDArray[np.int64]
    of_day: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.of_week)

    @property
    def hours(self) -> NDArray[np.float64]:
        """How long each one lasts, in hours."""
        return np.diff(self.edges).astype(np.float64) / 3600.0

    def after(self, index: int) -> LocalHours:
        """Returns the hours from one of them on."""
        return LocalHours(
            self.edges[index:], self.of_week[index:], self.day[index:], self.of_day[index:]
        )

    def by_week(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the sums of values of the hours, by hour of the week."""
        sums: NDArray[np.float64] = np.bincount(
            self.of_week, weights=values, minlength=HOURS_OF_WEEK
        ).astype(np.float64)
        return sums


def local_hours(since: datetime, until: datetime, zone: tzinfo) -> LocalHours:
    """Returns the hours between two instants, as clocks of that zone show them."""
    edges, of_week, day, of_day = [], [], [], []
    # By the wall clock an hour after would not be an hour later.
    at, until = since.astimezone(UTC), until.astimezone(UTC)
    while at < until:
        local = at.astimezone(zone)
        edges.append(int(at.timestamp()))
        of_week.append(local.weekday() * 24 + local.hour)
        day.append(local.toordinal())
        of_day.append(local.hour)
        at = _next(at, zone)
    edges.append(int(max(until, since).timestamp()))
    return LocalHours(
        np.array(edges, np.int64),
        np.array(of_week, np.int64),
        np.array(day, np.int64),
        np.array(of_day, np.int64),
    )


def _next(at: datetime, zone: tzinfo) -> datetime:
    """Returns when the next full hour of the wall clock begins.

    Some zones are half an hour off, and some are put forward by half an hour only.
    """
    local = at.astimezone(zone)
    after = (
        at
        + _HOUR
        - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    )
    beyond = after.astimezone(zone)
    full = after - timedelta(minutes=beyond.minute)
    if full > at and full.astimezone(zone).hour == beyond.hour != local.hour:
        return full
    return after
