"""What a cell is as text or as JSON, by the kind of its column: the same figure in every format."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from csms.domain.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from csms.reports.report import Cell, Column, Kind

# Not what a spreadsheet makes a formula of, but no text either to those who read a table.
_FORMULA: Final = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - meant


def decimal_text(figure: float | Decimal) -> str:
    """Returns a number without an exponent, with the digits that it has."""
    if isinstance(figure, int):
        return str(figure)
    exact = figure if isinstance(figure, Decimal) else Decimal(repr(float(figure)))
    text = f"{exact:f}"
    return text.removesuffix(".0") if isinstance(figure, float) else text


def wh_text(milliwatt_hours: int) -> str:
    """Returns an energy in watt-hours, exact."""
    whole, rest = divmod(abs(milliwatt_hours), 1000)
    sign = "-" if milliwatt_hours < 0 else ""
    return f"{sign}{whole}.{rest:03}".rstrip("0") if rest else f"{sign}{whole}"


def local_time(at: datetime, zone: ZoneInfo) -> str:
    """Returns a time in a zone with its offset, so that no hour is there twice."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def plain_text(kind: Kind, zone: ZoneInfo) -> Callable[[Cell], str]:
    """Returns what makes a cell that is not None a text for programs.

    Figures have a decimal point, durations are in seconds.
    """
    return partial(local_time, zone=zone) if kind == "time" else _TEXTS[kind]


def shown_text(column: Column, cell: Cell, zone: ZoneInfo) -> str:
    """Returns a cell for people: no control characters, durations as h:mm:ss, None a dash."""
    if cell is None:
        return "-"
    if column.kind == "time":
        return f"{cell.astimezone(zone):%Y-%m-%d %H:%M:%S%z}"
    return _SHOWN.get(column.kind, _TEXTS[column.kind])(cell)


def printable(text: str) -> str:
    """Returns a text without what would move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def json_value(kind: Kind, cell: Cell) -> Any:  # noqa: ANN401 - any JSON
    """Returns a cell in the manner of the API: times with Z, money as text."""
    if cell is None:
        return None
    if kind == "energy_wh":
        return cell / 1000
    if kind == "time":
        return format_time(cell.astimezone(UTC))
    if kind == "money":
        return decimal_text(cell)
    return float(cell) if isinstance(cell, Decimal) else cell


def disarmed(text: str) -> str:
    """Returns a text that no spreadsheet takes for a formula: one that begins like one gets a '."""
    return f"'{text}" if text[:1] in _FORMULA else text


def is_figure(kind: Kind) -> bool:
    """Tells whether cells of this kind are numbers, which stand to the right."""
    return kind not in {"text", "time", "flag"}


def _span(seconds: int) -> str:
    sign = "-" if seconds < 0 else ""
    minutes, second = divmod(abs(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{sign}{hours}:{minute:02}:{second:02}"


_TEXTS: Final[dict[Kind, Callable[[Any], str]]] = {
    "text": str,
    "integer": str,
    "number": decimal_text,
    "money": decimal_text,
    "energy_wh": wh_text,
    "duration_s": str,
    "percent": decimal_text,
    "flag": lambda cell: "true" if cell else "false",
}
_SHOWN: Final[dict[Kind, Callable[[Any], str]]] = {
    "text": printable,
    "duration_s": _span,
    "flag": lambda cell: "yes" if cell else "no",
}
