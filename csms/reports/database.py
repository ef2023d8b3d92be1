"""Where reports read: connections of their own, one read-only transaction for each report.

Neither the engine nor an operator's look-up ever waits for a report's statement.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from csms.errors import DatabaseUnavailable
from csms.reports.report import ReportTooSlow
from csms.store.queries import queries
from csms.store.trouble import TRANSIENT, why

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime

    from csms.engine.engine import Engine
    from csms.store.postgres import PostgresStore
    from csms.store.queries import Connection

_CONNECT_S: Final = 5.0
_CLOSE_S: Final = 10.0
_PREFETCH: Final = 500
_SLACK_S: Final = 5.0
# A reader who takes nothing for so long has its report ended, and its connection given back.
_IDLE_S: Final = 120


@dataclass(slots=True)
class ReportDatabase:
    """The database as one report sees it. Made by `reading`."""

    engine: Engine
    now: datetime
    _connection: Connection
    _statement_s: float

    async def stream(self, name: str, *values: Any) -> AsyncIterator[asyncpg.Record]:  # noqa: ANN401 - SQL values
        """Yields the rows of a named statement. See `csms.reports.report.Database`."""
        with _told(name, self._statement_s):
            cursor = self._connection.cursor(
                queries()[name], *values, prefetch=_PREFETCH, timeout=self._statement_s + _SLACK_S
            )
            async for row in cursor:
                yield row

    async def fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:  # noqa: ANN401 - SQL values
        """Returns the rows of a named statement. See `csms.reports.report.Database`."""
        with _told(name, self._statement_s):
            return list(
                await self._connection.fetch(
                    queries()[name], *values, timeout=self._statement_s + _SLACK_S
                )
            )


@asynccontextmanager
async def reading(
    store: PostgresStore, engine: Engine, now: datetime, statement_s: float
) -> AsyncIterator[ReportDatabase]:
    """Yields the database as it is now, for one report. No statement may take longer than told.

    Raises:
        DatabaseUnavailable: if it is away, or goes away meanwhile.
    """
    await store.until_back()
    pool = store.pools.reports.pool
    with _told("connect", _CONNECT_S):
        connection = await pool.acquire(timeout=_CONNECT_S)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(_SETTINGS.format(int(statement_s * 1000), _IDLE_S * 1000))
            yield ReportDatabase(engine, now, connection, statement_s)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        connection.terminate()
        raise DatabaseUnavailable(f"the database is away: {why(error)}") from error
    finally:
        await pool.release(connection, timeout=_CLOSE_S)


# Each question is planned for its own period. One that reads a month shall leave processors to
# those who serve stations, and compiling it takes longer than it saves. Rows lie in the order of
# their starts, so that a month by its index is a twelfth of a year to read.
_SETTINGS: Final = """
SET LOCAL statement_timeout = {};
SET LOCAL idle_in_transaction_session_timeout = {};
SET LOCAL plan_cache_mode = force_custom_plan;
SET LOCAL max_parallel_workers_per_gather = 1;
SET LOCAL work_mem = '64MB';
SET LOCAL jit = off;
SET LOCAL random_page_cost = 1.1;
"""


@contextmanager
def _told(name: str, within_s: float) -> Iterator[None]:
    """Has what the database says in the way of a report said in our words."""
    try:
        yield
    except (asyncpg.QueryCanceledError, TimeoutError) as error:
        raise ReportTooSlow(
            f"the report took longer than {within_s:g} s ({name}); ask for a shorter period, or "
            "for fewer sessions by a filter"
        ) from error
    except asyncpg.SyntaxOrAccessError:
        raise
    except TRANSIENT as error:
        raise DatabaseUnavailable(f"the database is away: {why(error)}") from error
