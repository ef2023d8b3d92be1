"""Many units, one transaction: what was submitted while the last group was written is the next.

A unit is durable when its future is done: in PostgreSQL, or, if that is away or slow, in the spill
journal. Once a unit went to the journal all later ones do, until the drain has brought everything
to PostgreSQL in order. A unit that PostgreSQL refuses is taken out of its group, so that it harms
no other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from csms.errors import DatabaseUnavailable, UnitRefused
from csms.store.applying import apply
from csms.store.drain import Drain
from csms.store.grouping import by_statement, grouped
from csms.store.journal_rows import encode_unit
from csms.store.trouble import PASSING, TRANSIENT, why

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from csms.engine.writes import Write
    from csms.store.journal import Journal
    from csms.store.writer_connection import WriterConnection

    Waiting = tuple[Sequence[Write], asyncio.Future[None]]


_GROUP = 500
_RETRIES_S = (0.005, 0.01, 0.02, 0.04)
_DISK_PAUSE_S = 0.25
_TURNS = 4

log = structlog.get_logger("store")


class GroupCommit:
    """The one writer of a node. `run` it as a task; `submit` from anywhere in the loop.

    `on_back` are called when the journal is in PostgreSQL; `renew` is awaited shortly before, if
    the connection had been lost meanwhile.
    """

    def __init__(
        self, connection: WriterConnection, journal: Journal, spill_after_s: float = 0.15
    ) -> None:
        self._connection, self._journal = connection, journal
        self._spill_after_s = spill_after_s
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Waiting] = deque()
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._disk = ThreadPoolExecutor(1, "journal")
        self._drain = Drain(connection, journal, self._turn, self._disk)
        self._draining: asyncio.Task[None] | None = None
        self.is_behind = self.is_closing = self.is_journal_stuck = False
        self._has_ended = False
        self.on_back: list[Callable[[], None]] = []
        self.renew: Callable[[], Awaitable[None]] | None = None
        self.groups = self.units = self.spilled = 0

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

    async def recover(self) -> None:
        """Brings what an earlier run left in the journal to PostgreSQL. Call it before `run`."""
        if self._journal.units:
            log.warning("store.recovering", units=self._journal.units)
            self.is_behind = True
            await self._catch_up(None)

    async def run(self) -> None:
        """Writes groups until `close` was called and nothing waits."""
        try:
            while not (self.is_closing and not self._waiting):
                if not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                count = min(len(self._waiting), _GROUP)
                await self._make_durable([self._waiting.popleft() for _ in range(count)])
        finally:
            await self.end()

    def close(self) -> None:
        """Has `run` end once everything is written."""
        self.is_closing = True
        self._wake.set()

    async def end(self) -> None:
        """Lets go of connection and journal; what is in the journal stays there."""
        if self._draining is not None:
            self._draining.cancel()
            await asyncio.wait({self._draining})
        if self._journal.units and not self._has_ended:
            log.warning(
                "journal.kept", units=self._journal.units, hint="the next start brings them in"
            )
        self._has_ended = True
        await self._connection.close()
        await self._loop.run_in_executor(None, self._disk.shutdown)
        self._journal.close()

    def suspect(self, reason: str) -> None:
        """Has the database looked after, since a read of history failed.

        Until it answers again everything goes to the journal, and `on_back` is called then.
        """
        if not self.is_closing:
            self._fall_behind(reason, None)

    async def _make_durable(self, group: list[Waiting]) -> None:
        """Writes a group to either place; while neither takes it, its answers wait."""
        while True:
            async with self._turn:
                if not self.is_behind:
                    group = await self._commit(group)
                if group:
                    group = await self._spill(group)
            if not group:
                return
            await asyncio.sleep(_DISK_PAUSE_S)

    async def _commit(self, group: list[Waiting]) -> list[Waiting]:
        """Writes to PostgreSQL, and returns what has to go to the journal instead."""
        refused: dict[int, Exception] = {}
        writing = self._loop.create_task(self._write(group, refused))
        if not await _is_done(writing, self._spill_after_s):
            self._fall_behind("it is slow", writing)
            return group
        error = writing.exception()
        if error is not None:
            if not isinstance(error, (*TRANSIENT, DatabaseUnavailable)):
                log.error("store.failed", exc_info=error)
            self._connection.drop()
            self._fall_behind(why(error), None)
            return group
        self.groups += 1
        self.units += len(group)
        _settle(group, refused)
        return []

    async def _write(self, group: list[Waiting], refused: dict[int, Exception]) -> None:
        """Writes to PostgreSQL; what another try may mend is tried again, while anyone waits."""

        async def refuse(waiting: Waiting, error: Exception) -> None:
            log.error("store.unit_refused", error=why(error), writes=len(waiting[0]))
            refused[id(waiting)] = error

        has_reconnected = False
        for pause_s in (*_RETRIES_S, None):
            try:
                if not self._connection.is_open:
                    has_reconnected = True
                    await self._connection.open(self._spill_after_s)
                await apply(group, self._write_units, refuse)
            except TRANSIENT as error:
                is_passing = isinstance(error, PASSING)
                if not is_passing:
                    self._connection.drop()
                if pause_s is None or self.is_behind or (has_reconnected and not is_passing):
                    raise
            else:
                return
            await asyncio.sleep(pause_s)

    async def _write_units(self, group: Sequence[Waiting]) -> None:
        await self._connection.write([*by_statement(grouped(unit for unit, _ in group))])

    async def _spill(self, group: list[Waiting]) -> list[Waiting]:
        """Writes to the journal, and returns what it could not take."""
        kept: list[Waiting] = []
        payloads: list[bytes] = []
        refused: dict[int, Exception] = {}
        for waiting in group:
            try:
                payloads.append(encode_unit(waiting[0]))
                kept.append(waiting)
            except (TypeError, ValueError) as error:
                log.error("store.unit_refused", error=why(error), writes=len(waiting[0]))  # noqa: TRY400 - the unit is at fault
                refused[id(waiting)] = error
        try:
            if payloads:
                await self._loop.run_in_executor(self._disk, self._journal.append, payloads)
        except OSError as error:
            if not self.is_journal_stuck:
                log.error("journal.stuck", why=why(error), hint="free some room on its disk")  # noqa: TRY400 - told in words
            self.is_journal_stuck = True
            return group
        if self.is_journal_stuck:
            log.info("journal.writable", units=self._journal.units)
        self.is_journal_stuck = False
        self.spilled += len(kept)
        _settle(group, refused)
        return []

    def _fall_behind(self, reason: str, side: asyncio.Task[None] | None) -> None:
        if self.is_behind:
            return
        self.is_behind = True
        log.warning("store.spilling", why=reason)
        self._draining = self._loop.create_task(self._catch_up(side))

    async def _catch_up(self, side: asyncio.Task[None] | None) -> None:
        """Drains the journal, and goes back to writing to PostgreSQL."""
        await self._drain.run(side, self.renew, self._go_direct)
        for call in [*self.on_back]:
            try:
                call()
            except Exception:
                log.exception("store.on_back_failed")

    def _go_direct(self) -> None:
        self.is_behind = False


async def _is_done(task: asyncio.Task[None], within_s: float) -> bool:
    """Waits for a task; what has arrived while the loop was busy with others still counts."""
    await asyncio.wait({task}, timeout=within_s)
    for _ in range(_TURNS):
        if task.done():
            return True
        await asyncio.sleep(0)
    return task.done()


def _settle(group: Sequence[Waiting], refused: dict[int, Exception]) -> None:
    """Tells those who wait that their unit is durable, or why it cannot be."""
    for waiting in group:
        future = waiting[1]
        error = refused.get(id(waiting)) if refused else None
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(UnitRefused(f"the database cannot take this: {why(error)}"))
