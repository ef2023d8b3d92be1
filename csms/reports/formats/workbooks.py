"""XLSX: a sheet for each table, written as it comes, without a temporary file.

Source: ECMA-376, parts 1 (SpreadsheetML) and 2 (packages). Written by hand, since a library takes
twenty times as long for a row, and a report may have a million.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from csms.reports.formats.cells import decimal_text, wh_text
from csms.reports.formats.lines import period_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO
    from zoneinfo import ZoneInfo

    from csms.reports.formats.writing import Head
    from csms.reports.report import Cell, Column, Row, Table

_MOST_ROWS: Final = 1_048_576
_LONGEST: Final = 32_767
_TITLE_LETTERS: Final = 25
_LEVEL: Final = 1
# What XML 1.0 cannot hold.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_TITLE = re.compile(r"[\[\]:*?/\\']")
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - days of spreadsheets have no zone
_DAY: Final = timedelta(days=1)
_WIDTHS: Final = {"time": 20, "text": 18, "flag": 8}
# The places in the list of styles below.
_BOLD, _TIME, _DIGITS = 1, 2, 3
_MOST_DIGITS: Final = 4
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"


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
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._sheet: IO[bytes] | None = None
        self._titles: list[str] = []
        self._about: list[tuple[str, str]] = []
        self._zone: ZoneInfo | None = None
        self._table: Table | None = None
        self._in_sheet = self._of_table = 0

    def begin(self, head: Head) -> bytes:
        """Returns the first bytes of the package."""
        self._zone = head.query.zone
        self._about = [
            ("report", head.report),
            ("about", head.about),
            ("period", period_text(head)),
            ("times are those of", head.query.zone.key),
            ("made at", f"{head.made_at:%Y-%m-%d %H:%M:%S}Z"),
        ]
        self._archive.writestr("_rels/.rels", _rels([("officeDocument", "xl/workbook.xml")]))
        self._archive.writestr("xl/styles.xml", _STYLES)
        return self._sink.taken()

    def table(self, table: Table) -> bytes:
        """Begins a sheet."""
        self._table, self._of_table = table, 0
        self._begin_sheet(table)
        return self._sink.taken()

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Returns rows, and the beginning of a sheet where one is full."""
        assert self._table is not None  # noqa: S101 - rows come after their table
        columns, left = self._table.columns, list(rows)
        while left:
            if self._in_sheet >= self._most_rows:
                self._begin_sheet(self._table)
            room = self._most_rows - self._in_sheet
            self._write("".join(self._row(columns, row) for row in left[:room]))
            self._in_sheet += len(left[:room])
            left = left[room:]
        return self._sink.taken()

    def table_end(self, table: Table) -> bytes:
        """Ends the sheet, and keeps the notes for the last one."""
        self._about += [(table.name, note) for note in table.notes]
        self._end_sheet()
        return self._sink.taken()

    def end(self) -> Iterator[bytes]:
        """Yields the sheet about it all, and what tells which sheets there are."""
        self._open_sheet("about")
        for name, text in self._about:
            self._write(f"<row>{_text(name)}{_text(text)}</row>")
        self._end_sheet()
        count = len(self._titles)
        self._archive.writestr("xl/workbook.xml", _workbook(self._titles))
        sheets = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, count + 1)]
        rels = _rels([*sheets, ("styles", "styles.xml")])
        self._archive.writestr("xl/_rels/workbook.xml.rels", rels)
        self._archive.writestr("[Content_Types].xml", _content_types(count))
        self._archive.close()
        yield self._sink.taken()

    def close(self) -> None:
        """Lets go of a sheet that was not ended."""
        if self._sheet is not None:
            self._sheet.close()
        self._archive.close()

    def _begin_sheet(self, table: Table) -> None:
        self._end_sheet()
        self._of_table += 1
        number = "" if self._of_table == 1 else f" {self._of_table}"
        self._open_sheet(_NO_TITLE.sub(" ", table.name)[:_TITLE_LETTERS] + number, table.columns)
        headings = "".join(_text(column.heading, f' s="{_BOLD}"') for column in table.columns)
        self._write(f"<row>{headings}</row>")
        self._in_sheet = 1

    def _open_sheet(self, title: str, columns: Sequence[Column] = ()) -> None:
        self._titles.append(title)
        self._sheet = self._archive.open(f"xl/worksheets/sheet{len(self._titles)}.xml", "w")
        widths = "".join(
            f'<col min="{number}" max="{number}" width="{_WIDTHS.get(column.kind, 14)}" '
            'customWidth="1"/>'
            for number, column in enumerate(columns, 1)
        )
        frozen = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        self._write(
            f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
            f"{frozen if columns else ''}</sheetView></sheetViews>"
            f"{f'<cols>{widths}</cols>' if widths else ''}<sheetData>"
        )

    def _end_sheet(self) -> None:
        if self._sheet is not None:
            self._write("</sheetData></worksheet>")
            self._sheet.close()
            self._sheet = None

    def _write(self, text: str) -> None:
        assert self._sheet is not None  # noqa: S101 - a sheet is open while anything is written
        self._sheet.write(text.encode())

    def _row(self, columns: Sequence[Column], row: Row) -> str:
        cells = [
            "<c/>" if cell is None else self._cell(column, cell)
            for column, cell in zip(columns, row, strict=True)
        ]
        return f"<row>{''.join(cells)}</row>"

    def _cell(self, column: Column, cell: Cell) -> str:
        kind, style = column.kind, ""
        if kind == "text":
            return _text(cell)
        if kind == "flag":
            return f'<c t="b"><v>{cell:d}</v></c>'
        if kind == "time":
            local = cell.astimezone(self._zone).replace(tzinfo=None, microsecond=0)
            figure, style = repr((local - _EPOCH) / _DAY), f' s="{_TIME}"'
        elif kind == "money":
            digits = min(max(-cell.as_tuple().exponent, 0), _MOST_DIGITS)
            figure, style = decimal_text(cell), f' s="{_DIGITS + digits}"'
        else:
            figure = wh_text(cell) if kind == "energy_wh" else decimal_text(cell)
        return f"<c{style}><v>{figure}</v></c>"


class _Sink(io.RawIOBase):
    """Takes what is written until somebody fetches it. It cannot go back: nothing is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override] # whatever the archive writes
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        """Returns what was written since the last time."""
        held = bytes(self._held)
        self._held.clear()
        return held


def _text(text: str, style: str = "") -> str:
    clean = escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)[:_LONGEST])
    return f'<c t="inlineStr"{style}><is><t xml:space="preserve">{clean}</t></is></c>'


def _rels(targets: Sequence[tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def _workbook(titles: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name="{escape(title)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, title in enumerate(titles, 1)
    )
    spaces = f'xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"'
    return f"{_XML}<workbook {spaces}><sheets>{sheets}</sheets></workbook>"


def _content_types(sheets: int) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
        f'ContentType="{kind}.worksheet+xml"/>'
        for number in range(1, sheets + 1)
    )
    return (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{parts}</Types>'
    )


_FORMS: Final = ("yyyy-mm-dd hh:mm:ss", "0", "0.0", "0.00", "0.000", "0.0000")
_STYLES: Final = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="{len(_FORMS)}">'
    + "".join(
        f'<numFmt numFmtId="{164 + place}" formatCode="{form}"/>'
        for place, form in enumerate(_FORMS)
    )
    + '</numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    f'<cellXfs count="{2 + len(_FORMS)}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" '
    'xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    + "".join(
        f'<xf numFmtId="{164 + place}" fontId="0" fillId="0" borderId="0" xfId="0" '
        'applyNumberFormat="1"/>'
        for place in range(len(_FORMS))
    )
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
    "</cellStyles></styleSheet>"
)
