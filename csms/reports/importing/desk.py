"""Imports as jobs: one at a time, batch after batch, each durable before the next is read.

A batch is read on a thread, held against what was imported before, and goes through the store's
writer as any unit does, so that stations are served meanwhile. What is told of an import lives as
long as this process; what it has written stays, and to import the file again goes on with it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog

from csms.domain.times import format_time
from csms.errors import LaddvaktError
from csms.reports.importing.cells import RowUnusable
from csms.reports.importing.columns import ColumnsUnusable, read_columns
from csms.reports.importing.files import FileUnusable, open_file
from csms.reports.importing.making import Making, columns_by_member
from csms.reports.importing.rows import read_row
from csms.reports.importing.values import Manner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime, tzinfo
    from pathlib import Path

    from csms.engine.engine import Engine
    from csms.engine.tariffs import FrozenTariff
    from csms.engine.writes import Write
    from csms.reports.importing.files import Line, Opened
    from csms.reports.importing.rows import ReadSession
    from csms.reports.importing.values import DateOrder
    from csms.store.postgres import PostgresStore

_AT_ONCE: Final = 250
_TOLD: Final = 1000
_KEPT: Final = 20

log = structlog.get_logger("imports")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a file is to be taken: see `csms import sessions --help`."""

    format: str | None = None
    told: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo | None = None
    site: str | None = None
    source: str | None = None
    tariff: FrozenTariff | None = None
    decimal: Literal[".", ","] | None = None
    dates: DateOrder | None = None
    encoding: str | None = None
    dry_run: bool = False


@dataclass(slots=True)
class Import:
    """An import: what it has come to so far. `state` is running, done or failed."""

    number: str
    started_at: datetime
    wanted: Wanted
    state: str = "running"
    format: str | None = None
    source: str | None = None
    ended_at: datetime | None = None
    why: str | None = None
    rows: int = 0
    created: int = 0
    unchanged: int = 0
    refused: int = 0
    odd: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    first_id: str | None = None
    last_id: str | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def refuse(self, line: Line, column: str, reason: str) -> None:
        """Notes a row that is no session."""
        self.refused += 1
        _note(self.errors, line, column, reason)

    def doubt(self, line: Line, reason: str) -> None:
        """Notes what is odd about a row that is one."""
        _note(self.warnings, line, "", reason)


def _note(notes: list[dict[str, Any]], line: Line, column: str, reason: str) -> None:
    if len(notes) < _TOLD:
        where = {"part": line.part or None, "line": line.number}
        notes.append({**where, "column": column, "reason": reason})


class ImportDesk:
    """Takes files in, one at a time."""

    def __init__(self, engine: Engine, store: PostgresStore) -> None:
        self._engine, self._store = engine, store
        self.imports: dict[str, Import] = {}
        self._one = asyncio.Lock()
        self._count = 0

    @property
    def is_busy(self) -> bool:
        """Whether a file is being taken in."""
        return self._one.locked()

    def begin(self, wanted: Wanted, now: datetime) -> Import:
        """Returns a new import, to be run; the last few are remembered."""
        self._count += 1
        made = Import(f"{now:%Y%m%d-%H%M%S}-{self._count}", now, wanted)
        self.imports[made.number] = made
        for number in [*self.imports][:-_KEPT]:
            del self.imports[number]
        return made

    async def run(self, job: Import, path: Path, clock: Callable[[], datetime]) -> None:
        """Takes a file in, and deletes it."""
        async with self._one:
            try:
                await self._take(job, path)
                job.state = "done"
            except (FileUnusable, ColumnsUnusable, LaddvaktError) as error:
                job.state, job.why = "failed", str(error)
            except Exception:
                job.state, job.why = "failed", "an error of ours; the log has it"
                log.exception("import.failed", number=job.number)
            finally:
                if job.state == "running":
                    job.state, job.why = "failed", "the server stopped; import the file again"
                _drop(path)
                job.ended_at = clock()
                job.done.set()
        log.info(
            "import.ended",
            number=job.number,
            state=job.state,
            source=job.source,
            created=job.created,
            unchanged=job.unchanged,
            refused=job.refused,
            why=job.why,
        )

    async def _take(self, job: Import, path: Path) -> None:
        wanted = job.wanted
        opened = await asyncio.to_thread(open_file, path, wanted.format, wanted.encoding)
        job.format, job.source = opened.format, wanted.source or opened.source
        policy = self._engine.policy
        making = Making(policy, job.source, wanted.site or "default", job.started_at, wanted.tariff)
        reader = _Reader(job, opened, _manner(wanted, opened, policy.default_zone))
        seen: set[int] = set()
        try:
            while not reader.is_done:
                batch = await asyncio.to_thread(reader.next_batch)
                if batch:
                    await self._write(job, making, batch, seen)
        finally:
            opened.close()

    async def _write(
        self,
        job: Import,
        making: Making,
        batch: list[tuple[Line, ReadSession]],
        seen: set[int],
    ) -> None:
        fresh = await self._fresh(job, batch, seen)
        for line, read in fresh:
            job.odd += bool(read.oddities)
            for oddity in read.oddities:
                job.doubt(line, oddity)
        if fresh and not job.wanted.dry_run:
            named = await self._named(making, fresh)
            unit = await asyncio.to_thread(_made, making, named)
            await self._store.submit(unit)
            job.first_id = job.first_id or named[0][0]
            job.last_id = named[-1][0]
        job.created += len(fresh)
        job.unchanged += len(batch) - len(fresh)

    async def _named(
        self, making: Making, fresh: list[tuple[Line, ReadSession]]
    ) -> list[tuple[str, ReadSession, int]]:
        """Returns the rows with IDs in the operator's format, made of their starts, in order."""
        policy = self._engine.policy
        scopes: dict[str, list[tuple[Line, ReadSession]]] = {}
        for line, read in fresh:
            site = making.station_of(read).site
            at = read.started_at.astimezone(policy.zone_of(site))
            scope = policy.id_format.scope(at=at, station=read.station, site=site)
            scopes.setdefault(scope, []).append((line, read))
        named = []
        for scope, rows in scopes.items():
            numbers = await self._engine.numbers.some(f"session:{scope}", len(rows))
            for number, (line, read) in zip(numbers, rows, strict=True):
                named.append((policy.id_format.render(scope, number), read, line.number))
        return named

    async def _fresh(
        self, job: Import, batch: list[tuple[Line, ReadSession]], seen: set[int]
    ) -> list[tuple[Line, ReadSession]]:
        """Returns the rows of a batch that are no session here yet, each content once."""
        keys = {read.key: (line, read) for line, read in batch}
        rows = await self._store.look_up("imported_keys", [*keys])
        for row in rows:
            del keys[row["key"]]
        own = [read.texts["origin_id"] for _, read in keys.values() if "origin_id" in read.texts]
        found = {
            (row["id"], row["station_id"], row["started_at"])
            for row in await self._store.look_up("sessions_that_are_there", own)
        }
        fresh = [
            (line, read)
            for line, read in keys.values()
            if not _is_there(found, read) and not (job.wanted.dry_run and hash(read.key) in seen)
        ]
        if job.wanted.dry_run:  # nothing is written, so that the next batch would not know
            seen.update(hash(read.key) for _, read in fresh)
        return fresh


def _drop(path: Path) -> None:
    path.unlink(missing_ok=True)


def _is_there(found: set[tuple[Any, ...]], read: ReadSession) -> bool:
    """Tells whether a row is a session of this node, told by its own report."""
    origin = read.texts.get("origin_id")
    return any(
        (session_id, station) == (origin, read.station)
        and abs((started_at - read.started_at).total_seconds()) < 1
        for session_id, station, started_at in found
    )


def _made(making: Making, named: list[tuple[str, ReadSession, int]]) -> list[Write]:
    return [
        write
        for session_id, read, number in named
        for write in making.writes(session_id, read, number)
    ]


def _manner(wanted: Wanted, opened: Opened, default: tzinfo) -> Manner:
    zone = wanted.zone or opened.zone or default
    return Manner(zone, wanted.decimal, wanted.dates, opened.has_semicolons)


class _Reader:
    """Reads a file in batches, on whatever thread asks."""

    def __init__(self, job: Import, opened: Opened, manner: Manner) -> None:
        self._job, self._opened, self._manner = job, opened, manner
        self._lines: Iterator[Line] = iter(opened.lines)
        self._columns: dict[str, str] | None = None
        self.is_done = False

    def next_batch(self) -> list[tuple[Line, ReadSession]]:
        """Returns the next sessions, bad rows told."""
        batch: list[tuple[Line, ReadSession]] = []
        while len(batch) < _AT_ONCE:
            line = next(self._lines, None)
            if line is None:
                self.is_done = True
                if not self._job.rows:
                    raise FileUnusable("the file has no rows")
                break
            self._job.rows += 1
            if line.why is not None:
                self._job.refuse(line, "", line.why)
                continue
            try:
                columns = self._columns_of(line)
                batch.append((line, read_row(line.cells, columns, self._manner)))
            except RowUnusable as error:
                self._job.refuse(line, error.column, error.reason)
        return batch

    def _columns_of(self, line: Line) -> dict[str, str]:
        if self._columns is None:
            there = [*line.cells]
            known = {name: to for name, to in self._opened.told.items() if name in there}
            told = {**known, **self._job.wanted.told}
            self._columns = columns_by_member(read_columns(there, told))
        return self._columns


def view_of(job: Import) -> dict[str, Any]:
    """Returns what is told of an import."""
    return {
        "id": job.number,
        "state": job.state,
        "why": job.why,
        "dry_run": job.wanted.dry_run,
        "format": job.format,
        "source": job.source,
        "started_at": format_time(job.started_at),
        "ended_at": None if job.ended_at is None else format_time(job.ended_at),
        "rows": job.rows,
        "created": job.created,
        "unchanged": job.unchanged,
        "refused": job.refused,
        "odd": job.odd,
        "first_id": job.first_id,
        "last_id": job.last_id,
        "errors": job.errors,
        "warnings": job.warnings,
    }
