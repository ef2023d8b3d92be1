"""What a 1.6 station does when the central system asks: Core, Smart Charging, Remote Trigger.

What it cannot do it says so: by a status where the answer has one, else NotSupported.
Source: OCPP 1.6 edition 2, chapter 5.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from ocpp.v16 import call, call_result, enums

from profiles import ClearCriteria, CompositeQuery, RateUnit
from simulator.station.outbox import Outgoing
from simulator.station.refusals import effects, refusal
from simulator.station.transaction import SampleContext, StopReason, Token
from simulator.v16.configuration import ATTEMPTS_KEY, INTERVAL_KEY, PASSWORD_KEY
from simulator.v16.profiles import PURPOSES, decode_profile, encode_composite, nonsense_schedule
from simulator.wire import to_payload, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.bay import Bay
    from simulator.station.core import Station
    from simulator.station.dialect import Command
    from simulator.v16.configuration import Configuration

_Trigger: TypeAlias = "Callable[[Station, list[Bay], float], None]"
_MIN_KEY_BYTES: Final = 16
_Remote: Final = enums.RemoteStartStopStatus


def _change_availability(station: Station, payload: Payload, now: float) -> object:
    bays = _bays(station, payload["connectorId"])
    if not bays:
        return call_result.ChangeAvailability(enums.AvailabilityStatus.rejected)
    is_operative = payload["type"] == "Operative"
    done = [bay.set_operative(now, is_operative=is_operative) for bay in bays]
    status = enums.AvailabilityStatus
    return call_result.ChangeAvailability(status.accepted if all(done) else status.scheduled)


def _change_configuration(
    configuration: Configuration, station: Station, payload: Payload, now: float
) -> object:
    key, text = payload["key"], payload["value"]
    status = configuration.change(key, text)
    if status is enums.ConfigurationStatus.accepted:
        if key == PASSWORD_KEY:
            station.change_password(_password(text))
        elif key == "HeartbeatInterval":
            station.restart_heartbeat(now)
        elif key == ATTEMPTS_KEY:
            station.change_retries(attempts=int(text))
        elif key == INTERVAL_KEY:
            station.change_retries(interval_s=float(text))
    return call_result.ChangeConfiguration(status)


def _clear_cache(_station: Station, _payload: Payload, _now: float) -> object:
    return call_result.ClearCache(enums.ClearCacheStatus.rejected)


def _clear_charging_profile(station: Station, payload: Payload, now: float) -> object:
    purpose = payload.get("chargingProfilePurpose")
    criteria = ClearCriteria(
        profile_id=payload.get("id"),
        evse=payload.get("connectorId"),
        purpose=PURPOSES[purpose] if purpose else None,
        stack_level=payload.get("stackLevel"),
    )
    found = station.book.clear(criteria)
    station.profiles_changed(now)
    status = enums.ClearChargingProfileStatus
    return call_result.ClearChargingProfile(status.accepted if found else status.unknown)


def _data_transfer(_station: Station, _payload: Payload, _now: float) -> object:
    return call_result.DataTransfer(enums.DataTransferStatus.unknown_vendor_id)


def _get_composite_schedule(station: Station, payload: Payload, now: float) -> object:
    connector = payload["connectorId"]
    status = enums.GetCompositeScheduleStatus
    if connector not in (0, *station.bays) or payload["duration"] <= 0:
        return call_result.GetCompositeSchedule(status.rejected)
    if effects(station, now).tells_nonsense:
        nonsense = to_payload(nonsense_schedule())
        return call_result.GetCompositeSchedule(status.accepted, charging_schedule=nonsense)
    unit = RateUnit(payload.get("chargingRateUnit", "A"))
    query = CompositeQuery(connector, station.at(now), payload["duration"], unit)
    running = {
        number: bay.limit_transaction
        for number, bay in station.bays.items()
        if bay.limit_transaction is not None
    }
    schedule = station.book.composite(query, running)
    encoded = encode_composite(schedule, station.book.hardware(connector, unit))
    return call_result.GetCompositeSchedule(
        status.accepted,
        connector_id=connector,
        schedule_start=to_text(schedule.start),
        charging_schedule=to_payload(encoded),
    )


def _get_configuration(
    configuration: Configuration, _station: Station, payload: Payload, _now: float
) -> object:
    known, unknown = configuration.report(payload.get("key") or ())
    return call_result.GetConfiguration(
        configuration_key=known or None, unknown_key=unknown or None
    )


def _get_local_list_version(_station: Station, _payload: Payload, _now: float) -> object:
    return call_result.GetLocalListVersion(list_version=-1)


def _send_local_list(_station: Station, _payload: Payload, _now: float) -> object:
    return call_result.SendLocalList(enums.UpdateStatus.not_supported)


def _reserve_now(_station: Station, _payload: Payload, _now: float) -> object:
    return call_result.ReserveNow(enums.ReservationStatus.rejected)


def _cancel_reservation(_station: Station, _payload: Payload, _now: float) -> object:
    return call_result.CancelReservation(enums.CancelReservationStatus.rejected)


def _remote_start(station: Station, payload: Payload, now: float) -> object:
    bay = _free_bay(station, payload.get("connectorId"))
    profile = payload.get("chargingProfile")
    if bay is None or (profile and profile["chargingProfilePurpose"] != "TxProfile"):
        return call_result.RemoteStartTransaction(_Remote.rejected)
    if not bay.remote_start(Token(payload["idTag"]), now):
        return call_result.RemoteStartTransaction(_Remote.rejected)
    if profile:
        station.book.install(bay.evse_id, decode_profile(profile), station.at(now))
    return call_result.RemoteStartTransaction(_Remote.accepted)


def _remote_stop(station: Station, payload: Payload, now: float) -> object:
    for bay in station.bays.values():
        transaction = bay.transaction
        if transaction is not None and transaction.csms_id == payload["transactionId"]:
            bay.stop(StopReason.REMOTE, now)
            return call_result.RemoteStopTransaction(_Remote.accepted)
    return call_result.RemoteStopTransaction(_Remote.rejected)


def _reset(station: Station, payload: Payload, now: float) -> object:
    station.lifecycle.reset(now, is_hard=payload["type"] == "Hard")
    return call_result.Reset(enums.ResetStatus.accepted)


def _set_charging_profile(station: Station, payload: Payload, now: float) -> object:
    status = enums.ChargingProfileStatus
    connector = payload["connectorId"]
    profile = decode_profile(payload["csChargingProfiles"])
    reason = refusal(station, connector, profile, now)
    if reason is not None:
        station.report(now, "profile.refused", evse=connector, profile=profile.id, reason=reason)
        return call_result.SetChargingProfile(status.rejected)
    station.book.install(connector, profile, station.at(now))
    station.report(
        now, "profile.installed", evse=connector, profile=profile.id, purpose=profile.purpose.value
    )
    station.profiles_changed(now)
    return call_result.SetChargingProfile(status.accepted)


def _trigger_message(station: Station, payload: Payload, now: float) -> object:
    status = enums.TriggerMessageStatus
    trigger = _TRIGGERS.get(payload["requestedMessage"])
    bays = _bays(station, payload.get("connectorId", 0))
    if trigger is None:
        return call_result.TriggerMessage(status.not_implemented)
    if not bays:
        return call_result.TriggerMessage(status.rejected)
    trigger(station, bays, now)
    return call_result.TriggerMessage(status.accepted)


def _unlock_connector(station: Station, payload: Payload, now: float) -> object:
    bay = station.bays.get(payload["connectorId"])
    if bay is None:
        return call_result.UnlockConnector(enums.UnlockStatus.not_supported)
    bay.stop(StopReason.UNLOCK_COMMAND, now)
    return call_result.UnlockConnector(enums.UnlockStatus.unlocked)


_COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "CancelReservation": _cancel_reservation,
        "ChangeAvailability": _change_availability,
        "ClearCache": _clear_cache,
        "ClearChargingProfile": _clear_charging_profile,
        "DataTransfer": _data_transfer,
        "GetCompositeSchedule": _get_composite_schedule,
        "GetLocalListVersion": _get_local_list_version,
        "RemoteStartTransaction": _remote_start,
        "RemoteStopTransaction": _remote_stop,
        "ReserveNow": _reserve_now,
        "Reset": _reset,
        "SendLocalList": _send_local_list,
        "SetChargingProfile": _set_charging_profile,
        "TriggerMessage": _trigger_message,
        "UnlockConnector": _unlock_connector,
    }
)


def commands(configuration: Configuration) -> Mapping[str, Command]:
    """Return what is answered; every other action of the version gets NotSupported."""
    return MappingProxyType(
        {
            **_COMMANDS,
            "ChangeConfiguration": partial(_change_configuration, configuration),
            "GetConfiguration": partial(_get_configuration, configuration),
        }
    )


def _trigger_boot(station: Station, _bays: list[Bay], _now: float) -> None:
    station.lifecycle.say_boot("Triggered")


def _trigger_heartbeat(station: Station, _bays: list[Bay], now: float) -> None:
    station.say_heartbeat(now)


def _trigger_meter_values(_station: Station, bays: list[Bay], now: float) -> None:
    for bay in bays:
        bay.say_sample(now, SampleContext.TRIGGER)


def _trigger_status(_station: Station, bays: list[Bay], now: float) -> None:
    for bay in bays:
        bay.say_status(now)


def _trigger_firmware(station: Station, _bays: list[Bay], _now: float) -> None:
    idle = call.FirmwareStatusNotification(enums.FirmwareStatus.idle)
    station.say(Outgoing.of("FirmwareStatusNotification", idle))


def _trigger_diagnostics(station: Station, _bays: list[Bay], _now: float) -> None:
    idle = call.DiagnosticsStatusNotification(enums.DiagnosticsStatus.idle)
    station.say(Outgoing.of("DiagnosticsStatusNotification", idle))


_TRIGGERS: Final[Mapping[str, _Trigger]] = MappingProxyType(
    {
        "BootNotification": _trigger_boot,
        "DiagnosticsStatusNotification": _trigger_diagnostics,
        "FirmwareStatusNotification": _trigger_firmware,
        "Heartbeat": _trigger_heartbeat,
        "MeterValues": _trigger_meter_values,
        "StatusNotification": _trigger_status,
    }
)


def _bays(station: Station, connector: int) -> list[Bay]:
    """Return the bay of a connector, all for 0, none for one that does not exist."""
    if connector == 0:
        return list(station.bays.values())
    return [station.bays[connector]] if connector in station.bays else []


def _free_bay(station: Station, connector: int | None) -> Bay | None:
    bays = _bays(station, connector or 0)
    return next((bay for bay in bays if bay.transaction is None and bay.is_operative), None)


def _password(text: str) -> str:
    """Return the password that a key means: hex digits are its bytes (OCPP-J 1.6, 6.2)."""
    try:
        return bytes.fromhex(text).decode() if len(text) >= 2 * _MIN_KEY_BYTES else text
    except ValueError:
        return text
