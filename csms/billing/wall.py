"""Where local clocks reach given times, change their day or jump, in UTC. PURE.

All instants are whole microseconds since 1970 in UTC. A local clock is looked at as it is: a
time that a jump leaves out is passed at the jump, one that comes twice is reached twice.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import tzinfo

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
US: Final = timedelta(microseconds=1)
DAY_US: Final = 86_400_000_000
_MINUTE_US: Final = 60_000_000
_HOUR_US: Final = 3_600_000_000
_SECOND_US: Final = 1_000_000


def to_us(moment: datetime) -> int:
    """Returns an aware instant as microseconds since 1970."""
    past = moment - EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def from_us(us: int) -> datetime:
    """Returns an instant in UTC."""
    return EPOCH + timedelta(microseconds=us)


class Wall:
    """The clock of a time zone, watched for some minutes of the day."""

    __slots__ = ("_minutes", "_zone")

    def __init__(self, zone: tzinfo, minutes: frozenset[int]) -> None:
        self._zone = zone
        self._minutes = tuple(sorted(minutes))

    def next_cut(self, us: int) -> int:
        """Returns the first instant after `us` at which something may change."""
        day = us // DAY_US
        while True:
            cuts = _cuts(self._zone, self._minutes, day)
            index = bisect_right(cuts, us)
            if index < len(cuts):
                return cuts[index]
            day += 1

    def local(self, us: int) -> datetime:
        """Returns the local clock's date and time, without a zone."""
        return from_us(us).astimezone(self._zone).replace(tzinfo=None)


@lru_cache(maxsize=4096)
def _cuts(zone: tzinfo, minutes: tuple[int, ...], day: int) -> tuple[int, ...]:
    """Returns the cuts within a day of UTC, which always has its own beginning as one."""
    cuts = {day * DAY_US}
    for start, end, offset in _offsets(zone, day):
        cuts.add(start)
        local_day = (start + offset) // DAY_US
        for minute in minutes:
            for days in (local_day, local_day + 1):
                at = days * DAY_US + minute * _MINUTE_US - offset
                if start <= at < end:
                    cuts.add(at)
    return tuple(sorted(cuts))


@lru_cache(maxsize=8192)
def _offsets(zone: tzinfo, day: int) -> tuple[tuple[int, int, int], ...]:
    """Returns (start, end, offset from UTC) of each stretch of a day of UTC with one offset."""
    found: list[tuple[int, int, int]] = []
    start = day * DAY_US
    offset = _offset(zone, start)
    for hour in range(1, 25):
        at = day * DAY_US + hour * _HOUR_US
        if (later := _offset(zone, at)) != offset:
            jump = _jump(zone, at - _HOUR_US, at)
            found.append((start, jump, offset))
            start, offset = jump, later
    found.append((start, (day + 1) * DAY_US, offset))
    return tuple(found)


def _jump(zone: tzinfo, low: int, high: int) -> int:
    """Returns the first second in (low, high] that has the offset of `high`."""
    offset = _offset(zone, high)
    while high - low > _SECOND_US:
        middle = (low + high) // (2 * _SECOND_US) * _SECOND_US
        if _offset(zone, middle) == offset:
            high = middle
        else:
            low = middle
    return high


def _offset(zone: tzinfo, us: int) -> int:
    offset = from_us(us).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // US
