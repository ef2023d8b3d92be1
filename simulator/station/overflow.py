"""What becomes of a queue of transaction messages that is longer than a station's memory.

Source: OCPP 2.0.1 part 2, E04.FR.07 and E04.FR.08: what lies in between is dropped first, not the
start nor the end of a transaction; firmware does this and worse.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from simulator.wire import to_payload

if TYPE_CHECKING:
    from collections import deque

    from simulator.station.outgoing import Outgoing

_ENDS: Final = frozenset({"Started", "Ended"})


class Overflow(Enum):
    """Which messages a full memory loses."""

    BETWEEN = auto()
    """Every second one between start and end; these stay, above the limit as well."""
    OLDEST = auto()
    """Those that have waited longest, whatever they say."""
    NEWEST = auto()
    """Those that no longer fit."""


def spill(waiting: deque[Outgoing], limit: int | None, overflow: Overflow) -> list[Outgoing]:
    """Take what is too much out of a queue and return it, oldest first."""
    if limit is None or len(waiting) <= limit:
        return []
    match overflow:
        case Overflow.BETWEEN:
            lost = [each for each in waiting if is_between(each)][0::2]
        case Overflow.OLDEST:
            lost = list(waiting)[: len(waiting) - limit]
        case Overflow.NEWEST:
            lost = list(waiting)[limit:]
    for each in lost:
        waiting.remove(each)
    return lost


def is_between(outgoing: Outgoing) -> bool:
    """Whether a message neither opens nor closes a transaction."""
    if outgoing.action == "MeterValues":
        return True
    if outgoing.action != "TransactionEvent":
        return False
    message = outgoing.build()
    return message is None or to_payload(message).get("eventType") not in _ENDS
