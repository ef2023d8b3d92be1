"""What stations say of reservations, in the words that both versions share."""

from __future__ import annotations

from typing import Final

from csms.domain.reservation import ReservationStatus

_STATUSES: Final = {
    "Accepted": ReservationStatus.ACCEPTED,
    "Faulted": ReservationStatus.FAULTED,
    "Occupied": ReservationStatus.OCCUPIED,
    "Unavailable": ReservationStatus.UNAVAILABLE,
}


def status_of(status: str | None) -> ReservationStatus:
    """Returns what a station's answer to ReserveNow means; any other word is a refusal."""
    return _STATUSES.get(status or "", ReservationStatus.REJECTED)
