"""The register against the power: what was counted, and what must have flowed. PURE.

Power is sampled, and energy is not: between two samples a car may have done anything. So a stretch
contradicts only if not even the smaller, or the larger, of the powers at its ends explains the
energy; and only stretches in a row that are wrong by the same share are an anomaly. Where samples
are so far apart that a car may switch unseen, the car must have been steady as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from csms.monitor.meter_blocks import SHARE, SOFT_S, SPARSE_S, Block, Flow, Run, is_short
from csms.monitor.meter_levels import FACTOR, Fault, factor_fault

if TYPE_CHECKING:
    from csms.monitor.meter_memory import MeterMemory

FROZEN = "register_frozen"
MISMATCH = "energy_power_mismatch"

_LONGEST_S = 7_200.0
_RESTLESS_S = 7_200.0
_TURNS_BY = 0.3
_FROZEN_FROM_W = 1_000.0
_FROZEN_STEPS = 2.0
_FACTOR_FROM_W = 1_000.0
_FACTOR_STEPS = 5.0
_NARROW, _WIDE = 0.05, 0.25
_FAR = 100.0


class Power(NamedTuple):
    """A power in W at a moment, None if it is not told.

    `off` is the share by which it may be wrong, not 0 for one that is reckoned from currents.
    `is_borne_out` tells that currents which were measured beside it agree.
    """

    moment: float
    watts: float | None
    off: float = 0.0
    is_borne_out: bool = False


def check(
    memory: MeterMemory,
    power: Power,
    step_wh: float | None,
    hard: list[Fault],
    soft: dict[str, Fault | None],
) -> bool:
    """Holds energy against power; True if the power of this sample is doubtful.

    `step_wh` is what the register rose by since its last reading, None if that is not known. Into
    `soft` goes each check that could be made: its fault, or None.
    """
    moment, power_w, off, is_borne_out = power
    known_w, known_at = memory.power_w, memory.power_at
    if power_w is None:
        if step_wh:
            memory.flat_since, memory.flat_wh = moment, 0.0
        return False
    memory.power_w, memory.power_at = power_w, moment
    if step_wh is not None and memory.wh_at == moment and known_w is not None:
        _find_factor(memory, (known_w, power_w), (step_wh, moment - known_at), hard)
    if known_w is None or not 0 < moment - known_at <= _LONGEST_S:
        _begin(memory, moment)
        return False
    passed_s = moment - known_at
    low_w, high_w = sorted((known_w, power_w))
    hours = passed_s / 3600
    flow = Flow(passed_s, low_w, high_w, low_w * hours, high_w * hours)
    _look_frozen(memory, moment, (power_w, flow.least_wh * (1 - off)), step_wh, soft)
    if off:
        return False
    if passed_s > SPARSE_S and high_w - low_w > SHARE * high_w:
        _turn(memory, moment, power_w > known_w)
    if is_borne_out and passed_s > SPARSE_S:
        # By now the power is what the currents say; what it was in between nobody knows.
        memory.block = memory.run = soft[MISMATCH] = None
        return False
    return _look_block(memory, moment, flow, step_wh, soft)


def _turn(memory: MeterMemory, moment: float, is_up: bool) -> None:  # noqa: FBT001 - a direction
    """Notes that the power has changed; one that goes up and down is a car's that switches."""
    turn, before = (moment if is_up else -moment), memory.turned_at
    if before and (before > 0) != is_up and moment - abs(before) < _RESTLESS_S:
        memory.restless_until = moment + _RESTLESS_S
    memory.turned_at = turn


def _begin(memory: MeterMemory, moment: float) -> None:
    """Begins a block here, if both register and power are known of this moment."""
    is_known = memory.wh is not None and memory.wh_at == moment
    memory.block = Block(moment, memory.wh) if is_known and memory.wh is not None else None


def _find_factor(
    memory: MeterMemory,
    powers: tuple[float, float],
    counted: tuple[float, float],
    hard: list[Fault],
) -> None:
    """Finds a power that is a thousandth of what was counted, or a thousandfold.

    The power before must have been so too; or right, and the car steady, so that it did not stop
    just now. Samples far apart may both be of a car at rest, so that there it takes two in a row.
    """
    (before, power_w), (wh, passed_s) = powers, counted
    if passed_s <= 0 or wh < _FACTOR_STEPS * memory.step_wh:
        return
    watts = wh * 3600 / passed_s
    if power_w < _FAR * watts < _FAR * _FAR * power_w:
        memory.thousandths = 0
        return
    if watts < _FACTOR_FROM_W:
        return
    for factor in (1000.0, 0.001):
        off, off_before = abs(power_w * factor / watts - 1), abs(before * factor / watts - 1)
        is_steady = abs(before / watts - 1) < _NARROW and off < _NARROW
        if is_steady or (off < _WIDE and off_before < _WIDE):
            memory.thousandths += 1
            if passed_s <= SPARSE_S or memory.thousandths > 1:
                hard.append(factor_fault(power_w, watts, "register"))
            return
    memory.thousandths = 0


def _look_frozen(
    memory: MeterMemory,
    moment: float,
    flows: tuple[float, float],
    step_wh: float | None,
    soft: dict[str, Fault | None],
) -> None:
    """Finds a register that stands still while power flows."""
    power_w, least_wh = flows
    if step_wh is None:
        return
    if step_wh > 0 or power_w <= _FROZEN_FROM_W:
        memory.flat_since, memory.flat_wh = moment, 0.0
        if step_wh > 0:
            soft[FROZEN] = None
        return
    memory.flat_wh += least_wh
    flat_s = moment - memory.flat_since
    if flat_s >= SOFT_S and memory.flat_wh > _FROZEN_STEPS * memory.step_wh:
        evidence = {
            "measurand": "Energy.Active.Import.Register",
            "seen": memory.wh,
            "unit": "Wh",
            "expected": f"at least {memory.flat_wh:.0f} Wh more",
            "flat_s": round(flat_s, 1),
            "power_w": power_w,
        }
        soft[FROZEN] = Fault(FROZEN, evidence=evidence)


def _look_block(
    memory: MeterMemory,
    moment: float,
    flow: Flow,
    step_wh: float | None,
    soft: dict[str, Fault | None],
) -> bool:
    block = memory.block
    if block is None:
        _begin(memory, moment)
        return False
    block.take(flow)
    if step_wh is None or memory.wh is None or memory.wh_at != moment:
        return memory.run is not None
    is_doubtful = is_short(step_wh, flow.least_wh, flow.passed_s, memory.step_wh)
    wh = memory.wh - block.wh
    if flow.high_w - flow.low_w > _TURNS_BY * flow.high_w and memory.run is None:
        # What was steady until now, and what will be from now on, are told apart better.
        if block.side(wh, moment, memory.step_wh) == 0:
            _begin(memory, moment)
    elif block.is_whole(wh, moment, memory.step_wh):
        _begin(memory, moment)
        _close(memory, block, (wh, moment), soft)
    return is_doubtful or memory.run is not None


def _close(
    memory: MeterMemory,
    block: Block,
    end: tuple[float, float],
    soft: dict[str, Fault | None],
) -> None:
    """Tells what the blocks in a row come to, with one that ends now."""
    wh, moment = end
    side = block.side(wh, moment, memory.step_wh)
    if side == 0:
        memory.run = None
        soft[MISMATCH] = None
        return
    if wh == 0:
        return  # it stands still, which is told by its own name
    run = memory.run or Run(block.since)
    longer = run.with_(block, wh, side)
    share = wh / block.most_wh if block.most_wh > 0 else 0.0
    if abs(share / 1000 - 1) < _WIDE and block.widest_s <= SPARSE_S:
        hours = (moment - block.since) / 3600
        fault = factor_fault(block.most_wh / hours, wh / hours, "register")
        soft[FACTOR] = fault if wh / hours >= _FACTOR_FROM_W else None
    if run.blocks and (run.side != side or not longer.is_even(memory.step_wh)):
        longer = Run(block.since).with_(block, wh, side)
    run = longer
    memory.run = run
    is_restless = run.widest_s > SPARSE_S and moment < memory.restless_until
    if not is_restless and run.is_proven(moment, memory.step_wh):
        evidence: dict[str, Any] = {
            "seen": round(run.powers_wh, 1),
            "unit": "Wh",
            "expected": f"{run.wh:.1f} Wh, as the register counted",
            "span_s": round(moment - run.since, 1),
        }
        soft[MISMATCH] = Fault(MISMATCH, evidence=evidence)
