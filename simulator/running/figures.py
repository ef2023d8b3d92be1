"""How a fleet stands: counts, and how fast it is answered."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

ERRORS: Final = frozenset(
    {
        "connection.failed",
        "connection.lost",
        "call.timed_out",
        "call.refused",
        "answer.invalid",
        "message.failed",
        "message.discarded",
    }
)
"""Events that are counted as errors, by their names."""
_STEPS_TO_DOUBLE: Final = 8
_SHORTEST_MS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Figures:
    """A fleet at an instant. Latency is from a call to its answer, in real milliseconds.

    `sent` and `received` count texts; `errors` counts by the event's name what went wrong.
    `behind_s` is the most that the machine was late with anything, in simulated seconds; 0 where
    it keeps up. `discarded` counts messages that stations threw away.
    """

    stations: int = 0
    simulated_s: float = 0.0
    connected: int = 0
    accepted: int = 0
    charging: int = 0
    sessions: int = 0
    sent: int = 0
    received: int = 0
    discarded: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    behind_s: float = 0.0


class Latencies:
    """How long answers took, in steps of a twelfth; takes the same room however many there are."""

    __slots__ = ("counts",)

    def __init__(self, counts: Counter[int] | None = None) -> None:
        self.counts: Counter[int] = Counter() if counts is None else counts

    def note(self, seconds: float) -> None:
        """Count one."""
        ms = max(seconds * 1000.0, _SHORTEST_MS)
        self.counts[int(math.log2(ms / _SHORTEST_MS) * _STEPS_TO_DOUBLE)] += 1

    def share(self, share: float) -> float | None:
        """Return the milliseconds within which that share was answered; None without any."""
        left = self.counts.total() * share
        for step in sorted(self.counts):
            left -= self.counts[step]
            if left <= 0:
                return float(_SHORTEST_MS * 2.0 ** ((step + 0.5) / _STEPS_TO_DOUBLE))
        return None
