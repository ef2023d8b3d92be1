"""The meter of one EVSE: a register that only grows, and what it shows at an instant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from random import Random

JOULES_PER_WH = 3600.0
_NOMINAL_V = 230.0
_DC_V_EMPTY = 350.0
_DC_V_SPAN = 80.0
_POWER_CLASS = 0.002


@dataclass(frozen=True, slots=True)
class Flow:
    """What flows at an instant: the draw of the car (A per phase, DC: W) and its phases."""

    draw: float = 0.0
    phases: int = 0
    soc: float | None = None
    offered: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One set of values. Lists go by phase (DC: one entry); `soc_percent` only where known.

    `offered` is what the EVSE allows, in amperes per phase, on DC in watts.
    """

    register_wh: int
    power_w: float
    currents_a: tuple[float, ...]
    voltages_v: tuple[float, ...]
    soc_percent: float | None
    offered: float | None


class Meter:
    """A register in joules behind a display in steps of `resolution_wh`.

    Starts at a life-time reading chosen by `random`, and its mains voltage likewise.
    """

    def __init__(
        self, random: Random, current: CurrentType, phases: int, resolution_wh: int = 1
    ) -> None:
        self._random = random
        self._current = current
        self._phases = phases
        self._resolution_wh = resolution_wh
        self._energy_j = random.randint(10_000, 5_000_000) * JOULES_PER_WH
        self._mains_v = _NOMINAL_V + random.uniform(-3.0, 3.0)

    @property
    def register_wh(self) -> int:
        """What the display shows."""
        steps = int(self._energy_j / JOULES_PER_WH / self._resolution_wh + 1e-9)
        return steps * self._resolution_wh

    def remember(self) -> dict[str, object]:
        """Return the register, to be written down."""
        return {"energy_j": self._energy_j}

    def recall(self, remembered: dict[str, object]) -> None:
        """Go on from a register that was written down. Raises: ValueError, TypeError."""
        energy_j = float(str(remembered["energy_j"]))
        if not 0 <= energy_j < math.inf:
            raise ValueError("a register is a number of joules")
        self._energy_j = energy_j

    def watts(self, flow: Flow) -> float:
        """Return the power of a flow."""
        if self._current is CurrentType.DC:
            return flow.draw
        return flow.draw * self._mains_v * flow.phases

    def count(self, energy_j: float) -> None:
        """Add what has flowed; never negative."""
        self._energy_j += energy_j

    def read(self, flow: Flow) -> Reading:
        """Return the values at an instant, with noise within the meter's class."""
        power = self.watts(flow) * (1 + self._random.gauss(0, _POWER_CLASS))
        voltages = self._voltages(flow)
        return Reading(
            register_wh=self.register_wh,
            power_w=round(power, 0),
            currents_a=self._currents(flow, power, voltages),
            voltages_v=voltages,
            soc_percent=None if flow.soc is None else round(flow.soc * 100, 0),
            offered=None if flow.offered is None else round(flow.offered, 1),
        )

    def _voltages(self, flow: Flow) -> tuple[float, ...]:
        if self._current is CurrentType.DC:
            return (round(_DC_V_EMPTY + _DC_V_SPAN * (flow.soc or 0.0), 1),)
        return tuple(
            round(self._mains_v + self._random.gauss(0, 0.4), 1) for _ in range(self._phases)
        )

    def _currents(self, flow: Flow, power: float, voltages: tuple[float, ...]) -> tuple[float, ...]:
        if self._current is CurrentType.DC:
            return (round(power / voltages[0], 1),)
        return tuple(
            round(max(0.0, flow.draw + self._random.gauss(0, 0.05)), 1)
            if phase < flow.phases and flow.draw > 0
            else 0.0
            for phase in range(self._phases)
        )
