"""RemoteStartTransaction, RemoteStopTransaction, TriggerMessage. Source: OCPP 1.6, 5.11 to 5.17."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.commands import StartRemotely
from csms.ocpp.charging_profiles import integer_in
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v16.smart_charging import decode_profile, encode_profile, transaction_number

if TYPE_CHECKING:
    from csms.domain.commands import StopRemotely, Trigger
    from csms.ocppj.frames import Payload

_TRIGGERS: Final = {"meter_values": "MeterValues", "status": "StatusNotification"}


def encode_start(command: StartRemotely) -> tuple[str, Payload]:
    """Writes a RemoteStartTransaction. Raises: CannotCarry for a profile that only 2.x has."""
    profile = command.profile
    return "RemoteStartTransaction", present(
        idTag=command.token,
        connectorId=command.evse,
        chargingProfile=None if profile is None else encode_profile(profile),
    )


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
