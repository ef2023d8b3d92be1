"""Too little for too long: the signs of UNDER_DELIVERY and STALLED. PURE.

Both count by themselves how long it has lasted, and are sure when they are first told.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from csms.monitor.episodes import Kind
from csms.monitor.signs import Sign

if TYPE_CHECKING:
    from csms.monitor.delivery_flow import Flow
    from csms.monitor.delivery_memory import DeliveryMemory
    from csms.monitor.scene import Scene

CHARGING = "Charging"
_UNDER_SAMPLES, _UNDER_SPARSE, _UNDER_AVERAGES, _STALLED_SAMPLES = 5, 3, 2, 2
_SPARSE_S = 330.0
# As alike as samples of a derated car are, which is not on its way up or down.
_LOWER_SHARE, _LOWER_A = 0.15, 0.3
_HIGHER_SHARE, _HIGHER_A = 0.10, 0.5
_FALLS_ON = 0.93
# A long average also holds what a car that comes and goes does not take.
_LONG_AVERAGE_S, _LONG_AVERAGE_SHARE = 240.0, 0.85
# After a longer silence nobody knows what was between.
_LONGEST_GAP_S = 1_800.0


def under(
    memory: DeliveryMemory, scene: Scene, flow: Flow, expected: float | None, why: str
) -> list[Sign]:
    """Judges UNDER_DELIVERY; `expected` None where nothing can be."""
    thresholds = scene.thresholds
    if expected is not None and is_nearly_full(memory, scene):
        expected, why = None, "battery_nearly_full"
    value, share = flow.value + flow.slack, thresholds.under_share
    if flow.span_s > _LONG_AVERAGE_S:
        share *= _LONG_AVERAGE_SHARE
    if expected is None or value >= share * expected:
        memory.low_since = None
        # Half of what was tolerated, so that it does not open and clear in turns.
        inside = (1 + share) / 2
        if expected is not None and memory.is_under and value < inside * expected:
            return []
        memory.is_under = False
        return _against(memory, Kind.UNDER_DELIVERY, why or "inside_limit")
    _count_low(memory, scene, flow)
    if not memory.is_under and not _is_long_enough(memory, scene, flow):
        return []
    memory.is_under = memory.has_alarmed = True
    return [_sign(memory, Kind.UNDER_DELIVERY, memory.low_since, flow, expected)]


def _count_low(memory: DeliveryMemory, scene: Scene, flow: Flow) -> None:
    """Counts samples that fall short alike; one that differs begins anew.

    What comes and goes, rises or goes on falling is the car's: it heats its battery, or is full.
    """
    change = flow.value - memory.low_ref
    if change < 0:
        room = _LOWER_SHARE * memory.low_ref + _LOWER_A * flow.ampere
    else:
        room = _HIGHER_SHARE * memory.low_ref + _HIGHER_A * flow.ampere
    is_alike = abs(change) <= room and scene.elapsed_s <= _LONGEST_GAP_S
    if memory.low_since is None or not (is_alike or memory.is_under):
        memory.low_since, memory.low_at = flow.at_s - flow.span_s, flow.at_s
        memory.low_ref, memory.low_count = flow.value, 0
    memory.low_count += 1


def _is_long_enough(memory: DeliveryMemory, scene: Scene, flow: Flow) -> bool:
    """Tells whether it has lasted.

    What a limit that was raised should have brought had its time to settle before.
    """
    thresholds = scene.thresholds
    least_s = thresholds.under_confirm_s + (0.0 if memory.rose else thresholds.under_settle_s)
    since = memory.low_since or flow.at_s
    if flow.at_s - since < least_s:
        return False
    if memory.rose and flow.value < _FALLS_ON * memory.low_ref:
        # The limit was raised for a car that is about to be full: its decline goes on.
        memory.low_since, memory.low_ref, memory.low_count = flow.at_s, flow.value, 1
        return False
    if flow.span_s:
        # Averages that overlap resemble each other whatever the car does.
        is_apart = flow.at_s - memory.low_at >= flow.span_s / 2
        return is_apart and memory.low_count >= _UNDER_AVERAGES
    is_sparse = scene.elapsed_s > _SPARSE_S
    return memory.low_count >= (_UNDER_SPARSE if is_sparse else _UNDER_SAMPLES)


def stalled(memory: DeliveryMemory, scene: Scene, flow: Flow, *, is_idle: bool) -> list[Sign]:
    """Judges STALLED, which takes a station that says that it charges."""
    if not is_idle or scene.known.charging_state != CHARGING:
        memory.idle_since, memory.idle_count, memory.is_stalled = None, 0, False
        is_flowing = flow.value >= flow.ampere * scene.thresholds.stalled_a
        return _against(memory, Kind.STALLED, "current_flows" if is_flowing else "not_charging")
    if memory.idle_since is None:
        memory.idle_since = flow.at_s - flow.span_s
    memory.idle_count += 1
    is_long = flow.at_s - memory.idle_since >= scene.thresholds.stalled_s
    if not memory.is_stalled and not (is_long and memory.idle_count >= _STALLED_SAMPLES):
        return []
    memory.is_stalled = memory.has_alarmed = True
    return [_sign(memory, Kind.STALLED, memory.idle_since, flow, memory.limit)]


def _sign(
    memory: DeliveryMemory, kind: Kind, since: float | None, flow: Flow, expected: float | None
) -> Sign:
    begun = None if since is None else datetime.fromtimestamp(since, UTC)
    evidence: dict[str, Any] = {
        "unit": flow.unit,
        "measured": round(flow.value, 3),
        "limit": _rounded(memory.limit),
        "ceiling": _rounded(memory.ceiling),
        "expected": _rounded(expected),
        "soc_percent": memory.soc_percent,
    }
    return Sign(kind, deviates=True, is_sure=True, since=begun, evidence=evidence)


def _against(memory: DeliveryMemory, kind: Kind, because: str) -> list[Sign]:
    """Returns a sign against a kind, if any was ever raised: others need none."""
    return [Sign(kind, deviates=False, because=because)] if memory.has_alarmed else []


def is_nearly_full(memory: DeliveryMemory, scene: Scene) -> bool:
    """Tells whether the battery is so full that any car takes less."""
    soc, thresholds = memory.soc_percent, scene.thresholds
    if soc is None:
        return False
    is_ac = scene.known.is_dc is False or scene.measured.flowing > 1
    return soc >= (thresholds.taper_soc_ac_percent if is_ac else thresholds.taper_soc_dc_percent)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
