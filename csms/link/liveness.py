"""Which connections live: any byte is a sign of life, silence is pinged, and then ended.

One sweep looks after all connections, and after each only when something may be due. Times are the
loop's, so a step of the wall clock ends no connection.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_STALL_S = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a silent connection is borne with.

    After `ping_interval_s` of silence it is pinged, again each such interval; 0 means never. With
    pings it is dead `ping_timeout_s` later; without pings, or if that is 0 or no pong can be
    expected, after `idle_timeout_s`; 0 means never.
    """

    ping_interval_s: float
    ping_timeout_s: float
    idle_timeout_s: float

    @property
    def limit_s(self) -> float:
        """The silence after which a connection is dead."""
        if self.ping_interval_s and self.ping_timeout_s:
            return self.ping_interval_s + self.ping_timeout_s
        return self.idle_timeout_s or math.inf


class Link(Protocol):
    """What the sweep needs of a connection.

    `heard_at` is when its last byte came. While it `is_held` we do not read: the silence is ours.
    """

    heard_at: float

    @property
    def is_held(self) -> bool:
        """Whether we have stopped to read from it."""
        ...

    @property
    def patience(self) -> Patience:
        """How long its silence is borne with."""
        ...

    def ping_now(self) -> None:
        """Sends a ping, if it can leave at once."""
        ...

    def drop(self, why: str) -> None:
        """Ends it without waiting for the peer."""
        ...


class Liveness:
    """The sweep over all connections of a node; `now` tells the seconds of a steady clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._pinged_at: dict[Link, float] = {}
        self._due: dict[int, list[Link]] = {}
        self._second = math.floor(now())
        self._swept_at = self._excused_at = now()

    def add(self, link: Link) -> None:
        """Begins to look after a connection, which counts as heard just now."""
        link.heard_at = now = self._now()
        self._pinged_at[link] = -math.inf
        self._look_again(link, now)

    def discard(self, link: Link) -> None:
        """Looks no longer after a connection."""
        self._pinged_at.pop(link, None)

    def sweep(self) -> None:
        """Pings what has been silent, and drops what is dead; to be called each second.

        When the sweep itself comes late, because this process stood still, nobody could be heard:
        then every silence begins anew.
        """
        now = self._now()
        if now - self._swept_at > _STALL_S:
            self._excused_at = now
        self._swept_at = now
        while self._second <= now:
            for link in self._due.pop(self._second, ()):
                if link in self._pinged_at:
                    self._look_at(link, now)
            self._second += 1

    def _look_at(self, link: Link, now: float) -> None:
        patience = link.patience
        if link.is_held:
            link.heard_at = now
        silent_s = now - self._heard_at(link)
        if silent_s >= patience.limit_s:
            self.discard(link)
            link.drop(f"nothing came for {silent_s:.0f} s")
            return
        if patience.ping_interval_s and now >= self._ping_due(link, patience):
            self._pinged_at[link] = now
            link.ping_now()
        self._look_again(link, now)

    def _look_again(self, link: Link, now: float) -> None:
        """Has the link come up when its next ping is due, or its end; with neither, in a while."""
        patience = link.patience
        due = min(self._heard_at(link) + patience.limit_s, now + 60)
        if patience.ping_interval_s:
            due = min(due, self._ping_due(link, patience))
        second = max(math.ceil(due), self._second, math.floor(now) + 1)
        self._due.setdefault(second, []).append(link)

    def _heard_at(self, link: Link) -> float:
        return max(link.heard_at, self._excused_at)

    def _ping_due(self, link: Link, patience: Patience) -> float:
        return max(self._heard_at(link), self._pinged_at[link]) + patience.ping_interval_s
