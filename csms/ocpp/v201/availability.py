"""StatusNotification. Source: OCPP 2.0.1 part 2, G01."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.availability_effects import AvailabilityAgreed
from csms.domain.facts import StatusReported
from csms.ocpp.reading import Notes, required_place, time_of

if TYPE_CHECKING:
    from datetime import datetime

    from csms.ocppj.frames import Payload


def decode_status(payload: Payload, received_at: datetime) -> StatusReported:
    """Reads a StatusNotification. Raises: Unreadable for a place that none can be."""
    del received_at
    notes = Notes()
    return StatusReported(
        evse=required_place(payload, "evseId", notes),
        connector=required_place(payload, "connectorId", notes),
        status=payload["connectorStatus"],
        at=time_of(payload, "timestamp", notes),
        anomalies=notes.all(),
    )


def effect_of_change(request: Payload, response: Payload) -> AvailabilityAgreed:
    """Reads that a place goes out of service, or back; none is all. Raises: KeyError."""
    del response
    evse = request.get("evse") or {}
    is_out = request["operationalStatus"] == "Inoperative"
    return AvailabilityAgreed(evse.get("id", 0), evse.get("connectorId", 0), is_out)
