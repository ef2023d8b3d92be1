"""StatusNotification. Source: OCPP 1.6, 4.9."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.availability_effects import AvailabilityAgreed
from csms.domain.facts import StatusReported
from csms.ocpp.reading import Notes, optional_time_of, present, required_place

if TYPE_CHECKING:
    from datetime import datetime

    from csms.ocppj.frames import Payload


def decode_status(payload: Payload, received_at: datetime) -> StatusReported:
    """Reads a StatusNotification; its timestamp is optional.

    Raises: Unreadable for a connector that none can be.
    """
    del received_at
    notes = Notes()
    connector = required_place(payload, "connectorId", notes)
    return StatusReported(
        evse=connector,
        connector=connector,
        status=payload["status"],
        at=optional_time_of(payload, "timestamp", notes),
        error_code=payload["errorCode"],
        details=present(
            info=payload.get("info"),
            vendor_id=payload.get("vendorId"),
            vendor_error_code=payload.get("vendorErrorCode"),
        ),
        anomalies=notes.all(),
    )


def effect_of_change(request: Payload, response: Payload) -> AvailabilityAgreed:
    """Reads that a connector goes out of service, or back; 0 is all. Raises: KeyError."""
    del response
    return AvailabilityAgreed(request["connectorId"], 0, request["type"] == "Inoperative")
