"""How a fleet stands: counts, and how fast it is answered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figures:
    """A fleet at an instant. Latency is from a call to its answer, in real milliseconds.

    `sent` and `received` count texts; `errors` counts by kind what went wrong.
    """

    connected: int = 0
    accepted: int = 0
    charging: int = 0
    sessions: int = 0
    sent: int = 0
    received: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
