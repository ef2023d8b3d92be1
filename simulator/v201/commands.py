"""What a 2.0.1 station does when the central system asks.

Source: OCPP 2.0.1 part 2, chapters B, E, F and G.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from ocpp.v201 import call, call_result, enums

from simulator.station.outbox import Outgoing
from simulator.station.transaction import Moment, SampleContext, StopReason, Token
from simulator.v201 import networks, reports, smart_charging, variables
from simulator.v201.profiles import decode_profile
from simulator.v201.unsupported import UNSUPPORTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.bay import Bay
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_Trigger: TypeAlias = "Callable[[Station, list[Bay], float], None]"
_Remote: Final = enums.RequestStartStopStatusEnumType


def _change_availability(station: Station, payload: Payload, now: float) -> object:
    status = enums.ChangeAvailabilityStatusEnumType
    bays = _bays(station, payload.get("evse"))
    if not bays:
        return call_result.ChangeAvailability(status.rejected)
    is_operative = payload["operationalStatus"] == "Operative"
    done = [bay.set_operative(now, is_operative=is_operative) for bay in bays]
    return call_result.ChangeAvailability(status.accepted if all(done) else status.scheduled)


def _get_transaction_status(station: Station, payload: Payload, _now: float) -> object:
    asked = payload.get("transactionId")
    waits = station.has_waiting_transaction_messages
    if asked is None:
        return call_result.GetTransactionStatus(messages_in_queue=waits)
    bays = station.bays.values()
    is_running = any(bay.transaction is not None and bay.transaction.id == asked for bay in bays)
    was_ours = any(
        bay.last_transaction is not None and bay.last_transaction.id == asked for bay in bays
    )
    return call_result.GetTransactionStatus(
        messages_in_queue=waits and (is_running or was_ours), ongoing_indicator=is_running
    )


def _request_start(station: Station, payload: Payload, now: float) -> object:
    profile = payload.get("chargingProfile")
    evse = payload.get("evseId")
    bays = _bays(station, None if evse is None else {"id": evse})
    bay = next((each for each in bays if each.transaction is None and each.is_operative), None)
    if bay is None or (profile and profile["chargingProfilePurpose"] != "TxProfile"):
        return call_result.RequestStartTransaction(_Remote.rejected)
    token = Token(payload["idToken"]["idToken"], payload["idToken"]["type"])
    if not bay.remote_start(token, now, payload["remoteStartId"]):
        return call_result.RequestStartTransaction(_Remote.rejected)
    if profile:
        station.book.install(bay.evse_id, decode_profile(profile), station.at(now))
    return call_result.RequestStartTransaction(_Remote.accepted)


def _request_stop(station: Station, payload: Payload, now: float) -> object:
    for bay in station.bays.values():
        if bay.transaction is not None and bay.transaction.id == payload["transactionId"]:
            bay.stop(StopReason.REMOTE, now)
            return call_result.RequestStopTransaction(_Remote.accepted)
    return call_result.RequestStopTransaction(_Remote.rejected)


def _reset(station: Station, payload: Payload, now: float) -> object:
    status = enums.ResetStatusEnumType
    if payload.get("evseId") is not None:
        return call_result.Reset(status.rejected)
    if payload["type"] == "OnIdle" and station.charging_count():
        station.lifecycle.reset_when_idle()
        return call_result.Reset(status.scheduled)
    station.lifecycle.reset(now, is_hard=payload["type"] == "Immediate")
    return call_result.Reset(status.accepted)


def _trigger_message(station: Station, payload: Payload, now: float) -> object:
    status = enums.TriggerMessageStatusEnumType
    trigger = _TRIGGERS.get(payload["requestedMessage"])
    if trigger is None:
        return call_result.TriggerMessage(status.not_implemented)
    bays = _bays(station, payload.get("evse"))
    if payload["requestedMessage"] == "TransactionEvent":
        bays = [bay for bay in bays if bay.transaction is not None]
    if not bays:
        return call_result.TriggerMessage(status.rejected)
    trigger(station, bays, now)
    return call_result.TriggerMessage(status.accepted)


def _unlock_connector(station: Station, payload: Payload, now: float) -> object:
    status = enums.UnlockStatusEnumType
    bay = station.bays.get(payload["evseId"])
    if bay is None or payload["connectorId"] != 1:
        return call_result.UnlockConnector(status.unknown_connector)
    if bay.transaction is not None:
        return call_result.UnlockConnector(status.ongoing_authorized_transaction)
    bay.unplug(now)
    return call_result.UnlockConnector(status.unlocked)


_COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "ChangeAvailability": _change_availability,
        "GetTransactionStatus": _get_transaction_status,
        "RequestStartTransaction": _request_start,
        "RequestStopTransaction": _request_stop,
        "Reset": _reset,
        "TriggerMessage": _trigger_message,
        "UnlockConnector": _unlock_connector,
    }
)


def _trigger_boot(station: Station, _bays: list[Bay], _now: float) -> None:
    station.lifecycle.say_boot("Triggered")


def _trigger_heartbeat(station: Station, _bays: list[Bay], now: float) -> None:
    station.say_heartbeat(now)


def _trigger_meter_values(station: Station, bays: list[Bay], now: float) -> None:
    at = Moment(station.at(now), is_offline=False)
    for bay in bays:
        reading = bay.supply.read()
        station.say(station.dialect.idle_metered(bay.evse_id, reading, at, SampleContext.TRIGGER))


def _trigger_transaction_event(_station: Station, bays: list[Bay], now: float) -> None:
    for bay in bays:
        bay.say_sample(now, SampleContext.TRIGGER)


def _trigger_status(_station: Station, bays: list[Bay], now: float) -> None:
    for bay in bays:
        bay.say_status(now)


def _trigger_firmware(station: Station, _bays: list[Bay], _now: float) -> None:
    idle = call.FirmwareStatusNotification(enums.FirmwareStatusEnumType.idle)
    station.say(Outgoing.of("FirmwareStatusNotification", idle))


def _trigger_log(station: Station, _bays: list[Bay], _now: float) -> None:
    idle = call.LogStatusNotification(enums.UploadLogStatusEnumType.idle)
    station.say(Outgoing.of("LogStatusNotification", idle))


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        **UNSUPPORTED,
        **_COMMANDS,
        **networks.COMMANDS,
        **reports.COMMANDS,
        **smart_charging.COMMANDS,
        **variables.COMMANDS,
    }
)
"""What is answered: all of the version."""

_TRIGGERS: Final[Mapping[str, _Trigger]] = MappingProxyType(
    {
        "BootNotification": _trigger_boot,
        "FirmwareStatusNotification": _trigger_firmware,
        "Heartbeat": _trigger_heartbeat,
        "LogStatusNotification": _trigger_log,
        "MeterValues": _trigger_meter_values,
        "StatusNotification": _trigger_status,
        "TransactionEvent": _trigger_transaction_event,
    }
)


def _bays(station: Station, evse: Payload | None) -> list[Bay]:
    """Return the bay of an EVSE, all without one, none for one that does not exist."""
    if evse is None or evse["id"] == 0:
        return list(station.bays.values())
    if evse["id"] not in station.bays or evse.get("connectorId", 1) != 1:
        return []
    return [station.bays[evse["id"]]]
