"""Stretches in which energy is held against power, and several of them in a row. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

SOFT_S = 600.0
SPARSE_S = 150.0
"""Samples further apart may hide that a car switches on and off."""

SHARE = 0.15
_BLOCK_S = 115.0
_BLOCK_STEPS = 5.0
_LEAST_WH = 200.0
_BLOCKS = 4
_SAME_SHARE = 0.2
_STEADY = 0.06
_SLACK_W = 150.0
_MANY_W = 1e12


def is_short(wh: float, least_wh: float, passed_s: float, step_wh: float) -> bool:
    """Tells whether less was counted than the smaller power gives."""
    return least_wh > (wh + step_wh) * (1 + SHARE) + _SLACK_W * passed_s / 3600


class Flow(NamedTuple):
    """What two powers in a row allow between them: energies in Wh, powers in W."""

    passed_s: float
    low_w: float
    high_w: float
    least_wh: float
    most_wh: float


@dataclass
class Block:
    """A stretch since a moment, and the register then; what the powers allow since."""

    since: float
    wh: float
    least_wh: float = 0.0
    most_wh: float = 0.0
    low_w: float = _MANY_W
    high_w: float = 0.0
    widest_s: float = 0.0

    def take(self, flow: Flow) -> None:
        """Adds what flowed until the next power."""
        self.least_wh += flow.least_wh
        self.most_wh += flow.most_wh
        if flow.low_w < self.low_w:  # noqa: PLR1730 - twice as fast, and each sample comes by
            self.low_w = flow.low_w
        if flow.high_w > self.high_w:  # noqa: PLR1730
            self.high_w = flow.high_w
        if flow.passed_s > self.widest_s:  # noqa: PLR1730
            self.widest_s = flow.passed_s

    def is_whole(self, wh: float, moment: float, step_wh: float) -> bool:
        """Tells whether it is long enough for the register's resolution."""
        passed_s = moment - self.since
        if passed_s < _BLOCK_S:
            return False
        return passed_s >= SOFT_S or max(wh, self.most_wh) >= _BLOCK_STEPS * step_wh

    def side(self, wh: float, moment: float, step_wh: float) -> int:
        """Returns 1 if less was counted than the powers allow, -1 if more, 0 if neither."""
        passed_s = moment - self.since
        if is_short(wh, self.least_wh, passed_s, step_wh):
            return 1
        slack_wh = _SLACK_W * passed_s / 3600
        return -1 if wh - step_wh > self.most_wh * (1 + SHARE) + slack_wh else 0


@dataclass
class Run:
    """Blocks in a row that contradict: their energy, and the nearest that the powers allow.

    `side` is that of each block. The shares are of energy in what the powers allow.
    """

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
        if self.widest_s <= SPARSE_S:
            return spread <= _SAME_SHARE + rounding
        is_steady = self.high_w - self.low_w <= _STEADY * self.high_w
        return is_steady and spread <= _STEADY + min(rounding, _STEADY)

    def is_proven(self, moment: float, step_wh: float) -> bool:
        """Tells whether the blocks are enough, and wrong by enough and by the same share."""
        larger, off_wh = max(self.wh, self.powers_wh), abs(self.wh - self.powers_wh)
        if moment - self.since < SOFT_S or off_wh <= max(_LEAST_WH, SHARE * larger):
            return False
        is_enough = self.widest_s <= SPARSE_S or self.blocks >= _BLOCKS
        return is_enough and self.is_even(step_wh)
