"""A group of units as one set of rows for each table, each key once."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from csms.engine.writes import (
    RESOLVED,
    ConnectorWrite,
    EventWrite,
    QuarantineWrite,
    RecordWrite,
    SampleWrite,
    Write,
)
from csms.store.rows import TABLES, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_CONNECTOR_AT = 4
_QUARANTINE_STATE = 9
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
    """Fills what is known, keeps a connector's newest state and what is final, else the last."""
    if kind in {SampleWrite, EventWrite}:
        return _merged(old, new)
    if kind is ConnectorWrite and old[_CONNECTOR_AT] > new[_CONNECTOR_AT]:
        return old
    if kind is QuarantineWrite and old[_QUARANTINE_STATE] in RESOLVED:
        return old
    return new


def _merged(old: Row, new: Row) -> Row:
    return tuple(b if a is None else a for a, b in zip(old, new, strict=True))
