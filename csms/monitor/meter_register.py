"""The register against itself: it only grows, and no faster than the station can deliver. PURE.

Source: OCPP 2.0.1 part 2, J02.FR.16 and J02.FR.17 (registers are not re-based).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.domain.sample import TRANSACTION_BEGIN, TRANSACTION_END
from csms.monitor.episodes import Severity
from csms.monitor.meter_levels import MOST_W, Fault

if TYPE_CHECKING:
    from csms.monitor.meter_memory import MeterMemory
    from csms.monitor.scene import Scene

DOWN = "register_down"
JUMP = "register_jump"

_FELL_WH = 10.0
_MARGIN = 1.25
_UPDATES_S = 60.0
# Three phases of 32 A; what an outlet of unknown kind has that tells its power; what one may have
# that tells nothing but a register; the largest usual one for direct current.
_AC_W, _TOLD_W, _UNKNOWN_W, _DC_W = 22_100.0, 50_000.0, 150_000.0, 400_000.0
_STEPS_WH = (1000.0, 100.0, 10.0, 1.0)
_FINEST_WH = 0.1
_WHOLE = 1e-6
_ENDS = frozenset({TRANSACTION_BEGIN, TRANSACTION_END})


def step_of(wh: float, known_wh: float) -> float:
    """Returns the largest usual step that a reading, and all those before, are multiples of."""
    if known_wh <= 1 and wh == int(wh):
        return known_wh
    for step in _STEPS_WH:
        if step <= known_wh:
            steps = wh / step
            if abs(steps - round(steps)) < _WHOLE:
                return step
    return _FINEST_WH


def rating_w(memory: MeterMemory, scene: Scene) -> float:
    """Returns the most that the outlet may deliver, by all that it and its limits have shown."""
    sample, volts = scene.sample, scene.thresholds.nominal_v
    if memory.is_dc:
        least = _DC_W
    elif memory.is_ac:
        least = _AC_W
    else:
        least = _TOLD_W if memory.peak_w else _UNKNOWN_W
    offered_w = (sample.current_offered_a or 0.0) * volts * 3
    limit_w = (scene.hi_a or 0.0) * volts * 3
    told = (offered_w, sample.power_offered_w or 0.0, limit_w)
    return max(least, memory.peak_w, *(each for each in told if each <= MOST_W))


def check(memory: MeterMemory, scene: Scene, moment: float, faults: list[Fault]) -> float | None:
    """Adds what is wrong with the step of the register; returns the step, None if it says nothing.

    After a fall or a jump the register goes on from where it is. A fall to a reading that came
    earlier is the clock's, which was set back. The readings of a transaction's
    begin and end count from elsewhere at some stations; what they come to is told by the session's
    flags.
    """
    register = scene.sample.register_milliwh
    if register is None or register < 0 or scene.sample.context in _ENDS:
        return None
    wh, before, came = register / 1000, memory.wh, memory.came
    memory.step_wh = step_of(wh, memory.step_wh)
    memory.came = scene.known.received_at.timestamp()
    if before is None:
        _stand(memory, wh, moment)
        return None
    step = wh - before
    if step < 0:
        if scene.sample.at.timestamp() < memory.told_at:
            # By the station's own clock it is older: told once more, by a clock that is ahead.
            return None
        if -step <= _rounding_wh(wh):
            # What has been counted stays.
            memory.wh_at = moment
            return 0.0
        fault = None if memory.came < came else _fall(memory, wh, before)
    else:
        # A register that stood still while power flowed may catch up.
        passed_s = moment - (memory.wh_at if memory.power_w is None else memory.flat_since)
        # Nearly always that little, that nobody needs to know what the outlet can do.
        most = (_MARGIN * passed_s + _UPDATES_S) * _AC_W / 3600
        if step > most:
            most = _most_wh(memory, scene, max(passed_s, 0.0))
        if step <= most:
            memory.wh, memory.wh_at, memory.is_unit_doubtful = wh, moment, False
            memory.told_at = scene.sample.at.timestamp()
            return step
        fault = _jump(wh, before, most)
    if fault is not None:
        faults.append(fault)
    _stand(memory, wh, moment)
    memory.is_unit_doubtful = fault is None and step > 0
    return None


def _stand(memory: MeterMemory, wh: float, moment: float) -> None:
    """Has the register go on from here: nothing before is comparable."""
    memory.wh, memory.wh_at, memory.is_unit_doubtful = wh, moment, False
    memory.flat_since, memory.flat_wh = moment, 0.0
    memory.block = memory.run = None


def _fall(memory: MeterMemory, wh: float, before: float) -> Fault | None:
    """A fall is none where the reading before was in another unit."""
    if memory.is_unit_doubtful and wh >= before / 1000:
        return None
    return _fault(DOWN, wh, before, f"at least {before:.1f}")


def _rounding_wh(wh: float) -> float:
    """Returns what a reading may have lost to rounding, by how round it is."""
    for step in _STEPS_WH[:2]:
        if wh > 0 and abs(wh / step - round(wh / step)) < _WHOLE:
            return step
    return _FELL_WH


def _jump(wh: float, before: float, most: float) -> Fault | None:
    """A first step from 0 may be the unit's, or a register's that counts over the meter's life."""
    if before < 1:
        return None
    return _fault(JUMP, wh, before, f"at most {before + most:.1f}")


def _fault(check_name: str, wh: float, before: float, expected: str) -> Fault:
    evidence: dict[str, Any] = {
        "measurand": "Energy.Active.Import.Register",
        "seen": round(wh, 3),
        "before": round(before, 3),
        "unit": "Wh",
        "expected": expected,
    }
    return Fault(check_name, Severity.MAJOR, evidence)


def _most_wh(memory: MeterMemory, scene: Scene, passed_s: float) -> float:
    """Returns what the register may rise by; some are brought up to date only once a minute."""
    rating = rating_w(memory, scene)
    return (_MARGIN * passed_s + _UPDATES_S) * rating / 3600 + 2 * memory.step_wh
