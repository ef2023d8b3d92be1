"""Resets and availability. Source: OCPP 2.0.1 part 2, B11, B12, G03 and G04."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call_result, datatypes, enums

from simulator.station.availability import STATION
from simulator.station.transaction import StopReason
from simulator.v201.access import dialect_of, model_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.bay import Bay
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_Reset: Final = enums.ResetStatusEnumType
_Availability: Final = enums.ChangeAvailabilityStatusEnumType
_EVSE_BOOTS_S: Final = 5.0
_LOOK_AGAIN_S: Final = 5.0
_TIMER: Final = "reset-evse-"


def _reset(station: Station, payload: Payload, now: float) -> object:
    is_immediate, evse = payload["type"] == "Immediate", payload.get("evseId")
    if station.upkeep.firmware.is_installing:
        info = datatypes.StatusInfoType(reason_code="FwUpdateInProgress")
        return call_result.Reset(_Reset.rejected, status_info=info)
    if evse:
        return _reset_evse(station, evse, now, is_immediate=is_immediate)
    moves = dialect_of(station).would_move()
    is_busy = station.charging_count() or dialect_of(station).told
    if not is_immediate and is_busy:
        station.lifecycle.reset_when_idle(now, is_hard=moves)
        return call_result.Reset(_Reset.scheduled)
    station.lifecycle.reset(now, is_hard=is_immediate or moves)
    return call_result.Reset(_Reset.accepted)


def _change_availability(station: Station, payload: Payload, now: float) -> object:
    evse = payload.get("evse") or {"id": STATION}
    connectors = model_of(station).blueprint.connectors
    number = evse["id"]
    if number not in (STATION, *station.bays) or not 1 <= evse.get("connectorId", 1) <= connectors:
        return call_result.ChangeAvailability(_Availability.rejected)
    is_operative = payload["operationalStatus"] == "Operative"
    status = station.availability.change(number, now, is_operative=is_operative, alone=True)
    return call_result.ChangeAvailability(_Availability(status))


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {"ChangeAvailability": _change_availability, "Reset": _reset}
)


def _reset_evse(station: Station, evse: int, now: float, *, is_immediate: bool) -> object:
    """Reset one EVSE (B11.FR.08, B12.FR.07, B12.FR.08)."""
    bay = station.bays.get(evse)
    if bay is None:
        return call_result.Reset(_Reset.rejected)
    name = f"{_TIMER}{evse}"
    if not is_immediate and _is_busy(station, bay):
        station.duties[name] = lambda at: _when_idle(station, bay, at)
        station.timers.set(name, now + _LOOK_AGAIN_S)
        return call_result.Reset(_Reset.scheduled)
    _restart_evse(station, bay, now)
    return call_result.Reset(_Reset.accepted)


def _is_busy(station: Station, bay: Bay) -> bool:
    return bay.transaction is not None or bay.evse_id in dialect_of(station).told


def _when_idle(station: Station, bay: Bay, now: float) -> None:
    if not _is_busy(station, bay):
        _restart_evse(station, bay, now)
    else:
        station.timers.set(f"{_TIMER}{bay.evse_id}", now + _LOOK_AGAIN_S)


def _restart_evse(station: Station, bay: Bay, now: float) -> None:
    """End what runs there, and keep the EVSE closed until it is up again."""
    bay.stop(StopReason.HARD_RESET, now)
    station.availability.hold(bay.evse_id, now)
    name = f"{_TIMER}{bay.evse_id}"
    station.duties[name] = lambda at: station.availability.release(bay.evse_id, at)
    station.timers.set(name, now + _EVSE_BOOTS_S)
