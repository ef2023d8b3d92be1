"""How wrong a station's clock is, from when its live messages arrived. PURE."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_KEPT = 15
_NEEDED = 3
_ABSURD_BEFORE = datetime(2015, 1, 1, tzinfo=UTC)
_LIVE_WITHIN_S = 120.0
_NETWORK_S = 5.0
_APART_S = 5.0
_NOTHING_NEW_S = 1.0
_DRIFT = 0.02
_STEADY_WITHIN_S = 30.0
_UNBELIEVABLE_S = 1e9


@dataclass(slots=True)
class StationClock:
    """The delay between a station's timestamps and their arrival, over its last live messages.

    `offset_s` is what to add to the station's times, positive for a clock that is behind ours; 0
    while little is known, and for deviations below 5 s, which are the network's. `spread_s` is how
    far the middle half of the delays lies apart: a wrong clock is wrong by the same time in each
    message, while the delays in a queue that waited fall from one to the next.
    """

    delays_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    offset_s: float = 0.0
    spread_s: float = 0.0
    heard: tuple[datetime, datetime] | None = None

    def hear(self, at: datetime, received_at: datetime) -> None:
        """Takes the timestamp of a message that may have waited in a queue.

        It is fresh if as much time has passed since the one before by the station's clock as by
        ours; what was queued comes in a burst.
        """
        before, self.heard = self.heard, (at, received_at)
        if before is None:
            return
        passed_s = (received_at - before[1]).total_seconds()
        if passed_s < _APART_S:
            return
        claimed_s = (at - before[0]).total_seconds()
        if abs(passed_s - claimed_s) < max(_NETWORK_S, passed_s * _DRIFT):
            self.observe(at, received_at)

    def observe(self, at: datetime, received_at: datetime) -> None:
        """Takes the timestamp of a message that was sent as soon as it was made."""
        delay_s = (received_at - at).total_seconds()
        if len(self.delays_s) == _KEPT and abs(delay_s - self.delays_s[-1]) < _NOTHING_NEW_S:
            return
        self.delays_s.append(delay_s)
        ordered = sorted(self.delays_s)
        if len(ordered) < _NEEDED:
            return
        middle, quarter = ordered[len(ordered) // 2], len(ordered) // 4
        self.spread_s = ordered[-1 - quarter] - ordered[quarter]
        is_stable = self.spread_s < _STEADY_WITHIN_S
        self.offset_s = middle if abs(middle) > _NETWORK_S and is_stable else 0.0

    def correct(self, at: datetime | None, received_at: datetime) -> tuple[datetime, bool]:
        """Returns the instant in our time, and whether the station's clock is suspect.

        A time in the past may have waited in an offline queue and is believed; one before 2015
        or ahead of us cannot be right.
        """
        if at is None:
            return received_at, True
        offset_s, corrected = self.offset_s, at
        if offset_s:
            is_near = abs(offset_s) < _UNBELIEVABLE_S
            corrected = at + timedelta(seconds=offset_s) if is_near else received_at
        if at < _ABSURD_BEFORE and corrected < _ABSURD_BEFORE:
            return received_at, True
        if corrected <= received_at:
            return corrected, bool(offset_s)
        is_ahead = (corrected - received_at).total_seconds() > _LIVE_WITHIN_S
        return received_at, is_ahead or bool(offset_s)
