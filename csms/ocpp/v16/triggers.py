"""TriggerMessage, ExtendedTriggerMessage and ChangeAvailability.

Source: OCPP 1.6, 5.2 and 5.17; security whitepaper, ExtendedTriggerMessage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.follow import Asked, Follow, Subject
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v16 import certificates

if TYPE_CHECKING:
    from csms.domain.operations.remote_control import ChangeAvailability, TriggerMessage
    from csms.ocppj.frames import Payload

_SIGN: Final = "SignChargePointCertificate"
_PLAIN: Final = frozenset(
    {
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "MeterValues",
        "StatusNotification",
    }
)
_EXTENDED: Final = {
    "LogStatusNotification": "LogStatusNotification",
    "SignChargingStationCertificate": _SIGN,
}
_CALLS: Final = {
    _SIGN: ("SignCertificate",),
    # Which of the two a station sends depends on how its last update was asked for.
    "FirmwareStatusNotification": (
        "FirmwareStatusNotification",
        "SignedFirmwareStatusNotification",
    ),
}


def encode_trigger(operation: TriggerMessage) -> tuple[str, Payload]:
    """Writes a TriggerMessage, or an ExtendedTriggerMessage where only that has the word.

    Raises: CannotCarry for a message that no 1.6 station can be asked for.
    """
    connector = (operation.evse or operation.connector) or None
    if operation.message in _PLAIN:
        asked = present(requestedMessage=operation.message, connectorId=connector)
        return "TriggerMessage", asked
    message = _EXTENDED.get(operation.message)
    if message is None:
        raise CannotCarry(f"OCPP 1.6 has no words to ask for a {operation.message}.")
    where = None if message == _SIGN else connector
    return "ExtendedTriggerMessage", present(requestedMessage=message, connectorId=where)


def asked_by_trigger(request: Payload) -> Asked:
    """Reads which message will follow. Raises: KeyError."""
    message = str(request["requestedMessage"])
    if message == _SIGN:
        return certificates.asked_by_sign_trigger(request)
    return Asked(invites=frozenset(_CALLS.get(message, (message,))))


def encode_availability(operation: ChangeAvailability) -> tuple[str, Payload]:
    """Writes a ChangeAvailability; connector 0 is the whole station.

    Raises: CannotCarry for a connector that is not its EVSE's only one.
    """
    evse, connector = operation.evse, operation.connector
    if evse and connector not in {None, 1, evse}:
        raise CannotCarry("In OCPP 1.6 an EVSE has one connector: leave connector out.")
    number = (connector if evse is None else evse) or 0
    return "ChangeAvailability", {"connectorId": number, "type": operation.status}


def asked_by_availability(request: Payload) -> Asked:
    """Reads which status will follow: the wish and the connector, 0 for all. Raises: KeyError."""
    connector = request["connectorId"]
    return Asked(Follow(Subject.AVAILABILITY, f"{request['type']}:{connector}:0"))
