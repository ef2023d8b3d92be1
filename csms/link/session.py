"""One connection of one station: the only meeting of socket, peer, translator and engine.

The reader never waits for a handler: calls go to an inbox that one worker empties in order, and
that makes the reader wait only when it is full. An answer leaves when its writes are durable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import structlog
from websockets.exceptions import ConnectionClosed

from csms.domain.anomalies import Anomaly
from csms.domain.facts import Registration
from csms.engine.writes import AnomalyWrite, MessageWrite
from csms.errors import DatabaseUnavailable, NoAnswer, StationOffline, UnitRefused
from csms.link.identifiers import new_message_id
from csms.link.texts import storable, without_nul
from csms.ocpp.routes import ROUTES
from csms.ocpp.unreadable import Unreadable
from csms.ocppj.codes import INTERNAL_ERROR, SECURITY_ERROR
from csms.ocppj.peer import AnswerReceived, CallReceived, Peer, ReplyDue
from csms.ocppj.version import Role

if TYPE_CHECKING:
    from datetime import datetime

    from websockets.frames import Frame

    from csms.domain.facts import Fact
    from csms.engine.state import StationState
    from csms.engine.work import Note, Outcome
    from csms.link.hub import Hub
    from csms.link.sockets import StationConnection
    from csms.ocpp.routes import Route
    from csms.ocppj.frames import Call, CallError, CallResult, Payload
    from csms.ocppj.schemas import Violation
    from csms.ocppj.version import Version

_INBOX = 64
_BOOT = "BootNotification"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0

log = structlog.get_logger("link")

SUPPORTED = {version: frozenset(routes) for version, routes in ROUTES.items()}


class StationSession:
    """What runs for one socket. `run` ends when the socket does."""

    __slots__ = (
        "_answer",
        "_has_room",
        "_idle",
        "_inbox",
        "_is_over",
        "_slot",
        "_worker",
        "hub",
        "is_replaced",
        "peer",
        "routes",
        "socket",
        "station",
    )

    def __init__(
        self, hub: Hub, socket: StationConnection, station: StationState, version: Version
    ) -> None:
        self.hub, self.socket, self.station = hub, socket, station
        self.peer = Peer(version, Role.CSMS, supported=SUPPORTED[version])
        self.routes = ROUTES[version]
        self.is_replaced = False
        self._inbox: deque[tuple[CallReceived | ReplyDue, datetime]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._idle: asyncio.Future[None] | None = None
        self._is_over = False
        self._has_room: asyncio.Event | None = None
        self._slot: asyncio.Lock | None = None
        self._answer: asyncio.Future[CallResult | CallError] | None = None

    @property
    def version(self) -> Version:
        """The OCPP version that was agreed on."""
        return self.peer.version

    async def run(self) -> str:
        """Reads until the socket is closed, and returns why it was."""
        self.socket.on_text = self._take_frame
        try:
            while True:
                message = await self.socket.recv(decode=True)
                await self._wait_for_room()
                self._take(str(message))
                self.socket.queued -= 1
        except ConnectionClosed as closed:
            return _reason(closed)
        finally:
            self._fail_open_call()
            await self.drain()

    async def drain(self) -> None:
        """Waits until every call that was received is answered; no more are taken."""
        self._is_over = True
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
        while self._worker is not None and not self._worker.done():
            await asyncio.wait({self._worker})

    async def call(
        self, action: str, payload: Payload, timeout_s: float, message_id: str | None = None
    ) -> CallResult | CallError:
        """Sends a call once the ones before it are answered, and returns the station's answer.

        Raises:
            NoAnswer: if there is none within `timeout_s`, waiting for earlier calls included.
            StationOffline: if the connection ends first.
        """
        self._slot = self._slot or asyncio.Lock()
        try:
            async with asyncio.timeout(timeout_s), self._slot:
                return await self._call_now(message_id or new_message_id(), action, payload)
        except TimeoutError:
            raise NoAnswer(f"{self.station.id} did not answer within {timeout_s:g} s") from None

    async def _call_now(
        self, message_id: str, action: str, payload: Payload
    ) -> CallResult | CallError:
        text = self.peer.call(message_id, action, payload)
        answer: asyncio.Future[CallResult | CallError] = asyncio.get_running_loop().create_future()
        self._answer = answer
        try:
            await self._send(text)
            return await answer
        except ConnectionClosed:
            raise StationOffline(f"{self.station.id} has disconnected") from None
        finally:
            self._answer = None
            self.peer.abandon()
            if answer.done() and not answer.cancelled():
                answer.exception()  # told already, if the connection ended while we sent

    def _take_frame(self, frame: Frame) -> bool:
        """Takes a whole text as it arrives; False if there is no room, or it is no text."""
        if len(self._inbox) >= _INBOX:
            return False
        try:
            text = str(frame.data, "utf-8")
        except UnicodeDecodeError:
            return False
        self._take(text)
        return True

    async def _wait_for_room(self) -> None:
        if len(self._inbox) >= _INBOX:
            self._has_room = asyncio.Event()
            await self._has_room.wait()

    def _take(self, text: str) -> None:
        now = self.hub.clock.now()
        if self.hub.recorder is not None:
            self.hub.recorder.received(self.station.id, self.version, text, now)
        received = self.peer.receive(text)
        match received:
            case CallReceived():
                self._enqueue(storable(received, text), now)
            case AnswerReceived():
                if self._answer is not None and not self._answer.done():
                    self._answer.set_result(received.answer)
            case ReplyDue():
                self.hub.counters.malformed.inc()
                log.info("frame.refused", station=self.station.id, reason=received.reason)
                self._enqueue(received, now)
            case _:
                self.hub.counters.malformed.inc()
                log.info("frame.ignored", station=self.station.id, reason=received.reason)

    def _enqueue(self, received: CallReceived | ReplyDue, now: datetime) -> None:
        self._inbox.append((received, now))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        elif self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    async def _work(self) -> None:
        """Serves what comes in; between messages it sleeps, which costs less than a new task."""
        while not self._is_over or self._inbox:
            if not self._inbox:
                self._idle = self.socket.loop.create_future()
                await self._idle
                continue
            received, now = self._inbox.popleft()
            if self._has_room is not None and len(self._inbox) < _INBOX:
                self._has_room.set()
                self._has_room = None
            try:
                if isinstance(received, ReplyDue):
                    await self._send(received.text)
                else:
                    await self._serve_safely(received, now)
            except ConnectionClosed:
                continue

    async def _serve_safely(self, received: CallReceived, now: datetime) -> None:
        try:
            await self._serve(received, now)
        except ConnectionClosed:
            raise
        except Exception:
            call = received.call
            log.exception(
                "call.failed",
                station=self.station.id,
                message=call.message_id,
                action=call.action,
            )
            await self._answer_after_trouble(call, now)

    async def _serve(self, received: CallReceived, now: datetime) -> None:
        call, violation = received.call, received.violation
        route = self.routes[call.action]
        self.hub.counters.messages += 1
        if not route.keeps:
            if violation is not None:
                await self._refuse(call, violation)
                return
            if not self._may_speak(call.action):
                text = self.peer.error(call, SECURITY_ERROR, "not accepted: send BootNotification")
                await self._send(text)
                return
        try:
            fact = route.decode(call.payload, now)
        except Unreadable as unreadable:
            await self._quarantine(call, violation, unreadable, now)
            return
        outcome, done = await self._handle(fact, violation, call, now)
        try:
            await done
        except UnitRefused as refused:
            await self._keep_raw(call, str(refused), now)
        try:
            if outcome.answer is not None:
                await self._send(self.peer.result(call, route.encode(outcome.answer)))
        finally:
            self.hub.settle(self.station, outcome)

    async def _handle(
        self, fact: Fact, violation: Violation | None, call: Call, now: datetime
    ) -> tuple[Outcome, asyncio.Future[None]]:
        """Runs the engine and queues its writes, with nothing else of this station in between."""
        async with self.station.lock:
            outcome = await self._outcome(fact, now, without_nul(call.message_id))
            writes = list(outcome.writes)
            if violation is not None:
                writes.append(self._violation_write(call, violation, now))
            return outcome, asyncio.ensure_future(self.hub.store.submit(writes))

    async def _outcome(self, fact: Fact, now: datetime, message_id: str) -> Outcome:
        """Has the engine handle a fact, again and again while it cannot load what it needs.

        What it did before that changes nothing when it is done again.
        """
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await self.hub.engine.handle(self.station, fact, now, message_id)
            except DatabaseUnavailable:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _may_speak(self, action: str) -> bool:
        """Before it was accepted a station may only boot.

        Source: OCPP 1.6-J errata 3.8; OCPP 2.0.1 part 2, B01.FR.10, B02.FR.09.
        """
        record = self.station.record
        is_accepted = record.registration is Registration.ACCEPTED and record.booted_at is not None
        return is_accepted or action == _BOOT

    async def _refuse(self, call: Call, violation: Violation) -> None:
        self.hub.counters.malformed.inc()
        log.info(
            "call.refused",
            station=self.station.id,
            action=call.action,
            code=violation.code,
            at=violation.path,
        )
        await self._send(self.peer.error(call, violation.code, violation.message))

    async def _quarantine(
        self, call: Call, violation: Violation | None, unreadable: Unreadable, now: datetime
    ) -> None:
        """Keeps a message about money whose meaning is not clear, and says what was wrong."""
        await self._keep_raw(call, str(unreadable), now)
        log.warning(
            "call.quarantined", station=self.station.id, action=call.action, why=str(unreadable)
        )
        code = "PropertyConstraintViolation" if violation is None else violation.code
        await self._send(self.peer.error(call, code, str(unreadable)))

    async def _keep_raw(self, call: Call, why: str, now: datetime) -> None:
        doc = {"quarantined": True, "why": why[:300], "payload": call.payload}
        write = MessageWrite(self.station.id, now, without_nul(call.message_id), call.action, doc)
        try:
            await self.hub.store.submit([write])
        except UnitRefused:
            log.exception("quarantine.refused", station=self.station.id, action=call.action)

    def _violation_write(self, call: Call, violation: Violation, now: datetime) -> AnomalyWrite:
        anomaly = Anomaly(
            "schema.violation",
            {"action": call.action, "at": violation.path, "code": violation.code},
        )
        return AnomalyWrite(
            self.station.id,
            None,
            now,
            anomaly.kind,
            without_nul(call.message_id),
            anomaly.details,
        )

    async def _answer_after_trouble(self, call: Call, now: datetime) -> None:
        """Answers after an error of ours; never with an error if that would lose the message.

        The station would drop a transaction message after a few tries, and the bill with it.
        """
        route: Route = self.routes[call.action]
        try:
            if route.keeps:
                await self._keep_raw(call, "the handler failed", now)
                answer = await self.hub.stand_in_answer(call.action)
                await self._send(self.peer.result(call, route.encode(answer)))
            else:
                text = self.peer.error(call, INTERNAL_ERROR, "internal error, try again later")
                await self._send(text)
        except ConnectionClosed:
            return
        except Exception:
            log.exception("call.unanswered", station=self.station.id, action=call.action)

    async def _send(self, text: str) -> None:
        if self.hub.recorder is not None:
            self.hub.recorder.sent(self.station.id, self.version, text, self.hub.clock.now())
        if not self.socket.send_at_once(text):
            await self.socket.send(text)

    def _fail_open_call(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(StationOffline(f"{self.station.id} has disconnected"))


def write_notes(notes: tuple[Note, ...]) -> None:
    """Writes the log lines of a unit that is durable."""
    for note in notes:
        if note.level == "warning":
            log.warning(note.event, **note.fields)
        else:
            log.info(note.event, **note.fields)


def _reason(closed: ConnectionClosed) -> str:
    frame = closed.rcvd or closed.sent
    if frame is None:
        return "connection lost"
    return f"{frame.code} {frame.reason}".strip()
