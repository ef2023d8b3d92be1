"""When a session began and ended, in our time, by what is known of its station's clock. PURE.

A fold like the rest: the two instants follow from what the station said, when it arrived, and
how wrong the clock was, in whatever order that became known.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from csms.domain.station_clock import Basis, Placed, place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from csms.domain.station_clock import Stretch

Told = tuple["datetime | None", "datetime"]

_SLACK = timedelta(seconds=60)
_LONGEST = timedelta(days=30)


def begun_and_ended(
    start: Told,
    end: Told | None,
    live_until: datetime | None,
    stretches: Sequence[Stretch],
) -> tuple[Placed, Placed | None]:
    """Returns the start and the end.

    `start` and `end` are the station's time and the arrival of the two messages; `live_until`
    is when the last message of the session arrived that was certainly live. Where nothing is
    known of the clock but that it cannot be right, and both messages came from a queue, they lie
    as far apart as the station says, the end as late as it can be.
    """
    begun = place(*start, stretches)
    if end is None:
        return begun, None
    ended = place(*end, stretches)
    if ended.basis is Basis.CLOCK and _contradicts(ended.at, begun, live_until):
        ended = Placed(end[1], is_suspect=True, basis=Basis.ARRIVAL)
    if begun.basis is ended.basis is Basis.ARRIVAL:
        begun, ended = _by_difference(start, end, begun, ended)
    if begun.at > ended.at and begun.basis is not Basis.LIVE:
        begun = begun._replace(at=ended.at, is_suspect=True)
    return begun, ended._replace(at=max(begun.at, ended.at))


def _contradicts(ended_at: datetime, begun: Placed, live_until: datetime | None) -> bool:
    """Tells whether the session demonstrably ran after it is said to have ended."""
    if begun.basis is not Basis.ARRIVAL and ended_at < begun.at:
        return True
    return live_until is not None and ended_at < live_until - _SLACK


def _by_difference(start: Told, end: Told, begun: Placed, ended: Placed) -> tuple[Placed, Placed]:
    """Keeps the time between two messages of one queue, which is right in a clock that is not."""
    (begun_told, begun_received), (ended_told, ended_received) = start, end
    if begun_told is None or ended_told is None:
        return begun, ended
    lasted, apart = ended_told - begun_told, abs(ended_received - begun_received)
    is_queue = timedelta(0) <= lasted <= _LONGEST and apart <= max(_SLACK, lasted / 2)
    if not is_queue:
        return begun, ended
    offset = min(begun_received - begun_told, ended_received - ended_told)
    return (
        Placed(begun_told + offset, is_suspect=True, basis=Basis.ARRIVAL),
        Placed(ended_told + offset, is_suspect=True, basis=Basis.ARRIVAL),
    )
