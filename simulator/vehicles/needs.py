"""What a car that speaks ISO 15118 asks for, and the schedule that it chooses.

Source: OCPP 2.0.1 part 2, K15 to K17, and the types of NotifyEVChargingNeeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.vehicles.vehicle import Vehicle
    from simulator.vehicles.visit import Visit

_AC_MAX_V = 250
_DC_MAX_V = 450
_DC_BUS_MAX_V = 850
_BIG_BATTERY_KWH = 200.0
_BULK_PERCENT = 80
_JOULES_PER_WH = 3600.0
_TRANSFERS = {1: "AC_single_phase", 2: "AC_two_phase", 3: "AC_three_phase"}


@dataclass(frozen=True, slots=True)
class AcNeeds:
    """`energy_wh` from the grid side; currents per phase in whole amperes."""

    energy_wh: int
    min_current_a: int
    max_current_a: int
    max_voltage_v: int = _AC_MAX_V


@dataclass(frozen=True, slots=True)
class DcNeeds:
    """What the battery takes at most, and how full it is, in percent."""

    energy_wh: int
    max_current_a: int
    max_voltage_v: int
    max_power_w: int
    soc_percent: int
    capacity_wh: int
    full_percent: int = 100
    bulk_percent: int = _BULK_PERCENT


@dataclass(frozen=True, slots=True)
class ChargingNeeds:
    """One of `ac` and `dc`; `transfer` in 2.0.1's words; `departs_at_s` in simulated seconds."""

    transfer: str
    departs_at_s: float | None
    ac: AcNeeds | None = None
    dc: DcNeeds | None = None


@dataclass(frozen=True, slots=True)
class ChosenPeriod:
    """From `start_s` after the schedule's start on, the car means to draw `amount`."""

    start_s: int
    amount: float


def needs_of(vehicle: Vehicle, visit: Visit | None, now: float) -> ChargingNeeds | None:
    """Return what the car asks for at `now`, None for a car that does not speak ISO 15118."""
    model = vehicle.model
    if not model.speaks_iso15118:
        return None
    energy_wh = _energy_wh(vehicle, visit)
    stays_s = math.inf if visit is None else visit.stays_s
    departs_at_s = None if math.isinf(stays_s) else now + stays_s
    if model.current is CurrentType.AC:
        limits = AcNeeds(energy_wh, math.ceil(model.min_draw), math.floor(model.max_draw))
        return ChargingNeeds(_TRANSFERS[model.phases], departs_at_s, ac=limits)
    return ChargingNeeds("DC", departs_at_s, dc=_dc_needs(vehicle, energy_wh))


def chosen_schedule(
    vehicle: Vehicle, offered: Sequence[tuple[int, float, int | None]]
) -> tuple[ChosenPeriod, ...]:
    """Return what the car means to draw of the periods `(start_s, limit, phases)` offered to it.

    Limits are in the unit of its draw (A per phase, on DC W); it never means to draw more.
    Source: OCPP 2.0.1 part 2, K17.
    """
    return tuple(
        ChosenPeriod(start_s, round(vehicle.target(limit), 1)) for start_s, limit, _ in offered
    )


def _dc_needs(vehicle: Vehicle, energy_wh: int) -> DcNeeds:
    model = vehicle.model
    volts = _DC_MAX_V if model.battery_kwh < _BIG_BATTERY_KWH else _DC_BUS_MAX_V
    return DcNeeds(
        energy_wh=energy_wh,
        max_current_a=math.ceil(model.max_draw / volts),
        max_voltage_v=volts,
        max_power_w=round(model.max_draw),
        soc_percent=math.floor(vehicle.soc * 100),
        capacity_wh=round(model.battery_kwh * 1000),
    )


def _energy_wh(vehicle: Vehicle, visit: Visit | None) -> int:
    wanted = math.inf if visit is None else visit.wants_wh
    return max(0, math.ceil(min(wanted, vehicle.missing_j / _JOULES_PER_WH)))
