"""ReserveNow, CancelReservation, ReservationStatusUpdate. Source: OCPP 2.0.1 part 2, block H."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.operations.authorization import CancelReservation
from csms.domain.operations.prepared import PreparedReservation
from csms.domain.reservation import (
    ReservationAnswered,
    ReservationCancelled,
    ReservationEnded,
    ReservationStatus,
)
from csms.domain.times import format_seconds
from csms.ocpp.charging_profiles import integer_in, required_integer_in, text_in
from csms.ocpp.plain_answers import answer_status, status_reason
from csms.ocpp.reading import instant_of, present
from csms.ocpp.reservations import status_of
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v201.authorization import encode_id_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.operations import Operation
    from csms.ocppj.frames import Payload

_CONNECTORS: Final = (
    "cCCS1",
    "cCCS2",
    "cG105",
    "cTesla",
    "cType1",
    "cType2",
    "s309-1P-16A",
    "s309-1P-32A",
    "s309-3P-16A",
    "s309-3P-32A",
    "sBS1361",
    "sCEE-7-7",
    "sType2",
    "sType3",
    "Other1PhMax16A",
    "Other1PhOver16A",
    "Other3Ph",
    "Pan",
    "wInductive",
    "wResonant",
    "Undetermined",
    "Unknown",
)
_FATES: Final = {"Expired": ReservationStatus.EXPIRED, "Removed": ReservationStatus.REMOVED}


def encode_reserve(operation: PreparedReservation) -> tuple[str, Payload]:
    """Writes a ReserveNow; 0 is no EVSE. Raises: CannotCarry for a connector that has no name."""
    kind, group = operation.connector_type, operation.group
    if kind is not None and kind not in _CONNECTORS:
        raise CannotCarry(
            f"OCPP 2.0.1 has no connector_type {kind!r}; it has {', '.join(_CONNECTORS)}."
        )
    return "ReserveNow", {
        "id": operation.reservation_id,
        "expiryDateTime": format_seconds(operation.expires_at),
        **present(connectorType=kind),
        "idToken": encode_id_token(operation.token),
        **present(evseId=operation.evse or None),
        **present(groupIdToken=None if group is None else encode_id_token(group)),
    }


def encode_cancel(operation: CancelReservation) -> tuple[str, Payload]:
    """Writes a CancelReservation."""
    return "CancelReservation", {"reservationId": operation.reservation_id}


def effect_of_reserve(request: Payload, response: Payload) -> ReservationAnswered:
    """Reads what a station makes of a reservation. Raises: KeyError, TypeError, ValueError."""
    return _read(request, answer_status(response), status_reason(response))


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


def decode_update(payload: Payload, received_at: datetime) -> ReservationEnded:
    """Reads a ReservationStatusUpdate."""
    del received_at
    return ReservationEnded(
        payload["reservationId"], _FATES.get(payload["reservationUpdateStatus"])
    )


def _read(request: Payload, status: str | None, reason: str | None) -> ReservationAnswered:
    expires_at = instant_of(request["expiryDateTime"])
    if expires_at is None:
        raise ValueError
    token, group = request["idToken"], request.get("groupIdToken")
    return ReservationAnswered(
        required_integer_in(request, "id"),
        status_of(status),
        str(token["idToken"]),
        expires_at,
        token_type=text_in(token, "type"),
        group=None if group is None else str(group["idToken"]),
        evse=integer_in(request, "evseId"),
        connector_type=text_in(request, "connectorType"),
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
