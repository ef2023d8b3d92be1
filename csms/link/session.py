"""One connection of one station: the only meeting of socket, peer, translator and engine.

The reader never waits for a handler: calls go to an inbox that one worker empties in order, and
that makes the reader wait only when it is full. Only a call that somebody outside is asked for may
be overtaken. An answer leaves when its writes are durable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import structlog
from websockets.exceptions import ConnectionClosed

from csms.domain.facts import Registration
from csms.domain.secrets import without_secrets
from csms.link.calls import Calls
from csms.link.consulting import LOOKED_UP
from csms.link.in_order import all_taken
from csms.link.sockets import address_of, reason_of
from csms.link.texts import storable, storable_answer, without
from csms.ocpp.leniency import mended
from csms.ocpp.routes import ROUTES
from csms.ocppj.codes import INTERNAL_ERROR, SECURITY_ERROR
from csms.ocppj.frames import Call
from csms.ocppj.peer import AnswerReceived, CallReceived, Peer, ReplyDue
from csms.ocppj.version import Role

if TYPE_CHECKING:
    from datetime import datetime

    from websockets.frames import Frame

    from csms.engine.state import StationState
    from csms.engine.work import Note
    from csms.link.hub import Hub
    from csms.link.sockets import StationConnection
    from csms.ocppj.schemas import Violation
    from csms.ocppj.version import Version

_INBOX = 64
_TURN = 4
_SEND_S = 10.0
_SPEAKS_OFTEN_S, _PATIENCE_S = 5.0, 1.0
_RESTARTS = 1012
_BOOT = "BootNotification"
_EXAMPLE = 200
_MOST_ASIDE, _WAIT_FOR_OTHERS_S = 4, 0.25

log = structlog.get_logger("link")

SUPPORTED = {version: frozenset(routes) for version, routes in ROUTES.items()}


class StationSession:
    """What runs for one socket. `run` ends when the socket does."""

    __slots__ = (
        "_aside",
        "_has_room",
        "_idle",
        "_inbox",
        "_is_deaf",
        "_is_over",
        "_parted",
        "_worker",
        "calls",
        "hub",
        "is_replaced",
        "peer",
        "peer_address",
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
        self.calls = Calls(station.id, self.peer, self._write, station.conduct)
        self.peer_address = address_of(socket)
        self.is_replaced = False
        self._inbox: deque[tuple[CallReceived | ReplyDue, datetime]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._aside: set[asyncio.Task[None]] = set()
        self._idle: asyncio.Future[None] | None = None
        self._is_over = self._is_deaf = False
        self._has_room: asyncio.Event | None = None
        self._parted: asyncio.Future[None] | None = None

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
            self.calls.end(f"{self.station.id} has disconnected")
            await self.hub.pace.turn()
            return self.socket.dropped_because or reason_of(closed)
        finally:
            self.calls.end(f"{self.station.id} has disconnected")
            await self.drain()

    async def drain(self) -> None:
        """Waits until every call that was received is answered; no more are taken."""
        self._is_over = True
        self._wake()
        while self._worker is not None and not self._worker.done():
            await asyncio.wait({self._worker})
        while self._aside:
            await asyncio.wait(self._aside)

    def retire(self) -> None:
        """Gives way to a newer connection: our calls on this one fail at once.

        What it has said is still handled, but for what only a living connection may say.
        """
        self.is_replaced = True
        self.calls.end(f"{self.station.id} has connected anew")

    async def say_goodbye(self) -> None:
        """Has all that was received answered, and the connection closed right behind that.

        A station that speaks often is closed behind the next answer: nothing it says crosses the
        close then. One that stays silent for a second is closed as it is.
        """
        self._parted = parted = self.socket.loop.create_future()
        is_silent = self.socket.loop.time() - self.socket.heard_at > _SPEAKS_OFTEN_S
        if not (is_silent and self._is_at_rest()):
            await asyncio.wait({parted}, timeout=_PATIENCE_S)
            if not parted.done():
                self._is_deaf = True
                await self.drain()
        self._part()

    def _is_at_rest(self) -> bool:
        is_idle = self._worker is None or self._worker.done() or self._idle is not None
        return is_idle and self._is_all_said()

    def _part(self, last: str | None = None) -> None:
        """Closes the connection, once; what comes after that was never received."""
        self._is_deaf = True
        if self._parted is not None and not self._parted.done():
            self._parted.set_result(None)
            self.calls.end(f"we stop before {self.station.id} answered; ask it again later")
            if last is not None:
                self._record(last)
            self.socket.say_last(last, _RESTARTS, "the central system restarts")

    def _take_frame(self, frame: Frame) -> bool:
        """Takes a whole text as it arrives; False if there is no room, or it is no text."""
        if self._is_deaf:
            return True
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
        if self._is_deaf:
            return
        now = self.hub.clock.now()
        if self.hub.recorder is not None:
            kept = without(text, self.station.offered)
            self.hub.recorder.received(self.station.id, self.version, kept, now)
        received = self.peer.receive(text)
        match received:
            case CallReceived():
                self._enqueue(storable(received, text), now)
            case AnswerReceived():
                self.calls.answered(storable_answer(received.answer, text))
            case ReplyDue():
                self._tell_frame("frame.refused", text, received.reason)
                self._enqueue(received, now)
            case _:
                self._tell_frame("frame.ignored", text, received.reason)

    def _tell_frame(self, event: str, text: str, reason: str) -> None:
        """Has a frame counted that is no call of ours, nor an answer that we wait for."""
        self.hub.counters.malformed.inc()
        sent = without_secrets(text[:_EXAMPLE])
        if self.hub.tell_violation(self.station, ("frame.refused", "", reason), {"sent": sent}):
            log.info(event, station=self.station.id, reason=reason)

    def _enqueue(self, received: CallReceived | ReplyDue, now: datetime) -> None:
        self._inbox.append((received, now))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        else:
            self._wake()

    def _wake(self) -> None:
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    async def _work(self) -> None:
        """Serves what comes in; between messages it sleeps, which costs less than a new task."""
        in_a_row = 0
        while not self._is_over or self._inbox:
            if not self._inbox:
                self._idle = self.socket.loop.create_future()
                await self._idle
                self._idle, in_a_row = None, 0
                continue
            received, now = self._inbox.popleft()
            if self._has_room is not None and len(self._inbox) < _INBOX:
                self._has_room.set()
                self._has_room = None
            if self.calls.untaken:
                await all_taken(self.calls.untaken)
            if isinstance(received, CallReceived) and received.call.action in LOOKED_UP:
                await self._serve_beside(received, now)
            else:
                await self._serve_one(received, now)
            if self._parted is not None and self._is_all_said():
                self._part()
            in_a_row += 1
            if in_a_row % _TURN == 0:
                await asyncio.sleep(0)

    def _is_all_said(self) -> bool:
        return not (self._inbox or self._aside or self.socket.queued)

    async def _serve_beside(self, received: CallReceived, now: datetime) -> None:
        """Serves a call, but lets others go first once somebody outside takes long to answer."""
        if len(self._aside) >= _MOST_ASIDE:
            await asyncio.wait(self._aside, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._serve_one(received, now))
        self._aside.add(task)
        task.add_done_callback(self._served_beside)
        await asyncio.wait({task}, timeout=_WAIT_FOR_OTHERS_S)

    def _served_beside(self, task: asyncio.Task[None]) -> None:
        self._aside.discard(task)
        if self._parted is not None and self._is_all_said():
            self._part()

    async def _serve_one(self, received: CallReceived | ReplyDue, now: datetime) -> None:
        try:
            if isinstance(received, ReplyDue):
                await self._send(received.text)
            elif not self.is_replaced or self.routes[received.call.action].keeps:
                await self._serve_safely(received, now)
        except ConnectionClosed:
            return

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
            await self._apologize(call)

    async def _serve(self, received: CallReceived, now: datetime) -> None:
        call, violation = received.call, received.violation
        route = self.routes[call.action]
        self.hub.counters.messages += 1
        if not route.keeps:
            if violation is not None:
                known = self._mended(call)
                if known is None:
                    await self._refuse(call, violation)
                    return
                received = CallReceived(known, None)
            if not self._may_speak(call.action):
                await self._send(self._not_accepted(call))
                return
        may_not = route.keeps and not self._may_report(call.action)
        served = await self.hub.intake.take(self.station, self.version, received, now)
        try:
            if may_not:
                await self._send(self._not_accepted(call))
            elif served.error is not None:
                await self._send(self.peer.error(call, *served.error))
            elif served.answer is not None:
                await self._send(self.peer.result(call, route.encode(served.answer)))
        finally:
            if served.outcome is not None:
                self.hub.settle(self.station, served.outcome)

    def _mended(self, call: Call) -> Call | None:
        """Returns a call that breaks its schema as it is meant, None if that is not clear."""
        found = mended(self.version, call.action, call.payload)
        if found is None:
            return None
        for oddity in found.oddities:
            key = (oddity.kind, call.action, str(oddity.details.get("field", "")))
            self.hub.tell_violation(self.station, key, oddity.details)
        return Call(call.message_id, call.action, found.payload)

    def _may_speak(self, action: str) -> bool:
        """Before it was accepted a station may only boot, and send what it was asked for.

        Source: OCPP 1.6-J errata 3.8; OCPP 2.0.1 part 2, B01.FR.10, B02.FR.09, B03.FR.07.
        """
        record = self.station.record
        is_accepted = record.registration is Registration.ACCEPTED and record.booted_at is not None
        return is_accepted or action == _BOOT or self._is_invited(action)

    def _may_report(self, action: str) -> bool:
        """As `_may_speak`, for what is kept whatever it is answered, since a bill may depend on it.

        A station that the operator has accepted may send that before it boots: it did not notice
        that we were away, or empties its queue first.
        """
        is_accepted = self.station.record.registration is Registration.ACCEPTED
        return is_accepted or self._is_invited(action)

    def _not_accepted(self, call: Call) -> str:
        return self.peer.error(call, SECURITY_ERROR, "not accepted: send BootNotification")

    def _is_invited(self, action: str) -> bool:
        until = self.station.invited.get(action)
        return until is not None and self.hub.clock.now() <= until

    async def _refuse(self, call: Call, violation: Violation) -> None:
        self.hub.counters.malformed.inc()
        key = ("schema.violation", call.action, violation.path)
        example = {"code": violation.code, "sent": call.payload}
        if self.hub.tell_violation(self.station, key, example):
            log.info(
                "call.refused",
                station=self.station.id,
                action=call.action,
                code=violation.code,
                at=violation.path,
            )
        await self._send(self.peer.error(call, violation.code, violation.message))

    async def _apologize(self, call: Call) -> None:
        """Answers after an error of ours; says nothing if an error would lose the message.

        A transaction message that stays unanswered is sent again.
        """
        if self.routes[call.action].keeps:
            log.error("call.unanswered", station=self.station.id, action=call.action)
            return
        text = self.peer.error(call, INTERNAL_ERROR, "internal error, try again later")
        await self._send(text)

    async def _send(self, text: str) -> None:
        """Sends an answer; at the goodbye the last one is sent in one piece with the close.

        Raises:
            ConnectionClosed: if it cannot be sent any more.
        """
        if self._parted is not None and not self._parted.done() and self._is_all_said():
            self._part(text)
        else:
            await self._write(text)

    async def _write(self, text: str) -> None:
        """Writes a text; a station that does not read for long is dropped."""
        self._record(text)
        if not self.socket.send_at_once(text):
            await self.socket.send_within(text, _SEND_S)

    def _record(self, text: str) -> None:
        if self.hub.recorder is not None:
            self.hub.recorder.sent(self.station.id, self.version, text, self.hub.clock.now())


def write_notes(notes: tuple[Note, ...]) -> None:
    """Writes the log lines of a unit that is durable."""
    for note in notes:
        if note.level == "warning":
            log.warning(note.event, **note.fields)
        else:
            log.info(note.event, **note.fields)
