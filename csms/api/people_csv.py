"""Vehicles and accounts as CSV: what a row says, and what is wrong with it. Source: RFC 4180."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from csms.api.problems import invalid_field

MOST_ROWS = 250_000
_MOST_TOLD = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_SEPARATORS = ",;\t"

VEHICLE_COLUMNS = (
    "id",
    "name",
    "vins",
    "macs",
    "evccids",
    "emaids",
    "tokens",
    "vehicle_class",
    "note",
)
ACCOUNT_COLUMNS = (
    "id",
    "name",
    "reference",
    "email",
    "tokens",
    "vehicles",
    "since",
    "until",
    "note",
)


class BadRow(NamedTuple):
    """A row that is not taken: in which line it begins, and why."""

    line: int
    id: str | None
    field: str
    reason: str


class Row(NamedTuple):
    """A row: the line that it begins in, and its cells that are not empty, by column."""

    line: int
    id: str
    cells: Mapping[str, str]

    def parts(self, column: str) -> list[str]:
        """Returns the parts of a cell that is a list, separated by semicolons."""
        return [part.strip() for part in self.cells.get(column, "").split(";") if part.strip()]


@dataclass(slots=True)
class Table:
    """The rows of a table, and those that are none. Of the mistakes the first ones are kept."""

    rows: list[Row] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    mistakes: int = 0

    def refuse(self, line: int, row_id: str | None, column: str, reason: str) -> None:
        """Notes a mistake."""
        self.mistakes += 1
        if len(self.bad) < _MOST_TOLD:
            self.bad.append(BadRow(line, row_id, column, reason))


def read_table(content: bytes, columns: Sequence[str]) -> Table:
    """Returns the rows of a table whose first line names columns, `id` among them.

    Raises:
        Problem: if it is no such table at all.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid_field("", "the table must be UTF-8") from None
    if "\0" in text or not text.strip():
        raise invalid_field("", "the table is empty, or holds a NUL character")
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    named, table = _columns(rows, columns), Table()
    before = rows.line_num
    try:
        for count, row in enumerate(rows, 1):
            if count > MOST_ROWS:
                raise invalid_field("", f"has more than {MOST_ROWS} rows: import it in parts")
            if any(cell.strip() for cell in row):
                _take(table, named, row, before + 1)
            before = rows.line_num
    except csv.Error as error:
        table.refuse(before + 1, None, "", f"cannot be read from here on: {error}")
    return table


def write_rows(columns: Sequence[str], docs: Iterable[Mapping[str, Any]]) -> str:
    """Returns records as lines; a cell that would be a formula gets an apostrophe before it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for doc in docs:
        writer.writerow([_cell(doc.get(name)) for name in columns])
    return out.getvalue()


def _columns(rows: Iterator[list[str]], columns: Sequence[str]) -> list[str]:
    try:
        named = [cell.strip().lower() for cell in next(rows, [])]
    except csv.Error as error:
        raise invalid_field("", f"the first line cannot be read: {error}") from None
    unknown = [name for name in named if name not in columns]
    if "id" not in named or unknown or len(set(named)) < len(named):
        wrong = f"; it has {', '.join(unknown)[:200]!r}" if unknown else ""
        known = ", ".join(columns)
        why = f"the first line must name each column once, id among them, of {known}{wrong}"
        raise invalid_field("", why)
    return named


def _take(table: Table, columns: list[str], row: list[str], line: int) -> None:
    cells = {
        name: _plain(cell).strip() for name, cell in zip(columns, row, strict=False) if cell.strip()
    }
    row_id = cells.pop("id", None)
    if len(row) != len(columns):
        table.refuse(line, row_id, "", f"has {len(row)} cells instead of {len(columns)}")
    elif row_id is None:
        table.refuse(line, None, "id", "is missing")
    else:
        table.rows.append(Row(line, row_id, cells))


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON
    if value is None or value == []:
        return ""
    text = ";".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell
