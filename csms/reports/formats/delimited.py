"""CSV: RFC 4180, UTF-8, one table, its columns named for programs."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from csms.reports.formats.cells import disarmed, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from csms.reports.formats.writing import Head
    from csms.reports.report import Cell, Kind, Row, Table

_BYTE_ORDER_MARK = "\ufeff"


class CsvWriter:
    """Texts that a spreadsheet would take for a formula get an apostrophe; figures never do."""

    media_type = "text/csv; charset=utf-8; header=present"
    extension = "csv"
    is_whole = False

    def __init__(self, *, has_mark: bool = False) -> None:
        self._has_mark = has_mark
        self._head: Head | None = None
        self._shows: list[Callable[[Cell], str]] = []

    def begin(self, head: Head) -> bytes:
        """Returns the byte order mark, if one is wanted."""
        self._head = head
        return _BYTE_ORDER_MARK.encode() if self._has_mark else b""

    def table(self, table: Table) -> bytes:
        """Returns the line with the columns' names."""
        assert self._head is not None  # noqa: S101 - tables come after the beginning
        zone = self._head.query.zone
        self._shows = [_shown(column.kind, zone) for column in table.columns]
        return _lines([[column.name for column in table.columns]])

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Returns a line for each row."""
        return _lines(
            [
                "" if cell is None else show(cell)
                for show, cell in zip(self._shows, row, strict=True)
            ]
            for row in rows
        )

    def table_end(self, table: Table) -> bytes:
        """Returns nothing: a CSV has no place for notes."""
        del table
        return b""

    def end(self) -> Iterator[bytes]:
        """Yields nothing."""
        return iter(())

    def close(self) -> None:
        """Holds nothing."""


def _shown(kind: Kind, zone: ZoneInfo) -> Callable[[Cell], str]:
    """Returns what makes a text of each cell of a column."""
    return disarmed if kind == "text" else plain_text(kind, zone)


def _lines(rows: Iterable[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("utf-8", "replace")
