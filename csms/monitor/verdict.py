"""One sample against the limits that may have been in force: over, inside, or not to be said. PURE.

A sample near a change of limit is judged by the reading that favours the station: `hi` is the
largest limit between `grace + skew` before it and `skew` after it. Each value is compared in the
limit's own unit if it was measured, else converted with the nominal voltage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.sample import Sample
    from csms.monitor.thresholds import Thresholds
    from profiles import Cause, LimitStep

NO_LIMIT = "no_limit"
_AC_PHASES = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """What flowed, in amperes of the busiest phase and in watts over all; None if not known.

    `slack_w` is what the power may be off for the register's resolution; `is_from_register`
    that it is an average over `span_s` seconds up to the sample, `is_from_currents` that nobody
    measured the power, `flowing` on how many phases any current was.
    """

    current_a: float | None
    power_w: float | None
    has_voltage: bool = False
    is_from_register: bool = False
    is_from_currents: bool = False
    flowing: int = 0
    span_s: float = 0.0
    slack_w: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measured value beside the largest limit it may be judged by, in `unit` (A or W)."""

    unit: str
    measured: float
    hi: float
    tolerance: float
    excess_a: float
    excess_w: float

    @property
    def is_over(self) -> bool:
        """Tells whether the value is above the limit by more than the tolerance."""
        return self.measured > self.hi + self.tolerance

    @property
    def is_inside(self) -> bool:
        """Tells whether the value is so low that an open episode may clear."""
        return self.measured <= self.hi + self.tolerance / 2

    def is_above(self, cause: Cause, thresholds: Thresholds) -> bool:
        """Tells whether the value, which is over the limit, is also over this part of it."""
        phases, volts = cause.phases or _AC_PHASES, thresholds.nominal_v
        limit_a = cause.limit if cause.unit.value == "A" else cause.limit / (volts * phases)
        limit, least = limit_a, thresholds.tolerance_a
        if self.unit == "W":
            limit, least = limit * volts * phases, least * volts * phases
        tolerance = max(self.tolerance, least, thresholds.tolerance_share * limit)
        return limit_a < thresholds.pause_below_a or self.measured > limit + tolerance

    def as_evidence(self) -> dict[str, Any]:
        """Returns the numbers for log lines and records."""
        return {
            "unit": self.unit,
            "measured": round(self.measured, 3),
            "limit": round(self.hi, 3),
            "tolerance": round(self.tolerance, 3),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one sample says. Without a comparison nothing can be said, and `reason` tells why."""

    is_pause: bool = False
    comparison: Comparison | None = None
    steps: Sequence[LimitStep] = ()
    reason: str = ""

    @property
    def is_known(self) -> bool:
        """Tells whether the sample could be judged at all."""
        return self.comparison is not None


def measure(sample: Sample, from_register: Measured | None, thresholds: Thresholds) -> Measured:
    """Returns what a sample measured; from its register only if it has nothing better."""
    current_a, power_w = sample.highest_current_a, sample.power_w
    if current_a is None and power_w is None:
        return from_register or Measured(None, None)
    volts = sample.voltages_v
    is_from_currents = power_w is None
    if power_w is None:
        amperes = [
            (current or 0.0) * (volt or thresholds.nominal_v)
            for current, volt in zip(sample.currents_a, volts, strict=True)
        ]
        power_w = sum(amperes) or None
    return Measured(
        current_a,
        power_w,
        has_voltage=any(volt is not None for volt in volts),
        is_from_currents=is_from_currents,
        flowing=sum(bool(current) for current in sample.currents_a),
    )


def judge(measured: Measured, steps: Sequence[LimitStep], thresholds: Thresholds) -> Verdict:
    """Compares what flowed with the loosest of these steps."""
    if not steps:
        return Verdict(reason="limit_unknown")
    if any(step.limit_a is None and step.limit_w is None for step in steps):
        return Verdict(reason=NO_LIMIT)
    if measured.current_a is None and measured.power_w is None:
        return Verdict(steps=steps, reason="no_meter_data")
    if _is_pause(steps, thresholds):
        return Verdict(is_pause=True, comparison=_against_pause(measured, thresholds), steps=steps)
    found = [
        comparison
        for comparison in (
            _in_amperes(measured, steps, thresholds),
            _in_watts(measured, steps, thresholds),
        )
        if comparison is not None
    ]
    if not found:
        return Verdict(steps=steps, reason="no_comparable_value")
    worst = max(found, key=lambda each: each.measured - each.hi - each.tolerance)
    return Verdict(comparison=worst, steps=steps)


def _is_pause(steps: Sequence[LimitStep], thresholds: Thresholds) -> bool:
    """Below 6 A no car may charge. Source: IEC 61851-1, as deviations of section 1.3 tell."""
    lowest = thresholds.pause_below_a
    return all(
        (step.limit_a is not None and step.limit_a < lowest)
        or (step.limit_w is not None and step.limit_w < lowest * thresholds.nominal_v)
        for step in steps
    )


def _against_pause(measured: Measured, thresholds: Thresholds) -> Comparison:
    """Judges what a sleeping car may take.

    Where currents tell that it sleeps on three phases, power is allowed for each of them.
    """
    if measured.is_from_register:
        allowed = thresholds.paused_register_wh * 3600 / thresholds.paused_register_s
        allowed += measured.slack_w
        power = measured.power_w or 0.0
        return _comparison("W", power, 0.0, allowed, power / thresholds.nominal_v, power)
    found = []
    power_w = measured.power_w or 0.0
    if measured.current_a is not None:
        current = measured.current_a
        found.append(_comparison("A", current, 0.0, thresholds.paused_a, current, power_w))
    if measured.power_w is not None and not measured.is_from_currents:
        equal_a = measured.current_a
        equal_a = power_w / thresholds.nominal_v if equal_a is None else equal_a
        standby_w = thresholds.paused_a * thresholds.nominal_v * measured.flowing
        allowed = max(thresholds.paused_w, standby_w)
        found.append(_comparison("W", power_w, 0.0, allowed, equal_a, power_w))
    return max(found, key=lambda each: each.measured / each.tolerance)


def _in_amperes(
    measured: Measured, steps: Sequence[LimitStep], thresholds: Thresholds
) -> Comparison | None:
    """Judges the busiest phase, where the limit is one of amperes or nothing else was measured."""
    if measured.current_a is None:
        return None
    natively = [step.limit_a for step in steps if step.limit_a is not None]
    if len(natively) == len(steps):
        hi = max(natively)
    elif measured.power_w is not None:
        return None
    else:
        # A current without a phase may be that of a car on a single one.
        hi = max(_loosest_a(step, measured.flowing or 1) for step in steps)
    tolerance = max(thresholds.tolerance_a, thresholds.tolerance_share * hi)
    excess = measured.current_a - hi
    phases = max((step.phases or _AC_PHASES) for step in steps)
    return _comparison(
        "A", measured.current_a, hi, tolerance, excess, excess * thresholds.nominal_v * phases
    )


def _in_watts(
    measured: Measured, steps: Sequence[LimitStep], thresholds: Thresholds
) -> Comparison | None:
    """Judges the power, where the limit is one of watts or no current was measured."""
    if measured.power_w is None:
        return None
    natively = [step.limit_w for step in steps if step.limit_w is not None]
    if len(natively) == len(steps):
        hi = max(natively)
    elif measured.current_a is not None and not natively:
        return None
    else:
        hi = max(_loosest_w(step) for step in steps)
    phases = max((step.phases or _AC_PHASES) for step in steps)
    share = (
        thresholds.tolerance_share
        if measured.has_voltage or measured.current_a is not None
        else thresholds.tolerance_share_power_only
    )
    least = thresholds.tolerance_a * thresholds.nominal_v * phases
    excess = measured.power_w - hi
    return _comparison(
        "W",
        measured.power_w,
        hi,
        max(least, share * hi) + measured.slack_w,
        excess / (thresholds.nominal_v * phases),
        excess,
    )


def _loosest_a(step: LimitStep, phases: int) -> float:
    found = step.range_in_a(phases_default=phases)
    return found[1] if found else float("inf")


def _loosest_w(step: LimitStep) -> float:
    found = step.range_in_w()
    return found[1] if found else float("inf")


def _comparison(
    unit: str, measured: float, hi: float, tolerance: float, excess_a: float, excess_w: float
) -> Comparison:
    return Comparison(unit, measured, hi, tolerance, max(excess_a, 0.0), max(excess_w, 0.0))
