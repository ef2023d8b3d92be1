"""Less than limit and car allow: UNDER_DELIVERY, STALLED, and words for what is no alarm. PURE.

A car is held to the lower of its limit and of its own ceiling, which is learnt; where that is
unknown, nothing is expected of it. Sources: IEC 61851-1 (no charging below 6 A);
OCPP 2.0.1 part 2, 3.23 ChargingStateEnumType.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from csms.monitor.delivery_ceiling import (
    FULL_SHARE,
    best_known,
    forget_run,
    is_quiet,
    learn,
    let_the_car_choose,
    settle_limit,
    stays_quiet,
    sustain,
)
from csms.monitor.delivery_flow import Flow, flow_of
from csms.monitor.delivery_memory import DeliveryMemory, load_delivery_memory
from csms.monitor.delivery_signs import CHARGING, is_nearly_full, stalled, under
from csms.monitor.episodes import Kind, Severity
from profiles.units import MAX_PHASES, NOMINAL_VOLTAGE

if TYPE_CHECKING:
    from csms.monitor.scene import Circumstances, Scene
    from csms.monitor.signs import Sign

__all__ = ["DeliveryMemory", "at_risk", "ceiling_a", "load_delivery_memory", "look", "word"]

_MAY_CHARGE = frozenset({CHARGING, None})
_NOT_BEGUN = frozenset({"EVConnected", "Idle"})
_SUSPENDED = frozenset({"SuspendedEV", "SuspendedEVSE", "EVConnected", "Idle"})


def look(memory: DeliveryMemory, scene: Scene) -> list[Sign]:
    """Returns what a sample says of the two kinds, and learns from it.

    Both are sure when they are told for the first time: they have lasted long enough by then.
    """
    flow = flow_of(memory, scene)
    if flow is None:
        return []
    if scene.sample.soc_percent is not None:
        memory.soc_percent = scene.sample.soc_percent
    if (
        memory.is_quiet
        and scene.known.charging_state in _MAY_CHARGE
        and stays_quiet(memory, flow, scene.known)
    ):
        sustain(memory, flow, scene.thresholds)
        return []
    if memory.is_paused and _stays_paused(memory, scene, flow):
        return []
    return _look_closer(memory, scene, flow)


def _look_closer(memory: DeliveryMemory, scene: Scene, flow: Flow) -> list[Sign]:
    if memory.unit != flow.unit:
        _begin(memory, flow)
    settle_limit(memory, flow, scene.thresholds)
    _note_pause(memory, scene, flow)
    is_flowing = flow.value >= flow.ampere * scene.thresholds.stalled_a
    expected = _expected(memory, scene, flow)
    if is_flowing or scene.known.charging_state not in _SUSPENDED:
        learn(memory, flow, expected, scene.elapsed_s, scene.thresholds)
        expected = _expected(memory, scene, flow)
    else:
        _stand_still(memory, scene, flow)
    why = _excuse(memory, scene, is_flowing=is_flowing)
    signs = under(memory, scene, flow, expected if is_flowing and not why else None, why)
    signs += stalled(memory, scene, flow, is_idle=not is_flowing and not why)
    memory.is_quiet = is_flowing and not why and is_quiet(memory, flow.at_s)
    return signs


def at_risk(signs: list[Sign]) -> list[Sign]:
    """Returns the signs of a session that will not be ready in time: too little is worse then."""
    return [
        replace(sign, severity=Severity.MAJOR)
        if sign.deviates and sign.kind is Kind.UNDER_DELIVERY
        else sign
        for sign in signs
    ]


def word(memory: DeliveryMemory, scene: Scene) -> str | None:
    """Returns the sample's word, None if it delivers what it may.

    `paused` (so wants the limit), `ev_paused` (so does the car), `evse_late_resume` (the pause was
    just over), `under`, `taper` or `ev_limited`. To be asked after `look` has seen the sample.
    """
    if memory.unit is None or memory.last is None:
        return None
    thresholds, limit = scene.thresholds, memory.limit
    ampere = 1.0 if memory.unit == "A" else thresholds.nominal_v * memory.phases
    is_flowing = memory.last >= thresholds.stalled_a * ampere
    if memory.is_paused:
        return None if is_flowing else "paused"
    if not is_flowing:
        return _word_of_idle(memory, scene)
    if memory.low_since is not None:
        return "under"
    if limit is None or memory.last >= FULL_SHARE * limit:
        return None
    is_taper = memory.is_taper or is_nearly_full(memory, scene)
    return "taper" if is_taper else "ev_limited"


def ceiling_a(
    memory: DeliveryMemory, known: Circumstances, volts: float = NOMINAL_VOLTAGE
) -> float | None:
    """Returns the current that this car takes when it may, in amperes per phase; None if unknown.

    A gradual decline lowers it, whatever is known from before. Of a car that only its power tells
    it is what three phases would come to, as the judges read such a power.
    """
    own, before = None, known.ceiling_a
    is_power = memory.unit == "W"
    if memory.ceiling is not None and not known.is_dc:
        own = memory.ceiling / (volts * MAX_PHASES) if is_power else memory.ceiling
    if memory.is_taper or before is None:
        return own
    if is_power:
        before *= (known.phases or 1) / MAX_PHASES
    return before if own is None else max(own, before)


def _begin(memory: DeliveryMemory, flow: Flow) -> None:
    """Begins anew in another unit, since what was learnt in the old one compares with nothing."""
    fresh = DeliveryMemory(unit=flow.unit, phases=memory.phases, soc_percent=memory.soc_percent)
    fresh.is_under, fresh.is_stalled = memory.is_under, memory.is_stalled
    fresh.has_alarmed = memory.has_alarmed
    memory.__dict__.update(fresh.__dict__)


def _note_pause(memory: DeliveryMemory, scene: Scene, flow: Flow) -> None:
    lowest = scene.thresholds.pause_below_a
    if scene.hi_a is not None and scene.hi_a < lowest:
        memory.is_paused = True
    elif memory.is_paused and (scene.lo_a is None or scene.lo_a >= lowest):
        memory.is_paused, memory.resumed_at = False, flow.at_s


def _stays_paused(memory: DeliveryMemory, scene: Scene, flow: Flow) -> bool:
    """Takes a sample in the middle of a pause; False, and nothing taken, if it is not."""
    hi_a = scene.hi_a
    if (
        hi_a is None
        or hi_a >= scene.thresholds.pause_below_a
        or flow.limit != memory.limit
        or flow.unit != memory.unit
        or memory.has_alarmed
    ):
        return False
    memory.last = memory.mark = flow.value
    memory.mark_at = memory.full_at = flow.at_s
    memory.run_low, memory.low_since, memory.idle_since = None, None, None
    return True


def _stand_still(memory: DeliveryMemory, scene: Scene, flow: Flow) -> None:
    """Nothing flows, and the station says so: there is nothing to learn but who wants it so."""
    forget_run(memory)
    memory.last, memory.mark, memory.full_at = flow.value, None, None
    lowest = scene.thresholds.pause_below_a
    may_charge = not memory.is_paused and (scene.lo_a is None or scene.lo_a >= lowest)
    if scene.known.charging_state == "SuspendedEV" and may_charge:
        late_s = scene.thresholds.late_resume_s
        if memory.resumed_at is None or flow.at_s - memory.resumed_at > late_s:
            let_the_car_choose(memory)


def _expected(memory: DeliveryMemory, scene: Scene, flow: Flow) -> float | None:
    """Returns what is to flow: the tighter of limit and ceiling; None if either is unknown."""
    if memory.limit is None:
        return None
    ceiling = best_known(memory, scene.known, flow)
    return None if ceiling is None else min(memory.limit, ceiling)


def _excuse(memory: DeliveryMemory, scene: Scene, *, is_flowing: bool) -> str:
    """Returns why nothing is to be expected of this sample; empty if something is.

    A station that has said nothing since it was plugged in, while energy flows, is charging.
    """
    lo_a, state = scene.lo_a, scene.known.charging_state
    if scene.hi_a is None and lo_a is None:
        return "no_limit"
    if memory.is_paused or lo_a is None or lo_a < scene.thresholds.pause_below_a:
        return "limit_is_pause"
    if scene.known.is_shared:
        return "limit_is_shared"
    if state not in _MAY_CHARGE and not (is_flowing and state in _NOT_BEGUN):
        return "not_charging"
    return ""


def _word_of_idle(memory: DeliveryMemory, scene: Scene) -> str | None:
    now_s, resumed_at = scene.at.timestamp(), memory.resumed_at
    if resumed_at is not None and now_s - resumed_at <= scene.thresholds.late_resume_s:
        return "evse_late_resume"
    if scene.known.charging_state in _SUSPENDED - {"SuspendedEVSE"}:
        return "ev_paused"
    return "under" if memory.limit is not None else None
