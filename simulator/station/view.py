"""How one station stands, for those who look at it from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.wire import to_text

if TYPE_CHECKING:
    from simulator.station.bay import Bay
    from simulator.station.core import Station


@dataclass(frozen=True, slots=True)
class EvseView:
    """One EVSE. `offered` and `unit` are what the car may draw: A per phase, on DC W.

    `transaction` is the station's own ID, `transaction_id` what the messages carry.
    """

    evse: int
    status: str
    is_operative: bool
    vehicle: str | None
    charge_level: int | None
    token: str | None
    transaction: str | None
    transaction_id: str | None
    offered: float
    unit: str
    power_w: int
    register_wh: int
    energy_wh: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StationView:
    """One station; `at` is its own clock. `state` is the shortest word for how it is."""

    station: str
    version: str
    state: str
    at: str
    is_connected: bool
    is_accepted: bool
    waiting_messages: bool
    faults: tuple[str, ...]
    evses: tuple[EvseView, ...]


def view(station: Station, now: float) -> StationView:
    """Return how a station stands at a simulated second."""
    station.advance(now)
    return StationView(
        station=station.id,
        version=station.dialect.version.value,
        state=state(station),
        at=to_text(station.at(now)),
        is_connected=station.is_connected,
        is_accepted=station.is_accepted,
        waiting_messages=station.has_waiting_transaction_messages,
        faults=tuple(sorted(station.faults.active(now, None))),
        evses=tuple(_evse(station, bay, now) for bay in station.bays.values()),
    )


def state(station: Station) -> str:
    """Return offline, waiting (not let in yet), charging, occupied, or available."""
    if not station.is_connected:
        return "offline"
    if not station.is_accepted:
        return "waiting"
    if station.charging_count():
        return "charging"
    bays = station.bays.values()
    return "occupied" if any(bay.supply.vehicle is not None for bay in bays) else "available"


def _evse(station: Station, bay: Bay, now: float) -> EvseView:
    supply, vehicle, running = bay.supply, bay.supply.vehicle, bay.transaction
    supply.flow(now)
    is_charging = running is not None
    return EvseView(
        evse=bay.evse_id,
        status=bay.status.value,
        is_operative=bay.is_operative,
        vehicle=None if vehicle is None else vehicle.model.name,
        charge_level=None if vehicle is None else round(vehicle.soc * 100),
        token=running.token.text if running else None,
        transaction=running.id if running else None,
        transaction_id=station.dialect.transaction_id(running) if running else None,
        offered=round(supply.offer.amount, 1),
        unit=supply.model.unit,
        power_w=round(supply.power_w) if is_charging else 0,
        register_wh=supply.meter.register_wh,
        energy_wh=round(supply.delivered_wh) if is_charging else 0,
        faults=tuple(sorted(bay.supply.faults)),
    )
