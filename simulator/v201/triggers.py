"""Messages on request of the central system. Source: OCPP 2.0.1 part 2, F06."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from ocpp.v201 import call_result, enums

from simulator.station.certificates import Own
from simulator.station.transaction import Moment, SampleContext
from simulator.v201.access import dialect_of, model_of
from simulator.v201.security import ask_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.bay import Bay
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_Trigger: TypeAlias = "Callable[[Station, list[Bay], float], None]"
_Status: Final = enums.TriggerMessageStatusEnumType


def _trigger_message(station: Station, payload: Payload, now: float) -> object:
    wanted = payload["requestedMessage"]
    trigger = _TRIGGERS.get(wanted)
    if trigger is None:
        return call_result.TriggerMessage(_Status.not_implemented)
    evse = payload.get("evse") if wanted in _OF_EVSES else None
    bays = bays_of(station, evse)
    if wanted == "TransactionEvent":
        bays = [bay for bay in bays if bay.transaction is not None]
    is_known_already = wanted == "BootNotification" and station.is_accepted
    if not bays or is_known_already:
        return call_result.TriggerMessage(_Status.rejected)
    trigger(station, bays, now)
    return call_result.TriggerMessage(_Status.accepted)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType({"TriggerMessage": _trigger_message})


def bays_of(station: Station, evse: Payload | None) -> list[Bay]:
    """Return the bay of an EVSE, all without one, none for one that does not exist."""
    if evse is None or evse["id"] == 0:
        return list(station.bays.values())
    connectors = model_of(station).blueprint.connectors
    if evse["id"] not in station.bays or not 1 <= evse.get("connectorId", 1) <= connectors:
        return []
    return [station.bays[evse["id"]]]


def _boot(station: Station, _bays: list[Bay], _now: float) -> None:
    station.lifecycle.say_boot("Triggered")


def _heartbeat(station: Station, _bays: list[Bay], now: float) -> None:
    station.say_heartbeat(now)


def _meter_values(station: Station, bays: list[Bay], now: float) -> None:
    at = Moment(station.at(now), is_offline=False)
    for bay in bays:
        bay.supply.flow(now)
        reading = bay.supply.read(SampleContext.TRIGGER.value, at.at)
        station.say(station.dialect.idle_metered(bay.evse_id, reading, at, SampleContext.TRIGGER))


def _transaction_event(_station: Station, bays: list[Bay], now: float) -> None:
    for bay in bays:
        bay.say_sample(now, SampleContext.TRIGGER)


def _status(_station: Station, bays: list[Bay], now: float) -> None:
    for bay in bays:
        bay.say_status(now)


def _firmware(station: Station, _bays: list[Bay], now: float) -> None:
    station.upkeep.firmware.say(now)


def _log(station: Station, _bays: list[Bay], now: float) -> None:
    station.upkeep.logs.say(now)


def _publishing(station: Station, _bays: list[Bay], _now: float) -> None:
    dialect_of(station).publisher.say(station)


def _sign_station(station: Station, _bays: list[Bay], now: float) -> None:
    ask_for(station, Own.STATION, now)


def _sign_v2g(station: Station, _bays: list[Bay], now: float) -> None:
    ask_for(station, Own.V2G, now)


_TRIGGERS: Final[Mapping[str, _Trigger]] = MappingProxyType(
    {
        "BootNotification": _boot,
        "FirmwareStatusNotification": _firmware,
        "Heartbeat": _heartbeat,
        "LogStatusNotification": _log,
        "MeterValues": _meter_values,
        "PublishFirmwareStatusNotification": _publishing,
        "SignChargingStationCertificate": _sign_station,
        # One certificate for both uses is asked for as the station's (A02, remark).
        "SignCombinedCertificate": _sign_station,
        "SignV2GCertificate": _sign_v2g,
        "StatusNotification": _status,
        "TransactionEvent": _transaction_event,
    }
)
_OF_EVSES: Final = frozenset({"MeterValues", "StatusNotification", "TransactionEvent"})
"""Those to which the EVSE of a request matters; else it is ignored (F06.FR.03)."""
