"""A group of units as one set of rows for each table, each key once."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from csms.engine.device_model_writes import VariableWrite, ViolationWrite
from csms.engine.health_writes import StationDayWrite
from csms.engine.writes import (
    RESOLVED,
    AlertWrite,
    ChargeRecordWrite,
    CommandWrite,
    ConnectorWrite,
    DeliveryWrite,
    EventWrite,
    QuarantineWrite,
    RecordWrite,
    SampleWrite,
    Write,
)
from csms.store.device_model_rows import joined_variable, joined_violation
from csms.store.health_rows import joined_day
from csms.store.rows import TABLES, Row, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from csms.store.journal_rows import Rows

_CONNECTOR_AT = 4
_SAMPLE_REGISTER, _SAMPLE_INTERVAL, _SAMPLE_VERDICT = 6, 20, 21
_QUARANTINE_STATE = 9
_DELIVERY_VERSION = 4
_ROWS: dict[type[Write], tuple[Callable[[Any], Row], Callable[[Row], Any]]] = {
    kind: (row_of, itemgetter(*key)) for kind, (row_of, key) in TABLES.items()
}


def grouped(units: Iterable[Sequence[Write]]) -> dict[type[Write], list[Row]]:
    """Returns the rows of all units by table, the newest of each key.

    A statement may not touch a row twice. Rows of one key are joined as the table joins them.
    """
    newest: dict[type[Write], dict[Any, Any]] = {}
    for unit in units:
        for write in unit:
            kind = type(write)
            row_of, key_of = _ROWS[kind]
            row = row_of(write)
            key = key_of(row)
            rows = newest.get(kind)
            if rows is None:
                rows = newest[kind] = {}
            old = rows.get(key)
            rows[key] = row if old is None else _joined(kind, old, row)
    return {kind: list(rows.values()) for kind, rows in newest.items()}


def grouped_rows(units: Iterable[Rows]) -> dict[type[Write], list[Row]]:
    """Returns what `grouped` returns, of units that are rows already."""
    newest: dict[type[Write], dict[Any, Row]] = {}
    for unit in units:
        for kind, row in unit:
            rows = newest.setdefault(kind, {})
            key = _ROWS[kind][1](row)
            rows[key] = row if key not in rows else _joined(kind, rows[key], row)
    return {kind: list(rows.values()) for kind, rows in newest.items()}


def by_statement(rows_by_table: Mapping[type[Write], list[Row]]) -> Iterator[tuple[str, list[Row]]]:
    """Yields the name of each statement that writes these rows, and its rows.

    They come in one order, so that two nodes never wait for each other's rows.
    """
    for kind in TABLES:
        rows = rows_by_table.get(kind)
        if rows is None:
            continue
        if kind is not RecordWrite:
            yield f"write_{kind.__name__}", rows
            continue
        kept = [row for row in rows if row[-1] is not None]
        if kept:
            yield "write_RecordWrite", kept
        gone = [row for row in rows if row[-1] is None]
        if gone:
            yield "delete_records", gone


def _joined(kind: type[Write], old: Row, new: Row) -> Row:
    """Returns what the table makes of the two rows; without a rule of its own, the last one."""
    join = _JOINS.get(kind)
    return new if join is None else join(old, new)


def _merged(old: Row, new: Row) -> Row:
    return tuple(b if a is None else a for a, b in zip(old, new, strict=True))


def _sample(old: Row, new: Row) -> Row:
    """Of two readings at one moment the larger counts, whichever came first; the last verdict."""
    row = list(_merged(old, new))
    for column in (_SAMPLE_REGISTER, _SAMPLE_INTERVAL):
        known = [each[column] for each in (old, new) if each[column] is not None]
        row[column] = max(known, default=None)
    if new[_SAMPLE_VERDICT] is not None:
        row[_SAMPLE_VERDICT] = new[_SAMPLE_VERDICT]
    return tuple(row)


def _newest_status(old: Row, new: Row) -> Row:
    return old if old[_CONNECTOR_AT] > new[_CONNECTOR_AT] else new


def _alert(old: Row, new: Row) -> Row:
    return (*old[:4], *new[4:6], *old[6:-1], new[-1])


def _command(old: Row, new: Row) -> Row:
    return (*old[:4], new[4], old[5], _merged_docs(old[6], new[6]), *new[7:])


def _quarantine(old: Row, new: Row) -> Row:
    if old[_QUARANTINE_STATE] in RESOLVED:
        return old
    transaction_id, session_id = old[6] or new[6], new[10] or old[10]
    doc = _merged_docs(old[12], new[12])
    return (*old[:6], transaction_id, old[7], *new[8:10], session_id, new[11], doc, *new[13:])


def _newest_version(old: Row, new: Row) -> Row:
    return old if old[_DELIVERY_VERSION] >= new[_DELIVERY_VERSION] else new


def _first(old: Row, new: Row) -> Row:
    """What was issued never changes."""
    del new
    return old


def _merged_docs(old: str, new: str) -> str:
    return to_json({**orjson.loads(old), **orjson.loads(new)})


_JOINS: dict[type[Write], Callable[[Row, Row], Row]] = {
    SampleWrite: _sample,
    EventWrite: _merged,
    ConnectorWrite: _newest_status,
    AlertWrite: _alert,
    CommandWrite: _command,
    QuarantineWrite: _quarantine,
    DeliveryWrite: _newest_version,
    ChargeRecordWrite: _first,
    VariableWrite: joined_variable,
    ViolationWrite: joined_violation,
    StationDayWrite: joined_day,
}
