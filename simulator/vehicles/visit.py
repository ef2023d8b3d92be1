"""A car that comes to charge: what the driver means to do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.station.transaction import Token
    from simulator.vehicles.vehicle import VehicleModel

_WH_PER_KWH = 1000.0
_LEAST_SOC = 0.03


@dataclass(slots=True)
class Battery:
    """What is left in a car that comes again: charge level 0 to 1, None before it first came."""

    soc: float | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One arrival, one token, one wish, one departure.

    `at_s` is the earliest arrival after the station was first accepted, or, if `is_scheduled`,
    the simulated second itself; it comes `gap_s` after the bay became free at the earliest.
    Without `wants_wh` it wants to be full, or to have the charge level `target_soc`. It goes
    `leaves_after_s` after it has what it wants, at the latest after `stays_s`, and at the
    simulated second `until_s`. It waits for the bay up to `waits_s` and then gives up.

    `soc` is 0 to 1. With a `battery` it is the one of the first visit; afterwards that is what
    was left, less `driven_wh`.
    """

    vehicle: VehicleModel
    soc: float
    token: Token
    at_s: float = 0.0
    gap_s: float = 5.0
    wants_wh: float = math.inf
    stays_s: float = math.inf
    leaves_after_s: float = 10.0
    is_scheduled: bool = False
    until_s: float = math.inf
    waits_s: float = math.inf
    target_soc: float = 1.0
    battery: Battery | None = None
    driven_wh: float = 0.0

    def due_s(self, opened_s: float) -> float:
        """Return when it comes, for a bay that was opened at a simulated second."""
        return self.at_s if self.is_scheduled else opened_s + self.at_s

    def gives_up(self, due_s: float, at_s: float) -> bool:
        """Whether one that was due has gone elsewhere by the time at which it could plug in."""
        return at_s > due_s + self.waits_s or at_s >= self.until_s

    def soc_on_arrival(self) -> float:
        """Return the charge level with which it comes now."""
        if self.battery is None or self.battery.soc is None:
            return self.soc
        capacity_wh = self.vehicle.battery_kwh * _WH_PER_KWH
        return max(_LEAST_SOC, self.battery.soc - self.driven_wh / capacity_wh)

    def wish_wh(self, soc: float) -> float:
        """Return the energy from the plug that it is for, with a charge level on arrival.

        Infinity where that is a full battery.
        """
        if self.target_soc >= 1.0:
            return self.wants_wh
        capacity_wh = self.vehicle.battery_kwh * _WH_PER_KWH
        missing_wh = max(0.0, self.target_soc - soc) * capacity_wh / self.vehicle.efficiency
        return min(self.wants_wh, missing_wh)

    def left_with(self, soc: float) -> None:
        """Remember the charge level with which it drives away."""
        if self.battery is not None:
            self.battery.soc = soc
