"""Tables and pages for the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_WIDTH = 1000
_FRACTION = re.compile(r"(?<=:\d\d)\.\d{3,6}Z")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Prints rows under headings; None is a dash. No cell is cut, whatever the terminal's width."""
    console = Console(width=_WIDTH, soft_wrap=True, markup=False, emoji=False)
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True)
    count = 0
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
        count += 1
    if count:
        console.print(table, crop=False, no_wrap=True)
    else:
        console.print(f"{title}: none")


def print_fields(title: str, fields: Mapping[str, Any]) -> None:
    """Prints names and values, one a line."""
    console = Console()
    console.print(title, style="bold")
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        console.print(f"  {name:<{width}}  {_cell(value)}", highlight=False, markup=False)


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(each)}" for name, each in value.items()) or "-"
    text = _FRACTION.sub("Z", str(value))
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def limit_text(step: Mapping[str, Any] | None) -> str | None:
    """Returns a limit for reading, such as `16 A`, `0 A` or `no limit`."""
    if step is None:
        return None
    parts = [f"{step[key]:g} {unit}" for key, unit in _UNITS if step[key] is not None]
    return " / ".join(parts) or "no limit"


_UNITS = (("limit_a", "A"), ("limit_w", "W"))
