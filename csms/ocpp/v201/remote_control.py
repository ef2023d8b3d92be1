"""RequestStartTransaction, RequestStopTransaction, TriggerMessage.

Source: OCPP 2.0.1 part 2, F01 to F03 and F06.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from csms.domain.commands import StartRemotely
from csms.ocpp.charging_profiles import integer_in
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v201.smart_charging import decode_profile

if TYPE_CHECKING:
    from csms.domain.commands import StopRemotely, Trigger
    from csms.ocppj.frames import Payload

_TRIGGERS: Final = {
    "meter_values": "MeterValues",
    "status": "StatusNotification",
    "transaction": "TransactionEvent",
}


def encode_start(command: StartRemotely) -> NoReturn:
    """Refuses: the command knows neither the remoteStartId nor the type of its token.

    Raises: CannotCarry.
    """
    del command
    raise CannotCarry(
        "A start on an OCPP 2.0.1 station needs a remoteStartId: "
        "relay RequestStartTransaction as it shall be sent."
    )


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
    del response
    profile = request.get("chargingProfile")
    return StartRemotely(
        token=str(request["idToken"]["idToken"]),
        evse=integer_in(request, "evseId"),
        profile=None if profile is None else decode_profile(profile),
    )
