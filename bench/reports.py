"""What reports and searches take over the records of a thousand busy stations.

    python bench/reports.py                       # 10 million sessions: 15 GB, half an hour
    python bench/reports.py --sessions 300000     # a glance
    python bench/reports.py --plans               # with the plan of each statement that was slow
    python bench/reports.py --json

Sessions are made inside an embedded PostgreSQL from a seed (`_year.py`), which is gone afterwards.
Each report is made for October 2026, all of it, twice: the first time may read from the disk, the
second is what it takes. 1,000 searches of 26 kinds follow each other (`_searches.py`); then a
million sessions leave as CSV, JSON and XLSX, each in a process of its own whose memory is told.
Nothing else runs meanwhile: the server's own work is in `ingest.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import _searches
import _year

from csms.engine.engine import Engine
from csms.engine.policy import Policy
from csms.link.credentials import hash_password
from csms.log import configure
from csms.reports.asking import Asked
from csms.reports.database import reading
from csms.reports.desk import ReportDesk
from csms.reports.registry import REPORTS
from csms.reports.report import Query
from csms.store.embedded import EmbeddedPostgres
from csms.store.numbers import BlockNumbers
from csms.store.options import StoreOptions
from csms.store.postgres import PostgresStore
from csms.store.queries import queries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = _searches.NOW
MONTH = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
AIM_S, AIM_MS, _SLOW_S = 2.0, 50.0, 0.05
_STATEMENT_S = 600.0
_MILLION = 1_000_000


@dataclass(slots=True)
class Results:
    """What is told, as JSON too. `reports` are (first, second) times in s, `exports` by format."""

    sessions: int = 0
    filled_s: float = 0.0
    reports: dict[str, tuple[float, float]] = field(default_factory=dict)
    search_ms: tuple[float, float, float] = (0.0, 0.0, 0.0)
    exports: dict[str, dict[str, float]] = field(default_factory=dict)


class Watched:
    """A report's database that keeps what was asked of it."""

    def __init__(self, db: Any) -> None:  # noqa: ANN401 - one of csms.reports.database
        self._db = db
        self.engine, self.now = db.engine, db.now
        self.asked: list[tuple[str, tuple[Any, ...], float]] = []

    async def stream(self, name: str, *values: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - rows
        """Yields the rows of a named statement."""
        begun = time.perf_counter()
        async for row in self._db.stream(name, *values):
            yield row
        self.asked.append((name, values, time.perf_counter() - begun))

    async def fetch(self, name: str, *values: Any) -> list[Any]:  # noqa: ANN401 - SQL
        """Returns the rows of a named statement."""
        begun = time.perf_counter()
        rows: list[Any] = await self._db.fetch(name, *values)
        self.asked.append((name, values, time.perf_counter() - begun))
        return rows


@asynccontextmanager
async def opened(dsn: str, folder: Path) -> AsyncIterator[tuple[PostgresStore, Engine]]:
    """Yields a store on the records, and an engine that knows its stations."""
    store = await PostgresStore.connect(dsn, NOW, StoreOptions(journal_dir=folder / "journal"))
    writing = asyncio.create_task(store.writer.run())
    try:
        engine = Engine(store, BlockNumbers(store), Policy(), hash_password)
        await engine.preload()
        yield store, engine
    finally:
        store.writer.close()
        await asyncio.wait({writing}, timeout=10)
        await store.close()


async def time_reports(store: PostgresStore, engine: Engine, *, plans: bool) -> dict[str, Any]:
    """Times each report over a month; all its tables are read to their end."""
    times = {}
    print(f"\n{'report on a month':24}{'first s':>9}{'second s':>10}{'rows':>10}")
    for name, report in REPORTS.items():
        options = {each.name: each.default or "" for each in report.options}
        query = Query(*MONTH, ZoneInfo("Europe/Stockholm"), {}, report.default_group, options)
        took, rows, asked = [], 0, []
        for _ in range(2):
            begun, rows = time.perf_counter(), 0
            async with reading(store, engine, NOW, _STATEMENT_S) as db:
                watched = Watched(db)
                async for table in report.tables(watched, query):
                    async for _row in table.rows:
                        rows += 1
            took.append(time.perf_counter() - begun)
            asked = watched.asked
        times[name] = (took[0], took[1])
        print(f"{name:24}{took[0]:9.2f}{took[1]:10.2f}{rows:10,}", flush=True)
        if plans:
            await explain(store, [each for each in asked if each[2] > _SLOW_S])
    return times


async def explain(store: PostgresStore, asked: list[tuple[str, tuple[Any, ...], float]]) -> None:
    """Prints the plans of statements that took long."""
    async with store.pool.acquire() as connection:
        for name, values, seconds in asked:
            statement = f"EXPLAIN (ANALYZE, BUFFERS) {queries()[name]}"
            print(f"\n-- {name}: {1000 * seconds:.0f} ms, {values!r:.200}")
            for row in await connection.fetch(statement, *values):
                print(f"   {row[0]}")


def export(dsn: str, folder: Path, form: str, days: int) -> dict[str, float]:
    """Returns what an export took in a process of its own."""
    command = [sys.executable, __file__, "--export", form, "--dsn", dsn]
    command += ["--folder", str(folder), "--days", str(days)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


async def export_here(dsn: str, folder: Path, form: str, days: int) -> dict[str, float]:
    """Writes the sessions of so many days to nowhere; tells time, size and the most memory."""
    async with opened(dsn, folder / f"export-{form}") as (store, engine):
        hub = SimpleNamespace(engine=engine, clock=SimpleNamespace(now=lambda: NOW))
        desk = ReportDesk(hub, SimpleNamespace(store=store))  # type: ignore[arg-type]
        desk.limit(1, _STATEMENT_S)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        since = datetime.fromtimestamp(MONTH[1].timestamp() - 86_400 * days, UTC)
        given = {"from": [since.isoformat()], "to": [MONTH[1].isoformat()], "format": [form]}
        given |= {"table": ["sessions"], "time_zone": ["UTC"]}
        begun, size = time.perf_counter(), 0
        answer = desk.answer(Asked("sessions", given))
        async for piece in answer.pieces:
            size += len(piece)
        took = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": took, "mb": size / 2**20, "before_mb": before, "most_mb": after}


async def measure(dsn: str, folder: Path, asked: argparse.Namespace) -> Results:
    """Fills the records and measures all."""
    results = Results()
    async with opened(dsn, folder) as (store, _):
        begun = time.perf_counter()
        async with store.pool.acquire() as connection:
            size = _year.Size.of(asked.sessions, asked.stations)
            results.sessions = await _year.fill(connection, size, with_sessions=asked.with_sessions)
        results.filled_s = time.perf_counter() - begun
        print(f"{results.sessions:,} sessions made in {results.filled_s:.0f} s", flush=True)
    async with opened(dsn, folder) as (store, engine):
        results.reports = await time_reports(store, engine, plans=asked.plans)
        done = await _searches.search(store.pools.operators, asked.searches, 7)
        print()
        _searches.write_searches(done)
        results.search_ms = _searches.percentiles([each.seconds for each in done])
        if asked.plans:
            slow = {part[0]: part for each in done for part in each.asked if part[2] > _SLOW_S / 2}
            await explain(store, [*slow.values()])
    part = min(_MILLION, results.sessions)
    for form in ("csv", "json", "xlsx"):
        found = export(dsn, folder, form, round(size.days * part / results.sessions))
        results.exports[form] = found
        print(
            f"{form:5} of {part:,} sessions: {found['seconds']:.0f} s, "
            f"{found['mb']:.0f} MB; memory {found['before_mb']:.0f} MB before, "
            f"{found['most_mb']:.0f} MB at most",
            flush=True,
        )
    return results


def main() -> None:
    """Measures, tells, and says whether the aims are reached."""
    parser = argparse.ArgumentParser(prog="bench/reports.py", description=__doc__)
    parser.add_argument("--sessions", type=int, default=10_000_000)
    parser.add_argument("--stations", type=int, default=_year.STATIONS)
    parser.add_argument("--searches", type=int, default=1000)
    parser.add_argument("--plans", action="store_true", help="print plans of slow statements")
    parser.add_argument("--with-sessions", action="store_true", help="fill the full table as well")
    parser.add_argument("--folder", type=Path, help="where the database shall lie meanwhile")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--export", help=argparse.SUPPRESS)
    parser.add_argument("--dsn", help=argparse.SUPPRESS)
    parser.add_argument("--days", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    configure("console", "error")
    if asked.export:
        print(
            json.dumps(asyncio.run(export_here(asked.dsn, asked.folder, asked.export, asked.days)))
        )
        return
    folder = Path(tempfile.mkdtemp(prefix="laddvakt-bench-", dir=asked.folder))
    folder.chmod(0o755)
    postgres = EmbeddedPostgres(
        folder / "postgres", options={"fsync": "off", "max_wal_size": "8GB"}
    )
    try:
        results = asyncio.run(measure(postgres.start(), folder, asked))
    finally:
        postgres.stop()
        shutil.rmtree(folder)
    slow = [name for name, (_, again) in results.reports.items() if again > AIM_S]
    print(
        f"Reports on a month under {AIM_S:g} s: {'all' if not slow else 'not ' + ', '.join(slow)}"
    )
    p99 = results.search_ms[1]
    print(
        f"Search p99 {p99:.0f} ms, aim {AIM_MS:g}: {'reached' if p99 < AIM_MS else 'NOT REACHED'}"
    )
    if asked.json:
        print(json.dumps({name: getattr(results, name) for name in Results.__slots__}))


if __name__ == "__main__":
    main()
