"""What flows of what may flow: one value beside its limit, in one unit for a whole session. PURE.

Amperes per phase where currents are measured, and watts over all phases where only the power or a
register is known; of direct current always watts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.monitor.delivery_memory import DeliveryMemory
    from csms.monitor.scene import Scene
    from profiles import LimitStep

_AC_PHASES = 3
# No car takes more on one phase; only used while nothing limits.
_MOST_A = 32.0
# Mains voltage may be 10 % above nominal, and a meter is not exact.
_PHASE_SLACK = 0.15
_FOLLOWED = 0.9


@dataclass(slots=True)
class Flow:
    """One sample's value in `unit`, at `at_s` seconds since 1970.

    `limit` is the tightest limit of the sample's window in the same unit, None without one, and
    `most` the loosest.
    `ampere` is what one ampere on one phase comes to, `slack` what the value may be too low.
    `span_s` is above 0 for an average over that time.
    """

    unit: str
    at_s: float
    value: float
    limit: float | None
    most: float | None
    ampere: float
    slack: float = 0.0
    span_s: float = 0.0


def flow_of(memory: DeliveryMemory, scene: Scene) -> Flow | None:
    """Returns the sample's value beside its limit; None if it has none in the session's unit.

    The number of phases is learnt on the way, for a limit in amperes and a meter of watts.
    """
    measured = scene.measured
    current_a, power_w = measured.current_a, measured.power_w
    if scene.known.is_dc and power_w is not None:
        return _direct(scene, power_w)
    sample = scene.sample
    if current_a is not None and (sample.current_a is None or any(sample.currents_a)):
        return _per_phase(scene, current_a)
    if power_w is None or measured.is_from_currents:
        # A current that names no phase may be that of one, or the sum of all.
        return None if current_a is None or memory.unit == "W" else _per_phase(scene, current_a)
    if memory.unit == "A" and sample.current_a is None:
        return None
    return _total(memory, scene, power_w)


def _per_phase(scene: Scene, current_a: float) -> Flow:
    """Takes the current of the busiest phase; a power that tells of more outweighs it."""
    measured, volts = scene.measured, scene.thresholds.nominal_v
    if measured.power_w is not None and not measured.is_from_currents:
        by_power_a = measured.power_w / (volts * _AC_PHASES)
        if by_power_a > current_a:  # noqa: PLR1730 - twice as fast, and each sample comes by
            current_a = by_power_a
    return Flow("A", scene.at.timestamp(), current_a, scene.lo_a, scene.hi_a, 1.0)


def _total(memory: DeliveryMemory, scene: Scene, power_w: float) -> Flow:
    """Takes the power; a limit per phase counts for as many phases as the car has shown to use.

    A three-phase limit lets a one-phase car have a third of it.
    """
    measured, volts, lo_a = scene.measured, scene.thresholds.nominal_v, scene.lo_a
    memory.phases = max(memory.phases, scene.known.phases or 1)
    if not _is_held(memory, lo_a, power_w):
        memory.phases = max(memory.phases, _phases_shown(scene, power_w))
    allowed = min((step.phases or _AC_PHASES for step in scene.steps), default=_AC_PHASES)
    ampere = volts * min(memory.phases, allowed)
    limit = None if lo_a is None else lo_a * ampere
    most = None if scene.hi_a is None else scene.hi_a * ampere
    return Flow(
        "W",
        scene.at.timestamp(),
        power_w,
        limit,
        most,
        ampere,
        slack=measured.slack_w,
        span_s=measured.span_s,
    )


def _is_held(memory: DeliveryMemory, lo_a: float | None, power_w: float) -> bool:
    """Tells whether the power is still what it was before the limit fell.

    It says nothing of the phases then: a car that follows late is no car of more phases.
    """
    before_a, memory.seen_a = memory.seen_a, lo_a
    if lo_a is None or before_a is None or lo_a > before_a:
        memory.held_w = None
    elif lo_a < before_a:
        memory.held_w = memory.last
    if memory.held_w is not None and power_w < _FOLLOWED * memory.held_w:
        memory.held_w = None
    return memory.held_w is not None


def _phases_shown(scene: Scene, power_w: float) -> int:
    """Returns on how many phases a car that keeps its limit must draw to have this power."""
    lo_a, hi_a = scene.lo_a, scene.hi_a
    if lo_a != hi_a or (lo_a is not None and lo_a < scene.thresholds.pause_below_a):
        return 1
    per_phase_w = scene.thresholds.nominal_v * (_MOST_A if lo_a is None else lo_a)
    return min(max(ceil(power_w / per_phase_w - _PHASE_SLACK), 1), _AC_PHASES)


def _direct(scene: Scene, power_w: float) -> Flow:
    """Takes the power of direct current, whose amperes have another voltage than the grid's."""
    measured, volts = scene.measured, scene.thresholds.nominal_v
    current_a = measured.current_a or 0.0
    # Without a current there is no telling what the battery's voltage is.
    factor = power_w / current_a if current_a >= 1.0 else None
    limits = [_direct_w(step, factor) for step in scene.steps]
    known = [each for each in limits if each is not None]
    limit = min(known) if known and len(known) == len(limits) else None
    most = max(known) if limit is not None else None
    return Flow(
        "W",
        scene.at.timestamp(),
        power_w,
        limit,
        most,
        volts * _AC_PHASES,
        slack=measured.slack_w,
        span_s=measured.span_s,
    )


def _direct_w(step: LimitStep, factor: float | None) -> float | None:
    in_amperes = None if step.limit_a is None or factor is None else step.limit_a * factor
    if step.limit_a is not None and step.limit_a < 1.0:
        in_amperes = 0.0
    if step.limit_w is None or in_amperes is None:
        return in_amperes if step.limit_w is None else step.limit_w
    return min(step.limit_w, in_amperes)
