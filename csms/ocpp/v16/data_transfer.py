"""DataTransfer from a station. Source: OCPP 1.6, 4.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.facts import DataTransferred

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.facts import DataTransferAnswer
    from csms.ocppj.frames import Payload


def decode_transfer(payload: Payload, received_at: datetime) -> DataTransferred:
    """Reads a vendor's own message."""
    del received_at
    return DataTransferred(payload["vendorId"], payload.get("messageId"), payload.get("data"))


def encode_transfer(answer: DataTransferAnswer) -> Payload:
    """Writes what became of it."""
    return {"status": answer.status}
