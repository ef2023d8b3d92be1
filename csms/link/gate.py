"""Who is let in how fast: a bounded rate of admissions, of open handshakes, and of guesses.

A storm of reconnects is spread: as many as can be served at once come in, some wait in line for a
moment, the others are told when to come back, each at another time. Times are the loop's.
"""

from __future__ import annotations

import ipaddress
import random
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_LINE_S = 6.0
_SOONEST_S, _WIDEST_S = 2, 60.0
_COUNTED_S = 10.0
_IPV4_NET, _IPV6_NET = 24, 48


class Gate:
    """Admits `per_s` stations a second, `burst` of them at once; `per_s` 0 admits all."""

    def __init__(self, per_s: float, burst: float, now: Callable[[], float]) -> None:
        self._per_s, self._burst, self._now = per_s, burst, now
        self._due = now() - self._burst_s
        self._refused, self._counted_since = 0, now()

    def enter(self) -> float | None:
        """Returns how long to wait in line, 0 for not at all; None if the line is too long."""
        if not self._per_s:
            return 0.0
        now = self._now()
        due = max(self._due, now - self._burst_s)
        if due - now > _LONGEST_LINE_S:
            self._refused += 1
            return None
        self._due = due + 1 / self._per_s
        return max(due - now, 0.0)

    def retry_after_s(self) -> int:
        """Returns when one who is refused may try again: at random, the wider the more are."""
        now = self._now()
        if now - self._counted_since > _COUNTED_S:
            self._refused, self._counted_since = self._refused // 2, now
        width_s = min(max(self._refused / (self._per_s or 1), 5.0), _WIDEST_S)
        return _SOONEST_S + round(random.uniform(0, width_s))  # noqa: S311 - no secret

    @property
    def _burst_s(self) -> float:
        return self._burst / self._per_s if self._per_s else 0.0


class Stranger(Protocol):
    """A connection that has not yet said what it wants."""

    def give_up(self) -> None:
        """Ends it, with a word on why."""
        ...


class HalfOpen:
    """Connections whose request is not complete: bounded in number and in time.

    When there are too many, the one that has dallied longest makes room, never one that came just
    now: so those who dawdle on purpose keep nobody out.
    """

    def __init__(
        self, now: Callable[[], float], most: int = 6144, most_each: int = 5120, within_s: float = 5
    ) -> None:
        self._now, self._most, self._most_each, self._within_s = now, most, most_each, within_s
        self._all: OrderedDict[Stranger, tuple[str, float]] = OrderedDict()
        self._by_address: dict[str, OrderedDict[Stranger, None]] = {}

    def enter(self, stranger: Stranger, address: str) -> None:
        """Counts a new connection, and makes room for it if there is none."""
        self._all[stranger] = address, self._now()
        same = self._by_address.setdefault(address, OrderedDict())
        same[stranger] = None
        if len(same) > self._most_each:
            self._send_away(next(iter(same)))
        elif len(self._all) > self._most:
            self._send_away(next(iter(self._all)))

    def leave(self, stranger: Stranger) -> None:
        """Forgets a connection that has made its request, or has gone."""
        found = self._all.pop(stranger, None)
        if found is not None:
            same = self._by_address[found[0]]
            del same[stranger]
            if not same:
                del self._by_address[found[0]]

    def sweep(self) -> None:
        """Ends those that take too long."""
        before = self._now() - self._within_s
        while self._all:
            oldest = next(iter(self._all))
            if self._all[oldest][1] > before:
                return
            self._send_away(oldest)

    def _send_away(self, stranger: Stranger) -> None:
        self.leave(stranger)
        stranger.give_up()


class Guesses:
    """Passwords that were wrong, by station and address: `most` within `within_s`, then no more.

    A place is taken before a password is looked at, and given back if it is right, so that many
    at once get no more than many in a row.
    """

    def __init__(
        self, now: Callable[[], float], most: int = 10, within_s: float = 60, kept: int = 20_000
    ) -> None:
        self._now, self._most, self._within_s, self._kept = now, most, within_s, kept
        self._taken: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def take(self, station_id: str, address: str) -> bool:
        """Takes a place for one guess; False if none is left."""
        taken = self._of(station_id, address)
        if len(taken) >= self._most:
            return False
        taken.append(self._now())
        while len(self._taken) > self._kept:
            self._taken.popitem(last=False)
        return True

    def give_back(self, station_id: str, address: str) -> None:
        """Gives a place back, for a guess that was right or never looked at."""
        taken = self._taken.get((station_id, address))
        if taken:
            taken.pop()

    def retry_after_s(self, station_id: str, address: str) -> int:
        """Returns when a place is free again."""
        taken = self._of(station_id, address)
        oldest = taken[0] if taken else self._now()
        return max(round(oldest + self._within_s - self._now()), 1)

    def _of(self, station_id: str, address: str) -> deque[float]:
        taken = self._taken.setdefault((station_id, address), deque())
        self._taken.move_to_end((station_id, address))
        while taken and taken[0] <= self._now() - self._within_s:
            taken.popleft()
        return taken


def prefix_of(address: str) -> str:
    """Returns the net that an address is in, as one owner has it: /24 of IPv4, /48 of IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = getattr(found, "ipv4_mapped", None) or found
    bits = _IPV4_NET if mapped.version == 4 else _IPV6_NET  # noqa: PLR2004 - the version of IP
    return str(ipaddress.ip_network((mapped, bits), strict=False))
