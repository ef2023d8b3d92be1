"""TriggerMessage and ChangeAvailability. Source: OCPP 2.0.1 part 2, F06, G03 and G04."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.follow import Asked, Follow, Subject
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v201 import certificates
from csms.ocpp.v201.device_model import encode_evse

if TYPE_CHECKING:
    from csms.domain.operations.remote_control import ChangeAvailability, TriggerMessage
    from csms.ocppj.frames import Payload

_STATUS: Final = "StatusNotification"
_WORDS: Final = {"CombinedCertificate": "SignCombinedCertificate"}
_NOT_HERE: Final = {"DiagnosticsStatusNotification": "LogStatusNotification"}
_CALLS: Final = {
    "SignChargingStationCertificate": ("SignCertificate",),
    "SignCombinedCertificate": ("SignCertificate",),
    "SignV2GCertificate": ("SignCertificate",),
    "StatusNotification": ("StatusNotification", "NotifyEvent"),
}


def encode_trigger(operation: TriggerMessage) -> tuple[str, Payload]:
    """Writes a TriggerMessage; a status is that of one connector, by default the first.

    Raises: CannotCarry for a word of the other version, or a status of no EVSE.
    """
    message = _WORDS.get(operation.message, operation.message)
    if message in _NOT_HERE:
        raise CannotCarry(f"OCPP 2.0.1 has no {message}: ask for {_NOT_HERE[message]}.")
    connector = operation.connector
    if message == _STATUS:
        if not operation.evse:
            raise CannotCarry(
                "OCPP 2.0.1 wants a StatusNotification asked for by its connector (F06.FR.13): "
                "evse is missing."
            )
        connector = connector or 1
    return "TriggerMessage", present(
        requestedMessage=message, evse=encode_evse(operation.evse, connector)
    )


def asked_by_trigger(request: Payload) -> Asked:
    """Reads which message will follow. Raises: KeyError."""
    message = str(request["requestedMessage"])
    if message.startswith("Sign"):
        return certificates.asked_by_sign_trigger(request)
    return Asked(invites=frozenset(_CALLS.get(message, (message,))))


def encode_availability(operation: ChangeAvailability) -> tuple[str, Payload]:
    """Writes a ChangeAvailability; the whole station has no EVSE. Raises: CannotCarry."""
    evse = encode_evse(operation.evse or None, operation.connector)
    return "ChangeAvailability", present(operationalStatus=operation.status, evse=evse)


def asked_by_availability(request: Payload) -> Asked:
    """Reads which status will follow: the wish, the EVSE and the connector, 0 for all.

    Raises: KeyError, AttributeError.
    """
    evse = request.get("evse") or {}
    where = f"{evse.get('id', 0)}:{evse.get('connectorId', 0)}"
    return Asked(Follow(Subject.AVAILABILITY, f"{request['operationalStatus']}:{where}"))
