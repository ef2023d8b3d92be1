"""What both versions share: connector states, stop reasons, tokens and transactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from simulator.wire import to_text

if TYPE_CHECKING:
    from datetime import datetime


class Status(StrEnum):
    """State of a connector, in the words of OCPP 1.6; 2.0.1 is told a coarser one."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class StopReason(StrEnum):
    """Why a transaction ended, in the words of OCPP 1.6."""

    LOCAL = "Local"
    EV_DISCONNECTED = "EVDisconnected"
    REMOTE = "Remote"
    DE_AUTHORIZED = "DeAuthorized"
    SOFT_RESET = "SoftReset"
    HARD_RESET = "HardReset"
    UNLOCK_COMMAND = "UnlockCommand"
    OTHER = "Other"
    POWER_LOSS = "PowerLoss"
    TIMEOUT = "Timeout"
    """The cable did not come back; 2.0.1 alone."""
    MASTER_PASS = "MasterPass"  # noqa: S105 - a card, no password
    """2.0.1 alone."""


class SampleContext(StrEnum):
    """What caused a set of meter values."""

    BEGIN = "Transaction.Begin"
    PERIODIC = "Sample.Periodic"
    CLOCK = "Sample.Clock"
    TRIGGER = "Trigger"
    END = "Transaction.End"


@dataclass(frozen=True, slots=True)
class Token:
    """What a driver shows. `kind` is 2.0.1's token type; 1.6 knows the text alone."""

    text: str
    kind: str = "ISO14443"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was, by the station's clock, and whether the link was down then."""

    at: datetime
    is_offline: bool


@dataclass(slots=True)
class Transaction:
    """A running or ended transaction.

    `id` is ours and is 2.0.1's transactionId; `csms_id` comes with the answer to 1.6's
    StartTransaction. `is_remote` tells that an operator's request started it. `status` is what was
    last told of its charging. `group` is that of the token, `reservation_id` of what it used up.
    `stopped_by` is the token that ended it; `is_refused` tells that it may go on without power.
    `kept` are meter values that its end is to bring along, as messages of the version.
    """

    id: str
    evse_id: int
    token: Token
    started: Moment
    meter_start_wh: int
    remote_start_id: int | None = None
    is_remote: bool = False
    csms_id: int | None = None
    connector: int = 1
    next_seq: int = 0
    status: Status | None = None
    group: str | None = None
    reservation_id: int | None = None
    stopped_by: Token | None = None
    is_refused: bool = False
    kept: list[object] = field(default_factory=list)

    def take_seq(self) -> int:
        """Return the next sequence number, counted from 0."""
        self.next_seq += 1
        return self.next_seq - 1

    def ended(self, transaction_id: str, register_stop_wh: int) -> dict[str, object]:
        """Return what a central system's record must say; `transaction_id` is the wire's."""
        return {
            "transaction": self.id,
            "transaction_id": transaction_id,
            "token": self.token.text,
            "started": to_text(self.started.at),
            "register_start_wh": self.meter_start_wh,
            "register_stop_wh": register_stop_wh,
        }
