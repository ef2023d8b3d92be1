"""RequestStartTransaction, RequestStopTransaction, UnlockConnector, TriggerMessage.

Source: OCPP 2.0.1 part 2, E14, F01 to F03, F05 and F06.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.commands import StartRemotely
from csms.domain.follow import Asked, Follow, Subject
from csms.domain.operations import remote_control as asked
from csms.domain.operations.prepared import PreparedStart
from csms.domain.token import Named
from csms.ocpp.charging_profiles import integer_in, required_integer_in, text_in
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v201.authorization import encode_id_token
from csms.ocpp.v201.smart_charging import decode_profile, encode_profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.commands import StopRemotely, Trigger
    from csms.domain.operations import Operation
    from csms.domain.operations.remote_control import (
        GetTransactionStatus,
        StopTransaction,
        UnlockConnector,
    )
    from csms.ocppj.frames import Payload

_TRIGGERS: Final = {
    "meter_values": "MeterValues",
    "status": "StatusNotification",
    "transaction": "TransactionEvent",
}


def encode_start(command: StartRemotely) -> tuple[str, Payload]:
    """Writes a RequestStartTransaction. Raises: CannotCarry without a remoteStartId."""
    if command.remote_start_id is None:
        raise CannotCarry(
            "A start on an OCPP 2.0.1 station needs a remoteStartId: "
            "relay RequestStartTransaction as it shall be sent."
        )
    token = Named(command.token, command.kind or "Central")
    start = PreparedStart(
        token, command.remote_start_id, evse=command.evse, profile=command.profile
    )
    return encode_prepared_start(start)


def encode_prepared_start(operation: PreparedStart) -> tuple[str, Payload]:
    """Writes a RequestStartTransaction. Raises: CannotCarry for what the version has not."""
    group, profile = operation.group, operation.profile
    return "RequestStartTransaction", present(
        evseId=operation.evse or None,
        remoteStartId=operation.remote_start_id,
        idToken=encode_id_token(operation.token),
        chargingProfile=None if profile is None else encode_profile(profile),
        groupIdToken=None if group is None else encode_id_token(group),
    )


def encode_stop_transaction(operation: StopTransaction) -> tuple[str, Payload]:
    """Writes a RequestStopTransaction."""
    return "RequestStopTransaction", {"transactionId": operation.transaction_id}


def encode_transaction_status(operation: GetTransactionStatus) -> tuple[str, Payload]:
    """Writes a GetTransactionStatus; without a transaction it is about all messages."""
    return "GetTransactionStatus", present(transactionId=operation.transaction_id)


def encode_unlock(operation: UnlockConnector) -> tuple[str, Payload]:
    """Writes an UnlockConnector. Raises: CannotCarry for the station, which is no EVSE."""
    if not operation.evse or not operation.connector:
        raise CannotCarry("OCPP 2.0.1 counts EVSEs and their connectors from 1 on.")
    return "UnlockConnector", {"evseId": operation.evse, "connectorId": operation.connector}


def encode_stop(command: StopRemotely) -> tuple[str, Payload]:
    """Writes a RequestStopTransaction."""
    return "RequestStopTransaction", {"transactionId": command.transaction_id}


def encode_trigger(command: Trigger) -> tuple[str, Payload]:
    """Writes a TriggerMessage; a status is that of the first connector.

    Source: OCPP 2.0.1 part 2, F06.FR.13.

    Raises: CannotCarry for a message that nobody can ask for, and a status of no EVSE.
    """
    message = _TRIGGERS.get(command.message)
    if message is None:
        raise CannotCarry(f"OCPP 2.0.1 cannot ask for a message about the {command.message}.")
    if not command.evse:
        if command.message == "status":
            raise CannotCarry("OCPP 2.0.1 stations tell the status of a connector: name an EVSE.")
        return "TriggerMessage", {"requestedMessage": message}
    evse = {"id": command.evse, **({"connectorId": 1} if command.message == "status" else {})}
    return "TriggerMessage", {"requestedMessage": message, "evse": evse}


def effect_of_start(request: Payload, response: Payload) -> StartRemotely:
    """Reads which start a station has agreed to. Raises: KeyError, TypeError, ValueError."""
    profile = request.get("chargingProfile")
    return StartRemotely(
        token=str(request["idToken"]["idToken"]),
        evse=integer_in(request, "evseId"),
        profile=None if profile is None else decode_profile(profile),
        kind=text_in(request["idToken"], "type"),
        remote_start_id=integer_in(request, "remoteStartId"),
        transaction_id=text_in(response, "transactionId"),
    )


def asked_by_start(request: Payload) -> Asked:
    """Reads that a transaction will follow, which names this start."""
    return Asked(Follow(Subject.REMOTE_START, required_integer_in(request, "remoteStartId")))


ENCODERS: Final[Mapping[type[Operation], Any]] = {
    PreparedStart: encode_prepared_start,
    asked.StopTransaction: encode_stop_transaction,
    asked.GetTransactionStatus: encode_transaction_status,
    asked.UnlockConnector: encode_unlock,
}
ASKED: Final[Mapping[str, Any]] = {"RequestStartTransaction": asked_by_start}
