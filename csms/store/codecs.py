"""What every connection is made with: what the server is told, and how columns become values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    import asyncpg

# A server that loses us without a word lets go of connection and lock within half a minute.
SERVER_SETTINGS = {
    "application_name": "csms",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "idle_in_transaction_session_timeout": "30000",
}
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
