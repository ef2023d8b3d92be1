"""All SQL, from one named file beside this module."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy[asyncpg.Record]

_MARK = "-- name: "
_PARAMETER = re.compile(r"\$(\d+)")


@cache
def queries() -> dict[str, str]:
    """Returns every statement of `queries.sql` by its name."""
    text = resources.files("csms.store").joinpath("queries.sql").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for part in text.split(_MARK)[1:]:
        name, _, statement = part.partition("\n")
        found[name.strip()] = statement.strip()
    return found


@cache
def together(*names: str) -> str:
    """Returns one statement that does what several writing ones do, each on a table of its own.

    It takes their parameters one after the other.
    """
    *firsts, last = _renumbered([queries()[name] for name in names])
    if not firsts:
        return last
    parts = ",\n".join(f"part_{index} AS (\n{each}\n)" for index, each in enumerate(firsts))
    return f"WITH {parts}\n{last}"


def _renumbered(statements: list[str]) -> Iterator[str]:
    used = 0
    for statement in statements:
        pieces = _PARAMETER.split(statement)
        numbers = [int(number) for number in pieces[1::2]]
        pieces[1::2] = [f"${number + used}" for number in numbers]
        used += max(numbers)
        yield "".join(pieces)
