"""XLSX: a sheet for each table, written to a temporary file row by row, then read from it."""

from __future__ import annotations

import re
import tempfile
from typing import TYPE_CHECKING, Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from csms.reports.formats.lines import period_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from csms.reports.formats.writing import Head
    from csms.reports.report import Cell, Column, Row, Table

_MOST_ROWS: Final = 1_048_576
_PIECE: Final = 1 << 18
_LONGEST: Final = 32_767
# What XML 1.0 cannot hold.
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_TITLE = re.compile(r"[\[\]:*?/\\]")
_WIDTHS: Final = {"time": 20, "text": 18, "flag": 8}
_TIME_FORM: Final = "yyyy-mm-dd hh:mm:ss"


class XlsxWriter:
    """Texts are texts, also those that begin like a formula; figures are numbers.

    Times are those of the report's zone, as spreadsheets know none; the sheet `about` names it. A
    table with more rows than a sheet can have goes on in further ones.
    """

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    extension = "xlsx"
    is_whole = True

    def __init__(self, most_rows: int = _MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._book = Workbook(write_only=True)
        self._file: IO[bytes] | None = None
        self._about: list[tuple[str, str]] = []
        self._head: Head | None = None
        self._table: Table | None = None
        self._sheet: Any = None
        self._in_sheet = self._sheets = 0

    def begin(self, head: Head) -> bytes:
        """Returns nothing: the file is there when all is done."""
        self._head = head
        self._about = [
            ("report", head.report),
            ("about", head.about),
            ("period", period_text(head)),
            ("times are those of", head.query.zone.key),
            ("made at", f"{head.made_at:%Y-%m-%d %H:%M:%S}Z"),
        ]
        return b""

    def table(self, table: Table) -> bytes:
        """Begins a sheet."""
        self._table, self._sheets = table, 0
        self._begin_sheet()
        return b""

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Adds rows, and a sheet where one is full."""
        assert self._table is not None  # noqa: S101 - rows come after their table
        columns = self._table.columns
        for row in rows:
            if self._in_sheet >= self._most_rows:
                self._begin_sheet()
            self._sheet.append(
                [self._cell(column, cell) for column, cell in zip(columns, row, strict=True)]
            )
            self._in_sheet += 1
        return b""

    def table_end(self, table: Table) -> bytes:
        """Keeps the notes for the last sheet."""
        self._about += [(table.name, note) for note in table.notes]
        return b""

    def end(self) -> Iterator[bytes]:
        """Yields the whole file."""
        sheet = self._book.create_sheet("about")
        for name, text in self._about:
            self._sheet = sheet
            sheet.append([self._text(name), self._text(text)])
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._book.save(self._file)
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece

    def close(self) -> None:
        """Gives the temporary files back."""
        for sheet in self._book.worksheets:
            sheet.close()
        if self._file is not None:
            self._file.close()

    def _begin_sheet(self) -> None:
        assert self._table is not None  # noqa: S101 - sheets are those of a table
        self._sheets += 1
        number = "" if self._sheets == 1 else f" {self._sheets}"
        self._sheet = self._book.create_sheet(_NO_TITLE.sub(" ", self._table.name)[:25] + number)
        self._sheet.freeze_panes = "A2"
        for index, column in enumerate(self._table.columns):
            letter = _letters(index)
            self._sheet.column_dimensions[letter].width = _WIDTHS.get(column.kind, 14)
        self._sheet.append([self._heading(column) for column in self._table.columns])
        self._in_sheet = 1

    def _heading(self, column: Column) -> WriteOnlyCell:
        cell = self._text(column.heading)
        cell.font = Font(bold=True)
        return cell

    def _text(self, text: str) -> WriteOnlyCell:
        cell = WriteOnlyCell(self._sheet, _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)[:_LONGEST])
        cell.data_type = "s"
        return cell

    def _cell(self, column: Column, value: Cell) -> Any:  # noqa: ANN401 - what openpyxl takes
        if value is None:
            return None
        if column.kind == "text":
            return self._text(value)
        if column.kind == "time":
            assert self._head is not None  # noqa: S101 - which comes first
            local = value.astimezone(self._head.query.zone).replace(tzinfo=None, microsecond=0)
            cell = WriteOnlyCell(self._sheet, local)
            cell.number_format = _TIME_FORM
            return cell
        if column.kind == "energy_wh":
            return value / 1000
        if column.kind == "money":
            return self._amount(value)
        return value

    def _amount(self, amount: Any) -> WriteOnlyCell:  # noqa: ANN401 - a Decimal
        cell = WriteOnlyCell(self._sheet, amount)
        digits = -amount.as_tuple().exponent
        cell.number_format = f"0.{'0' * digits}" if digits > 0 else "0"
        return cell


def _letters(index: int) -> str:
    """Returns the letters of a column, A for 0."""
    high, low = divmod(index, 26)
    return (_letters(high - 1) if high else "") + chr(ord("A") + low)
