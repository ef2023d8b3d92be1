"""DataTransfer, both ways. Source: OCPP 2.0.1 part 2, block P."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.facts import DataTransferred
from csms.domain.operations import diagnostics as wanted
from csms.ocpp.reading import present

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.facts import DataTransferAnswer
    from csms.domain.operations import Operation
    from csms.domain.operations.diagnostics import DataTransfer
    from csms.ocppj.frames import Payload


def decode_transfer(payload: Payload, received_at: datetime) -> DataTransferred:
    """Reads a vendor's own message."""
    del received_at
    return DataTransferred(payload["vendorId"], payload.get("messageId"), payload.get("data"))


def encode_transfer(answer: DataTransferAnswer) -> Payload:
    """Writes what became of it."""
    return present(status=answer.status, data=answer.data)


def encode_operation(operation: DataTransfer) -> tuple[str, Payload]:
    """Writes a DataTransfer."""
    return "DataTransfer", present(
        vendorId=operation.vendor_id, messageId=operation.message_id, data=operation.data
    )


ENCODERS: Final[Mapping[type[Operation], Any]] = {wanted.DataTransfer: encode_operation}
