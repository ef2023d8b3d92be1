"""Where reports are made: a few at once, each followed while it goes on.

Who asks gets pieces of the answer; who goes away ends the question.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from csms.errors import LaddvaktError
from csms.reports.asking import find_report, is_yes, read_query
from csms.reports.database import reading
from csms.reports.formats.choice import writer_of
from csms.reports.formats.writing import Head, Progress, written
from csms.reports.report import QueryInvalid

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from csms.link.hub import Hub
    from csms.reports.asking import Asked
    from csms.reports.database import ReportDatabase
    from csms.reports.formats.writing import Writer
    from csms.reports.report import Query, Report, Table
    from csms.reports.schedule import Scheduler
    from csms.store.archive import Archive

_OVER_KEPT: Final = 50
_LONGEST_ID: Final = 64
DEFAULT_FORMAT: Final = "json"
_AT_ONCE: Final = 3
_STATEMENT_S: Final = 120.0


class ReportsBusy(LaddvaktError):  # noqa: N818 - what is the matter is its name
    """As many reports are being made as may be at once; the message names them."""


@dataclass(slots=True)
class Run:
    """One answer in the making. `state` is running, done or failed."""

    id: str
    report: str
    format: str
    began_at: datetime
    progress: Progress = field(default_factory=Progress)
    state: str = "running"
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose pieces are yet to come: they must be read to the end, or closed."""

    writer: Writer
    query: Query
    run: Run
    pieces: AsyncGenerator[bytes]


class ReportDesk:
    """Makes reports. `scheduler` makes those that are due by themselves, once there is one."""

    def __init__(self, hub: Hub, archive: Archive) -> None:
        self.hub, self._archive = hub, archive
        self.scheduler: Scheduler | None = None
        self.running: dict[str, Run] = {}
        self._over: OrderedDict[str, Run] = OrderedDict()
        self.limit(_AT_ONCE, _STATEMENT_S)

    def limit(self, at_once: int, statement_s: float) -> None:
        """Says how many reports may be made at once, and how long a statement may take."""
        self.at_once, self._statement_s = at_once, statement_s
        self._places = asyncio.Semaphore(at_once)

    def run(self, run_id: str) -> Run | None:
        """Returns an answer in the making, or one of the last that are over."""
        return self.running.get(run_id) or self._over.get(run_id)

    def answer(self, asked: Asked, now: datetime | None = None) -> Answer:
        """Returns the answer to a question, as if it were asked at `now`. Nothing has begun yet.

        Raises:
            QueryInvalid: if it cannot be asked like that.
        """
        at = now or self.hub.clock.now()
        query = read_query(asked, self.hub.engine.policy, at)
        form = asked.one("format", DEFAULT_FORMAT) or DEFAULT_FORMAT
        has_mark, is_wide = is_yes(asked.one("bom")), is_yes(asked.one("wide"))
        writer = writer_of(form, has_mark=has_mark, is_wide=is_wide)
        run_id = asked.one("run") or uuid4().hex
        if len(run_id) > _LONGEST_ID or run_id in self.running:
            raise QueryInvalid("run", "is taken, or longer than 64 characters; choose another")
        run = Run(run_id, asked.report, form, self.hub.clock.now())
        pieces = self._made(asked, query, writer, run)
        return Answer(writer, query, run, pieces)

    def check_room(self) -> None:
        """Raises ReportsBusy if one more report would have to wait."""
        if self._places.locked():
            names = ", ".join(sorted(each.report for each in self.running.values()))
            raise ReportsBusy(
                f"{self.at_once} reports are being made ({names}); ask again when one is done"
            )

    async def _made(
        self, asked: Asked, query: Query, writer: Writer, run: Run
    ) -> AsyncGenerator[bytes]:
        report = find_report(asked.report)
        async with self._places:
            self.running[run.id] = run
            try:
                async with self._reading() as db:
                    head = Head(report.name, report.about, query, db.now)
                    tables = _chosen(report, db, query, asked.one("table"), writer)
                    async with aclosing(written(writer, head, tables, run.progress)) as pieces:
                        async for piece in pieces:
                            yield piece
                run.state = "done"
            except BaseException as error:
                run.state, run.why = "failed", str(error) or type(error).__name__
                raise
            finally:
                self.running.pop(run.id, None)
                self._over[run.id] = run
                if len(self._over) > _OVER_KEPT:
                    self._over.popitem(last=False)

    def _reading(self) -> AbstractAsyncContextManager[ReportDatabase]:
        hub = self.hub
        return reading(self._archive.store, hub.engine, hub.clock.now(), self._statement_s)


async def _chosen(
    report: Report, db: ReportDatabase, query: Query, wanted: str | None, writer: Writer
) -> AsyncIterator[Table]:
    """Yields the table that is wanted; without a wish all, or the first where only one fits.

    Raises:
        QueryInvalid: if there is none of that name.
    """
    names = []
    async with aclosing(report.tables(db, query)) as tables:
        async for table in tables:
            names.append(table.name)
            if wanted is None or table.name == wanted:
                yield table
                if wanted is not None or not writer.is_whole:
                    return
    if wanted is not None:
        raise QueryInvalid(
            "table", f"the report {report.name} has no table {wanted!r}; it has {', '.join(names)}"
        )
