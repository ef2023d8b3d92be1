"""A car: battery, charge level, and how much it draws of what it is offered.

On AC the draw is amperes per phase, on DC watts. The car plans its draw as legs, straight lines
that hold until it changes its mind, so that nothing depends on when somebody looks. Source of
the shapes: IEC 61851-1 (6 A is the least that can be offered; a car follows within 5 s and stops
within 3 s), and the measured taper of real sessions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from simulator.vehicles.curve import AC_TAPER, COLD_AND_HOT
from simulator.vehicles.leg import Leg, Phase

if TYPE_CHECKING:
    from simulator.vehicles.curve import Curve

_DOWN_FACTOR = 4.0
_SETTLED_SHARE = 0.005
_JOULES_PER_KWH = 3_600_000.0
_TAPER_STEP = 0.01
_RAMP_STEP_S = 30.0
_HEAT_STEP_S = 60.0
_LONG_SLEEP_S = 30.0
_HEAT_J_PER_K_KWH = 6_600.0
_COOLS_IN_S = 3_600.0
_AMBIENT_C = 20.0


class CurrentType(StrEnum):
    """What flows through the plug."""

    AC = "AC"
    DC = "DC"


@dataclass(frozen=True, slots=True)
class Preconditioning:
    """Warming and cooling on the grid once full: `watts` for `length_s`, `every_s` apart."""

    watts: float
    length_s: float
    every_s: float


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """A kind of car.

    `max_draw` and `min_draw` are amperes per phase on AC, watts on DC. `taper` is the share of
    `max_draw` by charge level (0 to 1). `bias` is added to what is offered: cars sit a little
    off the pilot signal; with `draw_step` they go in steps. Of the power, `overhead_w` goes to
    the car itself and `efficiency` of the rest into the battery: little power is poorly used.

    `wake_s` passes between being allowed to draw and drawing, `resume_s` (as `wake_s` if None,
    infinity is never) after a pause of more than `dozes_after_s`, and `waits_s` once, by a timer
    of its own, after plugging in. From nothing to full takes `ramp_s`. `standby_w` flows while it
    is paused or full. Its battery comes at `arrives_at_c` degrees Celsius. `summary` says what is
    special.
    """

    name: str
    battery_kwh: float
    current: CurrentType
    max_draw: float
    phases: int = 3
    min_draw: float = 6.0
    efficiency: float = 0.9
    overhead_w: float = 100.0
    taper: Curve = AC_TAPER
    bias: float = -0.2
    draw_step: float = 0.0
    wake_s: float = 3.0
    resume_s: float | None = None
    dozes_after_s: float = 60.0
    waits_s: float = 0.0
    ramp_s: float = 6.0
    standby_w: float = 0.0
    preconditioning: Preconditioning | None = None
    speaks_iso15118: bool = False
    arrives_at_c: float = _AMBIENT_C
    summary: str = ""

    def share_used(self, watts: float) -> float:
        """Return the share of a power that reaches the battery."""
        return self.efficiency * max(0.0, 1.0 - self.overhead_w / watts) if watts > 0 else 0.0


class Vehicle:
    """One car at the plug. `soc` is 0 to 1; `is_satisfied` stops it from drawing for good.

    `draw`, `soc` and `temperature_c` (the battery's) are as of when it was last looked at.
    """

    __slots__ = (
        "_aside_s",
        "_dozes_in_s",
        "_is_ramping",
        "_is_sleeping_long",
        "_phase",
        "_rest_s",
        "_wakes_in_s",
        "draw",
        "is_satisfied",
        "model",
        "soc",
        "temperature_c",
    )

    def __init__(self, model: VehicleModel, soc: float) -> None:
        self.model = model
        self.soc = soc
        self.temperature_c = model.arrives_at_c
        self.draw = 0.0
        self.is_satisfied = False
        self._is_ramping = False
        self._phase = Phase.WAKING
        self._dozes_in_s = model.dozes_after_s
        self._aside_s = 0.0
        self._rest_s = math.inf if model.preconditioning is None else model.preconditioning.every_s
        self._wakes_in_s = 0.0
        self._sleep(model.waits_s + model.wake_s)

    @property
    def wants_energy(self) -> bool:
        """Whether its battery would take something if it was allowed to."""
        return not self.is_satisfied and self.soc < 1.0

    @property
    def asks_for_power(self) -> bool:
        """Whether it signals that it is ready to draw (IEC 61851-1, state C)."""
        if self._phase is Phase.ASIDE:
            return True
        return self.wants_energy and not self._is_sleeping_long

    @property
    def missing_j(self) -> float:
        """Return the least energy from the plug with which it is full."""
        capacity_j = self.model.battery_kwh * _JOULES_PER_KWH
        return (1.0 - self.soc) * capacity_j / self.model.efficiency

    def target(self, offered: float) -> float:
        """Return what its battery will take of `offered` once it has settled."""
        if not self.wants_energy or offered < self.model.min_draw:
            return 0.0
        return min(self._followed(offered), self._ceiling(self.soc))

    def wish(self, offered: float) -> float:
        """Return what it would draw of `offered` at this moment, by nobody's doing but its own.

        That is nothing while it sleeps, and what it draws already while it comes up slowly.
        """
        if self._phase is Phase.WAKING:
            return 0.0
        target = self.target(offered)
        return min(target, self.draw) if self._is_ramping else target

    def plan(self, offered: float, watts: float, trickle: float = 0.0) -> Leg:
        """Return how the draw goes on from now until the car changes it by itself.

        `watts` is the power of one unit of draw; `trickle` flows even where the offer is a pause.
        """
        self._enter(self._next_phase(offered, trickle))
        leg = self._leg(offered, watts, trickle)
        self._is_ramping = leg.slope > 0.0
        return leg

    def _leg(self, offered: float, watts: float, trickle: float) -> Leg:
        match self._phase:
            case Phase.WAKING:
                return self._towards(self._standby(watts), self._wakes_in_s)
            case Phase.PAUSED:
                return self._towards(self._standby(watts), math.inf)
            case Phase.RESTING:
                return self._towards(self._standby(watts), self._rest_s)
            case Phase.ASIDE:
                return self._towards(self._aside(offered, watts), self._aside_s)
            case Phase.CHARGING:
                return self._charging(offered, watts, trickle)

    def look(self, leg: Leg, elapsed_s: float) -> None:
        """Show draw and charge level of a moment within a leg."""
        self.draw = leg.draw_at(elapsed_s)
        self.soc = leg.soc_at(elapsed_s)

    def end(self, leg: Leg, elapsed_s: float, watts: float) -> None:
        """Leave a leg, at its end or before; the next thing is to plan another."""
        self.look(leg, elapsed_s)
        match leg.phase:
            case Phase.WAKING:
                self._wakes_in_s -= elapsed_s
            case Phase.PAUSED:
                self._dozes_in_s -= elapsed_s
                self._wakes_in_s = max(0.0, self._wakes_in_s - elapsed_s)
            case Phase.RESTING:
                self._rest_s -= elapsed_s
            case Phase.ASIDE:
                self._aside_s -= elapsed_s
            case Phase.CHARGING:
                self._warm(leg.area(elapsed_s) * watts, elapsed_s)

    def interrupt(self) -> None:
        """Lose the power at once; it wakes as after a short pause."""
        self.draw = 0.0
        if self._wakes_in_s <= 0.0:
            self._sleep(self.model.wake_s)

    def _next_phase(self, offered: float, trickle: float) -> Phase:
        is_offered = offered >= self.model.min_draw
        if not self.wants_energy:
            return self._at_rest() if is_offered else Phase.PAUSED
        if not is_offered:
            return Phase.CHARGING if trickle > 0 else Phase.PAUSED
        if self._phase is Phase.PAUSED and self._wakes_in_s <= 0.0:
            model = self.model
            is_dozing = self._dozes_in_s <= 0.0 and model.resume_s is not None
            self._sleep(model.resume_s if is_dozing and model.resume_s else model.wake_s)
        return Phase.WAKING if self._wakes_in_s > 0.0 else Phase.CHARGING

    def _at_rest(self) -> Phase:
        habit = self.model.preconditioning
        if habit is None:
            return Phase.RESTING
        if self._phase is Phase.ASIDE and self._aside_s <= 0.0:
            self._rest_s = habit.every_s
        elif self._phase is Phase.RESTING and self._rest_s <= 0.0:
            self._aside_s = habit.length_s
        return Phase.ASIDE if self._aside_s > 0.0 else Phase.RESTING

    def _enter(self, phase: Phase) -> None:
        if phase is Phase.PAUSED and self._phase is not Phase.PAUSED:
            self._dozes_in_s = self.model.dozes_after_s
        if phase is not Phase.WAKING:
            self._is_sleeping_long = False
        elif self._phase is not Phase.WAKING:
            self._is_sleeping_long = self._wakes_in_s > _LONG_SLEEP_S
        self._phase = phase

    def _sleep(self, seconds: float) -> None:
        self._wakes_in_s = seconds
        self._is_sleeping_long = seconds > _LONG_SLEEP_S

    def _charging(self, offered: float, watts: float, trickle: float) -> Leg:
        target = max(self.target(offered), trickle)
        if abs(target - self.draw) > self.model.max_draw * _SETTLED_SHARE:
            ramp = self._towards(target, _RAMP_STEP_S)
            return self._filling(ramp.draw, ramp.slope, ramp.length_s, watts)
        falls_at = min(1.0, self.model.taper.falls_to(self._share(target), self.soc))
        if trickle < target and (target < self._followed(offered) or falls_at <= self.soc):
            return self._tapering(target, offered, watts)
        return self._filling_to(falls_at, target, target, watts)

    def _tapering(self, target: float, offered: float, watts: float) -> Leg:
        """Return the way to the next percent of charge, down the line of the taper."""
        full = min(self.soc + _TAPER_STEP, self.model.taper.next_point(self.soc), 1.0)
        end = min(self._followed(offered), self._ceiling(full))
        return self._filling_to(full, target, end, watts)

    def _filling_to(self, soc: float, start: float, end: float, watts: float) -> Leg:
        """Return a straight line from one draw to another that ends at a charge level."""
        mean = (start + end) / 2
        soc_per_area = self._soc_per_area(mean, watts)
        if soc <= self.soc or soc_per_area <= 0.0 or mean <= 0.0:
            return Leg(Phase.CHARGING, start, 0.0, _HEAT_STEP_S, self.soc, soc_per_area)
        length_s = (soc - self.soc) / (soc_per_area * mean)
        slope = (end - start) / length_s
        if self.model.current is CurrentType.DC and length_s > _HEAT_STEP_S:
            return Leg(Phase.CHARGING, start, slope, _HEAT_STEP_S, self.soc, soc_per_area)
        return Leg(Phase.CHARGING, start, slope, length_s, self.soc, soc_per_area, soc)

    def _filling(self, start: float, slope: float, length_s: float, watts: float) -> Leg:
        soc_per_area = self._soc_per_area(start + slope * length_s / 2, watts)
        return Leg(Phase.CHARGING, start, slope, length_s, self.soc, soc_per_area)

    def _towards(self, target: float, at_most_s: float) -> Leg:
        """Return a ramp to a draw, or the draw itself when it is reached."""
        missing = target - self.draw
        if abs(missing) <= self.model.max_draw * _SETTLED_SHARE:
            return Leg(self._phase, target, 0.0, at_most_s, self.soc)
        rate = self.model.max_draw / self.model.ramp_s
        slope = rate if missing > 0 else -_DOWN_FACTOR * max(rate, self.model.max_draw / 12.0)
        return Leg(self._phase, self.draw, slope, min(missing / slope, at_most_s), self.soc)

    def _soc_per_area(self, mean: float, watts: float) -> float:
        power_w = mean * watts
        return watts * self.model.share_used(power_w) / (self.model.battery_kwh * _JOULES_PER_KWH)

    def _followed(self, offered: float) -> float:
        """Return what it would draw of an offer with an empty battery."""
        model = self.model
        wanted = min(offered + model.bias, model.max_draw)
        if model.draw_step > 0:
            wanted = math.floor(wanted / model.draw_step) * model.draw_step
        return max(0.0, wanted)

    def _ceiling(self, soc: float) -> float:
        return self.model.max_draw * self.model.taper.at(soc) * self._heat_share()

    def _share(self, draw: float) -> float:
        return draw / (self.model.max_draw * self._heat_share())

    def _heat_share(self) -> float:
        is_dc = self.model.current is CurrentType.DC
        return COLD_AND_HOT.at(self.temperature_c) if is_dc else 1.0

    def _warm(self, energy_j: float, elapsed_s: float) -> None:
        """Warm the battery by what charging loses, and cool it towards the air around."""
        model = self.model
        heat_j_per_k = model.battery_kwh * _HEAT_J_PER_K_KWH
        cooled = (self.temperature_c - _AMBIENT_C) * (1.0 - math.exp(-elapsed_s / _COOLS_IN_S))
        self.temperature_c += energy_j * (1.0 - model.efficiency) / heat_j_per_k - cooled

    def _standby(self, watts: float) -> float:
        return self.model.standby_w / watts if watts > 0 else 0.0

    def _aside(self, offered: float, watts: float) -> float:
        habit = self.model.preconditioning
        wanted = 0.0 if habit is None or watts <= 0 else habit.watts / watts
        return min(wanted, self._followed(offered))
