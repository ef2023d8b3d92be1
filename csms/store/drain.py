"""Brings the journal to PostgreSQL in order, and hands over to direct writing without a seam.

How far a segment was applied is written in the same transaction as what it counts, so a crash at
any moment applies nothing twice. The last batch is written while nothing else may be, and the
segments are gone from the disk before anything is written directly: no older state can come after
a newer one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from csms.errors import DatabaseUnavailable
from csms.store.applying import apply
from csms.store.grouping import by_statement, grouped_rows
from csms.store.journal_rows import decode_unit
from csms.store.queries import queries, table_of
from csms.store.rows import TABLES
from csms.store.trouble import TRANSIENT, why

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Executor

    from csms.store.journal import Batch, Journal
    from csms.store.journal_rows import Rows
    from csms.store.writer_connection import WriterConnection

    Decoded = tuple[int, Rows]

_CONNECT_S = 1.5
_BATCH, _SMALLEST_BATCH = 500, 25
_SIDE_S = 2.0
_STATEMENT_S, _LONGEST_STATEMENT_S = 4.0, 60.0
_HOLD_S, _LONGEST_HOLD_S = 0.15, 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5
_TELL_S = 10.0

log = structlog.get_logger("store")


class Drain:
    """Works on the writer's connection while the writer itself writes to the journal.

    `turn` is held by whoever writes to either place.
    """

    def __init__(
        self, connection: WriterConnection, journal: Journal, turn: asyncio.Lock, disk: Executor
    ) -> None:
        self._connection, self._journal = connection, journal
        self._turn, self._disk = turn, disk
        self._loop = asyncio.get_running_loop()
        self._marks: dict[str, int] = {}
        self._widths: dict[str, int] = {}
        self._batch, self._statement_s, self._hold_s = _BATCH, _STATEMENT_S, _HOLD_S
        self._told_at: float | None = None
        self.units = 0

    async def run(
        self,
        side: asyncio.Task[None] | None,
        renew: Callable[[], Awaitable[None]] | None,
        go_direct: Callable[[], None],
    ) -> None:
        """Returns when everything is in PostgreSQL and `go_direct` has been called.

        `side` is a statement that was too slow to be waited for; it may still get done.
        """
        began_at, self.units, openings = self._loop.time(), 0, self._connection.openings
        self._hold_s, pause_s = _HOLD_S, _FIRST_PAUSE_S
        async with self._turn:
            pass  # what was being written directly is over, or is the statement on the side
        await self._finish(side)
        while True:
            try:
                await self._reach()
                if renew is not None and self._connection.openings != openings:
                    await renew()
                    openings = self._connection.openings
                await self._catch_up()
                if await self._hand_over(go_direct):
                    break
                pause_s = _FIRST_PAUSE_S
            except (*TRANSIENT, DatabaseUnavailable) as error:
                self._connection.drop()
                self._tell(error)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            except Exception:
                self._connection.drop()
                log.exception("store.drain_failed")
                await asyncio.sleep(_LONGEST_PAUSE_S)
        self._told_at = None
        log.info("store.back", units=self.units, seconds=round(self._loop.time() - began_at, 3))

    async def _finish(self, side: asyncio.Task[None] | None) -> None:
        """Lets a slow statement end; one that does not is given up with its connection."""
        if side is None:
            return
        try:
            done, _ = await asyncio.wait({side}, timeout=_SIDE_S)
        except asyncio.CancelledError:
            side.cancel()
            raise
        if not done:
            self._connection.drop()
            side.cancel()
            await asyncio.wait({side})
        elif side.exception() is not None:
            self._connection.drop()

    async def _reach(self) -> None:
        """Has a connection that answers, and what must be known before anything is applied."""
        if self._connection.is_open:
            async with asyncio.timeout(_CONNECT_S):
                await self._connection.ping()
        else:
            await self._connection.open(_CONNECT_S)
            await self._connection.warm_up(_CONNECT_S)
        if self._journal.units:
            held = self._connection.held
            async with asyncio.timeout(_CONNECT_S):
                rows = await held.fetch(queries()["marks"], self._journal.segment_ids())
                self._marks = {row["segment"]: row["applied"] for row in rows}
                tables = {kind.__name__: table_of(f"write_{kind.__name__}") for kind in TABLES}
                rows = await held.fetch(queries()["widths"], [*tables.values()])
                widths = {row["name"]: row["width"] for row in rows}
                self._widths = {name: widths[table] for name, table in tables.items()}

    async def _catch_up(self) -> None:
        """Applies batches until what is left can be applied while nothing else is written."""
        if self._journal.units > self._batch // 2:
            log.info("store.draining", units=self._journal.units, bytes=self._journal.size_bytes)
        while self._journal.units > self._batch // 2:
            await self._apply_next()

    async def _hand_over(self, go_direct: Callable[[], None]) -> bool:
        """Applies the rest with the writer held; False if that takes longer than it may."""
        async with self._turn:
            rest = self._loop.create_task(self._apply_rest())
            try:
                done, _ = await asyncio.wait({rest}, timeout=self._hold_s)
            except asyncio.CancelledError:
                rest.cancel()
                raise
            if done:
                rest.result()
                await self._clear()
                go_direct()
                return True
        self._hold_s = min(2 * self._hold_s, _LONGEST_HOLD_S)
        await rest
        return False

    async def _apply_rest(self) -> None:
        while self._journal.units:
            await self._apply_next()

    async def _apply_next(self) -> None:
        batch = await asyncio.to_thread(self._journal.batch, self._batch)
        if batch is None:
            return
        try:
            async with asyncio.timeout(self._statement_s):
                await self._apply(batch)
        except TimeoutError:
            self._statement_s = min(2 * self._statement_s, _LONGEST_STATEMENT_S)
            self._batch = max(self._batch // 2, _SMALLEST_BATCH)
            raise
        self._statement_s, self._batch = _STATEMENT_S, min(2 * self._batch, _BATCH)
        self.units += len(batch.records)
        await asyncio.to_thread(self._journal.forget, batch)

    async def _apply(self, batch: Batch) -> None:
        mark = self._marks.get(batch.segment, -1)
        decoded: list[Decoded] = []
        for record in batch.records:
            if record.sequence <= mark:
                continue
            try:
                decoded.append((record.sequence, decode_unit(record.payload, self._widths)))
            except ValueError as error:
                await self._refuse(record.payload.decode(errors="replace"), error)

        async def write(units: Sequence[Decoded]) -> None:
            statements = [*by_statement(grouped_rows(rows for _, rows in units))]
            reached = [(batch.segment, units[-1][0])]
            await self._connection.write([*statements, ("write_journal_mark", reached)])

        async def refuse(unit: Decoded, error: Exception) -> None:
            rows = [(kind.__name__, row) for kind, row in unit[1]]
            await self._refuse(rows, error)

        if decoded:
            await apply(decoded, write, refuse)

    async def _refuse(self, rows: object, error: Exception) -> None:
        """Keeps what was answered and cannot be written, for somebody to look at."""
        log.error(
            "store.unit_refused",
            error=why(error),
            kept=str(self._journal.folder / "refused.jsonl"),
            hint="the station was told that it is kept; its rows are in that file",
        )
        doc: dict[str, object] = {"why": why(error), "rows": rows}
        await asyncio.to_thread(self._journal.refuse, doc)

    async def _clear(self) -> None:
        try:
            await self._loop.run_in_executor(self._disk, self._journal.clear)
        except OSError as error:
            log.warning("journal.not_deleted", why=why(error), hint="its units were marked")

    def _tell(self, error: BaseException) -> None:
        now = self._loop.time()
        if self._told_at is None or now - self._told_at >= _TELL_S:
            self._told_at = now
            log.warning("store.away", why=why(error), units=self._journal.units)
