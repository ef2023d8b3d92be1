"""MeterValues. Source: OCPP 2.0.1 part 2, J01."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.facts import SamplesReported
from csms.ocpp.measurands import read_required_samples, take_v201
from csms.ocpp.reading import Notes, required_place

if TYPE_CHECKING:
    from datetime import datetime

    from csms.ocppj.frames import Payload


def decode_meter_values(payload: Payload, received_at: datetime) -> SamplesReported:
    """Reads MeterValues, which in this version stand outside of transactions; 0 is the station.

    Raises: Unreadable without an EVSE or without meter values.
    """
    notes = Notes()
    return SamplesReported(
        evse=required_place(payload, "evseId", notes),
        connector=None,
        samples=read_required_samples(payload, "meterValue", received_at, take_v201, notes),
        anomalies=notes.all(),
    )
