"""ReserveNow and CancelReservation. Source: OCPP 1.6, 5.1 and 5.13."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.operations.authorization import CancelReservation
from csms.domain.operations.prepared import PreparedReservation
from csms.domain.reservation import ReservationAnswered, ReservationCancelled
from csms.domain.times import format_seconds
from csms.ocpp.charging_profiles import required_integer_in
from csms.ocpp.plain_answers import answer_status
from csms.ocpp.reading import instant_of, present
from csms.ocpp.reservations import status_of
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v16.authorization import MAX_ID_TAG, id_tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.operations import Operation
    from csms.ocppj.frames import Payload


def encode_reserve(operation: PreparedReservation) -> tuple[str, Payload]:
    """Writes a ReserveNow; no EVSE is connector 0. Raises: CannotCarry for what only 2.0.1 has."""
    if operation.connector_type is not None:
        raise CannotCarry("OCPP 1.6 cannot reserve a type of connector: leave connector_type out.")
    parent = operation.parent
    return "ReserveNow", {
        "connectorId": operation.evse or 0,
        "expiryDate": format_seconds(operation.expires_at),
        "idTag": id_tag(operation.token.text),
        **present(parentIdTag=parent if parent and len(parent) <= MAX_ID_TAG else None),
        "reservationId": operation.reservation_id,
    }


def encode_cancel(operation: CancelReservation) -> tuple[str, Payload]:
    """Writes a CancelReservation."""
    return "CancelReservation", {"reservationId": operation.reservation_id}


def effect_of_reserve(request: Payload, response: Payload) -> ReservationAnswered:
    """Reads what a station makes of a reservation. Raises: KeyError, TypeError, ValueError."""
    return _read(request, answer_status(response), None)


def refusal_of_reserve(
    request: Payload, status: str | None, reason: str | None
) -> ReservationAnswered:
    """Reads a reservation answered with an error. Raises: KeyError, TypeError, ValueError."""
    return _read(request, status, f"{status} {reason or ''}".strip())


def effect_of_cancel(request: Payload, response: Payload) -> ReservationCancelled | None:
    """Reads whether a reservation is given up. Raises: KeyError, TypeError."""
    if answer_status(response) != "Accepted":
        return None
    return ReservationCancelled(required_integer_in(request, "reservationId"))


def _read(request: Payload, status: str | None, reason: str | None) -> ReservationAnswered:
    expires_at = instant_of(request["expiryDate"])
    if expires_at is None:
        raise ValueError
    return ReservationAnswered(
        required_integer_in(request, "reservationId"),
        status_of(status),
        str(request["idTag"]),
        expires_at,
        group=request.get("parentIdTag"),
        evse=required_integer_in(request, "connectorId"),
        reason=reason,
    )


ENCODERS: Final[Mapping[type[Operation], Any]] = {
    PreparedReservation: encode_reserve,
    CancelReservation: encode_cancel,
}
EFFECTS: Final[Mapping[str, Any]] = {
    "ReserveNow": effect_of_reserve,
    "CancelReservation": effect_of_cancel,
}
REFUSALS: Final[Mapping[str, Any]] = {"ReserveNow": refusal_of_reserve}
