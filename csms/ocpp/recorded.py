"""What a recorded answer of another central system tells a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload

_VOLATILE = {"currentTime", "interval", "totalCost", "transactionId"}


def answered_transaction_id(answer: Payload | None) -> int | None:
    """Returns the ID that a 1.6 start was answered with."""
    found = None if answer is None else answer.get("transactionId")
    return found if isinstance(found, int) else None


def lasting(answer: Payload) -> Payload:
    """Returns an answer without what differs between any two systems: time, IDs, prices."""
    return {name: value for name, value in answer.items() if name not in _VOLATILE}
