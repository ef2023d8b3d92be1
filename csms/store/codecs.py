"""How columns of a connection become values, and values columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    import asyncpg

_JSONB_VERSION = b"\x01"


async def prepare(connection: asyncpg.Connection) -> None:
    """Has JSON columns arrive parsed. What is written is text already.

    Rows travel in the binary format, in which a jsonb is its version and the text.
    """
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=str.encode, decoder=orjson.loads, format="binary"
    )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda text: _JSONB_VERSION + text.encode(),
        decoder=lambda sent: orjson.loads(sent.removeprefix(_JSONB_VERSION)),
        format="binary",
    )
