"""All that is known when one sample is judged: made once, read by every judge. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from csms.domain.sample import Sample
    from csms.monitor.limit_window import LimitWindow
    from csms.monitor.thresholds import Thresholds
    from csms.monitor.verdict import Comparison, Measured
    from profiles import LimitStep


@dataclass(slots=True)
class Circumstances:
    """What the engine knows of a session beside its samples and limits. Nobody changes one.

    `charging_state` is the version-neutral state as the station last told it: Charging,
    SuspendedEV, SuspendedEVSE, EVConnected, Idle; None if it never did. `clock_offset_s` is what
    our clock is ahead of the station's, `has_waited` tells that the sample comes from a queue.
    `ceiling_a` and `phases` are what this token or vehicle has been seen to draw before this
    session, None if nothing is known or may be used. `is_dc` None if nobody knows. `skew_s` is
    how far the station's clock may still be off after correction, None if it has not shown yet.
    `is_shared` tells that the station cannot give all its sessions what each of them may have, so
    that it is free to give this one less.
    """

    received_at: datetime
    charging_state: str | None = None
    clock_offset_s: float = 0.0
    has_waited: bool = False
    ceiling_a: float | None = None
    phases: int | None = None
    is_dc: bool | None = None
    skew_s: float | None = None
    is_shared: bool = False


@dataclass(slots=True)
class Scene:
    """One sample in its surroundings.

    `at` is its time in our clock, `elapsed_s` the time since the sample judged before (0 for the
    first). `steps` are the limits of its window, empty if unknown; `hi_a` and `lo_a` the loosest
    and the tightest of them in amperes per phase, None where nothing limits or nobody knows.
    `limit_since` is when the limit last changed to what it is at `at`. `window` is what the steps
    allow, and `comparison` the measured value beside it; None where there is nothing to compare.
    `is_next` is False for a sample that is no later than one judged before, `has_value` for one
    that says nothing of energy, power or current. `skew_s` is how far
    its time may be off.
    """

    sample: Sample
    at: datetime
    elapsed_s: float
    measured: Measured
    steps: Sequence[LimitStep]
    hi_a: float | None
    lo_a: float | None
    limit_since: datetime | None
    known: Circumstances
    thresholds: Thresholds
    window: LimitWindow | None = None
    comparison: Comparison | None = None
    is_next: bool = True
    has_value: bool = True
    skew_s: float = 0.0
