"""Connections for reading. None of them is waited for longer than its reader can wait."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import asyncpg

from csms.errors import DatabaseUnavailable
from csms.store.codecs import SERVER_SETTINGS, prepare
from csms.store.queries import queries
from csms.store.trouble import TRANSIENT, why

_MOST = 6
_CONNECT_S = 2.0
_CLOSE_S = 5.0


class ReadingPool:
    """A pool that can be replaced, since connections may hang on a server that is gone."""

    def __init__(self, dsn: str, most: int = _MOST) -> None:
        self._dsn, self._most = dsn, most
        self.pool = self._made()

    def _made(self) -> asyncpg.Pool:
        return asyncpg.create_pool(
            self._dsn,
            min_size=0,
            max_size=self._most,
            timeout=_CONNECT_S,
            init=prepare,
            server_settings=SERVER_SETTINGS,
        )

    async def open(self) -> None:
        """Makes the pool ready; it connects when it is asked to."""
        await self.pool

    async def renew(self) -> None:
        """Goes on with fresh connections, and gives the old ones up."""
        old, self.pool = self.pool, self._made()
        await self.pool
        old.terminate()

    async def close(self) -> None:
        """Closes all connections."""
        try:
            await asyncio.wait_for(self.pool.close(), _CLOSE_S)
        except TimeoutError:
            self.pool.terminate()

    async def fetch(self, within_s: float, name: str, *values: Any) -> list[asyncpg.Record]:  # noqa: ANN401 - SQL values
        """Returns the rows of a named statement.

        Raises:
            DatabaseUnavailable: if the database is away, or takes longer.
        """
        try:
            return await _rows(self.pool, within_s, name, values)
        except asyncpg.SyntaxOrAccessError:
            raise
        except TRANSIENT as error:
            raise DatabaseUnavailable(f"the database is away: {why(error)}") from error


class Pools(NamedTuple):
    """One pool each for the engine, operators, whose questions may take long, and reports."""

    engine: ReadingPool
    operators: ReadingPool
    reports: ReadingPool

    async def open(self) -> None:
        """Makes all ready."""
        for each in self:
            await each.open()

    async def renew(self) -> None:
        """Goes on with fresh connections in all."""
        for each in self:
            await each.renew()

    async def close(self) -> None:
        """Closes all of their connections."""
        await asyncio.gather(*(each.close() for each in self))


async def _rows(
    pool: asyncpg.Pool, within_s: float, name: str, values: tuple[Any, ...]
) -> list[asyncpg.Record]:
    connection = await pool.acquire(timeout=within_s)
    try:
        return await connection.fetch(queries()[name], *values, timeout=within_s)
    except (TimeoutError, OSError, asyncpg.InterfaceError):
        connection.terminate()
        raise
    finally:
        await pool.release(connection, timeout=within_s)
