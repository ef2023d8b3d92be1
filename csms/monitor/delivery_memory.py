"""What is remembered of a session's delivery between two samples: a few numbers. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class DeliveryMemory:
    """How much the car takes, and how it came to take less. Times are seconds since 1970.

    `unit` is A (per phase) or W (total), that of all values; in watts `phases` is how many the
    car has been seen to use at least; `seen_a` is the limit per phase as of the last sample, and
    `held_w` the power from before it fell, until that falls too. `ceiling` is the most that the
    car takes as things are, which a gradual decline lowers (`is_taper`), `peak` the most that it
    has sustained; both grow by `run_low`, the least of `run_count` samples since `run_at`. `limit`
    is the tightest limit that has been in force long enough; a looser one is `next_limit` until
    then. `expected` is what was to flow at the last sample, `rose` that this grew and nothing
    followed yet.

    `full_at` is when as much flowed as expected, `between` the samples since that were a little
    less, `sudden_at` when it fell at once; `mark` is a value of at least a minute ago, `falls` how
    many marks in a row have fallen, `tail` the last of those which no limit explains (seconds,
    value). `low_since`, `low_ref`, `low_count` are of samples that fell short in a row, alike, the
    first of which came at `low_at`;
    `idle_since`,
    `idle_count` of those without any current. `is_under` and `is_stalled` tell that these were
    enough, `has_alarmed` that they ever were. `is_quiet` tells that all is as expected, so that
    another sample of that kind needs no closer look.

    It has no slots, since orjson writes it faster so, and it is written at each sample.
    """

    unit: str | None = None
    phases: int = 1
    seen_a: float | None = None
    held_w: float | None = None
    ceiling: float | None = None
    peak: float | None = None
    is_taper: bool = False
    run_at: float = 0.0
    run_low: float | None = None
    run_count: int = 0
    limit: float | None = None
    next_limit: float | None = None
    next_at: float = 0.0
    expected: float | None = None
    rose: bool = False
    full_at: float | None = None
    between: int = 0
    sudden_at: float | None = None
    last: float | None = None
    mark: float | None = None
    mark_at: float = 0.0
    falls: int = 0
    tail: list[list[float]] = field(default_factory=list)
    soc_percent: float | None = None
    resumed_at: float | None = None
    is_paused: bool = False
    low_since: float | None = None
    low_at: float = 0.0
    low_ref: float = 0.0
    low_count: int = 0
    idle_since: float | None = None
    idle_count: int = 0
    is_under: bool = False
    is_stalled: bool = False
    has_alarmed: bool = False
    is_quiet: bool = False


def load_delivery_memory(doc: Mapping[str, Any]) -> DeliveryMemory:
    """Returns the memory that was written as JSON, from its parsed form.

    What an older version did not write has its default, and what it wrote more is left out.
    """
    known = DeliveryMemory.__dataclass_fields__
    return DeliveryMemory(**{name: value for name, value in doc.items() if name in known})
