"""Reservations: what was asked of a station, and what became of it. PURE.

Source: OCPP 1.6, 3.10, 5.1 and 5.13; OCPP 2.0.1 part 2, block H.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMES: Final = ("expires_at", "created_at", "updated_at")


class ReservationStatus(StrEnum):
    """How far a reservation has come; the words from `OCCUPIED` to `UNAVAILABLE` are refusals.

    `REQUESTED` is one of which the station has not said what it makes of it.
    """

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    OCCUPIED = "occupied"
    FAULTED = "faulted"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    USED = "used"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REMOVED = "removed"

    @property
    def is_open(self) -> bool:
        """Whether the station may hold a place for it."""
        return self in {ReservationStatus.REQUESTED, ReservationStatus.ACCEPTED}


@dataclass(slots=True)
class Reservation:
    """A reservation. `evse` is what was sent: 0 (1.6) and None (2.0.1) mean any.

    `session_id` is the session that has used it; `reason` is what the station said to a refusal.
    """

    id: int
    station_id: str
    status: ReservationStatus
    token: str
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    token_type: str | None = None
    group: str | None = None
    evse: int | None = None
    connector_type: str | None = None
    session_id: str | None = None
    reason: str | None = None

    def dump(self) -> dict[str, Any]:
        """Returns it as JSON-able values, for the store."""
        doc: dict[str, Any] = {name: getattr(self, name) for name in Reservation.__slots__}
        return doc | {name: doc[name].isoformat() for name in _TIMES}


def load_reservation(doc: Mapping[str, Any]) -> Reservation:
    """Returns the reservation that `dump` described.

    Raises:
        KeyError, TypeError, ValueError: if it described none.
    """
    values: dict[str, Any] = {name: doc[name] for name in Reservation.__slots__ if name in doc}
    values |= {name: datetime.fromisoformat(doc[name]) for name in _TIMES}
    values["status"] = ReservationStatus(doc["status"])
    return Reservation(**values)


@dataclass(frozen=True, slots=True)
class ReservationAnswered:
    """A station has said what it makes of a reservation."""

    id: int
    status: ReservationStatus
    token: str
    expires_at: datetime
    token_type: str | None = None
    group: str | None = None
    evse: int | None = None
    connector_type: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReservationCancelled:
    """A station has given up a reservation, as it was asked to."""

    id: int


@dataclass(frozen=True, slots=True)
class ReservationEnded:
    """A station tells that a reservation has expired, or that it had to give it up.

    `status` None where its word is none of the specification. Source: 2.0.1
    ReservationStatusUpdate, H04.FR.01 and H01.FR.10.
    """

    id: int
    status: ReservationStatus | None
