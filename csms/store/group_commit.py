"""Many units, one transaction: what was submitted while the last group was written is the next.

A unit is durable when its future is done. While PostgreSQL is away units wait; a unit that
PostgreSQL refuses is taken out of its group, so that it harms no other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import asyncpg
import structlog

from csms.engine.writes import RecordWrite
from csms.errors import UnitRefused
from csms.store.grouping import grouped
from csms.store.queries import queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.engine.writes import Write
    from csms.store.queries import Connection

    Waiting = tuple[Sequence[Write], asyncio.Future[None]]


_GROUP = 500
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0
_TRANSIENT = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
)

log = structlog.get_logger("store")


class GroupCommit:
    """The one writer of a node. `run` it as a task; `submit` from anywhere in the loop."""

    def __init__(self, pool: asyncpg.Pool, timeout_s: float = 10.0) -> None:
        self._pool, self._timeout_s = pool, timeout_s
        self._waiting: deque[Waiting] = deque()
        self._wake = asyncio.Event()
        self.is_closing = False
        self.groups = self.units = 0

    def submit(self, unit: Sequence[Write]) -> asyncio.Future[None]:
        """Queues a unit, and returns what is done when the unit is durable."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not unit:
            future.set_result(None)
            return future
        self._waiting.append((unit, future))
        self._wake.set()
        return future

    @property
    def depth(self) -> int:
        """How many units wait."""
        return len(self._waiting)

    async def run(self) -> None:
        """Writes groups until `close` was called and nothing waits."""
        while not (self.is_closing and not self._waiting):
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            count = min(len(self._waiting), _GROUP)
            await self._commit([self._waiting.popleft() for _ in range(count)])

    def close(self) -> None:
        """Has `run` end once everything is written."""
        self.is_closing = True
        self._wake.set()

    async def _commit(self, group: list[Waiting]) -> None:
        try:
            await self._write_until_done([unit for unit, _ in group])
        except (asyncpg.PostgresError, ValueError, TypeError, OverflowError) as error:
            await self._commit_apart(group, error)
            return
        self.groups += 1
        self.units += len(group)
        for _, future in group:
            if not future.done():
                future.set_result(None)

    async def _commit_apart(self, group: list[Waiting], error: Exception) -> None:
        """Halves a refused group until the unit that PostgreSQL cannot take stands alone."""
        if len(group) == 1:
            unit, future = group[0]
            log.error("store.unit_refused", error=str(error)[:200], writes=len(unit))
            if not future.done():
                future.set_exception(UnitRefused(f"the database cannot take this: {error}"))
            return
        middle = len(group) // 2
        await self._commit(group[:middle])
        await self._commit(group[middle:])

    async def _write_until_done(self, units: list[Sequence[Write]]) -> None:
        pause_s, has_told = _FIRST_PAUSE_S, False
        while True:
            try:
                await asyncio.wait_for(self._write(units), self._timeout_s)
            except _TRANSIENT as error:
                if not has_told and not isinstance(error, asyncpg.SerializationError):
                    log.warning("store.away", error=str(error)[:200] or type(error).__name__)
                    has_told = True
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:
                if has_told:
                    log.info("store.back", waiting=len(self._waiting))
                return

    async def _write(self, units: list[Sequence[Write]]) -> None:
        rows_by_table = grouped(units)
        async with self._pool.acquire() as connection, connection.transaction():
            for kind, rows in rows_by_table.items():
                if kind is RecordWrite:
                    await _write_records(connection, rows)
                else:
                    statement = queries()[f"write_{kind.__name__}"]
                    await connection.execute(statement, *zip(*rows, strict=True))


async def _write_records(
    connection: Connection,
    rows: list[tuple[str, str, str | None]],
) -> None:
    kept = [row for row in rows if row[2] is not None]
    gone = [row[:2] for row in rows if row[2] is None]
    if kept:
        await connection.execute(queries()["write_RecordWrite"], *zip(*kept, strict=True))
    if gone:
        await connection.execute(queries()["delete_records"], *zip(*gone, strict=True))
