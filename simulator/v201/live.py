"""Variables that follow from what the station is doing. Source: OCPP 2.0.1 part 2, 2.13."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from simulator.station.transaction import Status
from simulator.v201.states import connector_state
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.station.core import Station
    from simulator.v201.definition import Definition
    from simulator.v201.device_model import DeviceModel

_Source: TypeAlias = "Callable[[Station, Definition, float], str]"


def text_of(model: DeviceModel, station: Station, definition: Definition, now: float) -> str:
    """Return what a variable is now."""
    source = SOURCES.get((definition.component, definition.name))
    return model.held(definition) if source is None else source(station, definition, now)


def _state(station: Station, definition: Definition, _now: float) -> str:
    bays = station.bays
    if definition.evse:
        board = bays[definition.evse].board
        connector = definition.connector or board.connectors.used
        return connector_state(board.connectors.of(board.status, connector))
    states = {connector_state(bay.status) for bay in bays.values()}
    # The best of what there is: a station with one free EVSE is Available.
    order = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")
    return next((each for each in order if each in states), "Unavailable")


def _problem(station: Station, definition: Definition, _now: float) -> str:
    bays = [station.bays[definition.evse]] if definition.evse else list(station.bays.values())
    return _flag(any(bay.status is Status.FAULTED for bay in bays))


def _power(station: Station, definition: Definition, now: float) -> str:
    supply = station.bays[definition.evse].supply
    supply.flow(now)
    return f"{max(0.0, supply.read().power_w):.0f}"


def _energy(station: Station, definition: Definition, now: float) -> str:
    supply = station.bays[definition.evse].supply
    supply.flow(now)
    return str(supply.meter.register_wh)


def _profiles(station: Station, _definition: Definition, _now: float) -> str:
    return str(len(station.book.profiles))


def _time(station: Station, _definition: Definition, now: float) -> str:
    return to_text(station.at(now))


def _identity(station: Station, _definition: Definition, _now: float) -> str:
    return station.id[:48]


def _certificates(station: Station, _definition: Definition, _now: float) -> str:
    return str(len(station.upkeep.certificates) if station.upkeep.has_certificates else 0)


def _flag(is_so: bool) -> str:  # noqa: FBT001 - spells a boolean
    return "true" if is_so else "false"


SOURCES: Final[Mapping[tuple[str, str], _Source]] = MappingProxyType(
    {
        ("ChargingStation", "AvailabilityState"): _state,
        ("ChargingStation", "Problem"): _problem,
        ("ClockCtrlr", "DateTime"): _time,
        ("Connector", "AvailabilityState"): _state,
        ("EVSE", "AvailabilityState"): _state,
        ("EVSE", "Power"): _power,
        ("EVSE", "Problem"): _problem,
        ("FiscalMetering", "EnergyImportRegister"): _energy,
        ("SecurityCtrlr", "CertificateEntries"): _certificates,
        ("SecurityCtrlr", "Identity"): _identity,
        ("SmartChargingCtrlr", "Entries"): _profiles,
    }
)
"""Component and name to what it follows from."""
