"""How writes of a device model and of violations become rows, and how two of one key are joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from csms.engine.device_model_writes import (
        MonitoringEventWrite,
        MonitorWrite,
        VariableWrite,
        ViolationWrite,
    )

Row = tuple[Any, ...]
_TOLD, _ATTRIBUTES, _CHARACTERISTICS = 8, 9, 10
_COUNT, _FIRST_AT, _LAST_AT = 4, 5, 6


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON
    return orjson.dumps(value, default=str).decode()


def variable_row(write: VariableWrite) -> Row:
    """Returns the row of a variable."""
    return (
        write.station_id,
        write.key,
        write.component,
        write.component_instance,
        write.evse,
        write.connector,
        write.variable,
        write.instance,
        _json(dict(write.told)),
        _json(dict(write.attributes)),
        _json(dict(write.characteristics)),
        write.told_at,
    )


def monitor_row(write: MonitorWrite) -> Row:
    """Returns the row of a monitor."""
    return write.station_id, write.monitor_id, write.told_at, write.is_gone, _json(write.doc)


def monitoring_event_row(write: MonitoringEventWrite) -> Row:
    """Returns the row of what a monitor found."""
    return (
        write.station_id,
        write.received_at,
        write.message_id,
        write.place,
        write.component,
        write.variable,
        _json(write.doc),
    )


def violation_row(write: ViolationWrite) -> Row:
    """Returns the row of a violation."""
    return (
        write.station_id,
        write.kind,
        write.action,
        write.field,
        write.count,
        write.first_at,
        write.last_at,
        _json(write.doc),
    )


def joined_variable(old: Row, new: Row) -> Row:
    """Returns both as one: what the later one does not tell stays."""
    row = list(new)
    for column in (_TOLD, _ATTRIBUTES, _CHARACTERISTICS):
        row[column] = _json({**orjson.loads(old[column]), **orjson.loads(new[column])})
    return tuple(row)


def joined_violation(old: Row, new: Row) -> Row:
    """Returns both as one, with their counts together."""
    row = list(new)
    row[_COUNT] = old[_COUNT] + new[_COUNT]
    row[_FIRST_AT] = min(old[_FIRST_AT], new[_FIRST_AT])
    row[_LAST_AT] = max(old[_LAST_AT], new[_LAST_AT])
    return tuple(row)
