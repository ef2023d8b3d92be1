"""All SQL, from the files in the folder `statements`: one for each part of the records."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy[asyncpg.Record]

_MARK = "-- name: "
_ROWS_OF = re.compile(r"unnest\(\$1::(\w+)\[\]\)")


@cache
def queries() -> dict[str, str]:
    """Returns every statement by its name.

    Raises:
        ValueError: if two files have one of the same name.
    """
    found: dict[str, str] = {}
    for file in resources.files("csms.store").joinpath("statements").iterdir():
        if not file.name.endswith(".sql"):
            continue
        statements = _statements(file.read_text(encoding="utf-8"))
        twice = found.keys() & statements.keys()
        if twice:
            raise ValueError(f"{file.name}: another file has {', '.join(sorted(twice))} as well")
        found |= statements
    return found


def _statements(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(_MARK)[1:]:
        name, _, statement = part.partition("\n")
        found[name.strip()] = statement.strip()
    return found


@cache
def table_of(name: str) -> str:
    """Returns the table that a writing statement takes rows of."""
    found = _ROWS_OF.search(queries()[name])
    if found is None:
        raise ValueError(f"{name} takes no rows of a table")
    return found[1]


@cache
def together(*names: str) -> str:
    """Returns one statement that does what several writing ones do, each on a table of its own.

    It takes the parameter of each, in the order of the names.
    """
    *firsts, last = [
        queries()[name].replace("$1", f"${number}") for number, name in enumerate(names, 1)
    ]
    if not firsts:
        return last
    parts = ",\n".join(f"part_{index} AS (\n{each}\n)" for index, each in enumerate(firsts))
    return f"WITH {parts}\n{last}"
