"""Waits, at a start, for a database that is not there yet."""

from __future__ import annotations

import asyncio

import asyncpg
import structlog

from csms.errors import DatabaseUnavailable
from csms.store.trouble import why
from csms.store.writer_connection import WriterConnection

_CONNECT_S = 10.0
_LOCK_S = 10.0
_PAUSE_S = 0.5
_TELL_S = 5.0
# What passes by itself: the server is not up yet, or has no connection to spare.
_NOT_YET = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)

log = structlog.get_logger("store")


async def opened(dsn: str, wait_s: float) -> WriterConnection:
    """Returns the writer's connection, open and with its lock.

    Raises:
        DatabaseUnavailable: if there is none within `wait_s`, or waiting would not help.
    """
    loop = asyncio.get_running_loop()
    connection, began_at, told_at = WriterConnection(dsn), loop.time(), loop.time() - _TELL_S
    while True:
        try:
            await connection.open(_CONNECT_S, _LOCK_S)
        except (ValueError, asyncpg.InterfaceError, *_NOT_YET, asyncpg.PostgresError) as error:
            waited_s = loop.time() - began_at
            if waited_s >= wait_s or not isinstance(error, _NOT_YET):
                raise DatabaseUnavailable(
                    f"cannot reach the database: {why(error)}. "
                    "Check --database-url and that PostgreSQL runs."
                ) from error
            if loop.time() - told_at >= _TELL_S:
                told_at = loop.time()
                left_s = round(wait_s - waited_s)
                log.warning("database.waiting", why=why(error), gives_up_in_s=left_s)
        else:
            return connection
        await asyncio.sleep(_PAUSE_S)
