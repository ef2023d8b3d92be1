"""Messages in quarantine, looked at again.

That is when the database is back, when a session has begun that they may belong to, and when an
operator says where they belong.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from csms.domain.facts import SamplesReported, TransactionReported
from csms.engine import gaps
from csms.engine.quarantine import Cause, QuarantineState, cause_of, put, raw_of, resolve
from csms.engine.registers import refold_due_sessions
from csms.engine.writes import SessionWrite
from csms.errors import DatabaseUnavailable, LaddvaktError
from csms.ocpp.routes import ROUTES
from csms.ocpp.unreadable import Unreadable
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.facts import Fact
    from csms.engine.state import LiveSession, StationState
    from csms.engine.work import Outcome
    from csms.engine.writes import QuarantineWrite, Write
    from csms.link.hub import Hub

_OURSELVES = "csms"
_DURABLE_WITHIN_S = 10.0
_REMEMBERED = timedelta(days=30)

log = structlog.get_logger("link")


class Unattachable(LaddvaktError):  # noqa: N818 - says what is the case
    """A message in quarantine cannot be attached as it was asked for; the message says why."""


class SecondLook:
    """What becomes of the messages in quarantine of a node."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._is_catching_up = False

    async def start(self) -> None:
        """Takes up what was left in quarantine, and every return of the database from now on.

        Raises:
            DatabaseUnavailable: if it cannot be loaded.
        """
        engine, store = self._hub.engine, self._hub.store
        for doc in (await store.load_records(gaps.COLLECTION)).values():
            gap = gaps.load_gap(doc)
            engine.gaps[gap.session_id] = gap
        for held in await store.load_unresolved(self._hub.clock.now() - _REMEMBERED):
            station = await engine.station(held.station_id)
            if station is None:
                continue
            if cause_of(held) is Cause.FAILED:
                station.stand_in(held.quarantine_id, held.transaction_id)
            elif cause_of(held) is Cause.ORPHAN:
                station.hold(held)
        store.on_back.append(self._database_is_back)
        self._database_is_back()

    def _database_is_back(self) -> None:
        self._hub.spawn(self.catch_up())

    async def catch_up(self) -> None:
        """Handles what has waited for the database, in the order in which it came."""
        if self._is_catching_up:
            return
        self._is_catching_up = True
        try:
            hub = self._hub
            waiting = await hub.store.load_unresolved(hub.clock.now())
            for held in waiting:
                if held.state == QuarantineState.WAITING:
                    await self._look_again(held)
            await self._check_starts()
            async for station, outcome in refold_due_sessions(hub.engine, hub.clock.now()):
                hub.settle(station, outcome)
        except DatabaseUnavailable:
            log.info("quarantine.still_waiting")
        finally:
            self._is_catching_up = False

    async def reconsider(self, station: StationState) -> None:
        """Looks whether held messages of a station belong to a session that has begun since."""
        try:
            for held in list(station.held.values()):
                await self._look_again(held)
        except DatabaseUnavailable:
            log.info("quarantine.still_waiting", station=station.id)

    async def attach(
        self, held: QuarantineWrite, session_id: str | None, by: str, reason: str | None
    ) -> str:
        """Applies a held message to a session, and returns the session's ID.

        Without one, the message begins a session of its own.

        Raises:
            Unattachable: if that cannot be done, saying why.
            DatabaseUnavailable: if the session cannot be loaded now.
        """
        hub = self._hub
        station = await hub.engine.station(held.station_id)
        if station is None:
            raise Unattachable(f"there is no station {held.station_id!r} any more")
        fact = _decoded(held)
        async with station.lock:
            current = await hub.store.find_quarantined(held.quarantine_id)
            if current is None or current.is_resolved:
                raise Unattachable(f"{held.quarantine_id} has been resolved meanwhile")
            live = None if session_id is None else await self._session(station, session_id)
            if live is None and not isinstance(fact, TransactionReported):
                raise Unattachable("meter values begin no session: name the one they belong to")
            live, outcome = await hub.engine.attach(station, held, fact, live)
            done = self._submit(station, outcome, held, live.session.id, by, reason)
            async with asyncio.timeout(_DURABLE_WITHIN_S):
                await asyncio.shield(done)
        hub.settle(station, outcome)
        return live.session.id

    async def dismiss(self, held: QuarantineWrite, by: str, reason: str) -> None:
        """Settles that nothing is to become of a held message."""
        now = self._hub.clock.now()
        write = resolve(held, QuarantineState.DISMISSED, held.session_id, now, by, reason)
        station = await self._hub.engine.station(held.station_id)
        if station is not None:
            station.held.pop(held.quarantine_id, None)
        await self._hub.store.submit([write])

    async def _look_again(self, held: QuarantineWrite) -> None:
        """Handles a message as if it came now, with the time when it did come.

        Raises:
            DatabaseUnavailable: if the database has gone again.
        """
        hub = self._hub
        station = await hub.engine.station(held.station_id)
        if station is None:
            return
        try:
            fact = _decoded(held)
            async with station.lock:
                outcome = await hub.engine.handle(station, fact, held.received_at, held.message_id)
                if outcome.held is not None and held.state == QuarantineState.HELD:
                    return
                done = self._record(station, held, outcome)
            await done
        except (DatabaseUnavailable, asyncio.CancelledError):
            raise
        except Exception as error:
            log.exception("call.failed", station=station.id, action=held.action)
            why = f"the handler failed: {type(error).__name__}: {error}"
            await hub.store.submit([put(raw_of(held), Cause.FAILED, why, held.transaction_id)])
            station.held.pop(held.quarantine_id, None)
            return
        hub.settle(station, outcome)

    def _record(
        self, station: StationState, held: QuarantineWrite, outcome: Outcome
    ) -> asyncio.Future[None]:
        """Submits what came of a message, and what became of its record."""
        if outcome.held is None:
            session_id = _session_in(outcome.writes)
            return self._submit(station, outcome, held, session_id, _OURSELVES, None)
        hold = outcome.held
        write = put(raw_of(held), Cause.ORPHAN, hold.why, hold.transaction_id, hold.evidence)
        station.hold(write)
        return asyncio.ensure_future(self._hub.store.submit([*outcome.writes, write]))

    def _submit(
        self,
        station: StationState,
        outcome: Outcome,
        held: QuarantineWrite,
        session_id: str | None,
        by: str,
        reason: str | None,
    ) -> asyncio.Future[None]:
        now = self._hub.clock.now()
        write = resolve(held, QuarantineState.ATTACHED, session_id, now, by, reason)
        station.held.pop(held.quarantine_id, None)
        station.stand_ins.pop(held.quarantine_id, None)
        log.info("quarantine.attached", station=station.id, id=held.quarantine_id, by=by)
        return asyncio.ensure_future(self._hub.store.submit([*outcome.writes, write]))

    async def _session(self, station: StationState, session_id: str) -> LiveSession:
        live = station.session(session_id)
        if live is not None:
            return live
        stored = await self._hub.store.find_session(session_id)
        if stored is None or stored.doc["station_id"] != station.id:
            raise Unattachable(f"{session_id} is no session of {station.id}")
        return station.take_in(stored)

    async def _check_starts(self) -> None:
        """Looks at the starts that could not be checked against older ones."""
        hub = self._hub
        for station in list(hub.engine.stations.values()):
            for live in [*station.running.values(), *station.recent.values()]:
                if live.session.unchecked_key is None:
                    continue
                async with station.lock:
                    outcome = await hub.engine.check_start(station, live, hub.clock.now())
                    done = hub.store.submit(outcome.writes)
                await done
                hub.settle(station, outcome)


def _decoded(held: QuarantineWrite) -> Fact:
    """Returns what a held message says.

    Raises:
        Unattachable: if it cannot be read.
    """
    route = ROUTES[Version(held.version)].get(held.action)
    if route is None or not route.keeps:
        raise Unattachable(f"{held.action} is no message of a transaction")
    try:
        fact = route.decode(dict(held.payload), held.received_at)
    except Unreadable as unreadable:
        raise Unattachable(f"the message cannot be read: {unreadable}") from None
    assert isinstance(fact, TransactionReported | SamplesReported)  # noqa: S101 - those are kept
    return fact


def _session_in(writes: Sequence[Write]) -> str | None:
    return next((each.session_id for each in writes if isinstance(each, SessionWrite)), None)
