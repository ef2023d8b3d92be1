"""What the system wants of a station, and what the station made of it. PURE.

A version that cannot carry a wish says so in a sentence; what an answer means comes back as an
effect on our records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profiles import ChargingProfile


@dataclass(frozen=True, slots=True)
class InstallProfile:
    """Put a charging profile on an EVSE; 0 is the whole station."""

    evse: int
    profile: ChargingProfile


@dataclass(frozen=True, slots=True)
class ClearProfiles:
    """Take charging profiles away. Every criterion narrows; none at all means all profiles."""

    profile_id: int | None = None
    evse: int | None = None
    purpose: str | None = None
    stack_level: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeCredentials:
    """Give a station a new password for its next connection."""

    password: str


@dataclass(frozen=True, slots=True)
class StartRemotely:
    """Begin a transaction for a token, with a profile that waits for it."""

    token: str
    evse: int | None
    profile: ChargingProfile | None


@dataclass(frozen=True, slots=True)
class AskTransaction:
    """Ask whether a station still has messages of a transaction to send."""

    transaction_id: str


@dataclass(frozen=True, slots=True)
class TransactionTold:
    """What a station says of a transaction: whether it goes on, and whether messages wait.

    `is_ongoing` None if it does not say, as when it does not know the transaction.
    """

    transaction_id: str | None
    is_ongoing: bool | None
    has_queue: bool


Command = (
    InstallProfile
    | ClearProfiles
    | ChangeCredentials
    | StartRemotely
    | AskTransaction
    | TransactionTold
)
