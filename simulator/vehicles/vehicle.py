"""A car: battery, charge level, and how much it draws of what it is offered.

On AC the draw is amperes per phase, on DC watts. Source of the shapes: IEC 61851-1 (6 A is the
least that can be offered; a car follows within 5 s), and the measured taper of real sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_DOWN_FACTOR = 4.0
_SETTLED_SHARE = 0.005
_JOULES_PER_KWH = 3_600_000.0


class CurrentType(StrEnum):
    """What flows through the plug."""

    AC = "AC"
    DC = "DC"


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """A kind of car.

    `max_draw` and `min_draw` are amperes per phase on AC, watts on DC. Up to charge level
    `knee` it draws in full, then linearly less, down to the share `tail` when full. `bias` is
    added to what is offered: cars sit a little off the pilot signal. `wake_s` passes between
    being allowed to draw and drawing; from nothing to full takes `ramp_s`.
    """

    name: str
    battery_kwh: float
    current: CurrentType
    max_draw: float
    phases: int = 3
    min_draw: float = 6.0
    efficiency: float = 0.9
    knee: float = 0.96
    tail: float = 0.2
    bias: float = -0.2
    wake_s: float = 3.0
    ramp_s: float = 6.0


class Vehicle:
    """One car at the plug. `soc` is 0 to 1; `is_satisfied` stops it from drawing for good."""

    __slots__ = ("_asleep_s", "draw", "is_satisfied", "model", "soc")

    def __init__(self, model: VehicleModel, soc: float) -> None:
        self.model = model
        self.soc = soc
        self.draw = 0.0
        self.is_satisfied = False
        self._asleep_s = model.wake_s

    @property
    def wants_energy(self) -> bool:
        """Whether the car would draw if it was allowed to."""
        return not self.is_satisfied and self.soc < 1.0

    def target(self, offered: float) -> float:
        """Return what the car will draw of `offered` once it has settled."""
        if not self.wants_energy or offered < self.model.min_draw:
            return 0.0
        return max(0.0, min(offered + self.model.bias, self._ceiling()))

    def is_settled(self, offered: float) -> bool:
        """Whether the draw stays about as it is as long as the offer does."""
        return abs(self.target(offered) - self.draw) <= self.model.max_draw * _SETTLED_SHARE

    def step(self, dt_s: float, offered: float) -> float:
        """Move on by `dt_s` and return the mean draw over it."""
        target = self.target(offered)
        before = self.draw
        if target > before:
            self.draw = min(target, before + self._ramp() * self._awake(dt_s))
        else:
            self.draw = max(target, before - _DOWN_FACTOR * self._ramp() * dt_s)
        if self.draw == 0.0 == target:
            self._asleep_s = self.model.wake_s
        return (before + self.draw) / 2

    def store(self, energy_j: float) -> None:
        """Take energy from the plug into the battery."""
        capacity_j = self.model.battery_kwh * _JOULES_PER_KWH
        self.soc = min(1.0, self.soc + energy_j * self.model.efficiency / capacity_j)

    def _awake(self, dt_s: float) -> float:
        asleep = min(self._asleep_s, dt_s)
        self._asleep_s -= asleep
        return dt_s - asleep

    def _ramp(self) -> float:
        return self.model.max_draw / self.model.ramp_s

    def _ceiling(self) -> float:
        if self.soc <= self.model.knee:
            return self.model.max_draw
        left = (1.0 - self.soc) / (1.0 - self.model.knee)
        return self.model.max_draw * (self.model.tail + (1.0 - self.model.tail) * left)


def _ac(name: str, kwh: float, amperes: float, phases: int) -> VehicleModel:
    return VehicleModel(name, kwh, CurrentType.AC, amperes, phases)


def _dc(name: str, kwh: float, kilowatts: float) -> VehicleModel:
    return VehicleModel(
        name,
        kwh,
        CurrentType.DC,
        kilowatts * 1000.0,
        phases=1,
        min_draw=500.0,
        efficiency=0.94,
        knee=0.55,
        bias=0.0,
        ramp_s=10.0,
    )


VEHICLES: dict[str, VehicleModel] = {
    model.name: model
    for model in (
        _ac("plug-in-hybrid", 12.0, 16.0, 1),
        _ac("city-7kw", 36.0, 32.0, 1),
        _ac("compact-11kw", 58.0, 16.0, 3),
        _ac("sedan-11kw", 77.0, 16.0, 3),
        _ac("van-22kw", 90.0, 32.0, 3),
        _ac("two-phase-7kw", 42.0, 16.0, 2),
        _dc("city-dc-50kw", 36.0, 50.0),
        _dc("sedan-dc-150kw", 77.0, 150.0),
    )
}
"""Cars by name; scenarios may define more."""
