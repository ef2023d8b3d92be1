"""What operators ask of stations, on its way: recorded, sent when the station is there, answered.

An operation may be several calls; they go one after the other, and the first that is refused ends
it. What each answer means for our records is applied as it comes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import structlog

from csms.domain.answered import Answered
from csms.domain.operations import RelayedCall
from csms.engine import operations, passwords
from csms.engine.desk import CommandState
from csms.engine.work import Work
from csms.errors import (
    LaddvaktError,
    NoAnswer,
    OperationRefused,
    StationBusy,
    StationOffline,
    UnitRefused,
)
from csms.link.beside import awaited, settle
from csms.link.in_order import Taken
from csms.link.leaving import Asked, agreed, calls_of, hashed_passwords, shown
from csms.link.texts import unquoted
from csms.ocpp.operations import asked_for, is_last, read_answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from csms.domain.operations import Operation
    from csms.engine.operations import Running
    from csms.engine.state import StationState
    from csms.engine.work import Outcome
    from csms.link.hub import Hub
    from csms.link.session import StationSession
    from csms.ocpp.operations import Call
    from csms.ocppj.frames import CallError, CallResult, Payload

    Exchanged = list[tuple[Call, CallResult | CallError]]

_ANSWER_S = 30.0
_AWAY = "{} is not connected"

log = structlog.get_logger("link")


class Operator:
    """The operations of one node, on their way to its stations."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._under_way: WeakValueDictionary[str, Asked] = WeakValueDictionary()
        self._leaving: set[str] = set()

    async def ask(
        self,
        station: StationState,
        operation: Operation,
        *,
        expires_at: datetime | None = None,
        by: str | None = None,
    ) -> Asked:
        """Has an operation recorded, and sent at once or when its station is there.

        Raises:
            OperationRefused: if it cannot be asked of this station.
            StationOffline: if it cannot wait for a station that is away.
            UnitRefused: if the database cannot take it; it is not asked then.
        """
        hub = self._hub
        session = hub.sessions.get(station.id)
        case = hub.engine.use_case_of(type(operation))
        if session is None and (expires_at is None or not case.may_wait):
            raise StationOffline(_AWAY.format(station.id))
        if session is None and operations.holds_secret(operation):
            raise StationOffline(f"{station.id} is not connected, and a secret is not kept for it")
        if operations.holds_secret(operation) and hub.takeovers.is_open(station.id):
            raise OperationRefused(
                "connections of this station replace each other too often: a secret could reach "
                "another one; see its alert TAKEOVERS"
            )
        number = await operations.next_number(hub.engine)
        async with station.lock:
            work = Work(station, hub.clock.now())
            running = await operations.want(
                hub.engine, work, operation, expires_at=expires_at, by=by, number=number
            )
            self._leaving.add(running.id)  # nothing leaves before it is recorded
            asked = Asked(running, asyncio.get_running_loop().create_future())
            self._under_way[running.id] = asked
            try:
                if session is not None:
                    await calls_of(hub.engine, session, station, running)  # refused now, if at all
                outcome = work.outcome(None)
                done = hub.store.submit(outcome.writes)
            except BaseException:
                self._forget(station, running)
                raise
        try:
            await done
        except BaseException:
            self._forget(station, running)
            raise
        self._leaving.discard(running.id)
        hub.settle(station, outcome)
        if session is not None or station.id in hub.sessions:
            hub.spawn(self._carry(station, running))
        return asked

    async def ask_by_ourselves(self, station: StationState, asked: Sequence[Operation]) -> None:
        """Has operations that follow from what a station said sent, one after the other."""
        for operation in asked:
            try:
                under_way = await self.ask(station, operation, by="csms")
                async with asyncio.timeout(_ANSWER_S * 2):
                    await under_way.answered
            except (LaddvaktError, TimeoutError) as error:
                told = {"operation": operation.name, "why": str(error)}
                log.info("operation.not_asked", station=station.id, **told)

    async def relay(
        self,
        station: StationState,
        action: str,
        payload: Payload,
        timeout_s: float,
        message_id: str,
    ) -> Exchanged:
        """Sends a call as it is given, in parts if it is too long, and returns each answer.

        Raises:
            StationOffline: if the station is not connected.
            StationBusy: if too many calls wait for it.
            NoAnswer: if it does not answer in time.
            UnitRefused: if the database cannot take it; it is not sent then.
        """
        session = self._hub.sessions.get(station.id)
        if session is None:
            raise StationOffline(_AWAY.format(station.id))
        result, call = awaited(), RelayedCall(action, payload)
        work = self._relay(session, station, call, timeout_s, message_id)
        self._hub.spawn(settle(work, result))
        exchanged: Exchanged = await session.calls.unless_over(result)
        return exchanged

    async def _relay(
        self,
        session: StationSession,
        station: StationState,
        asked: RelayedCall,
        timeout_s: float,
        message_id: str,
    ) -> Exchanged:
        hub = self._hub
        number = await operations.next_number(hub.engine)
        async with station.lock:
            work = Work(station, hub.clock.now())
            running = await operations.want(hub.engine, work, asked, number=number)
            self._leaving.add(running.id)  # so that it leaves by us alone
            outcome = work.outcome(None)
            done = hub.store.submit(outcome.writes)
        try:
            await done
            calls = await calls_of(hub.engine, session, station, running)
            return await self._exchange(session, station, running, calls, timeout_s, message_id)
        finally:
            self._leaving.discard(running.id)
            if running.state is CommandState.QUEUED:
                self._forget(station, running)

    async def start(self) -> None:
        """Takes up what was not over when we stopped.

        Raises:
            DatabaseUnavailable: if the store is away.
        """
        hub = self._hub
        rows = await hub.store.load_open_operations()
        await hub.store.submit(operations.restore(hub.engine, rows, hub.clock.now()))
        looked_after = {
            each.id
            for each in hub.engine.stations.values()
            if each.reservations or each.record.without_session
        }
        for station_id in looked_after.union(row.station_id for row in rows):
            hub.watch(station_id)

    async def resume(self, station: StationState) -> None:
        """Sends what waits for a station that is there now, the oldest first."""
        for running in operations.queued(station):
            if station.id in self._hub.sessions:
                await self._carry(station, running)

    async def cancel(self, station: StationState, running: Running, by: str | None) -> bool:
        """Withdraws an operation that has not left yet; False if it is too late for that."""
        async with station.lock:
            if running.state is not CommandState.QUEUED or running.id in self._leaving:
                return False
            work = Work(station, self._hub.clock.now())
            operations.end(work, running, CommandState.CANCELLED, f"by {by or 'an operator'}")
            outcome = work.outcome(None)
            done = self._hub.store.submit(outcome.writes)
        await done
        self._hub.settle(station, outcome)
        self._finish(running)
        return True

    async def _carry(self, station: StationState, running: Running) -> None:
        """Has an operation that waits leave, unless it is leaving already."""
        if running.state is not CommandState.QUEUED or running.id in self._leaving:
            return
        self._leaving.add(running.id)
        session = self._hub.sessions.get(station.id)
        try:
            await self._carry_over(session, station, running)
        finally:
            self._leaving.discard(running.id)
        is_left = running.state is CommandState.QUEUED
        if is_left and self._hub.sessions.get(station.id) not in {None, session}:
            self._hub.spawn(self._carry(station, running))  # the station is there anew already

    async def _carry_over(
        self, session: StationSession | None, station: StationState, running: Running
    ) -> None:
        if session is None:
            away = StationOffline(_AWAY.format(station.id))
            await self._unanswered(station, running, away, [], {})
            return
        try:
            async with station.lock:
                calls = await calls_of(self._hub.engine, session, station, running)
        except OperationRefused as refused:
            await self._answered(station, running, Answered("NotSupported", str(refused)))
            return
        try:
            await self._exchange(session, station, running, calls, _ANSWER_S, None)
        except (StationOffline, StationBusy, NoAnswer) as error:
            log.info("operation.unanswered", station=station.id, why=str(error))

    async def _exchange(
        self,
        session: StationSession,
        station: StationState,
        running: Running,
        calls: Sequence[Call],
        timeout_s: float,
        message_id: str | None,
    ) -> Exchanged:
        """Sends the calls of an operation, and has what comes of them recorded."""
        exchanged: Exchanged = []
        hashes: dict[str, str] = {}
        with Taken() as taken:
            try:
                hashes = await hashed_passwords(self._hub.engine, session.version, calls)
                if not await self._note_sent(session, station, running, calls, hashes):
                    return exchanged
                for call in calls:
                    said = await session.calls.call(
                        *call, timeout_s, message_id, taken=taken.next()
                    )
                    message_id = None
                    said = unquoted(said, hashes) if hashes else said
                    exchanged.append((call, said))
                    if is_last(call, said) or len(exchanged) == len(calls):
                        break
                    await self._take_over(session, station, exchanged, taken)
            except (StationOffline, StationBusy, NoAnswer) as error:
                await self._unanswered(station, running, error, exchanged, hashes)
                raise
            await self._take_over(session, station, exchanged, taken, running)
        return exchanged

    async def _note_sent(
        self,
        session: StationSession,
        station: StationState,
        running: Running,
        calls: Sequence[Call],
        hashes: Mapping[str, str],
    ) -> bool:
        """Records that an operation leaves; a password in it opens the connection from now on.

        Returns False for one that is over meanwhile, and must not leave.
        """
        asked = asked_for(session.version, *calls[-1])
        requests = await shown(calls)
        async with station.lock:
            if running.is_over:
                return False
            work = Work(station, self._hub.clock.now())
            for password, hashed in hashes.items():
                passwords.offered(work, password, hashed)
            operations.sent(work, running, requests, asked.follow, asked.invites)
            outcome = work.outcome(None)
            done = self._hub.store.submit(outcome.writes)
        await done
        return True

    async def _take_over(
        self,
        session: StationSession,
        station: StationState,
        exchanged: Exchanged,
        taken: Taken,
        running: Running | None = None,
    ) -> None:
        """Takes over what the last answer means for our records.

        With `running` it was the last one, and the operation has its answer: all of it in one unit,
        before anything that the station says next is looked at.
        """
        hub = self._hub
        outcomes: list[Outcome] = []
        async with station.lock:
            now = hub.clock.now()
            known, more = (hub.engine, station, session.version), running is None
            outcomes += agreed(*known, exchanged[-1], now, has_more=more)
            if running is not None:
                work = Work(station, now)
                answer = read_answers(session.version, running.operation, exchanged)
                operations.answered(hub.engine, work, running, answer)
                outcomes.append(work.outcome(None))
            done = hub.store.submit([write for each in outcomes for write in each.writes])
        taken.over()
        try:
            await done
        except UnitRefused:
            log.exception("operation.unrecorded", station=station.id)
        for outcome in outcomes:
            hub.settle(station, outcome)
        if running is not None:
            self._finish(running)

    async def _unanswered(
        self,
        station: StationState,
        running: Running,
        error: Exception,
        exchanged: Exchanged,
        hashes: Mapping[str, str],
    ) -> None:
        """Has an operation wait again if it never left; else nobody knows what came of it."""
        if hashes:
            await self._leave_open(station, hashes)
        has_left = bool(exchanged) or isinstance(error, NoAnswer)
        has_left |= isinstance(error, StationOffline) and error.may_have_left
        may_wait = running.case.may_wait and not operations.holds_secret(running.operation)
        if has_left or running.expires_at is None or not may_wait:
            await self._answered(station, running, Answered(None, str(error)))
            return
        async with station.lock:
            work = Work(station, self._hub.clock.now())
            operations.back_in_line(work, running)
            outcome = work.outcome(None)
            done = self._hub.store.submit(outcome.writes)
        await done
        self._hub.settle(station, outcome)

    async def _leave_open(self, station: StationState, hashes: Mapping[str, str]) -> None:
        """Takes that it is not known which of its passwords a station uses from now on."""
        async with station.lock:
            work = Work(station, self._hub.clock.now())
            for password in hashes.keys() & station.offered.keys():
                passwords.unanswered(work, password)
            outcome = work.outcome(None)
            done = self._hub.store.submit(outcome.writes)
        await done
        self._hub.settle(station, outcome)

    async def _answered(self, station: StationState, running: Running, answer: Answered) -> None:
        async with station.lock:
            work = Work(station, self._hub.clock.now())
            operations.answered(self._hub.engine, work, running, answer)
            outcome = work.outcome(None)
            done = self._hub.store.submit(outcome.writes)
        try:
            await done
        except UnitRefused:
            log.exception("operation.unrecorded", station=station.id, operation=running.id)
        self._hub.settle(station, outcome)
        self._finish(running)

    def _forget(self, station: StationState, running: Running) -> None:
        """Takes that an operation was never asked: it is not recorded, and will not leave."""
        station.operations.pop(running.id, None)
        self._under_way.pop(running.id, None)
        self._leaving.discard(running.id)

    def _finish(self, running: Running) -> None:
        asked = self._under_way.pop(running.id, None)
        if asked is not None and not asked.answered.done():
            asked.answered.set_result(None)
