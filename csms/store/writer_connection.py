"""The one connection that writes. It holds a lock, so that nothing else of csms writes meanwhile.

An earlier connection of ours that was given up may still be at work in the server. It has the lock
as long as it can commit anything: who holds the lock knows that nothing comes late.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import asyncpg

from csms.errors import DatabaseUnavailable
from csms.store.codecs import SERVER_SETTINGS, prepare
from csms.store.queries import queries, together
from csms.store.rows import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.store.rows import Row

_LOCK = 0x4C41_4457  # any number that no other program uses for an advisory lock
_ASK_AGAIN_S = 0.02
_CLOSE_S = 2.0


class WriterConnection:
    """Opened, used by one statement at a time, dropped at any trouble, opened again."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._name = f"csms writer {secrets.token_hex(8)}"
        self._held: asyncpg.Connection | None = None
        self.openings = 0

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._held is not None and not self._held.is_closed()

    async def open(self, within_s: float, lock_within_s: float | None = None) -> None:
        """Connects, and takes the lock.

        Raises:
            DatabaseUnavailable: if something else holds the lock for all of `lock_within_s`.
            OSError, asyncpg.PostgresError, TimeoutError: if the server is not there for us.
        """
        self.drop()
        settings = {**SERVER_SETTINGS, "application_name": self._name}
        async with asyncio.timeout(within_s):
            connection = await asyncpg.connect(self._dsn, server_settings=settings)
        try:
            async with asyncio.timeout(within_s):
                await prepare(connection)
                await _require_writable(connection)
            await self._lock(connection, lock_within_s or within_s)
        except BaseException:
            connection.terminate()
            raise
        self._held = connection
        self.openings += 1

    async def _lock(self, connection: asyncpg.Connection, within_s: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while not await _asked(connection, "SELECT pg_try_advisory_lock($1)", _LOCK, within_s):
            await _asked(connection, queries()["end_own_writers"], self._name, within_s)
            if loop.time() > until:
                holder = await _asked(connection, queries()["lock_holder"], _LOCK, within_s)
                raise DatabaseUnavailable(
                    f"another csms already writes to this database ({holder or 'just now'}): "
                    "stop it first, or give this one another --database-url"
                )
            await asyncio.sleep(_ASK_AGAIN_S)

    @property
    def held(self) -> asyncpg.Connection:
        """The connection itself.

        Raises:
            InterfaceError: if there is none.
        """
        if self._held is None:
            raise asyncpg.InterfaceError("there is no connection")
        return self._held

    async def write(self, statements: Sequence[tuple[str, Sequence[Row]]]) -> None:
        """Runs named writing statements as one, thus in one round trip and one transaction."""
        names, rows = zip(*statements, strict=True)
        await self.held.execute(together(*names), *rows)

    async def warm_up(self, within_s: float) -> None:
        """Has driver and server learn all tables, which the first statements would wait for."""
        names = [f"write_{kind.__name__}" for kind in TABLES]
        async with asyncio.timeout(within_s):
            await self.held.execute(together(*names), *([] for _ in names))

    async def ping(self) -> None:
        """Returns if the server answers."""
        await self.held.execute(queries()["ping"])

    def drop(self) -> None:
        """Gives the connection up without a word to the server."""
        held, self._held = self._held, None
        if held is not None:
            held.terminate()

    async def close(self) -> None:
        """Ends the connection in an orderly way, if there is one."""
        held, self._held = self._held, None
        if held is not None:
            try:
                await held.close(timeout=_CLOSE_S)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                held.terminate()


async def _require_writable(connection: asyncpg.Connection) -> None:
    if await connection.fetchval("SHOW transaction_read_only") == "on":
        raise asyncpg.ReadOnlySQLTransactionError("the server is a standby")


async def _asked(
    connection: asyncpg.Connection, statement: str, value: int | str, within_s: float
) -> object:
    async with asyncio.timeout(within_s):
        return await connection.fetchval(statement, value)
