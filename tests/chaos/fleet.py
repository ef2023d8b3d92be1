"""A fleet of lean chargers that know exactly what they delivered.

Each plays sessions one after the other, queues their messages as its retry dialect does
(`simulator.station.outbox`), and connects again whenever its link ends. All that happens goes
into the `History`.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from csms.ocppj.frames import CallError
from csms.ocppj.peer import AnswerReceived, CallReceived, Peer, ReplyDue
from csms.ocppj.version import Role, Version
from simulator.station.deliveries import Outcome
from simulator.station.outbox import Outbox, Outgoing
from tests.chaos import wire
from tests.chaos.dialects import DIALECTS, SCALE, outbox
from tests.chaos.history import METER, START, STOP, History, Message, Played

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.ocppj.frames import Call
    from simulator.station.deliveries import Delivery

# Real links are as slow; a call without an answer for that long counts as failed.
CALL_TIMEOUT_S = 30.0
_VERSIONS = {"1.6": Version.V16, "2.0.1": Version.V201}
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Pace:
    """How a charger plays: seconds between messages and sessions, samples in each session.

    `sessions` of each charger at most. One that is `patient` makes its next message only when
    all before it are answered or given up.
    """

    gap_s: tuple[float, float] = (0.1, 0.5)
    idle_s: tuple[float, float] = (0.1, 1.0)
    samples: tuple[int, int] = (1, 5)
    step_wh: tuple[int, int] = (1, 40)
    sessions: float = math.inf
    is_patient: bool = False
    reconnect_s: tuple[float, float] = (0.1, 0.5)


class Charger:
    """One charger. `url` may be changed; it counts from the next connection."""

    def __init__(self, name: str, url: str, random: Random, history: History, **how: Any) -> None:
        self.name, self.url, self.random, self.history = name, url, random, history
        self.version: str = how.get("version", "1.6")
        self.dialect: str = how.get("dialect", "default")
        self.pace: Pace = how.get("pace", Pace())
        self.timeout_s: float = how.get("timeout_s", CALL_TIMEOUT_S)
        self.meter_wh = random.randrange(0, 5_000_000)
        self.outbox: Outbox = outbox(
            self.dialect, random, self.timeout_s, self._told, how.get("scale", SCALE)
        )
        self._numbered: dict[int, Message] = {}
        self._adding: Message | None = None
        self.peer = Peer(_VERSIONS[self.version], Role.STATION)
        self.socket: ClientConnection | None = None
        self.is_booted = False
        self.may_start = True
        self.on_sent: Callable[[Message, str], None] | None = None
        self.played = 0
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._online = asyncio.Event()
        self._is_over = False
        self._sent_s = 0.0
        self._building: Message | None = None
        self._last_at = datetime.min.replace(tzinfo=UTC)

    @property
    def is_idle(self) -> bool:
        """Whether it plays nothing and has nothing left to deliver."""
        return not self._is_playing and self.outbox.is_empty and self.is_booted

    _is_playing = False

    # Playing

    async def play(self) -> None:
        """Plays sessions until it may start no more."""
        await asyncio.sleep(self.random.uniform(*self.pace.idle_s))
        while self.may_start and not self._is_over and self.played < self.pace.sessions:
            self._is_playing = True
            await self.play_session()
            self._is_playing = False
            await asyncio.sleep(self.random.uniform(*self.pace.idle_s))

    async def play_session(self) -> Played:
        """Plays one session and returns it; its messages may still be queued then."""
        self.played += 1
        session = self.begin()
        for _ in range(self.random.randint(*self.pace.samples)):
            await self._pause()
            self.meter()
        await self._pause()
        self.end()
        if self.pace.is_patient:
            await self.settled()
        return session

    async def _pause(self) -> None:
        if self.pace.is_patient:
            await self.settled()
        await asyncio.sleep(self.random.uniform(*self.pace.gap_s))

    def begin(self) -> Played:
        """Queues the start of a session."""
        number = self.played
        session = Played(
            self.name, self.version, number, 1, f"TAG{self.random.getrandbits(32):08X}"
        )
        if self.version != "1.6":
            session.transaction_id = f"{number}-{self.random.getrandbits(96):024x}"
        self.session = session
        self.history.sessions.append(session)
        self._queue(START)
        return session

    def meter(self) -> Message:
        self.meter_wh += self.random.randint(*self.pace.step_wh)
        return self._queue(METER)

    def end(self) -> Message:
        self.meter_wh += self.random.randint(*self.pace.step_wh)
        return self._queue(STOP)

    def _queue(self, kind: str) -> Message:
        session = self.session
        message = Message(session, kind, self._now(), self.meter_wh, len(session.messages))
        session.messages.append(message)
        action = wire.ACTIONS[session.version, kind]
        outgoing = Outgoing(
            action,
            lambda: self._build(message),
            is_durable=True,
            on_result=lambda answer, _now: self._heard(message, answer),
            transaction=f"{session.station}-{session.number}",
        )
        self._adding = message
        self.outbox.add(outgoing, time.monotonic())
        self._numbered[outgoing.number] = message
        self._settled.clear()
        self._changed.set()
        return message

    def _now(self) -> datetime:
        """The charger's time in whole milliseconds, never the same twice."""
        now = datetime.now(UTC)
        now -= timedelta(microseconds=now.microsecond % 1000)
        self._last_at = max(now, self._last_at + _MS)
        return self._last_at

    def _build(self, message: Message) -> object:
        self._building = message
        return wire.build(message)

    def _heard(self, message: Message, answer: Mapping[str, Any]) -> None:
        message.answers += 1
        session = message.session
        if session.version == "1.6" and message.kind == START:
            session.transaction_id = str(answer["transactionId"])
            session.transaction_ids.add(session.transaction_id)

    def _told(self, delivery: Delivery) -> None:
        """Notes what the charger itself throws away, and why."""
        if delivery.outcome is Outcome.DISCARDED and delivery.is_durable:
            message = self._numbered.get(delivery.number, self._adding)
            assert message is not None
            message.is_discarded = True
            self.history.discarded[str(delivery.reason)] += 1
        if delivery.outcome in {Outcome.DISCARDED, Outcome.ANSWERED}:
            self._numbered.pop(delivery.number, None)

    async def settled(self) -> None:
        """Waits until all that was queued is answered or given up."""
        while not self.outbox.is_empty:
            self._settled.clear()
            await self._settled.wait()

    async def online(self) -> None:
        """Waits until it is connected and accepted."""
        while self.socket is None or not self.is_booted:
            self._online.clear()
            await self._online.wait()

    # Talking

    async def keep_connected(self) -> None:
        """Connects, again and again, until `stop`."""
        while not self._is_over:
            await self.connect_once()
            if not self._is_over:
                await asyncio.sleep(self.random.uniform(*self.pace.reconnect_s))

    async def connect_once(self) -> None:
        """Connects and talks until the link ends."""
        try:
            async with connect(
                self.url + self.name,
                subprotocols=[_VERSIONS[self.version].subprotocol],
                compression=None,
                ping_interval=None,
                open_timeout=10,
                close_timeout=2,
                user_agent_header=None,
                proxy=None,
            ) as socket:
                self.history.opened += 1
                await self._talk(socket)
        except InvalidStatus as refusal:
            self.history.refused[str(refusal.response.status_code)] += 1
        except (OSError, EOFError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
            self.history.refused[type(error).__name__] += 1

    async def _talk(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.peer = Peer(_VERSIONS[self.version], Role.STATION)
        self._online.set()
        if not self.is_booted:
            self._boot()
        writer = asyncio.create_task(self._write(socket))
        try:
            async for text in socket:
                await self._take(socket, str(text))
        finally:
            self.socket = None
            writer.cancel()
            await asyncio.wait({writer})
            if self.peer.open_call is not None:
                self.history.unanswered[self.peer.open_call.action] += 1
            self.outbox.link_lost(time.monotonic())
            self._note_settled()

    def _boot(self) -> None:
        outgoing = wire.boot(self.version)

        def heard(answer: Mapping[str, Any], _now: float) -> None:
            self.is_booted = answer["status"] == "Accepted"
            self._online.set()
            self.history.boots += 1

        self.outbox.add(replace(outgoing, on_result=heard))

    async def _write(self, socket: ClientConnection) -> None:
        try:
            while True:
                now = time.monotonic()
                text = self._next_text(now)
                if text is not None:
                    await socket.send(text)
                    continue
                wake_s = self.outbox.wake_at(is_accepted=self.is_booted) - now
                self._changed.clear()
                try:
                    async with asyncio.timeout(wake_s if wake_s < math.inf else None):
                        await self._changed.wait()
                except TimeoutError:
                    self.outbox.expire(self.peer, time.monotonic())
                    self._note_settled()
        except ConnectionClosed:
            return

    def _next_text(self, now: float) -> str | None:
        self._building = None
        text = self.outbox.next_text(self.peer, now, is_accepted=self.is_booted)
        if text is not None:
            self._sent_s = now
            message, call = self._building, self.peer.open_call
            if message is not None and call is not None:
                message.message_ids.append(call.message_id)
                if self.on_sent is not None:
                    self.on_sent(message, text)
        return text

    async def _take(self, socket: ClientConnection, text: str) -> None:
        received = self.peer.receive(text)
        match received:
            case AnswerReceived(call=call, answer=answer):
                now = time.monotonic()
                self.history.answered(self._sent_s, now - self._sent_s)
                if isinstance(answer, CallError):
                    self.history.callerrors[call.action] += 1
                    self.history.errors[f"{call.action} {answer.code} {answer.description}"] += 1
                self.outbox.answered(received, now)
                self._changed.set()
                self._note_settled()
            case CallReceived(call=call):
                await socket.send(self._answer(call))
            case ReplyDue(text=reply):
                await socket.send(reply)

    def _answer(self, call: Call) -> str:
        if call.action == "GetTransactionStatus":
            return self.peer.result(call, {"messagesInQueue": self.outbox.has_durable})
        return self.peer.error(call, "NotSupported")

    def reboot(self) -> None:
        """Loses the power for a moment: queued messages survive, message IDs may begin anew."""
        self.cut()
        self.is_booted = False
        self.outbox.rebooted()

    def cut(self) -> None:
        """Loses the link, without a word."""
        if self.socket is not None:
            self.socket.transport.abort()

    def _note_settled(self) -> None:
        if self.outbox.is_empty:
            self._settled.set()

    async def stop(self) -> None:
        self._is_over = True
        if self.socket is not None:
            await self.socket.close()


@dataclass
class Fleet:
    """Many chargers, half of each version, dealt over the dialects, in one event loop.

    Use as `async with fleet:`; then `drain`, or the scenario's own ways with `chargers`.
    """

    url: str
    random: Random
    count: int
    pace: Pace = field(default_factory=Pace)
    prefix: str = "CHAOS"
    versions: tuple[str, ...] = ("1.6", "2.0.1")
    dialects: tuple[str, ...] = DIALECTS
    timeout_s: float = CALL_TIMEOUT_S
    history: History = field(default_factory=History)
    chargers: list[Charger] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in range(self.count):
            self.chargers.append(
                Charger(
                    f"{self.prefix}{number:05}",
                    self.url,
                    Random(self.random.getrandbits(64)),  # noqa: S311
                    self.history,
                    version=self.versions[number % len(self.versions)],
                    dialect=self.dialects[number // len(self.versions) % len(self.dialects)],
                    pace=self.pace,
                    timeout_s=self.timeout_s,
                )
            )

    async def __aenter__(self) -> Self:
        for each in self.chargers:
            self._tasks.append(asyncio.create_task(each.keep_connected()))
            self._tasks.append(asyncio.create_task(each.play()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self.chargers:
            each._is_over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        for task in self._tasks:
            if not task.cancelled() and task.exception() is not None:
                raise task.exception()  # type: ignore[misc]

    @property
    def connected(self) -> int:
        return sum(each.socket is not None for each in self.chargers)

    @property
    def idle(self) -> int:
        return sum(each.is_idle for each in self.chargers)

    def check(self) -> None:
        """Raises what a task of the fleet failed with, if one did."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and task.exception() is not None:
                raise task.exception()  # type: ignore[misc]

    async def all_connected(self, within_s: float = 60.0) -> None:
        await self._until(lambda: self.connected == self.count, within_s, "connect")

    async def drain(self, within_s: float = 120.0) -> bool:
        """Starts no more sessions and waits until all is delivered; False if it is not in time."""
        for each in self.chargers:
            each.may_start = False
        try:
            await self._until(lambda: self.idle == self.count, within_s, "drain")
        except AssertionError:
            return False
        return True

    async def _until(self, is_so: Callable[[], bool], within_s: float, what: str) -> None:
        deadline = time.monotonic() + within_s
        while not is_so():
            self.check()
            if time.monotonic() > deadline:
                raise AssertionError(f"the fleet did not {what} within {within_s:g} s")
            await asyncio.sleep(0.05)
