"""Remote starts and stops, unlocking, and messages on request.

Source: OCPP 1.6 edition 2, 5.11, 5.12, 5.17 and 5.18; security whitepaper edition 3, 5.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from ocpp.v16 import call, call_result, enums

from profiles import Purpose
from profiles import Transaction as LimitTransaction
from simulator.station.admission import Grant
from simulator.station.certificates import Own
from simulator.station.firmware import FirmwareStatus
from simulator.station.logs import LogKind, LogStatus
from simulator.station.outbox import Outgoing
from simulator.station.transaction import SampleContext, StopReason, Token
from simulator.v16.configuration import configuration_of
from simulator.v16.profiles import decode_profile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.ocppj.frames import Payload
    from profiles import ChargingProfile
    from simulator.station.bay import Bay
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_Trigger: TypeAlias = "Callable[[Station, list[Bay], float], None]"
_Remote: Final = enums.RemoteStartStopStatus
_OF_CONNECTORS: Final = frozenset({"MeterValues", "StatusNotification"})
_SIGN: Final = "SignChargePointCertificate"
PENDING: Final = "pending"
"""What a transaction is called until the central system has given it a number."""


def _remote_start(station: Station, payload: Payload, now: float) -> object:
    """Start where the central system says, else where a car waits, else anywhere."""
    token, wire = Token(payload["idTag"]), payload.get("chargingProfile")
    profile = None if wire is None else replace(decode_profile(wire), transaction_id=None)
    grant = Grant(token, is_remote=True, profile_id=None if profile is None else profile.id)
    for bay in _choice(station, payload.get("connectorId")):
        if profile is not None and _profile_flaw(station, bay, profile, now):
            continue
        if bay.admission.start_remotely(grant, now):
            if profile is not None:
                station.book.install(bay.evse_id, profile, station.at(now))
            return call_result.RemoteStartTransaction(_Remote.accepted)
    return call_result.RemoteStartTransaction(_Remote.rejected)


def _remote_stop(station: Station, payload: Payload, now: float) -> object:
    for bay in station.bays.values():
        transaction = bay.transaction
        if transaction is not None and transaction.csms_id == payload["transactionId"]:
            bay.stop(StopReason.REMOTE, now)
            return call_result.RemoteStopTransaction(_Remote.accepted)
    return call_result.RemoteStopTransaction(_Remote.rejected)


def _unlock_connector(station: Station, payload: Payload, now: float) -> object:
    bay = station.bays.get(payload["connectorId"])
    if bay is None:
        return call_result.UnlockConnector(enums.UnlockStatus.not_supported)
    bay.stop(StopReason.UNLOCK_COMMAND, now)
    return call_result.UnlockConnector(enums.UnlockStatus.unlocked)


def _trigger_message(station: Station, payload: Payload, now: float) -> object:
    return call_result.TriggerMessage(_pull(station, payload, now, _TRIGGERS))


def _extended_trigger_message(station: Station, payload: Payload, now: float) -> object:
    if payload["requestedMessage"] == _SIGN:
        name = configuration_of(station).text("CpoName")
        return call_result.ExtendedTriggerMessage(_ask_for_certificate(station, name))
    return call_result.ExtendedTriggerMessage(_pull(station, payload, now, _EXTENDED))


def _pull(
    station: Station, payload: Payload, now: float, triggers: Mapping[str, _Trigger]
) -> enums.TriggerMessageStatus:
    """Send what is asked for; a connector that does not matter for it is ignored (5.17)."""
    wanted, connector = payload["requestedMessage"], payload.get("connectorId")
    status = enums.TriggerMessageStatus
    if wanted not in triggers:
        return status.not_implemented
    if wanted not in _OF_CONNECTORS:
        connector = None
    if connector not in (None, 0, *station.bays):
        return status.rejected
    if wanted == "StatusNotification" and not connector:
        station.availability.say(now)
    bays = [station.bays[connector]] if connector else list(station.bays.values())
    if wanted != "StatusNotification" or connector != 0:
        triggers[wanted](station, bays, now)
    return status.accepted


def _choice(station: Station, connector: int | None) -> list[Bay]:
    if connector is not None:
        return [station.bays[connector]] if connector in station.bays else []
    bays = station.bays.values()
    return sorted(bays, key=lambda bay: (bay.supply.vehicle is None, bay.evse_id))


def _profile_flaw(station: Station, bay: Bay, profile: ChargingProfile, now: float) -> str | None:
    if profile.purpose is not Purpose.TX:
        return "the profile of a remote start is a TxProfile (5.11)"
    coming = LimitTransaction(PENDING, station.at(now))
    return station.book.refusal(bay.evse_id, profile, coming)


def _ask_for_certificate(station: Station, organization: str) -> enums.TriggerMessageStatus:
    """Make a key pair and ask for a certificate (security whitepaper, A02)."""
    status = enums.TriggerMessageStatus
    if not organization:
        return status.rejected
    csr = station.upkeep.certificates.request(Own.STATION, station.id, organization)
    station.say(Outgoing.of("SignCertificate", call.SignCertificate(csr)))
    return status.accepted


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
    update = station.upkeep.firmware
    is_plain = update.order is not None and update.order.request_id is None
    status = update.status if is_plain and update.is_busy else FirmwareStatus.IDLE
    told = station.dialect.firmware_status(status, update.order if is_plain else None)
    # What the plain message has no word for is on its way between two that it has.
    station.say(told or station.dialect.firmware_status(FirmwareStatus.DOWNLOADED, None))


def _trigger_signed_firmware(station: Station, _bays: list[Bay], _now: float) -> None:
    update = station.upkeep.firmware
    is_signed = update.order is not None and update.order.request_id is not None
    if is_signed and update.is_busy:
        station.say(station.dialect.firmware_status(update.status, update.order))
        return
    # Without an update there is no request to name.
    idle = call.SignedFirmwareStatusNotification(enums.FirmwareStatus.idle, None)
    station.say(Outgoing.of("SignedFirmwareStatusNotification", idle))


def _trigger_diagnostics(station: Station, _bays: list[Bay], _now: float) -> None:
    upload = station.upkeep.logs
    is_plain = upload.order is not None and upload.order.kind is LogKind.DIAGNOSTICS
    status = upload.status if is_plain and upload.is_busy else LogStatus.IDLE
    station.say(station.dialect.log_status(status, None))


def _trigger_log(station: Station, _bays: list[Bay], _now: float) -> None:
    upload = station.upkeep.logs
    is_log = upload.order is not None and upload.order.kind is not LogKind.DIAGNOSTICS
    if is_log and upload.is_busy:
        station.say(station.dialect.log_status(upload.status, upload.order))
        return
    idle = call.LogStatusNotification(enums.UploadLogStatus.idle, None)
    station.say(Outgoing.of("LogStatusNotification", idle))


_SHARED: Final[Mapping[str, _Trigger]] = {
    "BootNotification": _trigger_boot,
    "Heartbeat": _trigger_heartbeat,
    "MeterValues": _trigger_meter_values,
    "StatusNotification": _trigger_status,
}
_TRIGGERS: Final[Mapping[str, _Trigger]] = {
    **_SHARED,
    "DiagnosticsStatusNotification": _trigger_diagnostics,
    "FirmwareStatusNotification": _trigger_firmware,
}
_EXTENDED: Final[Mapping[str, _Trigger]] = {
    **_SHARED,
    "FirmwareStatusNotification": _trigger_signed_firmware,
    "LogStatusNotification": _trigger_log,
}

COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "ExtendedTriggerMessage": _extended_trigger_message,
        "RemoteStartTransaction": _remote_start,
        "RemoteStopTransaction": _remote_stop,
        "TriggerMessage": _trigger_message,
        "UnlockConnector": _unlock_connector,
    }
)
