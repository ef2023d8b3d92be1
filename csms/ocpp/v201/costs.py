"""CostUpdated, and amounts of money on the wire. Source: OCPP 2.0.1 part 2, I02 and I03."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.operations import smart_charging as wanted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from csms.domain.operations import Operation
    from csms.domain.operations.smart_charging import CostUpdated
    from csms.ocppj.frames import Payload


def amount(total: Decimal) -> float:
    """Returns an amount as the number that is written with the same digits."""
    return float(total)


def encode_update(operation: CostUpdated) -> tuple[str, Payload]:
    """Writes a CostUpdated."""
    return "CostUpdated", {
        "totalCost": amount(operation.total_cost),
        "transactionId": operation.transaction_id,
    }


ENCODERS: Final[Mapping[type[Operation], Any]] = {wanted.CostUpdated: encode_update}
