"""What became of each call: the station's own truth, to hold a central system's against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload


class Outcome(StrEnum):
    """What happened to a call just now."""

    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"
    DISCARDED = "discarded"


class Reason(StrEnum):
    """Why a call failed or was thrown away."""

    CALL_ERROR = "call-error"
    INVALID_ANSWER = "invalid-answer"
    NO_ANSWER = "no-answer"
    LINK_LOST = "link-lost"
    SESSION_DROPPED = "session-dropped"
    NO_TRANSACTION_ID = "no-transaction-id"
    KEPT_BACK = "kept-back"
    POWER_LOST = "power-lost"
    QUEUE_FULL = "queue-full"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A step in the life of one call; `number` is its place in the order of creation.

    `transaction` is the station's own ID. `attempt` counts from 1; 0 was never sent. `payload` is
    what was sent, or on an answer what was answered.
    """

    outcome: Outcome
    action: str
    number: int
    attempt: int
    at_s: float
    message_id: str | None = None
    transaction: str | None = None
    is_durable: bool = False
    payload: Payload | None = None
    reason: Reason | None = None

    @property
    def event(self) -> str:
        """The dotted name under which it is told."""
        return f"message.{self.outcome}"

    def fields(self) -> dict[str, object]:
        """Return what is told of it; what is not known is left out."""
        known: dict[str, object | None] = {
            "action": self.action,
            "transaction": self.transaction,
            "number": self.number,
            "attempt": self.attempt,
            "message_id": self.message_id,
            "reason": self.reason,
            "payload": self.payload,
        }
        return {name: given for name, given in known.items() if given is not None}
