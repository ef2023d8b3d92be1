"""What the system wants of a station, and what the station made of it. PURE.

A version that cannot carry a wish says so in a sentence; what an answer means comes back as an
effect on our records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from csms.domain.availability_effects import AvailabilityAgreed, ResetAgreed
from csms.domain.certificate_effects import CertificateEffect
from csms.domain.local_list import ListAnswered, ListVersionTold
from csms.domain.reservation import ReservationAnswered, ReservationCancelled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.device_model import MonitorTold, VariableKey, VariableTold
    from csms.domain.follow import Subject
    from profiles import ChargingProfile, CompositeSchedule, RateUnit


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

    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CredentialsRefused:
    """A station did not take a new password; `is_deferred` if it will, at its next reboot."""

    password: str = field(repr=False)
    is_deferred: bool = False


@dataclass(frozen=True, slots=True)
class RaiseSecurityProfile:
    """A station agreed to connect by a security profile from now on."""

    security_profile: int


@dataclass(frozen=True, slots=True)
class NetworkProfileStored:
    """A station stored a network profile with a security profile in one of its slots."""

    slot: int
    security_profile: int


@dataclass(frozen=True, slots=True)
class NetworkProfilesChosen:
    """The slots of the network profiles that a station will try after a reboot, in that order."""

    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """Several things that one answer means for our records, in that order."""

    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class StartRemotely:
    """Begin a transaction for a token, with a profile that waits for it.

    2.0.1 has a `kind` of token and a `remote_start_id`, which its transaction will name. It is
    waited for from `agreed_at` on; `transaction_id` is what the station says it will be.
    """

    token: str
    evse: int | None
    profile: ChargingProfile | None
    kind: str | None = None
    remote_start_id: int | None = None
    transaction_id: str | None = None
    agreed_at: datetime | None = None


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


@dataclass(frozen=True, slots=True)
class InstallRefused:
    """A station did not take a profile; `status` is its word, or the error's code."""

    evse: int
    profile: ChargingProfile
    status: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AskComposite:
    """Ask what a station makes of its profiles, for `duration_s` from now on."""

    evse: int
    duration_s: int
    unit: RateUnit | None = None


@dataclass(frozen=True, slots=True)
class CompositeTold:
    """The composite schedule of a station; `schedule` None with the reason if it gave none.

    `is_refusal` where it said so itself, and not in a form that makes no sense. A start that the
    station does not name is the time of receipt, filled in by whoever takes it.
    """

    evse: int
    schedule: CompositeSchedule | None
    has_start: bool = True
    reason: str | None = None
    is_refusal: bool = False


@dataclass(frozen=True, slots=True)
class ProfilesTold:
    """Whether reports of charging profiles follow; False: none that was asked for is there."""

    request_id: int
    has_profiles: bool


@dataclass(frozen=True, slots=True)
class AskProfiles:
    """Ask which charging profiles are installed; they come as reports with that request ID.

    Only 2.0.1 can. `evse` None asks for all, `request_id` tells the reports apart.
    """

    request_id: int
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class AskCapabilities:
    """Ask what charging profiles a station can take."""


@dataclass(frozen=True, slots=True)
class CapabilitiesTold:
    """What charging profiles a station can take; None where it does not say.

    `can_switch_phases` is from three to one in a transaction, `can_choose_phase` is phaseToUse.
    An answer may tell a part: what it does not say stays as it was told before.
    """

    max_stack_level: int | None = None
    units: frozenset[RateUnit] | None = None
    max_periods: int | None = None
    max_profiles: int | None = None
    can_switch_phases: bool | None = None
    can_choose_phase: bool | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """Ask for a message now: `meter_values`, `status` or `transaction`, of an EVSE or of all."""

    message: str
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class StopRemotely:
    """End a transaction."""

    transaction_id: str


@dataclass(frozen=True, slots=True)
class VariablesTold:
    """What a station told of its variables when it was asked, or took when they were set.

    `refused` are those that it does not know or would not set, with its word for that; `is_set`
    tells which of the two it is about.
    """

    variables: tuple[VariableTold, ...]
    refused: tuple[tuple[VariableKey, str], ...] = ()
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class MonitorsSet:
    """Which monitors a station has accepted, by their IDs."""

    monitors: tuple[MonitorTold, ...]


@dataclass(frozen=True, slots=True)
class MonitorsCleared:
    """Which monitors are gone from a station."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JobReplaced:
    """A station has turned to a firmware or an upload, and given up another of the same kind.

    `number` is that of the request it has turned to, None where it has none (1.6).
    """

    subject: Subject
    number: int | None = None


@dataclass(frozen=True, slots=True)
class DisplayMessageSet:
    """A station shows a message from now on; members as in `SetDisplayMessage`, times as texts."""

    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DisplayMessageCleared:
    """A station shows a message no more; None: no message at all."""

    id: int | None


@dataclass(frozen=True, slots=True)
class CustomerCleared:
    """A station forgets all about the customer with a token, but for its local list."""

    request_id: int
    token: str


Command = (
    CertificateEffect
    | InstallProfile
    | InstallRefused
    | ClearProfiles
    | ChangeCredentials
    | CredentialsRefused
    | RaiseSecurityProfile
    | NetworkProfileStored
    | NetworkProfilesChosen
    | Several
    | StartRemotely
    | AskTransaction
    | TransactionTold
    | AskComposite
    | CompositeTold
    | AskProfiles
    | ProfilesTold
    | AskCapabilities
    | CapabilitiesTold
    | Trigger
    | StopRemotely
    | ListAnswered
    | ListVersionTold
    | ReservationAnswered
    | ReservationCancelled
    | JobReplaced
    | DisplayMessageSet
    | DisplayMessageCleared
    | CustomerCleared
    | VariablesTold
    | MonitorsSet
    | MonitorsCleared
    | AvailabilityAgreed
    | ResetAgreed
)
