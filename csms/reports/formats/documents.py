"""JSON: one document with everything that is asked for, written as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from csms.domain.times import format_time
from csms.reports.formats.cells import json_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from csms.reports.formats.writing import Head
    from csms.reports.report import Row, Table


class JsonWriter:
    """Rows are objects by the columns' names, in the manner of the API."""

    media_type = "application/json"
    extension = "json"
    is_whole = True

    def __init__(self) -> None:
        self._table: Table | None = None
        self._tables = self._rows = 0

    def begin(self, head: Head) -> bytes:
        """Returns what was asked, and opens the list of tables."""
        query = head.query
        told = {
            "report": head.report,
            "about": head.about,
            "made_at": format_time(head.made_at),
            "from": format_time(query.since),
            "to": format_time(query.until),
            "time_zone": query.zone.key,
            "group": query.group,
            "filters": query.filters,
            "options": query.options,
        }
        return orjson.dumps(told)[:-1] + b',"tables":['

    def table(self, table: Table) -> bytes:
        """Returns the columns, and opens the list of rows."""
        self._table, self._rows = table, 0
        self._tables += 1
        columns = [
            {"name": each.name, "label": each.label, "kind": each.kind, "unit": each.unit}
            for each in table.columns
        ]
        told = {"name": table.name, "title": table.title, "columns": columns}
        return (b",\n" if self._tables > 1 else b"\n") + orjson.dumps(told)[:-1] + b',"rows":['

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Returns an object for each row, one a line."""
        assert self._table is not None  # noqa: S101 - rows come after their table
        lines = [orjson.dumps(self._object(row)) for row in rows]
        begin = b",\n" if self._rows else b"\n"
        self._rows += len(rows)
        return begin + b",\n".join(lines)

    def table_end(self, table: Table) -> bytes:
        """Closes the list of rows, and adds notes and charts."""
        charts = [
            {
                "kind": each.kind,
                "title": each.title,
                "unit": each.unit,
                "x": list(each.x),
                "series": {name: list(figures) for name, figures in each.series.items()},
            }
            for each in table.charts
        ]
        told = {"notes": table.notes, "charts": charts}
        return b"\n]," + orjson.dumps(told, default=float)[1:]

    def end(self) -> Iterator[bytes]:
        """Closes everything."""
        yield b"\n]}\n"

    def close(self) -> None:
        """Holds nothing."""

    def _object(self, row: Row) -> dict[str, Any]:
        assert self._table is not None  # noqa: S101 - rows come after their table
        return {
            column.name: json_value(column.kind, cell)
            for column, cell in zip(self._table.columns, row, strict=True)
        }
