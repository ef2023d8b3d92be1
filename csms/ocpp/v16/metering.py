"""MeterValues. Source: OCPP 1.6, 4.7."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.facts import SamplesReported
from csms.ocpp.measurands import read_required_samples, take_v16
from csms.ocpp.reading import Notes, integer_of, place_of
from csms.ocpp.unreadable import Unreadable

if TYPE_CHECKING:
    from datetime import datetime

    from csms.ocppj.frames import Payload

_MAX_TRANSACTION_ID: Final = 2**31 - 1


def decode_meter_values(payload: Payload, received_at: datetime) -> SamplesReported:
    """Reads MeterValues; connector 0 is the station's own meter.

    An ID that no transaction can have is none: 0, negative ones and the largest 64-bit
    integer mean that no transaction runs (seen from Alfen and others).

    Raises: Unreadable without meter values, or if it is not said whose they are.
    """
    notes = Notes()
    transaction_id = _transaction_id(payload, notes)
    connector = place_of(payload, "connectorId", notes)
    if connector is None and transaction_id is None:
        raise Unreadable("connectorId", "is missing or no integer")
    return SamplesReported(
        evse=connector or 0,
        connector=connector,
        samples=read_required_samples(payload, "meterValue", received_at, take_v16, notes),
        transaction_id=transaction_id,
        anomalies=notes.all(),
    )


def _transaction_id(payload: Payload, notes: Notes) -> str | None:
    number = integer_of(payload, "transactionId", notes)
    if number is None:
        return None
    if 0 < number <= _MAX_TRANSACTION_ID:
        return str(number)
    notes.add("transaction_id.implausible", field="transactionId", raw=number)
    return None
