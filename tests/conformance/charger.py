"""The scripted station of a case: it says what the case says, and holds all it hears to account.

Every frame must be compact JSON and valid against the official schema; a call that the case has
not expected, and a connection that ends unasked, are faults, and with a fault the case fails.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import itertools
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.conformance.patterns import differences
from tests.conformance.schemas import has_status, request_fault, response_fault

WAIT_S = 20.0
_TEXTS = re.compile(r'"(?:\\.|[^"\\])*"')

Payload = dict[str, Any]


@dataclass(frozen=True)
class Error:
    """A CALLERROR, as an answer that a case gives or gets."""

    code: str
    description: str = ""
    details: Payload = field(default_factory=dict)


SILENCE = Error("silence")
"""An answer that never comes."""


class Odd(dict[str, Any]):
    """An answer that is against the schema, as the case wants it."""


Answer = Payload | Error | Callable[[Payload], Any] | None


@dataclass
class Expected:
    """A call that a case waits for: await it for its payload.

    `pattern` None takes any. `order` is a payload whose very text it must have.
    """

    action: str
    pattern: Any
    answer: Answer
    order: Payload | None = None
    message_id: str | None = None
    found: asyncio.Future[Payload] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def __await__(self) -> Any:
        return self._wait().__await__()

    async def _wait(self) -> Payload:
        try:
            async with asyncio.timeout(WAIT_S):
                return await asyncio.shield(self.found)
        except TimeoutError:
            raise AssertionError(f"no {self.action} came within {WAIT_S:.0f} s") from None


class Charger:
    """A station of one version, with one connection at a time."""

    def __init__(
        self,
        url: str,
        station_id: str,
        version: str,
        *,
        password: str | None = None,
        connectors: tuple[tuple[int, int], ...] = ((1, 1),),
        tls: Any = None,
    ) -> None:
        self.url, self.id, self.version = url, station_id, version
        self.password, self.tls = password, tls
        self.connectors = connectors
        self.socket: ClientConnection | None = None
        self.faults: list[str] = []
        self.transcript: list[str] = []
        self.seen: set[tuple[str, str]] = set()
        self._count = itertools.count(1)
        self._open: dict[str, tuple[str, asyncio.Future[Any]]] = {}
        self._expected: list[Expected] = []
        self._standing: dict[str, tuple[Answer, list[Payload]]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._may_end = False
        self._strays: list[Any] | None = None

    # Connection

    async def connect(self, **options: Any) -> None:
        """Opens the connection; websockets' `InvalidStatus` tells of a refused upgrade."""
        headers = dict(options.pop("headers", {}))
        password = options.pop("password", self.password)
        if password is not None:
            name = options.pop("user", self.id)
            given = password if isinstance(password, bytes) else password.encode()
            told = base64.b64encode(name.encode() + b":" + given).decode()
            headers["Authorization"] = f"Basic {told}"
        settings: dict[str, Any] = {
            "subprotocols": [f"ocpp{self.version}"],
            "compression": None,
            "open_timeout": WAIT_S,
            "ping_interval": None,
            "max_size": None,
            "additional_headers": headers,
            "ssl": self.tls,
        } | options
        self.socket = await connect(self.url, **settings)
        assert self.socket.subprotocol == f"ocpp{self.version}" or "subprotocols" in options
        self._note("connected")
        self._may_end = False
        self._reading = asyncio.create_task(self._read(self.socket))

    async def disconnect(self, *, abruptly: bool = False) -> None:
        """Ends the connection; abruptly is without a word of goodbye."""
        self._may_end = True
        if self.socket is not None and abruptly:
            self.socket.transport.abort()
        elif self.socket is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(WAIT_S):
                    await self.socket.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        for task in self._answering:
            task.cancel()
        self._note("disconnected")
        self.socket = self._reading = None

    def leave_behind(self) -> asyncio.Task[None]:
        """Lets go of a connection that stays open; returns the task that reads on."""
        assert self._reading is not None
        self._may_end, reading = True, self._reading
        self.socket = self._reading = None
        return reading

    async def reconnect(self, **options: Any) -> None:
        """Ends the connection and opens a new one."""
        await self.disconnect()
        await self.connect(**options)

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open."""
        return self._reading is not None and not self._reading.done()

    def may_end(self) -> None:
        """From now on the other side may close the connection."""
        self._may_end = True

    async def ended(self) -> int | None:
        """Waits for the other side to close the connection, and returns its code."""
        self._may_end = True
        assert self._reading is not None
        assert self.socket is not None
        done, _ = await asyncio.wait({self._reading}, timeout=WAIT_S)
        assert done, "the connection was not closed"
        return self.socket.close_code

    # What it says

    async def call(self, action: str, payload: Payload | None = None, **options: Any) -> Payload:
        """Sends a call and returns its answer, which must be a CALLRESULT.

        `checked=False` lets a payload go that is against the schema.
        """
        said = await self.exchange(action, payload, **options)
        assert not isinstance(said, Error), f"{action} was answered {said}"
        return said

    async def refused(self, action: str, payload: Payload | None = None, **options: Any) -> Error:
        """Sends a call and returns its answer, which must be a CALLERROR."""
        options.setdefault("checked", False)
        said = await self.exchange(action, payload, **options)
        assert isinstance(said, Error), f"{action} was answered {said}, not by a CALLERROR"
        return said

    async def exchange(
        self,
        action: str,
        payload: Payload | None = None,
        *,
        checked: bool = True,
        message_id: str | None = None,
    ) -> Payload | Error:
        """Sends a call and returns its answer."""
        future = await self.post(action, payload, checked=checked, message_id=message_id)
        try:
            async with asyncio.timeout(WAIT_S):
                return await future
        except TimeoutError:
            raise AssertionError(f"{action} was not answered within {WAIT_S:.0f} s") from None

    async def post(
        self,
        action: str,
        payload: Payload | None = None,
        *,
        checked: bool = True,
        message_id: str | None = None,
    ) -> asyncio.Future[Any]:
        """Sends a call and returns the future of its answer."""
        payload = {} if payload is None else payload
        if checked:
            fault = request_fault(self.version, action, payload)
            assert fault is None, f"the case itself is wrong: {fault}"
        message_id = message_id or f"{self.id[-20:]}-{next(self._count)}"
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_seen)
        self._open[message_id] = (action, future)
        self.seen.add(("from station", action))
        await self.send(json.dumps([2, message_id, action, payload], separators=(",", ":")))
        return future

    async def send(self, text: str) -> None:
        """Sends a text as it is."""
        assert self.socket is not None, "the case itself is wrong: it is not connected"
        self._note(f"-> {text}")
        await self.socket.send(text)

    async def boot(self, reason: str = "PowerUp", status: str = "Accepted", **more: Any) -> Payload:
        """Boots; once accepted it tells the state of its connectors."""
        answer = await self.call("BootNotification", boot_payload(self.version, reason) | more)
        assert answer["status"] == status, f"boot was answered {answer}, not {status}"
        assert answer["interval"] > 0, f"boot was answered {answer}"
        is_now(answer["currentTime"])
        if status == "Accepted":
            await self.tell_connectors()
        return answer

    async def tell_connectors(self, status: str = "Available") -> None:
        """Tells the state of all connectors, in 1.6 of connector 0 too."""
        if self.version == "1.6":
            await self.status(0, 0, status)
        for evse, connector in self.connectors:
            await self.status(evse, connector, status)

    async def status(self, evse: int = 1, connector: int = 1, status: str = "Available") -> None:
        """Tells the state of a connector; in 2.0.1 by StatusNotification and NotifyEvent."""
        if self.version == "1.6":
            told = {"connectorId": evse, "errorCode": "NoError", "status": status}
            assert await self.call("StatusNotification", told | {"timestamp": now()}) == {}
            return
        place = {"evseId": evse, "connectorId": connector}
        told = {"timestamp": now(), "connectorStatus": status, **place}
        assert await self.call("StatusNotification", told) == {}
        assert await self.call("NotifyEvent", self.availability(evse, connector, status)) == {}

    def availability(self, evse: int, connector: int, status: str) -> Payload:
        """Returns the 2.0.1 event that tells of a connector's state."""
        event = {
            "eventId": next(self._count),
            "timestamp": now(),
            "trigger": "Delta",
            "actualValue": status,
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "Connector", "evse": {"id": evse, "connectorId": connector}},
            "variable": {"name": "AvailabilityState"},
        }
        return {"generatedAt": now(), "seqNo": 0, "eventData": [event]}

    # What it hears

    def answers(self, action: str, answer: Answer = None) -> list[Payload]:
        """Answers all calls of an action from now on; returns the list of their payloads."""
        heard: list[Payload] = []
        self._standing[action] = (answer, heard)
        return heard

    def expects(
        self,
        action: str,
        pattern: Any = None,
        answer: Answer = None,
        *,
        order: Payload | None = None,
    ) -> Expected:
        """Expects one call; without an answer it is Accepted, or empty. Await what it returns."""
        expected = Expected(action, pattern, answer, order)
        self._expected.append(expected)
        return expected

    def silent(self, action: str) -> Expected:
        """Expects one call and never answers it."""
        return self.expects(action, None, SILENCE)

    def takes_errors(self) -> list[Any]:
        """From now on answers to nothing that is open are taken; returns the list of them."""
        self._strays = []
        return self._strays

    # Within

    def fault(self, sentence: str) -> None:
        """Notes something that must not be."""
        self._note(f"FAULT {sentence}")
        self.faults.append(sentence)

    def _note(self, line: str) -> None:
        self.transcript.append(f"{self.id} {line}"[:2000])

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                text = await socket.recv()
                self._note(f"<- {text!s}")
                try:
                    self._take(text)
                except (AssertionError, ValueError, TypeError, KeyError, IndexError) as wrong:
                    self.fault(f"a frame that is none: {wrong!r} in {text!s:.300}")
        except ConnectionClosed as closed:
            if socket is not self.socket:
                return  # it was left behind
            if not self._may_end:
                self.fault(f"the connection was closed unasked: {closed}")
            for _, future in self._open.values():
                if not future.done():
                    future.set_exception(AssertionError(f"closed before the answer: {closed}"))
            self._open.clear()

    def _take(self, text: Any) -> None:
        assert isinstance(text, str), "it is binary"
        assert not re.search(r"\s", _TEXTS.sub("", text)), "it is not compact"
        frame = json.loads(text)
        assert isinstance(frame, list)
        match frame[0]:
            case 2:
                assert len(frame) == 4
                assert isinstance(frame[1], str)
                assert 1 <= len(frame[1]) <= 36, "its ID is not of 1 to 36 characters"
                self._take_call(*frame[1:])
            case 3:
                assert len(frame) == 3
                self._take_answer(frame[1], frame[2])
            case 4:
                assert len(frame) == 5
                assert isinstance(frame[3], str)
                assert len(frame[3]) <= 255
                assert isinstance(frame[4], dict)
                self._take_answer(frame[1], Error(*frame[2:]))
            case other:
                raise AssertionError(f"there is no message type {other}")

    def _take_answer(self, message_id: str, said: Any) -> None:
        action, future = self._open.pop(message_id, (None, None))
        if self._strays is not None and (action is None or future is None):
            self._strays.append(said)
            return
        if action is None or future is None:
            self.fault(f"an answer to nothing that is open: {message_id} {said}")
            return
        if not isinstance(said, Error):
            fault = response_fault(self.version, action, said)
            if fault is not None:
                self.fault(f"the answer to {action} is against the schema: {fault}")
        if not future.done():
            future.set_result(said)

    def _take_call(self, message_id: str, action: str, payload: Payload) -> None:
        self.seen.add(("to station", action))
        fault = request_fault(self.version, action, payload)
        if fault is not None:
            self.fault(f"{action} is against the schema: {fault}")
        answer: Answer
        expected = next((each for each in self._expected if each.action == action), None)
        if expected is not None:
            self._expected.remove(expected)
            self._compare(expected, payload)
            answer = expected.answer
            expected.message_id = message_id
        elif action in self._standing:
            answer, heard = self._standing[action]
            heard.append(payload)
        else:
            self.fault(f"nobody asked for this call: {action} {json.dumps(payload)[:300]}")
            answer = Error("NotSupported", "nobody asked for it")
        task = asyncio.create_task(self._answer(message_id, action, payload, answer))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

        def tell(_: object) -> None:
            if expected is not None and not expected.found.done():
                expected.found.set_result(payload)

        task.add_done_callback(tell)

    def _compare(self, expected: Expected, payload: Payload) -> None:
        if expected.pattern is not None:
            for sentence in differences(expected.pattern, payload):
                self.fault(f"{expected.action}: {sentence}")
        if expected.order is not None and json.dumps(expected.order) != json.dumps(payload):
            self.fault(f"{expected.action} left as {payload}, not as {expected.order}")

    async def _answer(self, message_id: str, action: str, payload: Payload, answer: Answer) -> None:
        said = answer(payload) if callable(answer) else answer
        if inspect.isawaitable(said):
            said = await said
        if said is None:
            said = {"status": "Accepted"} if has_status(self.version, action) else {}
        if said is SILENCE:
            return
        if isinstance(said, Error):
            frame = [4, message_id, said.code, said.description, said.details]
        else:
            fault = response_fault(self.version, action, said)
            if fault is not None and not isinstance(said, Odd):
                self.fault(f"the case itself answers wrongly: {fault}")
            frame = [3, message_id, said]
        with suppress(ConnectionClosed):
            await self.send(json.dumps(frame, separators=(",", ":")))

    def unheard(self) -> list[str]:
        """Returns the actions that were expected and never came."""
        return [each.action for each in self._expected]


def _seen(future: asyncio.Future[Any]) -> None:
    """Takes note of a future's exception, which whoever awaits it gets as well."""
    if not future.cancelled():
        future.exception()


def boot_payload(version: str, reason: str = "PowerUp") -> Payload:
    """Returns what a station says when it boots."""
    if version == "1.6":
        return {"chargePointVendor": "Conformance", "chargePointModel": "Scripted"}
    return {
        "reason": reason,
        "chargingStation": {"vendorName": "Conformance", "model": "Scripted"},
    }


def now() -> str:
    """Returns the time as stations tell it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_now(text: str) -> None:
    """Raises AssertionError unless a time is the present one, in UTC, to a few seconds."""
    told = datetime.fromisoformat(text)
    assert told.utcoffset() is not None, f"{text} has no zone"
    assert told.utcoffset().total_seconds() == 0, f"{text} is not in UTC"  # type: ignore[union-attr]
    assert abs((told - datetime.now(UTC)).total_seconds()) < WAIT_S, f"{text} is not the time"
