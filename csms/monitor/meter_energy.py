"""The register against the power: what was counted, and what must have flowed. PURE.

Power is sampled, and energy is not: between two samples a car may have done anything. So a stretch
contradicts only if not even the smaller, or the larger, of the powers at its ends explains the
energy; and only stretches in a row that are wrong by the same share are an anomaly. Where samples
are so far apart that a car may switch unseen, the car must have been steady as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from csms.monitor.meter_levels import Fault, factor_fault

if TYPE_CHECKING:
    from csms.monitor.meter_memory import MeterMemory

FROZEN = "register_frozen"
MISMATCH = "energy_power_mismatch"

SOFT_S = 600.0
_BLOCK_S = 115.0
_BLOCK_STEPS = 5.0
_SPARSE_S = 150.0
_LONGEST_S = 7_200.0
_SHARE = 0.15
_LEAST_WH = 200.0
_BLOCKS = 3
_SAME_SHARE = 0.2
_STEADY = 0.06
_RESTLESS_S = 7_200.0
_SLACK_W = 150.0
_TURNS_BY = 0.3
_FROZEN_FROM_W = 1_000.0
_FROZEN_STEPS = 2.0
_FACTOR_FROM_W = 1_000.0
_FACTOR_STEPS = 5.0
_NARROW, _WIDE = 0.05, 0.25
_MANY_W = 1e12


def check(
    memory: MeterMemory,
    now: tuple[float, float | None, float],
    step_wh: float | None,
    hard: list[Fault],
    soft: dict[str, Fault | None],
) -> bool:
    """Holds energy against power; True if the power of this sample is doubtful.

    `now` are the moment, the power (None if not told) and the share that this may be off, `step_wh`
    what the register rose by since its last reading (None if that is not known). Into `soft` goes
    each check that could be made: its fault, or None.
    """
    moment, power_w, off = now
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
    if passed_s > _SPARSE_S and high_w - low_w > _SHARE * high_w:
        memory.restless_until = moment + _RESTLESS_S
    return _look_block(memory, moment, flow, step_wh, soft)


def _begin(memory: MeterMemory, moment: float) -> None:
    """Begins a block here, if both register and power are known of this moment."""
    memory.block = []
    if memory.wh is not None and memory.wh_at == moment:
        memory.block = list(Block(moment, memory.wh))


def _find_factor(
    memory: MeterMemory,
    powers: tuple[float, float],
    counted: tuple[float, float],
    hard: list[Fault],
) -> None:
    """Finds a power that is a thousandth of what was counted, or a thousandfold.

    The power before must have been so too; or right, and the car steady, so that it did not stop
    just now.
    """
    (before, power_w), (wh, passed_s) = powers, counted
    if passed_s <= 0 or wh < _FACTOR_STEPS * memory.step_wh:
        return
    watts = wh * 3600 / passed_s
    if watts < _FACTOR_FROM_W:
        return
    for factor in (1000.0, 0.001):
        share, share_before = power_w * factor / watts, before * factor / watts
        is_steady = abs(before / watts - 1) < _NARROW and abs(share - 1) < _NARROW
        if is_steady or (abs(share - 1) < _WIDE and abs(share_before - 1) < _WIDE):
            hard.append(factor_fault(power_w, watts, "register"))
            return


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
    if not memory.block:
        _begin(memory, moment)
        return False
    block = Block(*memory.block).with_(flow)
    memory.block = list(block)
    if step_wh is None or memory.wh is None or memory.wh_at != moment:
        return bool(memory.run)
    is_doubtful = _is_short(step_wh, flow.least_wh, flow.passed_s, memory.step_wh)
    wh = memory.wh - block.wh
    if flow.high_w - flow.low_w > _TURNS_BY * flow.high_w and not memory.run:
        # What was steady until now, and what will be from now on, are told apart better.
        if block.side(wh, moment, memory.step_wh) == 0:
            _begin(memory, moment)
    elif block.is_whole(wh, moment, memory.step_wh):
        _begin(memory, moment)
        _close(memory, block, (wh, moment), soft)
    return is_doubtful or bool(memory.run)


def _is_short(wh: float, least_wh: float, passed_s: float, step_wh: float) -> bool:
    """Tells whether less was counted than the smaller power gives."""
    return least_wh > (wh + step_wh) * (1 + _SHARE) + _SLACK_W * passed_s / 3600


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
        memory.run = []
        soft[MISMATCH] = None
        return
    if wh == 0:
        return  # it stands still, which is told by its own name
    run = Run(*memory.run) if memory.run else Run(block.since)
    longer = run.with_(block, wh, side)
    if run.blocks and (run.side != side or not longer.is_even(memory.step_wh)):
        longer = Run(block.since).with_(block, wh, side)
    run = longer
    memory.run = list(run)
    is_restless = run.widest_s > _SPARSE_S and moment < memory.restless_until
    if not is_restless and run.is_proven(moment, memory.step_wh):
        evidence: dict[str, Any] = {
            "seen": round(run.powers_wh, 1),
            "unit": "Wh",
            "expected": f"{run.wh:.1f} Wh, as the register counted",
            "span_s": round(moment - run.since, 1),
        }
        soft[MISMATCH] = Fault(MISMATCH, evidence=evidence)


class Flow(NamedTuple):
    """What two powers in a row allow between them: energies in Wh, powers in W."""

    passed_s: float
    low_w: float
    high_w: float
    least_wh: float
    most_wh: float


class Block(NamedTuple):
    """A stretch since a moment, and the register then; what the powers allow since."""

    since: float
    wh: float
    least_wh: float = 0.0
    most_wh: float = 0.0
    low_w: float = _MANY_W
    high_w: float = 0.0
    widest_s: float = 0.0

    def with_(self, flow: Flow) -> Block:
        """Returns the block with what flowed until the next power."""
        return Block(
            self.since,
            self.wh,
            self.least_wh + flow.least_wh,
            self.most_wh + flow.most_wh,
            min(self.low_w, flow.low_w),
            max(self.high_w, flow.high_w),
            max(self.widest_s, flow.passed_s),
        )

    def is_whole(self, wh: float, moment: float, step_wh: float) -> bool:
        """Tells whether it is long enough for the register's resolution."""
        passed_s = moment - self.since
        if passed_s >= SOFT_S:
            return True
        return passed_s >= _BLOCK_S and max(wh, self.most_wh) >= _BLOCK_STEPS * step_wh

    def side(self, wh: float, moment: float, step_wh: float) -> int:
        """Returns 1 if less was counted than the powers allow, -1 if more, 0 if neither."""
        passed_s = moment - self.since
        if _is_short(wh, self.least_wh, passed_s, step_wh):
            return 1
        slack_wh = _SLACK_W * passed_s / 3600
        return -1 if wh - step_wh > self.most_wh * (1 + _SHARE) + slack_wh else 0


class Run(NamedTuple):
    """Blocks in a row that contradict: their energy, and the nearest that the powers allow."""

    since: float
    blocks: int = 0
    side: int = 0
    wh: float = 0.0
    powers_wh: float = 0.0
    low_share: float = 1e9
    high_share: float = 0.0
    low_w: float = _MANY_W
    high_w: float = 0.0
    widest_s: float = 0.0

    def with_(self, block: Block, wh: float, side: int) -> Run:
        """Returns the run with one more block."""
        nearest = block.least_wh if side > 0 else block.most_wh
        share = wh / nearest if nearest > 0 else 1e6
        return Run(
            self.since,
            self.blocks + 1,
            side,
            self.wh + wh,
            self.powers_wh + nearest,
            min(self.low_share, share),
            max(self.high_share, share),
            min(self.low_w, block.low_w),
            max(self.high_w, block.high_w),
            max(self.widest_s, block.widest_s),
        )

    def is_even(self, step_wh: float) -> bool:
        """Tells whether all blocks are wrong by the same share, of a steady car if that matters."""
        rounding = 2 * step_wh * self.blocks / max(self.wh, step_wh)
        spread = (self.high_share - self.low_share) / self.high_share
        if self.widest_s <= _SPARSE_S:
            return spread <= _SAME_SHARE + rounding
        is_steady = self.high_w - self.low_w <= _STEADY * self.high_w
        return is_steady and spread <= _STEADY + min(rounding, _STEADY)

    def is_proven(self, moment: float, step_wh: float) -> bool:
        """Tells whether the blocks are enough, and wrong by enough and by the same share."""
        larger, off_wh = max(self.wh, self.powers_wh), abs(self.wh - self.powers_wh)
        if moment - self.since < SOFT_S or off_wh <= max(_LEAST_WH, _SHARE * larger):
            return False
        is_enough = self.widest_s <= _SPARSE_S or self.blocks >= _BLOCKS
        return is_enough and self.is_even(step_wh)
