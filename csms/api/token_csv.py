"""Tokens as CSV, for people with spreadsheets: exported, and imported again. Source: RFC 4180.

A cell that a spreadsheet would take for a formula goes out with an apostrophe before it, which is
taken off again when it comes back.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from csms.api.problems import field_errors, invalid_field
from csms.api.token_bodies import LONGEST, TokenBody, token_of
from csms.domain.token import Token, token_key

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_LISTS = frozenset({"sites", "stations", "evses"})
_JSON = frozenset({"additional_info", "contract_certificates"})
MOST_ROWS = 250_000
_MOST_TOLD = 1000
COLUMNS = ("token", *TokenBody.model_fields)
_SEPARATORS = ",;\t"


class BadRow(NamedTuple):
    """A row that is not taken: in which line it begins, and why."""

    line: int
    token: str | None
    field: str
    reason: str


@dataclass(slots=True)
class Read:
    """What is in a table: the tokens by their key, the last row of each counting.

    Of the mistakes the first ones are kept, the others only counted.
    """

    tokens: dict[str, Token] = field(default_factory=dict)
    bad: list[BadRow] = field(default_factory=list)
    mistakes: int = 0

    def refuse(self, row: BadRow) -> None:
        """Notes a mistake."""
        self.mistakes += 1
        if len(self.bad) < _MOST_TOLD:
            self.bad.append(row)


def read_table(content: bytes) -> Read:
    """Returns the tokens of a table, and the rows that are none; slow for a large one.

    The first line names the columns; `token` must be among them. Commas, semicolons or tabs
    separate, whichever the first line has most of.

    Raises:
        Problem: if it is no table of tokens at all.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid_field("", "the table must be UTF-8") from None
    if "\0" in text:
        raise invalid_field("", "the table holds a NUL character")
    head = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns = _columns(rows)
    read = Read()
    before = rows.line_num
    try:
        for count, row in enumerate(rows, 1):
            if count > MOST_ROWS:
                raise invalid_field("", f"has more than {MOST_ROWS} rows: import it in parts")
            if any(cell.strip() for cell in row):
                _take(read, columns, row, before + 1)
            before = rows.line_num
    except csv.Error as error:
        read.refuse(BadRow(before + 1, None, "", f"cannot be read from here on: {error}"))
    return read


def write_rows(docs: Iterable[dict[str, Any]]) -> str:
    """Returns tokens, as the API shows them, as lines."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for doc in docs:
        writer.writerow([_cell(name, doc.get(name)) for name in COLUMNS])
    return out.getvalue()


def head_row() -> str:
    """Returns the line that names the columns."""
    return ",".join(COLUMNS) + "\r\n"


def _columns(rows: Iterator[list[str]]) -> list[str]:
    try:
        columns = [cell.strip().lower() for cell in next(rows, [])]
    except csv.Error as error:
        raise invalid_field("", f"the first line cannot be read: {error}") from None
    unknown = [name for name in columns if name not in COLUMNS]
    if "token" not in columns or unknown or len(set(columns)) < len(columns):
        wrong = f"; it has {', '.join(unknown)[:200]!r}" if unknown else ""
        named = ", ".join(COLUMNS)
        raise invalid_field(
            "", f"the first line must name each column once, token among them, of {named}{wrong}"
        )
    return columns


def _take(read: Read, columns: list[str], row: list[str], line: int) -> None:
    cells = dict(zip(columns, (_plain(cell) for cell in row), strict=False))
    text = cells.pop("token", "").strip()
    if len(row) != len(columns):
        why = f"has {len(row)} cells instead of {len(columns)}"
        read.refuse(BadRow(line, text or None, "", why))
        return
    key = token_key(text)
    if not key or len(text) > LONGEST:
        why = f"must have 1 to {LONGEST} characters that are not blank"
        read.refuse(BadRow(line, text[:50] or None, "token", why))
        return
    try:
        body = TokenBody.model_validate(dict(_members(cells)))
    except ValidationError as error:
        for each in field_errors(error.errors(include_url=False)):
            read.refuse(BadRow(line, text, each.field, each.message))
    except ValueError as error:
        read.refuse(BadRow(line, text, "", str(error)))
    else:
        read.tokens[key] = token_of(text, body)


def _members(cells: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for name, cell in cells.items():
        given = cell.strip()
        if not given:
            continue
        if name in _LISTS:
            yield name, [part.strip() for part in given.split(";") if part.strip()]
        elif name in _JSON:
            try:
                yield name, orjson.loads(given)
            except orjson.JSONDecodeError:
                raise ValueError(f"{name} must be JSON") from None
        elif name == "max_transactions":
            yield name, int(given) if given.isascii() and given.isdigit() else given
        else:
            yield name, given


def _cell(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON
    if value is None or value == []:
        return ""
    if name in _JSON:
        text = orjson.dumps(value).decode()
    elif name in _LISTS:
        text = ";".join(value)
    else:
        text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell
