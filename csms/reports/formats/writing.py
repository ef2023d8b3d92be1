"""Writing an answer in a format, piece by piece, in bounded memory.

A writer is plain code that is handed a batch of rows and returns bytes; it runs on a thread, so
that a long report never holds up the event loop for longer than a batch takes to be read.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
    from datetime import datetime

    from csms.reports.report import Query, Row, Table

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above an answer: which report, asked how, made when."""

    report: str
    about: str
    query: Query
    made_at: datetime


@dataclass(slots=True)
class Progress:
    """How far an answer is. `expected_rows` None: nobody knows; `notes` are of finished tables."""

    rows: int = 0
    expected_rows: int | None = None
    notes: list[str] = field(default_factory=list)


class Writer(Protocol):
    """One answer in one format. Its methods are called in turn, none at the same time.

    `is_whole` tells that it shows all tables, not only one.
    """

    media_type: str
    extension: str
    is_whole: bool

    def begin(self, head: Head) -> bytes:
        """Returns what comes first."""
        ...

    def table(self, table: Table) -> bytes:
        """Returns what comes before the rows of a table."""
        ...

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Returns some rows."""
        ...

    def table_end(self, table: Table) -> bytes:
        """Returns what comes after the rows of a table, its notes and charts."""
        ...

    def end(self) -> Iterator[bytes]:
        """Yields what comes last."""
        ...

    def close(self) -> None:
        """Gives back what it holds, also after a failure."""
        ...


async def written(
    writer: Writer, head: Head, tables: AsyncIterator[Table], progress: Progress
) -> AsyncGenerator[bytes]:
    """Yields an answer in the writer's format, in pieces that are never empty."""
    try:
        async for piece in _pieces(writer, head, tables, progress):
            if piece:
                yield piece
    finally:
        writer.close()


async def _pieces(
    writer: Writer, head: Head, tables: AsyncIterator[Table], progress: Progress
) -> AsyncIterator[bytes]:
    yield writer.begin(head)
    async for table in tables:
        progress.rows, progress.expected_rows = 0, table.expected_rows
        yield writer.table(table)
        async for batch in _batches(table.rows):
            yield await asyncio.to_thread(writer.rows, batch)
            progress.rows += len(batch)
        yield await asyncio.to_thread(writer.table_end, table)
        progress.notes += table.notes
    last = await asyncio.to_thread(writer.end)
    while (piece := await asyncio.to_thread(next, last, None)) is not None:
        yield piece


async def _batches(rows: AsyncIterator[Row]) -> AsyncIterator[list[Row]]:
    batch: list[Row] = []
    async for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
