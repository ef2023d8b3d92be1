"""The end of a charge that is running out, from how its power falls. PURE."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from csms.monitor.expected_end_course import Curve

if TYPE_CHECKING:
    from collections.abc import Sequence

_FALLING = 3
_LEAST_FALL = 0.92
_ENDS_AT, _ENDS_EARLY_AT = 0.05, 0.20
_LONGEST_TAU_S, _SHORTEST_TAU_S = 4 * 3600.0, 30.0
_SPREAD = 0.25
_FLOOR = 0.10


@dataclass(frozen=True, slots=True)
class Tail:
    """A fall: the power now in W, its time constant, and when it ends in seconds from now.

    `full_s` is when a battery would be full that stops at a fifth of its ceiling.
    """

    power_w: float
    tau_s: float
    early_s: float
    likely_s: float
    late_s: float
    full_s: float

    def curve(self, ceiling_w: float) -> Curve:
        """Returns the power by the energy drawn: it falls evenly where it falls so in time."""
        floor_w = min(_FLOOR * ceiling_w, self.power_w)
        return Curve(
            ((0.0, self.power_w), ((self.power_w - floor_w) * self.tau_s / 3600 + 1.0, floor_w))
        )


def find_tail(tail: Sequence[Sequence[float]], ceiling_w: float) -> Tail | None:
    """Returns the fall that the samples (seconds, W) show, none of which a limit explains.

    None where that is no exponential fall yet: it takes three falling samples. The charge ends
    where the power is 5 % of the ceiling.
    """
    if len(tail) < _FALLING or ceiling_w <= 0:
        return None
    last = tail[-_FALLING:]
    is_falling = all(b[1] < a[1] for a, b in pairwise(last))
    power_w = tail[-1][1]
    if not is_falling or not 0 < power_w <= _LEAST_FALL * ceiling_w:
        return None
    tau_s = _fitted(tail)
    if tau_s is None:
        return None
    likely_s = tau_s * max(math.log(power_w / (_ENDS_AT * ceiling_w)), 0.0)
    early_s = tau_s * max(math.log(power_w / (_ENDS_EARLY_AT * ceiling_w)), 0.0)
    return Tail(
        power_w, tau_s, early_s * (1 - _SPREAD), likely_s, likely_s * (1 + _SPREAD), early_s
    )


def _fitted(tail: Sequence[Sequence[float]]) -> float | None:
    """Returns the time constant of the straight line through the logarithms of the power."""
    times = [at_s - tail[0][0] for at_s, _ in tail]
    logs = [math.log(max(watts, 1.0)) for _, watts in tail]
    mean_t, mean_l = sum(times) / len(times), sum(logs) / len(logs)
    spread = sum((at_s - mean_t) ** 2 for at_s in times)
    if spread <= 0:
        return None
    slope = (
        sum((at_s - mean_t) * (log - mean_l) for at_s, log in zip(times, logs, strict=True))
        / spread
    )
    if slope >= -1 / _LONGEST_TAU_S:
        return None
    return max(-1 / slope, _SHORTEST_TAU_S)
