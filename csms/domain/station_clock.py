"""How wrong a station's clock is, from when its live messages arrived. PURE."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median

_KEPT = 15
_NEEDED = 3
_ABSURD_BEFORE = datetime(2015, 1, 1, tzinfo=UTC)
_LIVE_WITHIN_S = 120.0
_NETWORK_S = 5.0
_UNBELIEVABLE_S = 1e9


@dataclass(slots=True)
class StationClock:
    """The delay between a station's timestamps and their arrival, over its last live messages.

    A positive offset means that the station's clock is behind ours.
    """

    delays_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def observe(self, at: datetime, received_at: datetime) -> None:
        """Takes the timestamp of a message that was sent as soon as it was made."""
        self.delays_s.append((received_at - at).total_seconds())

    @property
    def offset_s(self) -> float:
        """What to add to the station's times; 0 while little is known or the error is small.

        Source: deviations below 5 s are the network's, not the clock's.
        """
        if len(self.delays_s) < _NEEDED:
            return 0.0
        middle = median(self.delays_s)
        is_stable = self.spread_s < max(30.0, abs(middle) / 10)
        return middle if abs(middle) > _NETWORK_S and is_stable else 0.0

    @property
    def spread_s(self) -> float:
        """How far the middle half of the delays lies apart; 0 while little is known."""
        if len(self.delays_s) < _NEEDED:
            return 0.0
        ordered = sorted(self.delays_s)
        quarter = len(ordered) // 4
        return ordered[-1 - quarter] - ordered[quarter]

    def correct(self, at: datetime | None, received_at: datetime) -> tuple[datetime, bool]:
        """Returns the instant in our time, and whether the station's clock is suspect.

        A time in the past may have waited in an offline queue and is believed; one before 2015
        or ahead of us cannot be right.
        """
        if at is None:
            return received_at, True
        offset_s = self.offset_s
        is_near = abs(offset_s) < _UNBELIEVABLE_S
        corrected = at + timedelta(seconds=offset_s) if is_near else received_at
        is_absurd = at < _ABSURD_BEFORE and corrected < _ABSURD_BEFORE
        if is_absurd or (corrected - received_at).total_seconds() > _LIVE_WITHIN_S:
            return received_at, True
        return min(corrected, received_at), bool(offset_s)
