"""Readings of one moment that cannot be, or that contradict each other. PURE.

Source: for the voltage EN 50160 (230 V, 10 %) with as much again for the meter; for the names of
phases OCPP 2.0.1 part 2, PhaseEnumType.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

from csms.domain.sample import NO_PHASES
from csms.monitor.episodes import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from csms.domain.sample import Sample
    from csms.monitor.meter_memory import MeterMemory
    from csms.monitor.scene import Scene

IMPOSSIBLE = "impossible_value"
VOLTAGE = "voltage"
FREQUENCY = "frequency"
APART = "power_current_mismatch"
FACTOR = "unit_factor_1000"

MOST_W = 1_500_000.0
_MOST_PHASE_A, _MOST_A = 400.0, 4_000.0
_EXPORTS_W = -250.0
_VOLT_SHARE = 0.2
_DEAD_V = 50.0
_LINE_TO_LINE = 3**0.5
_DC_V_FROM = 319.0
_GRID_V = (90.0, 276.0)
_HERTZ = (45.0, 65.0)
_APART_SHARE, _APART_SHARE_NO_VOLTS = 0.15, 0.25
_APART_W = 150.0
_APART_FROM_W = 1_300.0
_FLOWS_A = 1.0
_SOUND_FACTOR = (0.8, 1.25)
_NUMBERS = ("Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage")
_EXPORTS = ("Power.Active.Export", "Energy.Active.Export.Register")


@dataclass(frozen=True, slots=True)
class Fault:
    """One check that failed: its name, how bad, and what was seen where what was expected."""

    check: str
    severity: Severity = Severity.MINOR
    evidence: Mapping[str, Any] = field(default_factory=dict)


def learn(memory: MeterMemory, sample: Sample, is_dc: bool | None) -> None:  # noqa: FBT001 - a fact
    """Notes what kind of outlet the readings show: phases and the grid's voltage are of AC."""
    if is_dc is not None:
        memory.is_dc, memory.is_ac = is_dc, not is_dc
        return
    if memory.is_ac:
        return
    volts = sample.voltages_v[0]
    is_grid = volts is not None and _GRID_V[0] <= volts <= _GRID_V[1]
    if is_grid or any(sample.voltages_v[1:]) or sample.currents_a != NO_PHASES:
        memory.is_ac, memory.is_dc = True, False
    elif sample.soc_percent is not None or (volts or 0.0) >= _DC_V_FROM:
        memory.is_dc = True


def impossible(sample: Sample) -> Fault | None:
    """Finds a number that no outlet can show, or a value that is none."""
    power, register = sample.power_w, sample.register_milliwh
    extra = sample.extra
    if power is not None and power < _EXPORTS_W and not any(name in extra for name in _EXPORTS):
        return _impossible("Power.Active.Import", power, "W", "not negative")
    if register is not None and register < 0:
        return _impossible(_NUMBERS[0], register / 1000, "Wh", "not negative")
    if sample.currents_a != NO_PHASES:
        for current in sample.currents_a:
            if current is not None and not -_FLOWS_A <= current <= _MOST_PHASE_A:
                return _impossible("Current.Import", current, "A", f"0 to {_MOST_PHASE_A:.0f}")
    unphased = sample.current_a
    if unphased is not None and not -_FLOWS_A <= unphased <= _MOST_A:
        return _impossible("Current.Import", unphased, "A", f"0 to {_MOST_A:.0f}")
    if power is not None and power > MOST_W and not _carries(sample, power):
        return _impossible("Power.Active.Import", power, "W", f"at most {MOST_W:.0f}")
    return _unreadable(extra) if extra else None


def _impossible(measurand: str, seen: object, unit: str, expected: str) -> Fault:
    return Fault(
        IMPOSSIBLE,
        evidence={"measurand": measurand, "seen": seen, "unit": unit, "expected": expected},
    )


def _carries(sample: Sample, power_w: float) -> bool:
    """Tells whether current and voltage bear out a very large power."""
    volts, amperes = sample.voltages_v[0], sample.highest_current_a
    return volts is not None and amperes is not None and volts * amperes * 3.5 > power_w


def _unreadable(extra: Mapping[str, Any]) -> Fault | None:
    for name in _NUMBERS:
        for sampled in extra.get(name, ()):
            if isinstance(sampled, dict) and not _is_signed(sampled) and not _is_number(sampled):
                seen = str(sampled.get("value"))[:80]
                return _impossible(name, seen, "", "a number")
    return None


def _is_signed(sampled: Mapping[str, Any]) -> bool:
    if sampled.get("format") not in (None, "Raw"):
        return True
    value = sampled.get("value")
    return isinstance(value, str) and value.startswith("OCMF|")


def _is_number(sampled: Mapping[str, Any]) -> bool:
    number = _number(sampled.get("value"))
    return number is not None and abs(number) <= 1e12  # noqa: PLR2004 - what the translators take


def _number(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def voltage(memory: MeterMemory, sample: Sample, nominal_v: float) -> Fault | None:
    """Finds a phase whose voltage lies outside of what the grid has.

    A phase at which nothing flows may be dead. A voltage that names no phase may be that of a
    battery or between two phases, if it is so high or the outlet one for direct current.
    """
    lowest, highest = nominal_v * (1 - _VOLT_SHARE), nominal_v * (1 + _VOLT_SHARE)
    for index, volts in enumerate(sample.voltages_v):
        if volts is None or lowest <= volts <= highest:
            continue
        if "voltage:L1" in sample.assumed and (
            memory.is_dc or volts >= _DC_V_FROM * nominal_v / 230
        ):
            continue
        if volts < _DEAD_V and not (sample.currents_a[index] or 0.0) > _FLOWS_A:
            continue
        expected = f"{lowest:.0f} to {highest:.0f}"
        evidence = {"phase": f"L{index + 1}", "seen": volts, "unit": "V", "expected": expected}
        return Fault(VOLTAGE, evidence=evidence)
    return None


def frequency(sample: Sample) -> Fault | None:
    """Finds a frequency that no grid has; 0 is that of a meter that does not measure it."""
    for sampled in sample.extra.get("Frequency", ()):
        hertz = _number(sampled.get("value")) if isinstance(sampled, dict) else None
        if not hertz:
            continue
        hertz *= 10.0 ** _multiplier(sampled)
        if not _HERTZ[0] <= hertz <= _HERTZ[1]:
            expected = f"{_HERTZ[0]:.0f} to {_HERTZ[1]:.0f}"
            return Fault(FREQUENCY, evidence={"seen": hertz, "unit": "Hz", "expected": expected})
    return None


def _multiplier(sampled: Mapping[str, Any]) -> int:
    """Returns the power of ten that a unit is told with, 0 if there is none."""
    for part in sampled.values():
        if isinstance(part, dict):
            multiplier = part.get("multiplier")
            if isinstance(multiplier, int) and abs(multiplier) <= 12:  # noqa: PLR2004 - as elsewhere
                return multiplier
    return 0


def powers_of(sample: Sample, nominal_v: float) -> tuple[float, ...]:
    """Returns what the power may be by the currents: several where not all phases are told.

    A current without a phase may be that of each of up to three, or the sum of all.
    """
    first, second, third = sample.currents_a
    one, two, three = sample.voltages_v
    if one and two and three:
        usual_v = (one + two + three) / 3
    else:
        volts = [each for each in sample.voltages_v if each]
        usual_v = sum(volts) / len(volts) if volts else nominal_v
    if usual_v >= _DC_V_FROM and (second is not None or third is not None):
        usual_v /= _LINE_TO_LINE
    if first is not None and second is not None and third is not None:
        return ((first + second + third) * usual_v,)
    known = [each for each in sample.currents_a if each is not None]
    if known:
        mean = sum(known) / len(known)
        return tuple(mean * usual_v * phases for phases in range(len(known), 4))
    if sample.current_a is None:
        return ()
    equal_w = sample.current_a * usual_v
    if usual_v >= _DC_V_FROM:
        return (equal_w, equal_w * _LINE_TO_LINE)
    return (equal_w, equal_w * 2, equal_w * 3)


def are_near(power_w: float, by_currents: tuple[float, ...]) -> bool:
    """Tells whether a power is nearly what the currents say, as it nearly always is."""
    near_w = _APART_SHARE * power_w
    for watts in by_currents:  # noqa: SIM110 - three times as fast, and each sample comes by
        if -near_w <= watts - power_w <= near_w:
            return True
    return False


def factor_of_currents(power_w: float, by_currents: Iterable[float]) -> Fault | None:
    """Finds a power that is a thousandth, or a thousandfold, of what the currents say."""
    low, high = _SOUND_FACTOR
    for watts in by_currents:
        if watts < 1_000:  # noqa: PLR2004 - below that a thousandth is next to nothing
            continue
        if any(low <= power_w * factor / watts <= high for factor in (1000.0, 0.001)):
            return factor_fault(power_w, watts, "currents")
    return None


def factor_fault(power_w: float, watts: float, by: str) -> Fault:
    """Returns the fault of a power that is wrong by a thousand."""
    evidence = {"seen": power_w, "unit": "W", "expected": round(watts, 1), "by": by}
    return Fault(FACTOR, evidence=evidence)


def apart(sample: Sample, power_w: float, by_currents: tuple[float, ...]) -> float | None:
    """Returns the power by the currents, if the reported one is far from all it may be."""
    has_volts = any(sample.voltages_v)
    share = _APART_SHARE if has_volts else _APART_SHARE_NO_VOLTS
    slack = _APART_W + _rounding_w(sample)
    for watts in by_currents:
        larger = max(power_w, watts)
        if larger < _APART_FROM_W or abs(power_w - watts) <= share * larger + slack:
            return None
    return min(by_currents, key=lambda watts: abs(watts - power_w))


_PARTIAL = ("power:L1", "power:L2", "power:L3", "power:L1+L2", "power:L1+L3", "power:L2+L3")


def is_partial(sample: Sample) -> bool:
    """Tells whether the power is that of some phases only."""
    return bool(sample.assumed) and any(name in sample.assumed for name in _PARTIAL)


def _rounding_w(sample: Sample) -> float:
    """Returns what whole amperes may hide, in watts over all phases."""
    known = [each for each in (*sample.currents_a, sample.current_a) if each]
    if not all(each == int(each) for each in known):
        return 0.0
    return 0.5 * 230 * (3 if sample.current_a is not None else len(known))


def check_moment(memory: MeterMemory, scene: Scene, faults: list[Fault]) -> tuple[float, ...]:
    """Adds what is wrong with the readings as such; returns the powers that the currents allow."""
    sample, nominal_v = scene.sample, scene.thresholds.nominal_v
    learn(memory, sample, scene.known.is_dc)
    found = impossible(sample)
    if found is not None:
        faults.append(found)
    if sample.voltages_v != NO_PHASES:
        found = voltage(memory, sample, nominal_v)
        if found is not None:
            faults.append(found)
    if sample.extra and "Frequency" in sample.extra:
        found = frequency(sample)
        if found is not None:
            faults.append(found)
    if sample.current_a is None and sample.currents_a == NO_PHASES:
        return ()
    return powers_of(sample, nominal_v)
