"""How each write becomes a row: all columns in the order of its table, and its key.

What the table fills by itself is None.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

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
from csms.engine.writes import (
    AlertWrite,
    AnomalyWrite,
    ChargeRecordWrite,
    CommandWrite,
    ConnectorWrite,
    DeliveryWrite,
    EstimateWrite,
    EventWrite,
    InstalledWrite,
    LimitsWrite,
    MessageWrite,
    NumbersWrite,
    QuarantineWrite,
    RecordWrite,
    SampleWrite,
    SessionWrite,
    StationWrite,
    SummaryWrite,
    Write,
)
from csms.store import device_model_rows as device_model
from csms.store import health_rows as health

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Row = tuple[Any, ...]
# The ends of the calendar come back from PostgreSQL as infinity, and break whoever reads them.
_EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_BIGINT = 2**63 - 1


def to_json(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Returns compact JSON; times become ISO 8601, sets and tuples lists."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _bigint(value: int | None) -> int | None:
    """What no column can hold is kept in the documents only."""
    return value if value is not None and -_BIGINT <= value <= _BIGINT else None


def _instant(at: datetime) -> datetime:
    """What a clock that lies may say, within what can be read again."""
    return at if _EARLIEST <= at <= _LATEST else min(max(at, _EARLIEST), _LATEST)


def _station(write: StationWrite) -> Row:
    return write.station_id, to_json(write.doc), None


def _connector(write: ConnectorWrite) -> Row:
    return (
        write.station_id,
        write.evse,
        write.connector,
        write.status,
        write.at,
        to_json(write.doc),
    )


def _session(write: SessionWrite) -> Row:
    return (
        write.session_id,
        write.station_id,
        write.transaction_id,
        write.state,
        write.started_at,
        write.ended_at,
        write.token,
        write.vehicle,
        _bigint(write.energy_milliwh),
        write.doc,
        write.watch,
        write.source,
    )


def _event(write: EventWrite) -> Row:
    return (
        write.station_id,
        write.key,
        write.session_id,
        write.kind,
        _instant(write.at),
        write.received_at,
        None,
        to_json(write.doc),
    )


def _sample(write: SampleWrite) -> Row:
    sample = write.sample
    return (
        write.station_id,
        write.session_id or "",
        write.evse,
        _instant(sample.at),
        sample.context,
        write.received_at,
        _bigint(sample.register_milliwh),
        sample.power_w,
        sample.current_a,
        *sample.currents_a,
        *sample.voltages_v,
        sample.soc_percent,
        sample.power_offered_w,
        sample.current_offered_a,
        to_json(sample.extra) if sample.extra else None,
        ",".join(sample.assumed) or None,
        _bigint(sample.interval_milliwh),
        write.verdict,
        write.charging_state,
    )


def _summary(write: SummaryWrite) -> Row:
    row = [getattr(write, name) for name in SummaryWrite.__slots__]
    row[_SUMMARY_ENERGY] = _bigint(write.energy_milliwh)
    row[_SUMMARY_HELD] = to_json(write.held)
    return tuple(list(value) if isinstance(value, tuple) else value for value in row)


_SUMMARY_ENERGY = SummaryWrite.__slots__.index("energy_milliwh")
_SUMMARY_HELD = SummaryWrite.__slots__.index("held")


def _charge_record(write: ChargeRecordWrite) -> Row:
    doc = to_json(write.doc)
    return write.number, write.session_id, write.issued_at, write.replaces, doc


def _limits(write: LimitsWrite) -> Row:
    return write.session_id, write.since, to_json(write.doc)


def _estimate(write: EstimateWrite) -> Row:
    return write.session_id, write.at, to_json(write.doc)


def _installed(write: InstalledWrite) -> Row:
    return write.station_id, to_json(write.doc)


def _alert(write: AlertWrite) -> Row:
    return (
        write.alert_id,
        write.station_id,
        write.session_id,
        write.kind,
        write.severity,
        write.state,
        write.opened_at,
        None,
        None,
        to_json(write.doc),
    )


def _command(write: CommandWrite) -> Row:
    return (
        write.command_id,
        write.station_id,
        write.session_id,
        write.action,
        write.state,
        write.wanted_at,
        to_json(write.doc),
    )


def _message(write: MessageWrite) -> Row:
    return (
        write.station_id,
        write.received_at,
        write.message_id,
        write.action,
        to_json(write.doc),
    )


def _quarantine(write: QuarantineWrite) -> Row:
    return (
        write.quarantine_id,
        write.station_id,
        write.received_at,
        write.message_id,
        write.version,
        write.action,
        write.transaction_id,
        to_json(write.payload),
        write.why,
        write.state,
        write.session_id,
        write.attempts,
        to_json(write.doc),
    )


def _anomaly(write: AnomalyWrite) -> Row:
    return (
        write.station_id,
        write.session_id,
        write.at,
        write.kind,
        write.message_id,
        to_json(write.doc),
    )


def _delivery(write: DeliveryWrite) -> Row:
    return (
        write.delivery_id,
        write.hook,
        write.alert_id,
        write.created_at,
        write.version,
        write.state,
        write.attempts,
        write.due_at,
        write.body,
        to_json(write.doc),
    )


def _record(write: RecordWrite) -> Row:
    return write.collection, write.name, None if write.doc is None else to_json(write.doc)


def _import(write: ImportWrite) -> Row:
    key = (write.key, write.session_id, write.source, write.origin_id, write.imported_at)
    return *key, to_json(write.doc)


def _numbers(write: NumbersWrite) -> Row:
    return write.scope, write.next


# Columns are only ever appended, nullable or filled by the statement: the journal may hold rows
# that an older version has written, which are filled up with None.
# For each table: the row of a write, and how many of which columns are its key.
TABLES: Mapping[type[Write], tuple[Callable[[Any], Row], tuple[int, ...]]] = {
    StationWrite: (_station, (0,)),
    ConnectorWrite: (_connector, (0, 1, 2)),
    SessionWrite: (_session, (0,)),
    EventWrite: (_event, (0, 1)),
    SampleWrite: (_sample, (1, 3, 4, 2, 0)),
    SummaryWrite: (_summary, (0,)),
    ChargeRecordWrite: (_charge_record, (0,)),
    LimitsWrite: (_limits, (0, 1)),
    EstimateWrite: (_estimate, (0, 1)),
    InstalledWrite: (_installed, (0,)),
    AlertWrite: (_alert, (0,)),
    CommandWrite: (_command, (0,)),
    MessageWrite: (_message, (0, 1, 2)),
    QuarantineWrite: (_quarantine, (0,)),
    AnomalyWrite: (_anomaly, (0, 2, 3, 4)),
    DeliveryWrite: (_delivery, (0,)),
    RecordWrite: (_record, (0, 1)),
    NumbersWrite: (_numbers, (0,)),
    VariableWrite: (device_model.variable_row, (0, 1)),
    MonitorWrite: (device_model.monitor_row, (0, 1)),
    MonitoringEventWrite: (device_model.monitoring_event_row, (0, 1, 2, 3)),
    ViolationWrite: (device_model.violation_row, (0, 1, 2, 3)),
    IncidentWrite: (health.incident_row, (0, 1, 2, 3)),
    RunWrite: (health.run_row, (0,)),
    ConductWrite: (health.conduct_row, (0, 1, 2)),
    StationDayWrite: (health.day_row, (0, 1, 2)),
    HealthWrite: (health.health_row, (0,)),
    ImportWrite: (_import, (0,)),
}
