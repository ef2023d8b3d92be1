"""METER_ANOMALY: readings that cannot be, or that contradict each other. PURE.

Hard checks need one sample, soft ones ten minutes. A sample whose power or current is in doubt
carries a sign, so that nothing else is judged by it; a register or a voltage that is wrong is told
once, and does not keep the others from judging what is right.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from csms.monitor import meter_energy, meter_levels, meter_register
from csms.monitor.episodes import Kind, Severity
from csms.monitor.meter_blocks import SOFT_S
from csms.monitor.meter_levels import APART, FACTOR, FREQUENCY, IMPOSSIBLE, MOST_W, VOLTAGE, Fault
from csms.monitor.meter_memory import MeterMemory, load_meter_memory
from csms.monitor.signs import Sign

if TYPE_CHECKING:
    from csms.monitor.scene import Scene

__all__ = ("CLOCK_OFF_S", "MeterMemory", "load_meter_memory", "look")

CLOCK_OFF_S = 600.0
"""A clock that is off by more is an anomaly; `csms.monitor.meter_time` finds it."""

_PLAUSIBLE = Sign(Kind.METER_ANOMALY, deviates=False, because="meter_plausible")
_DOUBTFUL = Sign(Kind.METER_ANOMALY, deviates=True)
_ESTIMATE_OFF = 0.2
_AGAIN = frozenset({FACTOR, IMPOSSIBLE, APART, meter_energy.MISMATCH})
_LASTING = frozenset({VOLTAGE, FREQUENCY, APART, meter_energy.MISMATCH, meter_energy.FROZEN})
_AT_ONCE = (VOLTAGE, FREQUENCY)
_FORGOTTEN_AFTER = 12


def look(memory: MeterMemory, scene: Scene) -> list[Sign]:
    """Returns what this sample says of the meter: one sign at most.

    It is sure where an anomaly is proven, and not where the sample's power is only in doubt, which
    proves nothing by itself. A sample that is no later than one judged before says nothing.
    """
    if not scene.is_next:
        return []
    hard: list[Fault] = []
    soft: dict[str, Fault | None] = {}
    is_doubtful = _examine(memory, scene, hard, soft)
    faults = _settle(memory, hard, soft) if hard or soft else []
    if faults:
        return [_sign(memory, faults, scene)]
    if is_doubtful:
        return [_DOUBTFUL]
    if memory.failing or abs(scene.known.clock_offset_s) > CLOCK_OFF_S:
        return []
    if memory.checks:
        memory.clean += 1
        if memory.clean > _FORGOTTEN_AFTER:
            memory.checks, memory.clean = [], 0
    return [_PLAUSIBLE]


def _examine(
    memory: MeterMemory, scene: Scene, hard: list[Fault], soft: dict[str, Fault | None]
) -> bool:
    """Makes all checks; returns whether the power of this sample is doubtful."""
    sample, moment = scene.sample, scene.at.timestamp()
    by_currents = meter_levels.check_moment(memory, scene, hard)
    power_w, off = sample.power_w, 0.0
    is_told = power_w is not None and not (sample.assumed and meter_levels.is_partial(sample))
    if hard and any(fault.check == IMPOSSIBLE for fault in hard):
        power_w = None
    elif power_w is not None and power_w >= 0 and is_told and by_currents:
        _hold_apart(memory, scene, by_currents, hard, soft)
    if not is_told or power_w is None:
        power_w, off = (by_currents[0] if len(by_currents) == 1 else None), _ESTIMATE_OFF
    if power_w is not None and memory.peak_w < power_w <= MOST_W:
        memory.peak_w = power_w
    if by_currents and memory.peak_w < by_currents[0] <= MOST_W:
        memory.peak_w = by_currents[0]
    step_wh = meter_register.check(memory, scene, moment, hard)
    # Where currents bear the power out, it is the register that is wrong, or the car that paused.
    is_borne_out = bool(by_currents) and is_told and memory.apart_since is None
    power = meter_energy.Power(moment, power_w, off, is_borne_out)
    is_doubtful = meter_energy.check(memory, power, step_wh, hard, soft)
    return (is_doubtful and not is_borne_out) or memory.apart_since is not None


def _hold_apart(
    memory: MeterMemory,
    scene: Scene,
    by_currents: tuple[float, ...],
    hard: list[Fault],
    soft: dict[str, Fault | None],
) -> None:
    """Holds power against currents; ten minutes in a row are an anomaly."""
    sample = scene.sample
    power_w = sample.power_w or 0.0
    watts = None
    if not meter_levels.are_near(power_w, by_currents):
        found = meter_levels.factor_of_currents(power_w, by_currents)
        if found is not None:
            hard.append(found)
        watts = meter_levels.apart(sample, power_w, by_currents)
    if watts is None:
        memory.apart_since = soft[APART] = None
        return
    moment = scene.at.timestamp()
    if memory.apart_since is None:
        memory.apart_since = moment
    if moment - memory.apart_since >= SOFT_S:
        evidence = {"seen": power_w, "unit": "W", "expected": round(watts, 1), "by": "currents"}
        soft[APART] = Fault(APART, evidence=evidence)


def _settle(memory: MeterMemory, hard: list[Fault], soft: dict[str, Fault | None]) -> list[Fault]:
    """Returns the faults to tell of; keeps in mind which checks go on failing."""
    failing = memory.failing
    if not hard and not failing and not any(soft.values()):
        return []
    told = [fault for fault in hard if fault.check not in failing or fault.check in _AGAIN]
    names = {fault.check for fault in hard}
    for check, found in soft.items():
        if found is None:
            continue
        names.add(check)
        if check not in failing or check in _AGAIN:
            told.append(found)
    undecided = {name for name in failing if name not in soft and name not in _AT_ONCE}
    memory.failing = sorted((names & _LASTING) | undecided)
    return told


def _sign(memory: MeterMemory, faults: list[Fault], scene: Scene) -> Sign:
    memory.clean = 0
    for fault in faults:
        if fault.check not in memory.checks:
            memory.checks = [*memory.checks, fault.check]
    is_major = any(fault.severity is Severity.MAJOR for fault in faults)
    first = faults[0]
    evidence: dict[str, Any] = {
        **first.evidence,
        "check": memory.checks[0],
        "checks": list(memory.checks),
    }
    return Sign(
        Kind.METER_ANOMALY,
        deviates=True,
        severity=Severity.MAJOR if is_major else Severity.MINOR,
        is_sure=True,
        since=_since(memory, first, scene),
        evidence=evidence,
    )


def _since(memory: MeterMemory, fault: Fault, scene: Scene) -> datetime | None:
    """Returns when a soft check began to fail; None where this sample is the first."""
    since = {
        APART: memory.apart_since,
        meter_energy.FROZEN: memory.flat_since,
        meter_energy.MISMATCH: memory.run.since if memory.run else None,
    }.get(fault.check)
    return None if since is None else datetime.fromtimestamp(since, tz=scene.at.tzinfo or UTC)
