"""Remote starts and stops, unlocking, and how a transaction stands.

Source: OCPP 2.0.1 part 2, E14, F01 to F05.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call_result, datatypes, enums

from profiles import Purpose
from profiles import Transaction as LimitTransaction
from simulator.station.admission import Grant
from simulator.station.news import Change
from simulator.station.transaction import StopReason, Token
from simulator.v201.access import dialect_of, model_of
from simulator.v201.profiles import decode_profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from profiles import ChargingProfile
    from simulator.station.bay import Bay
    from simulator.station.core import Station
    from simulator.station.dialect import Command
    from simulator.v201.words import Told

_Remote: Final = enums.RequestStartStopStatusEnumType
_Unlock: Final = enums.UnlockStatusEnumType


def _request_start(station: Station, payload: Payload, now: float) -> object:
    """Start where the central system says, else where a car waits, else anywhere (F01, F02)."""
    if not station.is_accepted:
        # Source: B02.FR.05.
        return _refused("CSNotAccepted", "the central system has not let the station in")
    profile = _profile(station, payload)
    token = Token(payload["idToken"]["idToken"], payload["idToken"]["type"])
    group = payload.get("groupIdToken")
    grant = Grant(
        token,
        group=group["idToken"] if group else None,
        is_remote=True,
        remote_start_id=payload["remoteStartId"],
        profile_id=None if profile is None else profile.id,
    )
    flaw = None
    for bay in _choice(station, payload.get("evseId")):
        flaw = None if profile is None else _profile_flaw(station, bay, profile, now)
        if flaw is None and bay.admission.start_remotely(grant, now):
            if profile is not None:
                station.book.install(bay.evse_id, profile, station.at(now))
            told = dialect_of(station).told.get(bay.evse_id)
            number = None if told is None else told.id
            return call_result.RequestStartTransaction(_Remote.accepted, transaction_id=number)
    if flaw is not None:
        return _refused("InvalidProfile", flaw)
    return call_result.RequestStartTransaction(_Remote.rejected)


def _request_stop(station: Station, payload: Payload, now: float) -> object:
    for bay in station.bays.values():
        if bay.transaction is not None and bay.transaction.id == payload["transactionId"]:
            bay.stop(StopReason.REMOTE, now)
            return call_result.RequestStopTransaction(_Remote.accepted)
    for told in list(dialect_of(station).told.values()):
        if told.id == payload["transactionId"]:
            _stop_told(station.bays[told.evse_id], told, now)
            return call_result.RequestStopTransaction(_Remote.accepted)
    info = datatypes.StatusInfoType(reason_code="TxNotFound")
    return call_result.RequestStopTransaction(_Remote.rejected, status_info=info)


def _get_transaction_status(station: Station, payload: Payload, _now: float) -> object:
    asked = payload.get("transactionId")
    if asked is None:
        waits = station.has_waiting_transaction_messages
        return call_result.GetTransactionStatus(messages_in_queue=waits)
    running = {each.id for each in dialect_of(station).told.values()}
    running |= {each.transaction.id for each in station.bays.values() if each.transaction}
    return call_result.GetTransactionStatus(
        messages_in_queue=station.outbox.holds(asked),
        ongoing_indicator=asked in running,
    )


def _unlock_connector(station: Station, payload: Payload, now: float) -> object:
    bay = station.bays.get(payload["evseId"])
    connectors = model_of(station).blueprint.connectors
    if bay is None or not 1 <= payload["connectorId"] <= connectors:
        return call_result.UnlockConnector(_Unlock.unknown_connector)
    if bay.transaction is not None:
        return call_result.UnlockConnector(_Unlock.ongoing_authorized_transaction)
    bay.unplug(now)
    return call_result.UnlockConnector(_Unlock.unlocked)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "GetTransactionStatus": _get_transaction_status,
        "RequestStartTransaction": _request_start,
        "RequestStopTransaction": _request_stop,
        "UnlockConnector": _unlock_connector,
    }
)


def _stop_told(bay: Bay, told: Told, now: float) -> None:
    """End what waits for its car; what waits for its car to leave has ended already (F03)."""
    if told.reason is None:
        bay.tell(Change.STOPPED, now)
        bay.admission.reset(now)


def _refused(code: str, sentence: str) -> object:
    info = datatypes.StatusInfoType(reason_code=code, additional_info=sentence[:512])
    return call_result.RequestStartTransaction(_Remote.rejected, status_info=info)


def _choice(station: Station, evse: int | None) -> list[Bay]:
    if evse is not None:
        return [station.bays[evse]] if evse in station.bays else []
    return sorted(station.bays.values(), key=lambda bay: (bay.supply.vehicle is None, bay.evse_id))


def _profile(station: Station, payload: Payload) -> ChargingProfile | None:
    """Return the profile of a request, none where smart charging is off (F01.FR.12)."""
    wire = payload.get("chargingProfile")
    if wire is None or not model_of(station).flag("SmartChargingCtrlr", "Enabled"):
        return None
    return decode_profile(wire)


def _profile_flaw(station: Station, bay: Bay, profile: ChargingProfile, now: float) -> str | None:
    """Return why a profile is invalid for a transaction to come (F01.FR.09, F01.FR.11)."""
    if profile.purpose is not Purpose.TX:
        return "the profile of a remote start is a TxProfile"
    if profile.transaction_id is not None:
        return "the transaction has no number yet"
    coming = LimitTransaction("coming", station.at(now))
    numbered = replace(profile, transaction_id="coming")
    return station.book.refusal(bay.evse_id, numbered, coming)
