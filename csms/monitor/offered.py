"""OFFERED_MISMATCH: the set-point that the station tells is not the limit. PURE.

Current.Offered and Power.Offered are what the station offers the car, and no measurements: a
station that offers more than it may is about to be over its limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from csms.monitor.episodes import Kind, Severity
from csms.monitor.obedience import excess_severity
from csms.monitor.signs import Sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.monitor.limit_window import LimitWindow
    from csms.monitor.scene import Scene

_MATCHES = Sign(Kind.OFFERED_MISMATCH, deviates=False, because="offer_matches")
_LIFTED = Sign(Kind.OFFERED_MISMATCH, deviates=False, because="no_limit")
_FLOWS_A = 1.0


@dataclass
class OfferedMemory:
    """The most that the station has offered in this session, in amperes and in watts."""

    most_a: float = 0.0
    most_w: float = 0.0


def load_offered_memory(doc: Mapping[str, Any]) -> OfferedMemory:
    """Returns the memory that a watch's JSON holds; `doc` is its part of the parsed JSON."""
    return OfferedMemory(**doc)


def look(memory: OfferedMemory, scene: Scene, ceiling_a: float | None) -> list[Sign]:
    """Returns what a sample says of the offer; `ceiling_a` is what is known to have been taken.

    Less than the limit is offered rightly where cable, car or station allow no more: only what
    has been offered or taken before can be missed.
    """
    sample, window = scene.sample, scene.window
    if sample.current_offered_a is None and sample.power_offered_w is None:
        return []
    signs: list[Sign] = []
    if window is not None:
        if window.is_open:
            signs = [_LIFTED]
        elif sample.current_offered_a is not None:
            signs = _in_amperes(memory, scene, window, sample.current_offered_a, ceiling_a)
        elif sample.power_offered_w is not None:
            signs = _in_watts(memory, scene, window, sample.power_offered_w)
    memory.most_a = max(memory.most_a, sample.current_offered_a or 0.0)
    memory.most_w = max(memory.most_w, sample.power_offered_w or 0.0)
    return signs


def _in_amperes(
    memory: OfferedMemory,
    scene: Scene,
    window: LimitWindow,
    offered_a: float,
    ceiling_a: float | None,
) -> list[Sign]:
    thresholds = scene.thresholds
    if window.native_a is not None:
        hi, lo = window.native_a, min(step.limit_a or 0.0 for step in window.steps)
    else:
        hi, lo = window.loosest_a(1), min(window.lo_a or 0.0, window.loosest_a(3))
    is_free = window.is_pause or scene.known.is_shared
    expected = 0.0 if is_free else min(lo, max(memory.most_a, ceiling_a or 0.0))
    return _judged(scene, "A", offered_a, (hi, expected, thresholds.tolerance_a))


def _in_watts(
    memory: OfferedMemory, scene: Scene, window: LimitWindow, offered_w: float
) -> list[Sign]:
    thresholds = scene.thresholds
    per_ampere = thresholds.nominal_v * window.phases
    hi = window.hi_w or 0.0
    # A limit of amperes says nothing of the watts that an EVSE of fewer phases offers.
    lo = 0.0
    if window.native_w is not None and not window.is_pause and not scene.known.is_shared:
        lo = min(step.limit_w or 0.0 for step in window.steps)
    expected = min(lo, memory.most_w)
    return _judged(scene, "W", offered_w, (hi, expected, thresholds.tolerance_a * per_ampere))


def _judged(
    scene: Scene, unit: str, offered: float, bounds: tuple[float, float, float]
) -> list[Sign]:
    """Compares an offer with the most and the least it may be, and what is tolerated."""
    hi, expected, least = bounds
    thresholds = scene.thresholds
    above = max(least, thresholds.tolerance_share * hi)
    evidence = {"unit": unit, "offered": offered, "limit": round(hi, 3), "tolerance": above}
    if offered > hi + above:
        per_ampere = 1.0 if unit == "A" else least / thresholds.tolerance_a
        share = (offered - hi) / hi if hi else 1.0
        severity = excess_severity(scene, share, (offered - hi) / per_ampere)
        return [Sign(Kind.OFFERED_MISMATCH, deviates=True, severity=severity, evidence=evidence)]
    below = max(least, thresholds.tolerance_share * expected)
    if offered < expected - below and _is_charging(scene):
        evidence |= {"limit": round(expected, 3), "tolerance": below}
        return [
            Sign(Kind.OFFERED_MISMATCH, deviates=True, severity=Severity.MINOR, evidence=evidence)
        ]
    return [_MATCHES]


def _is_charging(scene: Scene) -> bool:
    """Tells whether anything flows: to a car that takes nothing a station may offer nothing."""
    measured = scene.measured
    if measured.current_a is not None:
        return measured.current_a > _FLOWS_A
    return (measured.power_w or 0.0) > _FLOWS_A * scene.thresholds.nominal_v
