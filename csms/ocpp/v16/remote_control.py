"""RemoteStartTransaction, RemoteStopTransaction, UnlockConnector, TriggerMessage.

Source: OCPP 1.6, 5.11 to 5.18.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.commands import StartRemotely
from csms.domain.follow import Asked, Follow, Subject
from csms.domain.operations import remote_control as asked
from csms.domain.operations.prepared import PreparedStart
from csms.domain.token import token_key
from csms.ocpp.charging_profiles import integer_in
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v16.authorization import id_tag
from csms.ocpp.v16.smart_charging import decode_profile, encode_profile, transaction_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.commands import StopRemotely, Trigger
    from csms.domain.operations import Operation
    from csms.domain.operations.remote_control import StopTransaction, UnlockConnector
    from csms.ocppj.frames import Payload
    from profiles import ChargingProfile

_TRIGGERS: Final = {"meter_values": "MeterValues", "status": "StatusNotification"}


def encode_start(command: StartRemotely) -> tuple[str, Payload]:
    """Writes a RemoteStartTransaction. Raises: CannotCarry for a profile that only 2.x has."""
    return _start(command.token, command.evse, command.profile)


def encode_prepared_start(operation: PreparedStart) -> tuple[str, Payload]:
    """Writes a RemoteStartTransaction. Raises: CannotCarry for what only 2.x has."""
    return _start(operation.token.text, operation.evse, operation.profile)


def encode_stop_transaction(operation: StopTransaction) -> tuple[str, Payload]:
    """Writes a RemoteStopTransaction. Raises: CannotCarry for an ID that is no integer."""
    number = transaction_number(operation.transaction_id or "")
    return "RemoteStopTransaction", {"transactionId": number}


def encode_unlock(operation: UnlockConnector) -> tuple[str, Payload]:
    """Writes an UnlockConnector: an EVSE is a connector. Raises: CannotCarry for the station."""
    if not operation.evse:
        raise CannotCarry("OCPP 1.6 unlocks one connector: evse is its number, from 1 on.")
    return "UnlockConnector", {"connectorId": operation.evse}


def encode_stop(command: StopRemotely) -> tuple[str, Payload]:
    """Writes a RemoteStopTransaction. Raises: CannotCarry for an ID that is no integer."""
    return "RemoteStopTransaction", {"transactionId": transaction_number(command.transaction_id)}


def encode_trigger(command: Trigger) -> tuple[str, Payload]:
    """Writes a TriggerMessage. Raises: CannotCarry for a message that nobody can ask for."""
    message = _TRIGGERS.get(command.message)
    if message is None:
        raise CannotCarry(f"OCPP 1.6 cannot ask for a message about the {command.message}.")
    return "TriggerMessage", present(requestedMessage=message, connectorId=command.evse or None)


def effect_of_start(request: Payload, response: Payload) -> StartRemotely:
    """Reads which start a station has agreed to. Raises: KeyError, TypeError, ValueError."""
    del response
    profile = request.get("chargingProfile")
    return StartRemotely(
        token=str(request["idTag"]),
        evse=integer_in(request, "connectorId"),
        profile=None if profile is None else decode_profile(profile),
    )


def asked_by_start(request: Payload) -> Asked:
    """Reads that a StartTransaction will follow: with that token, at that connector if one is."""
    connector = integer_in(request, "connectorId")
    place = "" if connector is None else str(connector)
    return Asked(Follow(Subject.REMOTE_START, f"{place}@{token_key(request['idTag'])}"))


def _start(
    token: str, connector: int | None, profile: ChargingProfile | None
) -> tuple[str, Payload]:
    return "RemoteStartTransaction", present(
        idTag=id_tag(token),
        connectorId=connector or None,
        chargingProfile=None if profile is None else encode_profile(profile),
    )


ENCODERS: Final[Mapping[type[Operation], Any]] = {
    PreparedStart: encode_prepared_start,
    asked.StopTransaction: encode_stop_transaction,
    asked.UnlockConnector: encode_unlock,
}
ASKED: Final[Mapping[str, Any]] = {"RemoteStartTransaction": asked_by_start}
