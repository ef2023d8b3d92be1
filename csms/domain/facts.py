"""What stations report, and what they are answered, in the words of neither OCPP version. PURE.

A translator makes one fact of each call; the engine returns the answer that belongs to it.
Times are the station's own, parsed to UTC and not yet corrected; None where none was given
or none could be read (then `anomalies` says so). Nobody changes a fact; those that carry samples
are not frozen only because that takes a third of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from csms.domain.certificate_facts import CertificateAnswer, CertificateFact
from csms.domain.device_model_facts import EventsReported, MonitorsReported, VariablesReported
from csms.domain.display_facts import CustomerReported, DisplayMessagesReported
from csms.domain.ev_facts import EvScheduleReported
from csms.domain.firmware_facts import JobReported
from csms.domain.reservation import ReservationEnded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from csms.domain.anomalies import Anomaly
    from csms.domain.certificate_facts import Contract
    from csms.domain.sample import Sample
    from csms.domain.token import Authorization, TokenRef
    from profiles import ChargingProfile, Schedule


class Registration(StrEnum):
    """Whether the operator lets a station take part. Source: RegistrationStatusEnumType."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class EventKind(StrEnum):
    """Where in its life a transaction is. Source: 2.0.1 TransactionEventEnumType."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True)
class BootNotified:
    """A station has booted. `identity` holds what it tells of itself, snake_case keys."""

    vendor: str
    model: str
    reason: str | None = None
    serial_number: str | None = None
    firmware_version: str | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class BootAnswer:
    """Whether the station may take part, and how often it shall be heard from."""

    registration: Registration
    interval_s: int
    current_time: datetime
    with_milliseconds: bool = False


@dataclass(frozen=True, slots=True)
class HeartbeatReceived:
    """A station is alive."""


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    """The time to set the station's clock by."""

    current_time: datetime
    with_milliseconds: bool = False


@dataclass(frozen=True, slots=True)
class StatusReported:
    """A connector's state. In 1.6 `evse` equals `connector`, and 0 is the station itself."""

    evse: int
    connector: int
    status: str
    at: datetime | None = None
    error_code: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizationRequested:
    """A station asks whether a token may charge; `contract` is the certificate behind it."""

    token: TokenRef
    contract: Contract | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer:
    """The judgement on the token, and on its contract certificate if one came."""

    authorization: Authorization
    certificate_status: str | None = None


@dataclass(slots=True)
class TransactionReported:
    """A transaction has begun, gone on or ended.

    That is what StartTransaction, StopTransaction and each TransactionEvent tell.

    `transaction_id` is None for a 1.6 start (the engine gives one) and where the station sent
    none that can be one. `sequence` is the 2.0.1 seqNo, 0 in 1.6. `register_milliwh` is the 1.6
    meterStart or meterStop. `is_offline` is what the station says of the event: that it waited
    (True) or is fresh (False); None where the version has no word for it. `id_is_ours` where it
    was for us to name the transaction: then a report that names an unknown one begins none.
    """

    kind: EventKind
    at: datetime | None
    transaction_id: str | None = None
    sequence: int = 0
    evse: int | None = None
    connector: int | None = None
    token: TokenRef | None = None
    register_milliwh: int | None = None
    samples: tuple[Sample, ...] = ()
    trigger: str | None = None
    charging_state: str | None = None
    stop_reason: str | None = None
    is_offline: bool | None = None
    id_is_ours: bool = False
    reservation_id: int | None = None
    remote_start_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionAnswer:
    """The transaction's ID (1.6 starts need it) and, if a token came, the judgement on it.

    `total_cost` is what it costs so far, or at its end, None where that is not told.
    """

    transaction_id: str | None = None
    authorization: Authorization | None = None
    total_cost: Decimal | None = None


@dataclass(slots=True)
class SamplesReported:
    """MeterValues, in a transaction or outside of one."""

    evse: int
    connector: int | None
    samples: tuple[Sample, ...]
    transaction_id: str | None = None
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageReported:
    """A message that is kept and answered, and changes no session: reports, events, statuses.

    `action` is the OCPP action, `payload` what was sent.
    """

    action: str
    payload: Mapping[str, Any]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChargingLimitNotified:
    """Somebody else than we limits the charging: an energy manager, the grid, the station.

    `evse` None is the station as a whole. `schedules` are empty where only the fact is told.
    Source: 2.0.1 NotifyChargingLimit.
    """

    source: str
    evse: int | None = None
    is_grid_critical: bool | None = None
    schedules: tuple[Schedule, ...] = ()
    payload: Mapping[str, Any] = field(default_factory=dict)
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class ChargingLimitCleared:
    """A limit that somebody else set is gone. Source: 2.0.1 ClearedChargingLimit."""

    source: str
    evse: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProfilesReported:
    """Charging profiles that are on a station, or a part of them (`is_partial`).

    Source: 2.0.1 ReportChargingProfiles; `source` is chargingLimitSource.
    """

    request_id: int
    evse: int
    source: str
    profiles: tuple[ChargingProfile, ...]
    is_partial: bool = False
    payload: Mapping[str, Any] = field(default_factory=dict)
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class EvNeedsReported:
    """What a vehicle asks for; None where it does not say. Source: 2.0.1 NotifyEVChargingNeeds.

    `energy_transfer` is the wire's word, such as AC_three_phase or DC. Charge levels and
    capacity come with DC only; currents are per phase for AC. `max_periods` is how many periods
    of a schedule the vehicle takes.
    """

    evse: int
    energy_transfer: str
    departure_at: datetime | None = None
    energy_wh: int | None = None
    min_current_a: int | None = None
    max_current_a: int | None = None
    max_voltage_v: int | None = None
    max_power_w: int | None = None
    soc_percent: int | None = None
    full_soc_percent: int | None = None
    bulk_soc_percent: int | None = None
    capacity_wh: int | None = None
    max_periods: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class EvNeedsAnswer:
    """Whether a profile follows: Accepted, Processing or Rejected. Source: 2.0.1, K15."""

    status: str


@dataclass(frozen=True, slots=True)
class DataTransferred:
    """A vendor's own message; `found` is what was answered by somebody else who was asked."""

    vendor_id: str
    message_id: str | None
    content: Any = None
    found: DataTransferAnswer | None = None


@dataclass(frozen=True, slots=True)
class DataTransferAnswer:
    """What became of a vendor's message, such as UnknownVendorId; `data` is any JSON.

    `problem` says why nobody could answer it.
    """

    status: str
    data: Any = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The answer that says nothing but "received"."""


Fact = (
    CertificateFact
    | BootNotified
    | JobReported
    | DisplayMessagesReported
    | CustomerReported
    | HeartbeatReceived
    | StatusReported
    | VariablesReported
    | MonitorsReported
    | EventsReported
    | AuthorizationRequested
    | TransactionReported
    | SamplesReported
    | MessageReported
    | ChargingLimitNotified
    | ChargingLimitCleared
    | ProfilesReported
    | EvNeedsReported
    | EvScheduleReported
    | DataTransferred
    | ReservationEnded
)
Answer = (
    CertificateAnswer
    | BootAnswer
    | HeartbeatAnswer
    | AuthorizationAnswer
    | TransactionAnswer
    | DataTransferAnswer
    | EvNeedsAnswer
    | Acknowledged
)
