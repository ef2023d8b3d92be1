"""DataTransfer, both ways. Source: OCPP 1.6, 4.3 and 5.6."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from csms.domain.facts import DataTransferred
from csms.domain.operations import diagnostics as wanted
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry

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
    """Writes what became of it; data are text, JSON where they were none."""
    data = answer.data
    if data is not None and not isinstance(data, str):
        data = json.dumps(data, ensure_ascii=False)
    return present(status=answer.status, data=data)


def encode_operation(operation: DataTransfer) -> tuple[str, Payload]:
    """Writes a DataTransfer. Raises: CannotCarry for data that are no text."""
    if operation.data is not None and not isinstance(operation.data, str):
        raise CannotCarry("In OCPP 1.6 data is a text: write other JSON as text.")
    return "DataTransfer", present(
        vendorId=operation.vendor_id, messageId=operation.message_id, data=operation.data
    )


ENCODERS: Final[Mapping[type[Operation], Any]] = {wanted.DataTransfer: encode_operation}
