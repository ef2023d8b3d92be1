"""The limits that one sample may have been taken under, read in both units. PURE.

Between `grace + skew + random delay` before a sample and `skew` after it, several steps may have
been in force; what is over is held against the loosest of them, what is under against the
tightest. Most windows lie within one step, so that a reading of it serves many samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from csms.monitor.thresholds import Thresholds
    from profiles import LimitStep

AC_PHASES = 3


@dataclass(slots=True)
class LimitWindow:
    """What the steps of a window allow.

    `hi_a`, `lo_a` and `hi_w`, `lo_w` are the loosest and the tightest reading in amperes per phase
    and in watts over all; None where a step limits nothing. `native_a` and `native_w` are the
    loosest ones that were given in that unit, None unless each step has one. `now_a` is what holds
    at the sample's own time, since `since` (`since_s`: in seconds since 1970), and `before_a` what
    held before that. `is_pause` tells
    that no step lets a car charge, `is_open` that some step limits nothing. `phases` is the most
    that any step allows, `named_phases` that if each step names it, and `usable_phases` on how many
    every step lets a car charge with the least current that there is.
    """

    steps: Sequence[LimitStep]
    is_open: bool
    is_pause: bool
    hi_a: float | None = None
    lo_a: float | None = None
    hi_w: float | None = None
    lo_w: float | None = None
    native_a: float | None = None
    native_w: float | None = None
    phases: int = AC_PHASES
    named_phases: int | None = None
    usable_phases: int = AC_PHASES
    now_a: float | None = None
    since: datetime | None = None
    since_s: float | None = None
    before_a: float | None = None

    def loosest_a(self, phases: int) -> float:
        """Returns the loosest reading in amperes for an EVSE that uses so many phases."""
        found = (step.range_in_a(phases_default=phases) for step in self.steps)
        return max(float("inf") if each is None else each[1] for each in found)


def read_window(steps: Sequence[LimitStep], thresholds: Thresholds) -> LimitWindow:
    """Returns what these steps allow; they must not be empty."""
    if any(step.limit_a is None and step.limit_w is None for step in steps):
        return LimitWindow(steps, is_open=True, is_pause=False)
    amperes = [step.range_in_a() or (0.0, 0.0) for step in steps]
    watts = [step.range_in_w() or (0.0, 0.0) for step in steps]
    natively_a = [step.limit_a for step in steps if step.limit_a is not None]
    natively_w = [step.limit_w for step in steps if step.limit_w is not None]
    named = [step.phases for step in steps if step.phases is not None]
    count = len(steps)
    return LimitWindow(
        steps,
        is_open=False,
        is_pause=all(is_pause(step, thresholds) for step in steps),
        hi_a=max(high for _, high in amperes),
        lo_a=min(low for low, _ in amperes),
        hi_w=max(high for _, high in watts),
        lo_w=min(low for low, _ in watts),
        native_a=max(natively_a) if len(natively_a) == count else None,
        native_w=max(natively_w) if len(natively_w) == count else None,
        phases=max(named) if len(named) == count else AC_PHASES,
        named_phases=max(named) if len(named) == count else None,
        usable_phases=_usable(steps, thresholds),
    )


def _usable(steps: Sequence[LimitStep], thresholds: Thresholds) -> int:
    least = min(step.phases or AC_PHASES for step in steps)
    if any(step.limit_w is None for step in steps):
        return least
    lowest_w = min(step.limit_w or 0.0 for step in steps)
    per_phase_w = thresholds.pause_below_a * thresholds.nominal_v
    return min(least, max(int(lowest_w / per_phase_w), 1))


def is_pause(step: LimitStep, thresholds: Thresholds) -> bool:
    """Tells whether a step lets no car charge: none can with less than 6 A. Source: IEC 61851-1."""
    lowest = thresholds.pause_below_a
    return (step.limit_a is not None and step.limit_a < lowest) or (
        step.limit_w is not None and step.limit_w < lowest * thresholds.nominal_v
    )


def loosest_now(step: LimitStep) -> float | None:
    """Returns the loosest reading of one step in amperes per phase; None if it limits nothing."""
    found = step.range_in_a()
    return None if found is None else found[1]
