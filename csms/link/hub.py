"""All connections of this node: who is connected, what leaves for whom, and who watches silence.

The newest authenticated connection of a station is the one that counts; whatever an older one
does late touches nothing.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from csms.domain.commands import (
    AskCapabilities,
    AskComposite,
    AskProfiles,
    ClearProfiles,
    InstallProfile,
    StopRemotely,
    Trigger,
)
from csms.engine import doubts, violations
from csms.engine.conduct import REFUSED
from csms.engine.deadlines import Deadlines
from csms.engine.desk import CommandAnswer
from csms.engine.rejudge import rejudge_due
from csms.engine.work import STATION, Work
from csms.errors import LaddvaktError, NoAnswer, StationBusy, StationOffline, UnitRefused
from csms.link.calls import Urgency
from csms.link.consulting import Consulting
from csms.link.farewell import part_from
from csms.link.in_order import Taken
from csms.link.intake import Intake
from csms.link.local_lists import LocalLists
from csms.link.operating import Operator
from csms.link.outside import Client
from csms.link.pace import Pace
from csms.link.session import write_notes
from csms.link.signing import Signer
from csms.link.strangers import Strangers
from csms.link.takeovers import Takeovers
from csms.link.webhooks import Webhooks
from csms.ocpp.effects import answer_status, effect_of, effect_of_error, status_reason
from csms.ocpp.routes import encode_command
from csms.ocpp.unreadable import CannotCarry
from csms.ocppj.frames import CallError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from csms.clock import Clock
    from csms.domain.commands import Command
    from csms.engine.engine import Engine
    from csms.engine.ports import Store
    from csms.engine.state import StationState
    from csms.engine.work import Note, Order, Outcome
    from csms.engine.writes import Write
    from csms.link.counters import Counters
    from csms.link.recorder import Recorder
    from csms.link.session import StationSession
    from csms.ocppj.frames import Payload

log = structlog.get_logger("link")

_COMMAND_TIMEOUT_S = 30.0
_QUESTIONS = (AskCapabilities, AskComposite, AskProfiles, Trigger)
_LIMITS = (ClearProfiles, InstallProfile, StopRemotely)
_REPLACED = 4000
_LONGEST_SLEEP_S = 5.0
_LAST_WORDS_S = 2.0
_STEP = timedelta(seconds=10)


class Hub:
    """The connections of one node, over one engine and one store."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        clock: Clock,
        counters: Counters,
        recorder: Recorder | None = None,
    ) -> None:
        self.engine, self.store, self.clock = engine, store, clock
        self.counters, self.recorder = counters, recorder
        self.sessions: dict[str, StationSession] = {}
        self.listeners: list[Callable[[Note], None]] = []
        self.is_stopping = False
        self.takeovers = Takeovers()
        self.strangers = Strangers()
        self.pace = Pace()
        self.intake = Intake(self)
        self.operator = Operator(self)
        self.local_lists = LocalLists(self)
        self.outside = Client()
        self.consulting = Consulting(self)
        self.signer = Signer(self)
        self.webhooks = Webhooks(self)
        self._recorded: dict[str, StationSession] = {}
        self._deadlines = Deadlines()
        self._deadline_set = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def connected(self, session: StationSession) -> None:
        """Takes a new connection as the station's, usable at once; an older one is let go.

        That it is there becomes durable beside it: no connection waits for that.
        """
        station = session.station
        older = self.sessions.get(station.id)
        self.sessions[station.id] = session
        self.counters.connected.set(len(self.sessions))
        if older is not None:
            log.warning("station.replaced", station=station.id, old=older.peer_address)
            older.retire()
            self.takeovers.note(
                station.id, self.clock.now(), older.peer_address, session.peer_address
            )
            station.conduct.taken_over(self.clock.now(), older.peer_address, session.peer_address)
            self.spawn(older.socket.close(_REPLACED, "a newer connection took over"))
        self.spawn(self._note_presence(station, "replaced"))

    async def disconnected(self, session: StationSession, reason: str) -> None:
        """Notes that a connection is gone, unless a newer one has taken its place."""
        station = session.station
        if self.sessions.get(station.id) is not session:
            return
        del self.sessions[station.id]
        self.counters.connected.set(len(self.sessions))
        await self._note_presence(station, reason)

    async def _note_presence(self, station: StationState, reason: str) -> None:
        """Records who speaks for a station now, if that is not what was recorded last.

        Each change calls this, and what is true when the lock is had counts: so no order in which
        connections come and go leaves a station recorded as what it is not.
        """
        await self.pace.turn()
        async with station.lock:
            session = self.sessions.get(station.id)
            if session is self._recorded.get(station.id):
                return
            now = self.clock.now()
            if session is None:
                del self._recorded[station.id]
                outcome = self.engine.disconnected(station, now, reason)
            else:
                self._recorded[station.id] = session
                outcome = self.engine.connected(station, session.version.value, now)
            alarm = Work(station, now)
            self.takeovers.report(alarm)
            alert = alarm.outcome(None)
            done = self.store.submit((*outcome.writes, *alert.writes))
        await done
        self.settle(station, outcome)
        self.settle(station, alert)

    async def end_takeovers(self) -> None:
        """Clears the alerts of stations whose connections have been quiet."""
        for station_id in self.takeovers.quiet(self.clock.now()):
            station = self.engine.stations.get(station_id)
            if station is None:
                self.takeovers.forget(station_id)
                continue
            async with station.lock:
                work = Work(station, self.clock.now())
                self.takeovers.clear(work)
                outcome = work.outcome(None)
                done = self.store.submit(outcome.writes)
            self.spawn(self._settle_when(done, station, outcome))

    async def _settle_when(
        self, done: Awaitable[None], station: StationState, outcome: Outcome
    ) -> None:
        """Settles once the writes are durable, for whoever cannot wait for that."""
        await done
        self.settle(station, outcome)

    def settle(self, station: StationState, outcome: Outcome) -> None:
        """Does what follows from a unit that is durable: log lines, commands, watching."""
        if outcome.notes:
            self._tell(outcome.notes)
        for order in outcome.then:
            self.spawn(self._carry_out(station, order))
        for session_id in outcome.watched:
            self._watch(station, session_id)
        if outcome.is_ready:
            self.spawn(self.operator.resume(station))
        if outcome.asks:
            self.spawn(self.operator.ask_by_ourselves(station, outcome.asks))
        if outcome.is_list_due:
            self.spawn(self.local_lists.bring_up(station))
        for signing in outcome.signings:
            self.spawn(self.signer.serve(station, signing))
        if outcome.begun and station.held:
            self.spawn(self.intake.second_look.reconsider(station))

    def _tell(self, notes: tuple[Note, ...]) -> None:
        write_notes(notes)
        self.counters.count(notes)
        for listener in self.listeners:
            for note in notes:
                listener(note)

    def tell_violation(
        self, station: StationState, key: violations.Key, example: Mapping[str, Any]
    ) -> bool:
        """Has it counted that a station did something that had to be refused; nothing waits.

        Returns whether it is to be told of: of a flood, once a second for each kind.
        """
        station.conduct.count(REFUSED)
        found = violations.refused(station, key, self.clock.now(), example)
        if found:
            self.spawn(self._counted(found))
        return bool(found)

    async def _counted(self, found: Sequence[Write]) -> None:
        await self.store.submit(found)

    def tell_doubts(self) -> None:
        """Logs what the operator has decided that comes to nothing."""
        for doubt in doubts.of_policy(self.engine, self.clock.now()):
            log.warning("policy.doubtful", what=str(doubt), hint="docs/profiles.md")

    async def wishes_changed(
        self, names: Collection[str] | None = None, station_id: str | None = None
    ) -> None:
        """Has every station brought to what the operator wants now, one after another.

        `names` are the profiles of the catalogue that have changed; None means the rules have,
        or what is wanted of one station.
        """
        for station in list(self.engine.stations.values()):
            if station_id is not None and station.id != station_id:
                continue
            if not station.running and not station.is_online:
                continue
            async with station.lock:
                outcome = self.engine.wishes_changed(station, names, self.clock.now())
                done = self.store.submit(outcome.writes)
            if outcome.writes or outcome.then:
                await done
                self.settle(station, outcome)
            await asyncio.sleep(0)

    async def run_deadlines(self) -> None:
        """Looks after sessions that may have gone silent; runs as long as the node does."""
        while True:
            due = self._next_due()
            wait_s = _LONGEST_SLEEP_S if due is None else self.clock.real_seconds_until(due)
            self._deadline_set.clear()
            before = self.clock.mark()
            try:
                async with asyncio.timeout(min(wait_s, _LONGEST_SLEEP_S)):
                    await self._deadline_set.wait()
            except TimeoutError:
                pass
            self._heed_step(self.clock.step_since(before))
            for station_id, session_id in self._deadlines.take_due(self.clock.now()):
                await self._look_after(station_id, session_id)
            late = self.engine.late.next_due()
            if late is not None and late <= self.clock.now():
                self.spawn(self._rejudge_late())

    async def _rejudge_late(self) -> None:
        for station, outcome in await rejudge_due(self.engine, self.clock.now()):
            self.settle(station, outcome)

    def _next_due(self) -> datetime | None:
        known = (self._deadlines.next_due(), self.engine.late.next_due())
        return min((due for due in known if due is not None), default=None)

    async def stop(
        self, within_s: float, window_s: float = 0, hurry: asyncio.Event | None = None
    ) -> None:
        """Answers what was received, then closes every connection, spread over a window."""
        self.is_stopping = True
        await part_from(
            lambda: list(self.sessions.values()), within_s, window_s, hurry or asyncio.Event()
        )
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=_LAST_WORDS_S)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
        await self.outside.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something beside the connections, kept until it is done."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task.failed", exc_info=task.exception())

    async def _carry_out(self, station: StationState, order: Order) -> None:
        """Sends one order, and has the station's answer recorded."""
        with Taken() as taken:
            answer = await self._answer_to(station, order, taken)
            async with station.lock:
                now = self.clock.now()
                outcome = self.engine.command_answered(station, order, answer, now)
                done = self.store.submit(outcome.writes)
        try:
            await done
        except UnitRefused:
            log.exception("command.unrecorded", station=station.id, command=order.command_id)
        self.settle(station, outcome)

    async def _answer_to(self, station: StationState, order: Order, taken: Taken) -> CommandAnswer:
        session = self.sessions.get(station.id)
        if session is None:
            return CommandAnswer(None, "not connected", is_away=True)
        try:
            action, payload = encode_command(session.version, order.command)
        except CannotCarry as cannot:
            return CommandAnswer("NotSupported", str(cannot))
        sent_at = self.clock.now()
        if isinstance(order.command, InstallProfile):
            self.spawn(self._note_sent(station, order, payload, sent_at))
        try:
            answer = await session.calls.call(
                action,
                payload,
                _COMMAND_TIMEOUT_S,
                urgency=_urgency(order.command),
                taken=taken.next(),
            )
        except StationOffline as error:
            return CommandAnswer(None, str(error), sent_at, payload, is_away=True)
        except (NoAnswer, StationBusy) as error:
            return CommandAnswer(None, str(error), sent_at, payload)
        if isinstance(answer, CallError):
            why = f"{answer.error_code} {answer.error_description}".strip()
            effect = effect_of_error(session.version, action, payload, answer)
            return CommandAnswer("NotSupported", why, sent_at, payload, effect)
        effect = effect_of(session.version, action, payload, answer.payload)
        status = answer_status(answer.payload) or "Unknown"
        return CommandAnswer(status, status_reason(answer.payload), sent_at, payload, effect)

    async def _note_sent(
        self, station: StationState, order: Order, payload: Payload, at: datetime
    ) -> None:
        """Records that a profile has left; nothing waits for that."""
        async with station.lock:
            outcome = self.engine.command_sent(station, order, payload, at)
            done = self.store.submit(outcome.writes)
        await done

    def watch(self, station_id: str) -> None:
        """Has a station itself looked after now."""
        self._deadlines.set(self.clock.now(), station_id, STATION)
        self._deadline_set.set()

    def _watch(self, station: StationState, session_id: str) -> None:
        if session_id == STATION:
            self.watch(station.id)
            return
        live = station.running.get(session_id)
        if live is not None:
            self._deadlines.set(live.session.started_received_at, station.id, session_id)
            self._deadline_set.set()

    def _heed_step(self, step: timedelta) -> None:
        """Has nobody count as silent because the computer's clock was set."""
        if abs(step) > _STEP:
            log.warning("clock.stepped", by_s=round(step.total_seconds(), 1))
            self._deadlines.shift(step)

    async def _look_after(self, station_id: str, session_id: str) -> None:
        station = self.engine.stations.get(station_id)
        if station is None or session_id not in {STATION, *station.running}:
            return
        try:
            async with station.lock:
                outcome, again = self.engine.look_after(station, session_id, self.clock.now())
                done = self.store.submit(outcome.writes)
            await done
        except LaddvaktError:
            log.exception("watch.failed", station=station_id, session=session_id)
            return
        self.settle(station, outcome)
        if again is not None:
            self._deadlines.set(again, station_id, session_id)


def _urgency(command: Command) -> Urgency:
    if isinstance(command, _LIMITS):
        return Urgency.LIMIT
    return Urgency.QUESTION if isinstance(command, _QUESTIONS) else Urgency.OPERATOR
