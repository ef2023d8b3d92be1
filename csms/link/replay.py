"""Playing a recorded frame log through the same peer, translators, engine and monitor.

The log's clock replaces the wall clock and the store is the one in memory, so that the same file
gives the same result. What the system that was recorded sent is taken as sent: its answers give
transactions their IDs, its calls change our records once they were agreed to.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from csms.domain.commands import InstallRefused
from csms.domain.facts import TransactionReported
from csms.domain.times import format_time
from csms.engine.charge_records import issue_due
from csms.engine.costs import cost_now
from csms.engine.deadlines import Deadlines
from csms.engine.engine import Engine
from csms.engine.rejudge import rejudge_due
from csms.engine.state import LiveSession
from csms.engine.views import alert_view, anomaly_view, estimate_view, session_view
from csms.engine.writes import AlertWrite, AnomalyWrite, EstimateWrite, SessionWrite
from csms.link.frame_log import Line, Lines, Source
from csms.link.session import SUPPORTED
from csms.link.texts import storable
from csms.ocpp.effects import effect_of, effect_of_error
from csms.ocpp.leniency import mended
from csms.ocpp.recorded import answered_transaction_id, lasting
from csms.ocpp.routes import ROUTES
from csms.ocpp.rules import PROFILE_RULES
from csms.ocpp.unreadable import Unreadable
from csms.ocppj.frames import CALL, Call, CallError, CallResult
from csms.ocppj.peer import AnswerReceived, CallReceived, Peer, ReplyDue
from csms.ocppj.version import Role
from csms.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from csms.domain.facts import Answer, Fact
    from csms.engine.policy import Policy
    from csms.engine.state import StationState
    from csms.engine.work import Outcome
    from csms.ocppj.frames import Payload
    from csms.ocppj.version import Version

_UNANSWERED_IDS = 1 << 30
_AFTER = timedelta(minutes=1)
_ANSWER_WITHIN = timedelta(seconds=30)
_NO_ANSWER = "NoAnswer"


@dataclass(slots=True)
class ReplayResult:
    """What came out. `differences` are answers of ours that would not have been the recorded."""

    sessions: list[dict[str, Any]]
    deviations: list[dict[str, Any]]
    anomalies: list[dict[str, Any]]
    estimates: list[dict[str, Any]]
    differences: list[dict[str, Any]] = field(default_factory=list)


class _Numbers:
    """Session numbers by scope; transactions get what the recorded system answered."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = defaultdict(int)
        self.recorded: int | None = None

    async def next(self, scope: str) -> int:
        if scope == "transaction" and self.recorded is not None:
            return self.recorded
        self._counts[scope] += 1
        return self._counts[scope] + (_UNANSWERED_IDS if scope == "transaction" else 0)

    async def some(self, scope: str, count: int) -> range:
        first = self._counts[scope] + 1
        self._counts[scope] += count
        return range(first, first + count)


@dataclass(slots=True)
class Sent:
    """A call of the recorded system that has no answer yet."""

    action: str
    payload: Payload
    at: datetime
    version: Version
    is_given_up: bool = False


@dataclass(slots=True)
class _Connection:
    station: StationState
    peer: Peer
    pending: dict[str, Sent] = field(default_factory=dict)


class Replay:
    """One run over one log."""

    def __init__(self, policy: Policy) -> None:
        policy.pushes_profiles = False
        self._store = MemoryStore()
        self._numbers = _Numbers()
        self._engine = Engine(self._store, self._numbers, policy, lambda _: "")
        self._connections: dict[str, _Connection] = {}
        self._deadlines = Deadlines()
        self._differences: list[dict[str, Any]] = []
        self._is_unanswered = False
        self._give_up_at: datetime | None = None

    async def run(self, lines: Iterable[Line]) -> ReplayResult:
        """Plays every line, and returns what came out of it."""
        log = Lines(lines)
        for line in log:
            await self._give_up(line.at)
            await self._look_after_sessions(line.at)
            self._is_unanswered = log.is_unanswered(line)
            await self._play(line, log.answer_to(line))
        await self._issue_records(log.end + _AFTER)
        return self._result(log.end)

    async def _play(self, line: Line, recorded: Payload | None) -> None:
        if line.event == "disconnected":
            self._disconnect(line)
        elif line.event == "connected":
            self._disconnect(line)
            await self._connect(line)
        else:
            connection = self._connections.get(line.station) or await self._connect(line)
            if line.source is Source.CSMS:
                await self._note_sent(connection, line)
            else:
                await self._receive(connection, line, recorded)

    async def _connect(self, line: Line) -> _Connection:
        station = await self._engine.station(line.station)
        if station is None:
            station = self._engine.enroll(line.station, line.at)
        station.rules = PROFILE_RULES[line.version]
        peer = Peer(line.version, Role.CSMS, supported=SUPPORTED[line.version])
        self._connections[line.station] = connection = _Connection(station, peer)
        await self._settle(
            station, self._engine.connected(station, line.version.value, line.at), line.at
        )
        return connection

    def _disconnect(self, line: Line) -> None:
        connection = self._connections.pop(line.station, None)
        if connection is not None:
            outcome = self._engine.disconnected(connection.station, line.at, "recorded")
            self._store.submit(outcome.writes)

    async def _receive(self, connection: _Connection, line: Line, recorded: Payload | None) -> None:
        _open_call(connection, line)
        received = connection.peer.receive(line.text)
        match received:
            case CallReceived():
                call = storable(received, line.text)
                await self._serve(connection, call, line, recorded)
            case AnswerReceived(call, answer):
                await self._agree(connection, call, answer, line)
            case ReplyDue():
                self._differ(line, line.action, received.text, recorded)
            case _:
                return

    async def _serve(
        self,
        connection: _Connection,
        received: CallReceived,
        line: Line,
        recorded: Payload | None,
    ) -> None:
        call, station = received.call, connection.station
        route = ROUTES[line.version][call.action]
        violation = received.violation
        if violation is not None:
            details = {"action": call.action, "at": violation.path, "code": violation.code}
            await self._keep(station, line, "schema.violation", call, details)
        if violation is not None and not route.keeps:
            meant = mended(line.version, call.action, call.payload)
            if meant is None:
                self._differ(line, call.action, violation.code, recorded)
                return
            call = Call(call.message_id, call.action, meant.payload)
        try:
            fact = route.decode(call.payload, line.at)
        except Unreadable as unreadable:
            details = {"action": call.action, "why": str(unreadable)}
            await self._keep(station, line, "call.unreadable", call, details)
            self._differ(line, call.action, str(unreadable), recorded)
            return
        if self._is_unanswered and _needs_id(fact):
            await self._note_unanswered(station, call, line)
            return
        self._numbers.recorded = answered_transaction_id(recorded)
        outcome = await self._engine.handle(station, fact, line.at, call.message_id)
        await self._settle(station, outcome, line.at)
        await self._bind(connection, outcome.answer, line.at)
        ours = None if outcome.answer is None else route.encode(outcome.answer)
        self._differ(line, call.action, ours, recorded)

    async def _note_unanswered(self, station: StationState, call: Call, line: Line) -> None:
        """A start that was never answered with an ID began no transaction of its station's.

        A retry that was answered did.
        """
        details = {"action": call.action, "payload": call.payload}
        await self._keep(station, line, "start.unanswered", call, details)

    async def _keep(
        self, station: StationState, line: Line, kind: str, call: Call, details: dict[str, Any]
    ) -> None:
        """Keeps an oddity of what was recorded."""
        write = AnomalyWrite(station.id, None, line.at, kind, call.message_id, details)
        await self._store.submit([write])

    async def _bind(self, connection: _Connection, answer: Answer | None, now: datetime) -> None:
        """Gives a retried start the ID that it was answered with in the end."""
        recorded, ours = self._numbers.recorded, getattr(answer, "transaction_id", None)
        self._numbers.recorded = None
        if recorded is None or ours is None or str(recorded) == ours:
            return
        outcome = self._engine.bind_transaction(connection.station, ours, str(recorded), now)
        await self._settle(connection.station, outcome, now)

    async def _agree(
        self, connection: _Connection, call: Call, answer: CallResult | CallError, line: Line
    ) -> None:
        if isinstance(answer, CallResult):
            effect = effect_of(line.version, call.action, call.payload, answer.payload)
        else:
            effect = effect_of_error(line.version, call.action, call.payload, answer)
        if effect is not None:
            outcome = self._engine.agreed(connection.station, effect, line.at)
            await self._settle(connection.station, outcome, line.at)

    async def _note_sent(self, connection: _Connection, line: Line) -> None:
        """Has the answer to a call of the recorded system be waited for."""
        match line.frame:
            case [type_id, str(message_id), str(action), dict(payload)] if type_id == CALL:
                connection.pending[message_id] = Sent(action, payload, line.at, line.version)
                self._give_up_at = self._give_up_at or line.at + _ANSWER_WITHIN
                refusal = _as_refused(connection.pending[message_id])
                if refusal is not None:
                    outcome = self._engine.tried(connection.station, refusal, line.at)
                    await self._settle(connection.station, outcome, line.at)

    async def _give_up(self, upto: datetime) -> None:
        """Takes a profile that nobody answered for as refused."""
        if self._give_up_at is None or upto < self._give_up_at:
            return
        for connection in list(self._connections.values()):
            for message_id, sent in list(connection.pending.items()):
                if sent.is_given_up or upto - sent.at < _ANSWER_WITHIN:
                    continue
                sent.is_given_up = True
                refusal = _as_refused(sent)
                if refusal is not None:
                    due = sent.at + _ANSWER_WITHIN
                    outcome = self._engine.agreed(connection.station, refusal, due)
                    await self._settle(connection.station, outcome, due)
                else:
                    del connection.pending[message_id]
        waiting = [
            sent.at + _ANSWER_WITHIN
            for connection in self._connections.values()
            for sent in connection.pending.values()
            if not sent.is_given_up
        ]
        self._give_up_at = min(waiting, default=None)

    async def _settle(self, station: StationState, outcome: Outcome, now: datetime) -> None:
        await self._store.submit(outcome.writes)
        for session_id in outcome.watched:
            self._deadlines.set(now, station.id, session_id)

    async def _look_after_sessions(self, upto: datetime) -> None:
        while (due := self._deadlines.next_due()) is not None and due <= upto:
            for station_id, session_id in self._deadlines.take_due(due):
                station = self._engine.stations[station_id]
                outcome, again = self._engine.look_after(station, session_id, due)
                await self._settle(station, outcome, due)
                if again is not None:
                    self._deadlines.set(again, station_id, session_id)
        await self._issue_records(upto)

    async def _issue_records(self, upto: datetime) -> None:
        """Judges sessions again, and issues charge records, whose time has come."""
        await rejudge_due(self._engine, upto)
        for due in self._engine.records.take_due(upto):
            station = self._engine.stations[due.station_id]
            await self._settle(station, await issue_due(self._engine, station, due, upto), upto)

    def _differ(self, line: Line, action: str, ours: object, recorded: Payload | None) -> None:
        theirs = None if recorded is None else lasting(recorded)
        if not isinstance(ours, dict) or lasting(ours) != theirs:
            self._differences.append(
                {
                    "at": format_time(line.at),
                    "station": line.station,
                    "action": action,
                    "ours": ours,
                    "recorded": recorded,
                }
            )

    def _view(self, live: LiveSession, end: datetime) -> dict[str, Any]:
        return {**session_view(live, end), "cost": cost_now(self._engine, live, end)}

    def _result(self, end: datetime) -> ReplayResult:
        lives = [
            LiveSession.restore(self._store.stored(row)) for row in self._store.rows(SessionWrite)
        ]
        lives.sort(key=lambda live: (live.session.started_at, live.session.id))
        return ReplayResult(
            [self._view(live, end) for live in lives],
            [alert_view(alert) for alert in self._store.rows(AlertWrite)],
            [anomaly_view(anomaly) for anomaly in self._store.rows(AnomalyWrite)],
            [estimate_view(estimate) for estimate in self._store.rows(EstimateWrite)],
            self._differences,
        )


def _as_refused(sent: Sent) -> InstallRefused | None:
    """Returns what no answer to a call means: a refusal, if it was to install a profile."""
    error = CallError("", _NO_ANSWER, "no answer within 30 s", {})
    effect = effect_of_error(sent.version, sent.action, sent.payload, error)
    return effect if isinstance(effect, InstallRefused) else None


def _open_call(connection: _Connection, line: Line) -> None:
    """Has the peer wait for the answer in this line, if the recorded system asked for it."""
    match line.frame:
        case [type_id, str(message_id), *_] if type_id != CALL and message_id in connection.pending:
            sent = connection.pending.pop(message_id)
            connection.peer.abandon()
            connection.peer.call(message_id, sent.action, sent.payload)


def _needs_id(fact: Fact) -> bool:
    return isinstance(fact, TransactionReported) and fact.transaction_id is None
