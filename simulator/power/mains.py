"""The voltage of the grid at one outlet: within a tenth of nominal, other on each phase.

It changes in steps of five minutes, a function of the time alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_NOMINAL_V = 230.0
_STEP_S = 300.0
_DAY_S = 86_400.0
_PHASES = 3


class Mains:
    """Voltages, line to neutral, of L1 to L3; the outlet's own place on its feeder by `random`."""

    __slots__ = ("_phase", "_swing_v", "_volts")

    def __init__(self, random: Random) -> None:
        base_v = _NOMINAL_V + random.uniform(-3.0, 3.0)
        self._volts = tuple(base_v + random.uniform(-1.0, 1.0) for _ in range(_PHASES))
        self._swing_v = random.uniform(0.5, 3.0)
        self._phase = random.uniform(0.0, math.tau)

    def at(self, now: float) -> tuple[float, ...]:
        """Return the voltages at a simulated second."""
        step = math.floor(now / _STEP_S)
        day = math.sin(math.tau * step * _STEP_S / _DAY_S + self._phase)
        hum = 0.4 * math.sin(step * 2.399 + self._phase)
        return tuple(volts + self._swing_v * day + hum for volts in self._volts)

    @staticmethod
    def next_step(now: float) -> float:
        """Return when the voltage changes next."""
        return (math.floor(now / _STEP_S) + 1) * _STEP_S
