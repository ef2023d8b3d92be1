"""A car that comes to charge: what the driver means to do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.station.transaction import Token
    from simulator.vehicles.vehicle import VehicleModel


@dataclass(frozen=True, slots=True)
class Visit:
    """One arrival, one token, one wish, one departure.

    `at_s` is the earliest arrival after the station was first accepted; it comes `gap_s` after
    the bay became free at the earliest. Without `wants_wh` it wants to be full. It goes
    `leaves_after_s` after it has what it wants, at the latest after `stays_s`. `soc` is 0 to 1.
    """

    vehicle: VehicleModel
    soc: float
    token: Token
    at_s: float = 0.0
    gap_s: float = 5.0
    wants_wh: float = math.inf
    stays_s: float = math.inf
    leaves_after_s: float = 10.0
