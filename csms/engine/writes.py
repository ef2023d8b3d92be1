"""What a unit of work makes durable: idempotent writes, each with a key made of its content.

Applying a write twice, or after a later one of another key, gives the same rows. The newest write
of a key wins, so a unit holds at most the last state of each record. Nobody changes a write;
those that each sample makes are not frozen only because that takes a third of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from csms.engine.device_model_writes import (
    MonitoringEventWrite,
    MonitorWrite,
    VariableWrite,
    ViolationWrite,
)
from csms.engine.health_writes import (
    ConductWrite,
    HealthWrite,
    IncidentWrite,
    RunWrite,
    StationDayWrite,
)
from csms.engine.import_writes import ImportWrite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from csms.domain.sample import Sample


RESOLVED: Final = frozenset({"attached", "dismissed"})
"""The states of a message in quarantine that are final."""


@dataclass(frozen=True, slots=True)
class StationWrite:
    """The record of a station. Key: its ID."""

    station_id: str
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ConnectorWrite:
    """The last state of a connector. Key: station, EVSE, connector."""

    station_id: str
    evse: int
    connector: int
    status: str
    at: datetime
    doc: Mapping[str, Any]


@dataclass(slots=True)
class SessionWrite:
    """The whole state of a session and its judge's memory, both as JSON. Key: its ID.

    `source` is what it was imported from, None for one that a station told us of.
    """

    session_id: str
    station_id: str
    transaction_id: str | None
    state: str
    started_at: datetime
    ended_at: datetime | None
    token: str | None
    vehicle: str | None
    energy_milliwh: int | None
    doc: str
    watch: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class EventWrite:
    """What a station said of a transaction. Key: station and `key`, made of the content.

    `at` is the station's own time, uncorrected; the time of receipt where it gave none.
    """

    station_id: str
    key: str
    session_id: str | None
    kind: str
    at: datetime
    received_at: datetime
    doc: Mapping[str, Any]


@dataclass(slots=True)
class SampleWrite:
    """One sample. Key: station, session (or none), EVSE, the station's time, context.

    `verdict` is what the monitor made of it, None for one that belongs to no session;
    `charging_state` what the station had told of the session by then.
    """

    station_id: str
    session_id: str | None
    evse: int
    received_at: datetime
    sample: Sample
    verdict: str | None = None
    charging_state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryWrite:
    """A session as reports and searches need it: one flat row, made of its ledger. Key: its ID.

    It is written when a session begins, when it ends, and whenever something of it changes after
    that. `vehicle` is as the station told it, `vehicle_id` the record that joins it with others.
    `cost` is in whole currency units, exact, `cost_net` without VAT; `record` is the number of the
    newest charge record. `kinds` are those of its deviations, `held` is the `Usage.held_s` and
    `held_milliwh` by cause, `source` ocpp or the name of what it was imported from. `identities`
    are references (`csms/domain/vehicle_ids`) to what its vehicle was known by, the surest first,
    `hints` to what may belong to the same one. `limits` tells its limits in a few words.
    """

    session_id: str
    station_id: str
    started_at: datetime
    state: str
    site: str
    evse: int | None = None
    connector: int | None = None
    vendor: str | None = None
    model: str | None = None
    protocol: str | None = None
    transaction_id: str | None = None
    token: str | None = None
    token_kind: str | None = None
    vehicle: str | None = None
    vehicle_id: str | None = None
    account: str | None = None
    ended_at: datetime | None = None
    energy_milliwh: int | None = None
    soc_start: float | None = None
    soc_end: float | None = None
    peak_w: float | None = None
    waiting_s: float = 0.0
    charging_s: float = 0.0
    paused_s: float = 0.0
    idle_s: float = 0.0
    profile: str | None = None
    tariff: str | None = None
    currency: str | None = None
    cost: Decimal | None = None
    cost_net: Decimal | None = None
    is_estimated: bool = False
    record: str | None = None
    stop_reason: str | None = None
    deviations: int = 0
    kinds: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    held_back_by: str | None = None
    held: Mapping[str, Any] = field(default_factory=dict)
    source: str = "ocpp"
    identities: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    limits: str | None = None


@dataclass(frozen=True, slots=True)
class ChargeRecordWrite:
    """A charge record as it was issued: what a session cost. Key: its number; it never changes.

    `replaces` is the number of the one before of the same session, whose bill was another one.
    `doc` has all of it: the session as it was, its tariff, the bill line by line. See
    `csms.engine.charge_records`.
    """

    number: str
    session_id: str
    issued_at: datetime
    replaces: str | None
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LimitsWrite:
    """The limits planned for a session from an instant on. Key: session, instant."""

    session_id: str
    since: datetime
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EstimateWrite:
    """What was told of a session's expected end. Key: session, instant."""

    session_id: str
    at: datetime
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InstalledWrite:
    """All profiles believed to be on a station. Key: station."""

    station_id: str
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlertWrite:
    """An alert's whole state. Key: its ID.

    `change` is what this write tells of: raised, changed or cleared; None if nothing that anybody
    waits for. It is in no column.
    """

    alert_id: str
    station_id: str
    session_id: str | None
    kind: str
    severity: str
    state: str
    opened_at: datetime
    doc: Mapping[str, Any]
    change: str | None = None


@dataclass(frozen=True, slots=True)
class CommandWrite:
    """A command's whole state. Key: its ID."""

    command_id: str
    station_id: str
    session_id: str | None
    action: str
    state: str
    wanted_at: datetime
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MessageWrite:
    """A message that is kept as it came. Key: station, time of receipt, message ID."""

    station_id: str
    received_at: datetime
    message_id: str
    action: str
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QuarantineWrite:
    """A message that could not be put where it belongs. Key: its ID, made of its content.

    Once it is attached or dismissed no write changes it any more. `version` is the OCPP version
    that it was sent in, `transaction_id` the one that it names or that its start was answered
    with. `doc` holds what is known beside: candidates, evidence, who resolved it and when.
    """

    quarantine_id: str
    station_id: str
    received_at: datetime
    message_id: str
    version: str
    action: str
    transaction_id: str | None
    payload: Mapping[str, Any]
    why: str
    state: str
    session_id: str | None
    attempts: int
    doc: Mapping[str, Any]

    @property
    def is_resolved(self) -> bool:
        """Tells whether nothing more is to be done about it."""
        return self.state in RESOLVED


@dataclass(frozen=True, slots=True)
class AnomalyWrite:
    """Something odd about what a station sent. Key: station, time, kind, message ID."""

    station_id: str
    session_id: str | None
    at: datetime
    kind: str
    message_id: str
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeliveryWrite:
    """A message about an alert to a webhook. Key: its ID, made of the content.

    `version` counts the states of one delivery; a row never goes back to a lower one. `state` is
    waiting, delivered or dead. `body` is the JSON as it is signed and sent, `doc` what is known of
    the tries: `status`, `error`, `answer` of the last one, `tried_at`, `delivered_at`.
    """

    delivery_id: str
    hook: str
    alert_id: str
    created_at: datetime
    version: int
    state: str
    attempts: int
    due_at: datetime
    body: str
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordWrite:
    """An operator's record: a token, a profile, the assignments. Key: collection and name.

    `doc` None deletes it.
    """

    collection: str
    name: str
    doc: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class NumbersWrite:
    """That all numbers of a scope before `next` may be in use. Key: the scope; it only grows."""

    scope: str
    next: int


Write = (
    StationWrite
    | ConnectorWrite
    | SessionWrite
    | EventWrite
    | SampleWrite
    | SummaryWrite
    | ChargeRecordWrite
    | LimitsWrite
    | EstimateWrite
    | InstalledWrite
    | AlertWrite
    | CommandWrite
    | MessageWrite
    | QuarantineWrite
    | AnomalyWrite
    | DeliveryWrite
    | RecordWrite
    | NumbersWrite
    | VariableWrite
    | MonitorWrite
    | MonitoringEventWrite
    | ViolationWrite
    | IncidentWrite
    | RunWrite
    | ConductWrite
    | StationDayWrite
    | HealthWrite
    | ImportWrite
)
