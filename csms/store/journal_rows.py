"""A unit of writes as one payload of the journal, and back: rows as the tables have them.

JSON, with times and decimals as objects, since all other values of a row have a JSON of their own.
A version that has appended columns to a table reads shorter rows than it writes; it leaves those
empty.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from csms.store.rows import TABLES, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from csms.engine.writes import Write

    Rows = list[tuple[type[Write], Row]]

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME
_BY_NAME = {kind.__name__: kind for kind in TABLES}


def encode_unit(unit: Sequence[Write]) -> bytes:
    """Returns the payload of a unit.

    Raises:
        TypeError: if a row holds what neither JSON nor a table can hold.
    """
    rows = [(type(write).__name__, TABLES[type(write)][0](write)) for write in unit]
    return orjson.dumps(rows, default=_tagged, option=_OPTIONS)


def decode_unit(payload: bytes, widths: Mapping[str, int]) -> Rows:
    """Returns the rows of a payload, each as wide as its table is now.

    `widths` are the numbers of columns by the name of the write.

    Raises:
        ValueError: if this is no payload that this version can read.
    """
    try:
        return [
            (_BY_NAME[name], _wide(map(_plain, row), widths[name]))
            for name, row in orjson.loads(payload)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this version cannot read it: {error!r}") from error


def _wide(values: map[Any], width: int) -> Row:
    row = tuple(values)
    if len(row) > width:
        raise ValueError(f"{len(row)} values for {width} columns")
    return row + (None,) * (width - len(row))


def _tagged(value: Any) -> dict[str, str]:  # noqa: ANN401 - any value of a row
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    raise TypeError(f"{type(value).__name__} is no value of a row")


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a row
    if not isinstance(value, dict):
        return value
    return Decimal(value["decimal"]) if "decimal" in value else datetime.fromisoformat(value["at"])
