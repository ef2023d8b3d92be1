"""What one sample measured, beside the limits of its window: over, inside, or not to be said. PURE.

Each value is compared in the limit's own unit if it was measured, else converted with the nominal
voltage, or the measured one where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from csms.monitor.limit_window import AC_PHASES

if TYPE_CHECKING:
    from csms.domain.sample import Sample
    from csms.monitor.limit_window import LimitWindow
    from csms.monitor.scene import Circumstances
    from csms.monitor.thresholds import Thresholds
    from profiles import Cause

# No voltage of an AC phase reaches this, and no fast charger stays below it.
_DC_VOLTS = 300.0
# A current without a phase is the sum of all where it alone explains the power, this closely.
_SUM_FROM, _SUM_UPTO = 0.8, 1.2


@dataclass(slots=True)
class Measured:
    """What flowed, in amperes of the busiest phase and in watts over all; None if not known.

    `slack_w` is what the power may be off for the register's resolution; `is_from_register`
    that it is an average over `span_s` seconds up to the sample, `is_from_currents` that nobody
    measured the power, `flowing` on how many phases any current was. `is_sum` tells that the
    station's only current was that of all phases together, and is left out. Nobody changes one.
    """

    current_a: float | None
    power_w: float | None
    has_voltage: bool = False
    is_from_register: bool = False
    is_from_currents: bool = False
    flowing: int = 0
    span_s: float = 0.0
    slack_w: float = 0.0
    is_sum: bool = False


NOTHING = Measured(None, None)


@dataclass(slots=True)
class Comparison:
    """One measured value beside the largest limit it may be judged by, in `unit` (A or W).

    `watts_per_unit` is 1 for watts, else what an ampere of each allowed phase is. `is_pause` tells
    that the limit lets nobody charge; then `hi` is 0 and `tolerance` what a sleeping car may take.
    """

    unit: str
    measured: float
    hi: float
    tolerance: float
    amperes_per_unit: float
    watts_per_unit: float
    is_pause: bool = False

    @property
    def is_over(self) -> bool:
        """Tells whether the value is above the limit by more than the tolerance."""
        return self.measured > self.hi + self.tolerance

    @property
    def is_inside(self) -> bool:
        """Tells whether the value is so low that an open episode may clear."""
        return self.measured <= self.hi + self.tolerance / 2

    @property
    def excess_a(self) -> float:
        """What is above the limit, in amperes per phase."""
        return max(self.measured - self.hi, 0.0) * self.amperes_per_unit

    @property
    def excess_w(self) -> float:
        """What is above the limit, in watts over all allowed phases."""
        return max(self.measured - self.hi, 0.0) * self.watts_per_unit

    def is_above(self, cause: Cause, thresholds: Thresholds) -> bool:
        """Tells whether the value, which is over the limit, is also over this part of it."""
        phases, volts = cause.phases or AC_PHASES, thresholds.nominal_v
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


def measure(
    sample: Sample,
    from_register: Measured | None,
    thresholds: Thresholds,
    known: Circumstances | None = None,
) -> Measured:
    """Returns what a sample measured; from its register only if it has nothing better."""
    power_w = sample.power_w
    first, second, third = sample.currents_a
    if first is None and second is None and third is None:
        return _without_phases(sample, from_register, thresholds, known)
    a, b, c = first or 0.0, second or 0.0, third or 0.0
    one, two, three = sample.voltages_v
    is_from_currents = power_w is None
    if power_w is None:
        volts = thresholds.nominal_v
        power_w = a * (one or volts) + b * (two or volts) + c * (three or volts) or None
    return Measured(
        max(a, b, c),
        power_w,
        one is not None or two is not None or three is not None,
        is_from_currents=is_from_currents,
        flowing=(a != 0.0) + (b != 0.0) + (c != 0.0),
    )


def _without_phases(
    sample: Sample,
    from_register: Measured | None,
    thresholds: Thresholds,
    known: Circumstances | None,
) -> Measured:
    """Reads a sample that tells no current of any phase: one current, a power, or a register.

    One current may be that of the busiest phase or the sum of all: it is taken for the sum where
    that alone explains the power, unless the car is known to use a single phase.
    """
    current, power_w = sample.current_a, sample.power_w
    if current is None and power_w is None:
        return from_register or NOTHING
    volts = sample.voltages_v[0]
    has_voltage = any(each is not None for each in sample.voltages_v)
    if current is None or power_w is None:
        return Measured(current, power_w, has_voltage)
    is_direct = (volts or 0.0) > _DC_VOLTS
    is_single = known is not None and known.phases == 1
    share = power_w / (current * (volts or thresholds.nominal_v)) if current >= 1.0 else 0.0
    if not is_direct and not is_single and _SUM_FROM <= share <= _SUM_UPTO:
        return Measured(current, power_w, has_voltage, flowing=1, is_sum=True)
    return Measured(current, power_w, has_voltage)


def compare(
    measured: Measured,
    window: LimitWindow,
    sample: Sample,
    thresholds: Thresholds,
    *,
    is_dc: bool = False,
) -> Comparison | None:
    """Returns the value that is nearest to breaking the loosest limit of a window.

    None if nothing was measured, or nothing that could be compared.
    """
    if measured.current_a is None and measured.power_w is None:
        return None
    # No direct current comes at 230 V: what looks like a sum over phases is one.
    is_dc = is_dc and not measured.is_sum
    if window.is_pause:
        return _with_pause(measured, thresholds)
    in_amperes = _in_amperes(measured, window, thresholds, is_dc=is_dc)
    if in_amperes is not None and window.native_w is None:
        return in_amperes
    in_watts = _in_watts(measured, window, sample, thresholds, is_dc=is_dc)
    if in_watts is None:
        return in_amperes
    if in_amperes is None or _margin(in_watts) > _margin(in_amperes):
        return in_watts
    return in_amperes


def _margin(comparison: Comparison) -> float:
    return (comparison.measured - comparison.hi - comparison.tolerance) * (
        comparison.amperes_per_unit
    )


def _with_pause(measured: Measured, thresholds: Thresholds) -> Comparison:
    """Judges what a sleeping car may take.

    Where currents tell that it sleeps on three phases, power is allowed for each of them.
    """
    nominal_v = thresholds.nominal_v
    power_w = measured.power_w or 0.0
    if measured.is_from_register:
        allowed = thresholds.paused_register_wh * 3600 / thresholds.paused_register_s
        return _at_rest("W", power_w, allowed + measured.slack_w, 1 / nominal_v, 1.0)
    found: Comparison | None = None
    current = measured.current_a
    if current is not None:
        ratio = power_w / current if power_w and current else nominal_v
        found = _at_rest("A", current, thresholds.paused_a, 1.0, ratio)
    if measured.power_w is not None and not measured.is_from_currents:
        standby_w = thresholds.paused_a * nominal_v * measured.flowing
        allowed = max(thresholds.paused_w, standby_w)
        scale = 1 / nominal_v if current is None or not power_w else current / power_w
        in_watts = _at_rest("W", power_w, allowed, scale, 1.0)
        if found is None or _share(in_watts) > _share(found):
            return in_watts
    assert found is not None  # noqa: S101 - narrows the type; something was measured
    return found


def _at_rest(
    unit: str, measured: float, allowed: float, amperes_per_unit: float, watts_per_unit: float
) -> Comparison:
    return Comparison(unit, measured, 0.0, allowed, amperes_per_unit, watts_per_unit, is_pause=True)


def _share(comparison: Comparison) -> float:
    return comparison.measured / comparison.tolerance


def _in_amperes(
    measured: Measured, window: LimitWindow, thresholds: Thresholds, *, is_dc: bool
) -> Comparison | None:
    """Judges the busiest phase, where the limit is one of amperes or nothing else was measured."""
    current = measured.current_a
    if current is None:
        return None
    hi = window.native_a
    if hi is not None:
        if measured.is_sum and window.named_phases != 1:
            return None
    elif measured.power_w is not None or is_dc:
        return None
    else:
        # A current without a phase may be that of a car on a single one.
        hi = window.loosest_a(measured.flowing or 1)
    return _in_amperes_of(current, hi, window, thresholds)


def _in_amperes_of(
    current: float, hi: float, window: LimitWindow, thresholds: Thresholds
) -> Comparison:
    tolerance = thresholds.tolerance_share * hi
    return Comparison(
        "A",
        current,
        hi,
        max(thresholds.tolerance_a, tolerance),
        1.0,
        thresholds.nominal_v * window.phases,
    )


def _in_watts(
    measured: Measured,
    window: LimitWindow,
    sample: Sample,
    thresholds: Thresholds,
    *,
    is_dc: bool,
) -> Comparison | None:
    """Judges the power, where the limit is one of watts or no current was measured."""
    power_w = measured.power_w
    if power_w is None:
        return None
    hi, nominal_v = window.native_w, thresholds.nominal_v
    is_converted = hi is None
    if hi is None:
        is_judged_in_a = measured.current_a is not None and window.native_a is not None
        if is_dc or (is_judged_in_a and not measured.is_sum):
            return None
        hi = _by_measured_volts(window, sample, thresholds)
    is_rough = not measured.has_voltage and (is_converted or measured.is_from_currents)
    if measured.current_a is None and not measured.has_voltage:
        is_rough = True
    share = thresholds.tolerance_share_power_only if is_rough else thresholds.tolerance_share
    per_ampere = nominal_v * window.phases
    tolerance = max(thresholds.tolerance_a * per_ampere, share * hi) + measured.slack_w
    in_watts = Comparison("W", power_w, hi, tolerance, 1 / per_ampere, 1.0)
    if measured.current_a is None or measured.is_sum or is_dc:
        return in_watts
    # A station keeps watts as amperes at the nominal voltage. Source: OCPP 2.0.1 part 2,
    # K01.FR.50. So both must be too much; too many phases are judged by themselves.
    in_amperes = _in_amperes_of(measured.current_a, hi / per_ampere, window, thresholds)
    return in_amperes if _margin(in_amperes) < min(_margin(in_watts), 0.0) else in_watts


def _by_measured_volts(window: LimitWindow, sample: Sample, thresholds: Thresholds) -> float:
    """Returns a limit of amperes in watts, by the highest voltage that the sample knows of."""
    if window.hi_w is None:
        return float("inf")
    volts = [each for each in sample.voltages_v if each is not None]
    highest = max(volts, default=thresholds.nominal_v)
    return window.hi_w * max(highest / thresholds.nominal_v, 1.0)
