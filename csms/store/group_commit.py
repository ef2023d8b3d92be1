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

from csms.errors import UnitRefused
from csms.store.grouping import by_statement, grouped
from csms.store.queries import together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpg.pool import PoolConnectionProxy

    from csms.engine.writes import Write

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
    asyncpg.ReadOnlySQLTransactionError,
)

log = structlog.get_logger("store")


class GroupCommit:
    """The one writer of a node. `run` it as a task; `submit` from anywhere in the loop."""

    def __init__(self, pool: asyncpg.Pool, timeout_s: float = 10.0) -> None:
        self._pool, self._timeout_s = pool, timeout_s
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Waiting] = deque()
        self._wake = asyncio.Event()
        self._held: PoolConnectionProxy[asyncpg.Record] | None = None
        self.is_closing = False
        self.groups = self.units = 0

    def submit(self, unit: Sequence[Write]) -> asyncio.Future[None]:
        """Queues a unit, and returns what is done when the unit is durable."""
        future: asyncio.Future[None] = self._loop.create_future()
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
        try:
            while not (self.is_closing and not self._waiting):
                if not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                count = min(len(self._waiting), _GROUP)
                await self._commit([self._waiting.popleft() for _ in range(count)])
        finally:
            await self._let_go()

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
        """Writes units in one statement, thus in one round trip and one transaction."""
        names, rows = zip(*by_statement(grouped(units)), strict=True)
        connection = await self._hold()
        try:
            await connection.execute(together(*names), *rows)
        except BaseException:
            await self._let_go()
            raise

    async def _hold(self) -> PoolConnectionProxy[asyncpg.Record]:
        """Returns the writer's own connection: to borrow one costs a round trip for each group."""
        if self._held is None:
            self._held = await self._pool.acquire()
        return self._held

    async def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            await self._pool.release(held)
