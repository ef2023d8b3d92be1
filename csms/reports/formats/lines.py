"""A table for the terminal: columns side by side, no cell cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from csms.reports.formats.cells import is_figure, printable, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from csms.reports.formats.writing import Head
    from csms.reports.report import Column, Row, Table

_GAP = "  "


class LinesWriter:
    """The first batch of rows decides how wide columns are; what is wider later only moves on.

    Details are shown only if it `is_wide`.
    """

    media_type = "text/plain; charset=utf-8"
    extension = "txt"
    is_whole = False

    def __init__(self, *, is_wide: bool = False) -> None:
        self._is_wide = is_wide
        self._shown: list[tuple[int, Column]] = []
        self._head: Head | None = None
        self._table: Table | None = None
        self._widths: list[int] = []

    def begin(self, head: Head) -> bytes:
        """Returns nothing yet: the title is the table's."""
        self._head = head
        return b""

    def table(self, table: Table) -> bytes:
        """Returns title and period."""
        assert self._head is not None  # noqa: S101 - tables come after the beginning
        self._table, self._widths = table, []
        self._shown = [
            (place, column)
            for place, column in enumerate(table.columns)
            if self._is_wide or not column.is_detail
        ]
        return f"{table.title}\n{period_text(self._head)}\n".encode()

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Returns a line for each row; the headings before the first ones."""
        assert self._table is not None  # noqa: S101 - rows come after their table
        assert self._head is not None  # noqa: S101 - which comes after the beginning
        zone = self._head.query.zone
        cells = [
            [shown_text(column, row[place], zone) for place, column in self._shown] for row in rows
        ]
        if not self._widths:
            cells.insert(0, [column.heading for _, column in self._shown])
            self._widths = [max(map(cell_len, each)) for each in zip(*cells, strict=True)]
        return "".join(map(self._line, cells)).encode("utf-8", "replace")

    def table_end(self, table: Table) -> bytes:
        """Returns the notes."""
        told = table.notes if self._widths else ["nothing", *table.notes]
        if hidden := len(table.columns) - len(self._shown):
            told = [*told, f"{hidden} more columns: --wide, and in every other format."]
        return "".join(f"{note}\n" for note in told).encode()

    def end(self) -> Iterator[bytes]:
        """Yields nothing."""
        return iter(())

    def close(self) -> None:
        """Holds nothing."""

    def _line(self, cells: Sequence[str]) -> str:
        placed = [
            _placed(text, width, to_right=is_figure(column.kind))
            for text, width, (_, column) in zip(cells, self._widths, self._shown, strict=True)
        ]
        return _GAP.join(placed).rstrip() + "\n"


def _placed(text: str, width: int, *, to_right: bool) -> str:
    room = " " * (width - cell_len(text))
    return room + text if to_right else text + room


def period_text(head: Head) -> str:
    """Returns in words which sessions an answer is about."""
    query = head.query
    filters = "".join(
        f", {name} {' or '.join(values)}" for name, values in sorted(query.filters.items())
    )
    begin, end = (_local(head, at) for at in (query.since, query.until))
    return printable(f"from {begin} until {end}, {query.zone.key}{filters}")


def _local(head: Head, at: datetime) -> str:
    local = at.astimezone(head.query.zone)
    return (
        f"{local:%Y-%m-%d}"
        if local.time().isoformat() == "00:00:00"
        else f"{local:%Y-%m-%d %H:%M:%S}"
    )
