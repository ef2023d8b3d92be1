"""What each sample teaches of how a car charges, for the session's expected end. PURE."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from csms.domain.ending import NOMINAL_V
from profiles import Purpose, RateUnit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.domain.ending import EndMemory
    from csms.domain.sample import Sample
    from profiles import LimitStep

AC_PHASES = 3
PAUSE_BELOW_A = 6.0
_FLOWS_A = 1.0
_SURELY_DC_W, _SURELY_DC_LIMIT_W = 25_000.0, 45_000.0
_OWN = frozenset({Purpose.TX, Purpose.TX_DEFAULT})
_SURELY_DC_A = 65.0
_SURELY_DC_V, _LEAST_DC_V = 450.0, 300.0
_SETTLE_S = 60.0
_FOLLOWS_SHARE, _MOST_SHARE = 0.88, 1.05
_LEARNS = 0.3
_STEADY = 0.05
_FALLS = 0.99
_TAIL_KEPT = 8
_IDLE_W = 250.0
_SLACK_WH = 500.0
_USUAL_DC_V = 400.0
_IDLE_SHARE = 0.04
_BASELINE_S = 55.0
_BASELINE_WH = 20.0
_LONGEST_BASELINE_S = 1800.0
_CURVE_STEP = 5


def note(
    memory: EndMemory, sample: Sample, at_s: float, wh: float | None, step: LimitStep | None
) -> None:
    """Takes one sample; one that is older than the last one changes nothing.

    `wh` is the session's energy with this sample, `step` the limit in force at its time.
    """
    if memory.at_s is not None and at_s <= memory.at_s:
        return
    watts = _power(memory, sample, at_s, wh)
    if wh is not None:
        _mind_jump(memory, wh, at_s, watts)
        memory.wh = wh
    elif memory.at_s is not None and watts is not None:
        # What no register has told yet.
        mean_w = (watts + (watts if memory.watts is None else memory.watts)) / 2
        memory.wh = (memory.wh or 0.0) + mean_w * (at_s - memory.at_s) / 3600
    memory.at_s = at_s
    if sample.soc_percent is not None:
        memory.is_soc_metered = True
        note_soc(memory, sample.soc_percent, memory.wh)
    if watts is None:
        return
    _learn_kind(memory, sample, watts)
    allowed_w = watts_of(step, memory, memory.phases)
    limit_w = None if math.isinf(allowed_w) else allowed_w
    if limit_w != memory.limit_w:
        memory.limit_w, memory.limit_since_s = limit_w, at_s
    _learn_phases(memory, sample, watts, step)
    _learn_power(memory, sample, watts, at_s)
    memory.watts = watts


def _mind_jump(memory: EndMemory, wh: float, at_s: float, watts: float | None) -> None:
    """Learns the energy of one percent anew after an energy that nobody can have delivered."""
    if memory.at_s is None or memory.wh is None or not memory.soc_edge:
        return
    most_w = max(memory.peak_w, watts or 0.0, memory.watts or 0.0, _SURELY_DC_W)
    moved_wh = wh - memory.wh
    if not 0 <= moved_wh <= _SLACK_WH + 1.5 * most_w * (at_s - memory.at_s) / 3600:
        memory.soc_base, memory.soc_points = [], 0
        memory.soc_edge = [memory.soc_edge[0], memory.soc_edge[1] + moved_wh]


def note_soc(memory: EndMemory, soc: float, wh: float | None) -> None:
    """Takes a charge level in percent; only where it moves is it known exactly."""
    if not 0 <= soc <= 100:  # noqa: PLR2004 - percent
        return
    before, memory.soc = memory.soc, soc
    if wh is None:
        return
    if before is None or (memory.soc_edge and soc < memory.soc_edge[0] - _CURVE_STEP):
        memory.soc_base, memory.soc_edge, memory.soc_points = [], [soc, wh], 0
    elif soc > before:
        memory.soc_edge = [soc, wh]
        memory.soc_points += 1
        memory.soc_base = memory.soc_base or [soc, wh]


def watts_of(step: LimitStep | None, memory: EndMemory, phases: int) -> float:
    """Returns what a step allows this car in watts: inf without a limit, 0 for a pause.

    An ampere limit counts on the phases that the car uses, three while nobody knows.
    Below 6 A no AC car may charge. Source: IEC 61851-1.
    """
    if step is None:
        return math.inf
    found = [math.inf]
    if step.limit_w is not None:
        lowest = 0.0 if memory.is_dc else PAUSE_BELOW_A * NOMINAL_V
        found.append(step.limit_w if step.limit_w >= lowest else 0.0)
    if step.limit_a is not None:
        used = min(phases or AC_PHASES, step.phases or AC_PHASES)
        lowest = 1.0 if memory.is_dc else PAUSE_BELOW_A
        per_ampere = _volts(memory) if memory.is_dc else memory.volts * used
        found.append(step.limit_a * per_ampere if step.limit_a >= lowest else 0.0)
    return min(found)


def _volts(memory: EndMemory) -> float:
    """Returns the voltage of a DC car, a usual one while none has shown."""
    return memory.volts if memory.volts > NOMINAL_V * 1.2 else _USUAL_DC_V


def are_for_dc(steps: Iterable[LimitStep]) -> bool:
    """Tells whether a session has limits of its own that no AC charge could come near."""
    return any(
        cause.unit is RateUnit.W and cause.limit > _SURELY_DC_LIMIT_W
        for step in steps
        for cause in step.causes
        if cause.purpose in _OWN
    )


def _power(memory: EndMemory, sample: Sample, at_s: float, wh: float | None) -> float | None:
    if sample.power_w is not None:
        return max(sample.power_w, 0.0)
    currents = sample.currents_a
    if any(current is not None for current in currents):
        return sum(
            max(current or 0.0, 0.0) * (volts or NOMINAL_V)
            for current, volts in zip(currents, sample.voltages_v, strict=True)
        )
    if sample.current_a is not None:
        volts = next((each for each in sample.voltages_v if each), memory.volts)
        return max(sample.current_a, 0.0) * volts * (1 if memory.is_dc else memory.phases or 1)
    return _register_power(memory, at_s, wh)


def _register_power(memory: EndMemory, at_s: float, wh: float | None) -> float | None:
    """Returns the mean power since the register was last reckoned from, None if too soon."""
    if wh is None:
        return None
    if not memory.register:
        memory.register = [at_s, wh]
        return None
    since_s, since_wh = memory.register
    elapsed_s, moved_wh = at_s - since_s, wh - since_wh
    is_enough = moved_wh >= _BASELINE_WH or elapsed_s >= _LONGEST_BASELINE_S or not moved_wh
    if elapsed_s < _BASELINE_S or not is_enough:
        return None
    memory.register = [at_s, wh]
    return max(moved_wh, 0.0) * 3600 / elapsed_s


def _learn_kind(memory: EndMemory, sample: Sample, watts: float) -> None:
    """Learns the voltage, and whether the car charges with DC."""
    known = [each for each in sample.voltages_v if each]
    lone_a = sample.current_a if not any(sample.currents_a) else None
    # Stations also tell one current that is the sum of three: that alone is no sign of DC.
    is_dc_current = (lone_a or 0.0) > _SURELY_DC_A and watts > (lone_a or 0.0) * _LEAST_DC_V
    is_measured = sample.power_w is not None or sample.highest_current_a is None
    if is_measured and (watts > _SURELY_DC_W or is_dc_current):
        memory.is_dc = True
    if any(each > _SURELY_DC_V for each in known):
        memory.is_dc = True
    if memory.is_dc and lone_a and watts > _IDLE_W and sample.power_w is not None:
        memory.volts = watts / lone_a
    elif known and not memory.is_dc:
        memory.volts = sum(known) / len(known)


def _learn_phases(memory: EndMemory, sample: Sample, watts: float, step: LimitStep | None) -> None:
    """Learns on how many phases the car charges: counted, else from what it takes of its limit.

    Of a car that takes less than three times the least current there is only one phase in use.
    """
    if memory.is_dc or watts < _IDLE_W:
        return
    flowing = sum((each or 0.0) > _FLOWS_A for each in sample.currents_a)
    if flowing:
        memory.phases = flowing
    elif step is not None and step.limit_a is not None and step.limit_a >= PAUSE_BELOW_A:
        one_w = step.limit_a * memory.volts
        least = min(math.ceil(watts / (one_w * 1.08)), AC_PHASES)
        if watts < AC_PHASES * PAUSE_BELOW_A * memory.volts * 0.97:
            memory.phases = max(least, 1)
        else:
            memory.phases = max(memory.phases, least, round(min(watts / one_w, AC_PHASES)), 1)


def _learn_power(memory: EndMemory, sample: Sample, watts: float, at_s: float) -> None:
    """Learns what the car takes: at most, freely, and how it falls in the end."""
    before = memory.watts
    highest_a = sample.highest_current_a
    if before is not None and watts > _IDLE_W:
        memory.peak_w = max(memory.peak_w, min(watts, before))
        if highest_a is not None and memory.amps is not None:
            memory.peak_a = max(memory.peak_a, min(highest_a, memory.amps))
    memory.amps = highest_a
    limit_w = math.inf if memory.limit_w is None else memory.limit_w
    memory.is_paused = limit_w <= 0 or watts <= _IDLE_W
    is_settled = at_s - memory.limit_since_s >= _SETTLE_S
    follows = watts >= _FOLLOWS_SHARE * limit_w
    if follows and is_settled and 0 < limit_w < math.inf:
        share = min(max(watts / limit_w, _FOLLOWS_SHARE), _MOST_SHARE)
        memory.follows += (share - memory.follows) * _LEARNS
    _note_idle(memory, watts, at_s, is_allowed=limit_w > 0 and is_settled)
    if limit_w <= 0 or follows or watts <= _IDLE_W or before is None:
        memory.is_free, memory.tail = False, []
        return
    is_steady = before > 0 and abs(watts - before) <= _STEADY * before
    memory.is_free = is_settled and (is_steady or (memory.is_free and watts < before))
    if memory.is_free:
        memory.free_w = max(memory.free_w, watts) if is_steady else memory.free_w
        _note_curve(memory, watts)
    _note_tail(memory, at_s, watts, before, is_settled=is_settled)


def _note_idle(memory: EndMemory, watts: float, at_s: float, *, is_allowed: bool) -> None:
    if not is_allowed or watts > max(_IDLE_W, _IDLE_SHARE * memory.peak_w):
        memory.idle_since = None
    elif memory.idle_since is None:
        memory.idle_since = at_s


def _note_tail(
    memory: EndMemory, at_s: float, watts: float, before: float, *, is_settled: bool
) -> None:
    """Keeps the samples of a fall; a rise, or one that a limit explains, forgets them."""
    if not is_settled or watts > before * 1.02:
        memory.tail = []
    elif memory.tail or watts <= before * _FALLS:
        if len(memory.tail) == _TAIL_KEPT:
            # Half of them say as much over twice the time.
            memory.tail = memory.tail[::2]
        memory.tail.append([at_s, watts])


def _note_curve(memory: EndMemory, watts: float) -> None:
    if not memory.is_dc or memory.soc is None:
        return
    step = float(int(memory.soc) // _CURVE_STEP * _CURVE_STEP)
    if memory.curve and memory.curve[-1][0] >= step:
        if memory.curve[-1][0] == step:
            memory.curve[-1][1] = round((memory.curve[-1][1] + watts) / 2)
        return
    memory.curve.append([step, round(watts)])
