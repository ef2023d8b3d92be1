"""The rounds over all stations: that we are here, what was counted, and how everyone does.

A round goes over the stations in batches, each some statements by the day, and gives way between
them: ten thousand stations stall neither the loop nor PostgreSQL. What fails is done an hour later.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from csms.engine import incidents, station_health
from csms.engine.conduct import CLOCK_LOOKS, CLOCK_WRONG
from csms.engine.health_writes import ConductWrite, HealthWrite, RunWrite, StationDayWrite
from csms.engine.work import Work
from csms.errors import DatabaseUnavailable
from csms.monitor.health_doc import judgement_doc
from csms.reports.health_days import DAY, days_of, midnight
from csms.reports.health_judge import Judge, Window, window_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from csms.engine.state import StationState
    from csms.engine.writes import Write
    from csms.link.hub import Hub
    from csms.store.postgres import PostgresStore

_BATCH: Final = 25
_WRITES_AT_ONCE: Final = 250
_BEAT: Final = timedelta(minutes=1)
_STOOD_STILL_S: Final = 300.0
_STEP: Final = timedelta(minutes=5)
_LATE_DAYS: Final = 2
_PAUSE_S: Final = 0.02
_CLOCK_WRONG_S: Final = 60.0
_FORGET_AT_MOST: Final = 200
_LAST_WORDS_S: Final = 5.0
_LEAST_S: Final = 60.0

log = structlog.get_logger("health")


class HealthRounds:
    """The rounds of one node. `run` is its task, `end` its last word."""

    def __init__(self, hub: Hub, store: PostgresStore) -> None:
        self._hub, self._store = hub, store
        self._judge = Judge(store, hub.engine)
        self._begun = self._seen = hub.clock.now()
        self._mark, self._name = hub.clock.mark(), ""
        self._begin(self._begun)

    async def run(self) -> None:
        """Goes on for as long as the node does."""
        rules = self._hub.engine.policy.health
        # On a fast clock a round is as rare as on ours: it takes as long.
        least = timedelta(seconds=_LEAST_S * self._hub.clock.speed)
        every = max(timedelta(minutes=rules.every_min), least)
        due = self._hub.clock.now() + least
        whole_at: datetime | None = None
        while True:
            now = self._hub.clock.now()
            await self.beat()
            if now >= due:
                due = now + every
                redo = midnight(now) if whole_at == midnight(now) else None
                if await self._try_round(redo):
                    whole_at = midnight(now)
            await asyncio.sleep(max(1.0, self._hub.clock.real_seconds_until(now + _BEAT)))

    async def beat(self) -> None:
        """Notes that we serve; a new day begins with what was counted on the one before."""
        now, clock = self._hub.clock.now(), self._hub.clock
        stood_s = clock.mark()[1] - self._mark[1]
        if stood_s > _STOOD_STILL_S or abs(clock.step_since(self._mark)) > _STEP:
            # Nobody could be heard meanwhile, as if we had not been there at all.
            self._begin(now)
        self._mark = clock.mark()
        if midnight(now) != midnight(self._seen):
            for batch in self._batches():
                await self._submit(self._counted(batch, now))
        self._seen = now
        await self._submit([RunWrite(self._name, self._begun, now)])

    async def end(self) -> None:
        """Has everything written that was counted, and until when we were there; soon, or not."""
        now = self._hub.clock.now()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._submit([RunWrite(self._name, self._begun, now)])
                for batch in self._batches():
                    await self._submit(self._counted(batch, now))

    async def round(self, redo: datetime | None = None) -> None:
        """Judges every station, from the days since `redo` on; by default of the last three.

        Raises:
            DatabaseUnavailable: if the store is away.
        """
        await self._judge.load_scores()
        for batch in self._batches():
            await self._look_at(batch, redo)
            await asyncio.sleep(_PAUSE_S)

    async def judged(
        self, station: StationState, window: Window, *, is_usual: bool
    ) -> dict[str, Any]:
        """Returns how a station does now, with what that rests on; the usual window is stored.

        Raises:
            DatabaseUnavailable: if the store is away.
        """
        await self._judge.load_scores()
        if is_usual:
            doc = (await self._look_at([station], None))[station.id]
        else:
            await self._bring_up([station], None)
            found = await self._judge.judge([station.id], window, self._hub.clock.now())
            doc = judgement_doc(found[station.id])
        return await self._judge.with_evidence(station.id, doc, window)

    async def _try_round(self, redo: datetime | None) -> bool:
        began = asyncio.get_running_loop().time()
        try:
            await self.round(redo)
            if redo is None:
                await self._forget()
        except DatabaseUnavailable as away:
            log.warning("health.round_put_off", why=str(away))
            return False
        took_s = asyncio.get_running_loop().time() - began
        log.debug("health.round", stations=len(self._hub.engine.stations), took_s=round(took_s, 1))
        return True

    async def _look_at(
        self, batch: Sequence[StationState], redo: datetime | None
    ) -> dict[str, dict[str, Any]]:
        """Brings the days of some stations up to date, judges them, and tells whom it concerns."""
        today = await self._bring_up(batch, redo)
        now, rules = self._hub.clock.now(), self._hub.engine.policy.health
        window = window_of(now, rules.window_days, rules.before_days)
        found = await self._judge.judge([station.id for station in batch], window, now)
        docs = {name: judgement_doc(each) for name, each in found.items()}
        writes: list[Write] = []
        for station in batch:
            doc = docs[station.id]
            writes.append(HealthWrite(station.id, now, doc["score"], doc))
            day = today.get(station.id)
            if day is not None and doc["score"] is not None:
                figures = day.figures
                writes.append(StationDayWrite(station.id, day.day, 0, figures, None, doc["score"]))
        await self._submit(writes)
        for station in batch:
            await self._tell(station, docs[station.id], window)
        return docs

    async def _bring_up(
        self, batch: Sequence[StationState], redo: datetime | None
    ) -> dict[str, StationDayWrite]:
        """Stores the days of some stations as they are now; returns today's of each."""
        now = self._hub.clock.now()
        await self._submit([*self._counted(batch, now), RunWrite(self._name, self._begun, now)])
        since = midnight(now) - _LATE_DAYS * DAY if redo is None else redo
        writes = await days_of(self._store, [station.id for station in batch], since, now)
        await self._submit(writes)
        return {
            each.station_id: each
            for each in writes
            if each.evse == 0 and each.day == midnight(now) and each.carry is None
        }

    async def _tell(self, station: StationState, doc: dict[str, Any], window: Window) -> None:
        """Has the station's alert raised, kept up to date or cleared, if there is anything."""
        rules = self._hub.engine.policy.health
        if not station_health.is_due(station.record.health, doc, rules):
            return
        doc = await self._judge.with_evidence(station.id, doc, window)
        async with station.lock:
            work = Work(station, self._hub.clock.now())
            station_health.take(work, doc, rules)
            outcome = work.outcome(None)
            done = self._store.submit(outcome.writes)
        await done
        self._hub.settle(station, outcome)

    def _counted(self, batch: Sequence[StationState], now: datetime) -> list[Write]:
        """Returns what was counted of some stations, as far as that has changed."""
        writes: list[Write] = []
        today = midnight(now)
        for station in batch:
            conduct = station.conduct
            day = conduct.day = conduct.day or midnight(self._seen)
            if station.is_online and day == today:
                writes += self._clock_of(station, now)
            totals = conduct.totals()
            written = sum(totals.values())
            if written != conduct.written:
                conduct.written = written
                writes.append(ConductWrite(station.id, day, self._name, totals))
            if day != today:
                conduct.begin(today)
        return writes

    @staticmethod
    def _clock_of(station: StationState, now: datetime) -> list[Write]:
        """Looks at a station's clock; an error that has changed is an incident."""
        conduct, offset_s = station.conduct, station.clock.offset_s
        conduct.count(CLOCK_LOOKS)
        if abs(offset_s) > _CLOCK_WRONG_S:
            conduct.count(CLOCK_WRONG)
        if abs(offset_s - conduct.clock_s) <= _CLOCK_WRONG_S:
            return []
        work = Work(station, now)
        incidents.clock_found(work, offset_s)
        return work.writes

    async def _forget(self) -> None:
        """Lets go of incidents that are old, some at a time."""
        kept = timedelta(days=self._hub.engine.policy.health.incidents_kept_days)
        before = self._hub.clock.now() - kept
        await self._store.look_up("forget_conduct", before)
        for _ in range(_FORGET_AT_MOST):
            rows = await self._store.look_up("forget_incidents", before)
            if not rows[0]["count"]:
                return
            await asyncio.sleep(_PAUSE_S)

    def _begin(self, now: datetime) -> None:
        self._begun = self._seen = now
        self._name = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"

    def _batches(self) -> Iterator[list[StationState]]:
        stations = list(self._hub.engine.stations.values())
        for begin in range(0, len(stations), _BATCH):
            yield stations[begin : begin + _BATCH]

    async def _submit(self, writes: Sequence[Write]) -> None:
        """Has writes made durable, some at a time: a group is made into rows in one go."""
        for begin in range(0, len(writes), _WRITES_AT_ONCE):
            await self._store.submit(writes[begin : begin + _WRITES_AT_ONCE])
            await asyncio.sleep(0)
