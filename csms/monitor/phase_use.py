"""WRONG_PHASES: more phases carry current than the limit allows, or fewer than before. PURE.

Phases are the grid's: a car on a single phase that shows on L2 is none of this.
Source: OCPP 2.0.1 part 2, J02.FR.07; K01.FR.49.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from csms.monitor.episodes import Kind, Severity
from csms.monitor.signs import Sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.monitor.scene import Scene

_SUSTAINED = 2
_FEWER: Final = "FEWER_PHASES"
_RIGHT = Sign(Kind.WRONG_PHASES, deviates=False, because="phases_right")
_LIFTED = Sign(Kind.WRONG_PHASES, deviates=False, because="no_limit")
_RIGHT_FEWER = Sign(Kind.WRONG_PHASES, deviates=False, because="phases_right", family=_FEWER)


@dataclass
class PhaseMemory:
    """`used` is the most phases that carried current in `_SUSTAINED` samples in a row.

    `now` is how many did in the last sample, and in how many samples in a row so far (`count`).
    """

    used: int = 0
    now: int = 0
    count: int = 0


def load_phase_memory(doc: Mapping[str, Any]) -> PhaseMemory:
    """Returns the memory that a watch's JSON holds; `doc` is its part of the parsed JSON."""
    return PhaseMemory(**doc)


def look(memory: PhaseMemory, scene: Scene) -> list[Sign]:
    """Returns what a sample says of the phases in use; nothing if it tells no phase's current."""
    first, second, third = scene.sample.currents_a
    if first is None and second is None and third is None:
        return _silent(scene)
    least_a = scene.thresholds.phase_in_use_a
    in_use = (
        (first is not None and first > least_a)
        + (second is not None and second > least_a)
        + (third is not None and third > least_a)
    )
    window = scene.window
    signs: list[Sign] = []
    if window is None:
        _count(memory, in_use)
        return signs
    if window.is_open or window.is_pause:
        signs.append(_LIFTED if window.is_open else _RIGHT)
    elif in_use > window.phases:
        evidence = {"phases": in_use, "allowed_phases": window.phases}
        signs.append(
            Sign(Kind.WRONG_PHASES, deviates=True, severity=Severity.MAJOR, evidence=evidence)
        )
    else:
        signs.append(_RIGHT)
    if memory.used > 1:
        signs += _fewer(memory, scene, in_use)
    _count(memory, in_use)
    return signs


def is_imbalanced(scene: Scene) -> bool:
    """Tells whether the phases in use differ by more than a share of the busiest one."""
    first, second, third = scene.sample.currents_a
    if first is None or second is None or third is None:
        return False
    least_a = scene.thresholds.phase_in_use_a
    low, high = min(first, second, third), max(first, second, third)
    return low > least_a and high - low > scene.thresholds.imbalance_share * high


def _silent(scene: Scene) -> list[Sign]:
    return [_LIFTED] if scene.window is not None and scene.window.is_open else []


def _count(memory: PhaseMemory, in_use: int) -> None:
    memory.count = memory.count + 1 if in_use == memory.now else 1
    memory.now = in_use
    if in_use > memory.used and memory.count >= _SUSTAINED:
        memory.used = in_use


def _fewer(memory: PhaseMemory, scene: Scene, in_use: int) -> list[Sign]:
    """Looks whether a phase was lost that the session has used, and still may use."""
    window, thresholds = scene.window, scene.thresholds
    expected = memory.used
    if window is not None and window.usable_phases < expected:
        expected = window.usable_phases
    if in_use >= expected:
        return [_RIGHT_FEWER]
    current_a = scene.measured.current_a or 0.0
    if in_use == 0 or current_a < thresholds.phase_lost_a or (window and window.is_pause):
        return []
    since = scene.limit_since
    if since is not None and (scene.at - since).total_seconds() < thresholds.phase_settle_s:
        return []
    evidence = {"phases": in_use, "used_phases": memory.used}
    return [
        Sign(
            Kind.WRONG_PHASES,
            deviates=True,
            severity=Severity.MINOR,
            evidence=evidence,
            family=_FEWER,
        )
    ]
