"""Chargers at the lowest cost: a websocket client of our own on a raw asyncio protocol.

Only what thousands of links on one machine need: no deflate, no fragments, no TLS. Frames are
masked, as they must be, but with the key 0. Several calls may be open at once, as stations that
empty a queue do; a call of the server is answered at once.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import orjson

from tests.chaos.plan import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A
_NO_MASK = bytes(4)
_NORMAL_CLOSURE = (1000).to_bytes(2, "big")
_ACCEPTED = {"SetChargingProfile", "ClearChargingProfile", "ClearCache", "Reset"}
_IDS = itertools.count(int(time.time() * 1000))
NO_CODE = 1006
CROSSED_WITHIN_S = 0.1


class LinkLostError(ConnectionError):
    """The connection is gone, and with it the answer to what was open."""


class TurnedAwayError(ConnectionError):
    """The server answered the upgrade with something else; `retry_after_s` if it said so."""

    def __init__(self, status: int, retry_after_s: float | None) -> None:
        super().__init__(f"HTTP {status}")
        self.status, self.retry_after_s = status, retry_after_s


@dataclass
class Tally:
    """What happened to the calls of some links; `errors` are answers that were CALLERRORs.

    `slow` holds each answer's time of arrival and how long it took, in seconds.
    """

    answered: int = 0
    unanswered: int = 0
    crossed: int = 0
    errors: list[str] = field(default_factory=list)
    slow: list[tuple[float, float]] = field(default_factory=list)
    turned_away: int = 0
    lost: int = 0

    def p99_ms(self, since: float = 0.0, until: float = float("inf")) -> float:
        """The 99th percentile, in milliseconds, of what was answered in that time."""
        return percentile((each for at, each in self.slow if since <= at <= until), 0.99) * 1000

    def as_dict(self) -> dict[str, Any]:
        """For the way to another process."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def joined(cls, parts: Iterable[dict[str, Any]]) -> Tally:
        """All of them as one."""
        whole = cls()
        for part in parts:
            for name, value in part.items():
                setattr(whole, name, getattr(whole, name) + type(getattr(whole, name))(value))
        return whole


class Link(asyncio.Protocol):
    """One connection of one charger. `closed` is done when it is gone, with the close code."""

    def __init__(
        self, station: str, subprotocol: str = "ocpp1.6", tally: Tally | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        self.station, self.subprotocol = station, subprotocol
        self.tally = tally or Tally()
        self.closed: asyncio.Future[int] = loop.create_future()
        self.server_calls: list[list[Any]] = []
        self.on_server_call: Callable[[list[Any]], object | None] | None = None
        self._opened: asyncio.Future[None] = loop.create_future()
        self._open: dict[bytes, tuple[asyncio.Future[Any], float]] = {}
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._is_open = False
        self._code = NO_CODE
        self._can_write = asyncio.Event()
        self._can_write.set()

    async def connect(
        self, port: int, *, timeout_s: float = 30, receives: int | None = None
    ) -> Link:
        """Connects and agrees on the version; `receives` is the size of the receive buffer.

        Raises:
            TurnedAwayError: if the server refuses it with a status.
            LinkLostError: if the connection ends first, or takes too long.
        """
        try:
            async with asyncio.timeout(timeout_s):
                loop = asyncio.get_running_loop()
                sock = socket.socket()
                sock.setblocking(False)  # noqa: FBT003 - the socket's own name
                if receives is not None:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
                await loop.sock_connect(sock, ("127.0.0.1", port))
                await loop.create_connection(lambda: self, sock=sock)
                await self._opened
        except TurnedAwayError:
            self.tally.turned_away += 1
            raise
        except (OSError, TimeoutError) as error:
            self.abort()
            raise LinkLostError(str(error)) from error
        return self

    @property
    def is_open(self) -> bool:
        """Whether the upgrade has succeeded, and the connection not ended."""
        return self._is_open and not self.closed.done()

    @property
    def open_calls(self) -> int:
        """How many calls wait for their answers."""
        return len(self._open)

    def call(
        self, action: str, payload: Any, message_id: str | None = None
    ) -> asyncio.Future[list[Any]]:
        """Sends a call; the future has the answer's frame, or LinkLostError."""
        if message_id is None:
            message_id = f"{self.station[-12:]}-{next(_IDS)}"
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        if self.closed.done():
            fail(future, LinkLostError(f"{self.station}: closed"))
            return future
        self._open[message_id.encode()] = (future, time.monotonic())
        self.send(orjson.dumps([2, message_id, action, payload]))
        return future

    def send(self, text: bytes) -> None:
        """Sends a text as it is."""
        self._send(_TEXT, text)

    @property
    def can_write(self) -> bool:
        """Whether the socket takes more now."""
        return self._can_write.is_set()

    async def writable(self) -> None:
        """Waits until the socket takes more."""
        await self._can_write.wait()

    def stop_reading(self) -> None:
        """Reads nothing more, while the connection stays."""
        if self._transport is not None:
            self._transport.pause_reading()

    def close(self) -> None:
        """Begins the closing handshake."""
        if self._transport is not None and not self._transport.is_closing():
            self._send(_CLOSE, _NORMAL_CLOSURE)

    def abort(self) -> None:
        """Drops the connection."""
        if self._transport is not None:
            self._transport.abort()

    def pause_writing(self) -> None:
        """The socket takes no more for now."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """The socket takes more again."""
        self._can_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the upgrade."""
        self._transport = writer = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET /ocpp/{self.station} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {self.subprotocol}\r\n\r\n"
        )
        writer.write(request.encode())

    def data_received(self, data: bytes) -> None:
        """Takes the answer to the upgrade, then frames."""
        buffer = self._buffer + data if self._buffer else data
        if not self._is_open:
            buffer = self._upgraded(buffer)
        while len(buffer) >= 2 and self._is_open:
            length, start = buffer[1], 2
            if length == 126:
                length, start = int.from_bytes(buffer[2:4], "big"), 4
            elif length == 127:
                length, start = int.from_bytes(buffer[2:10], "big"), 10
            end = start + length
            if len(buffer) < end:
                break
            self._frame(buffer[0], buffer[start:end])
            buffer = buffer[end:]
        self._buffer = buffer

    def connection_lost(self, exc: Exception | None) -> None:
        """Fails what still waits."""
        lost = LinkLostError(f"{self.station}: connection lost ({exc or self._code})")
        fail(self._opened, lost)
        self._can_write.set()
        self.tally.lost += len(self._open)
        for future, _ in self._open.values():
            fail(future, lost)
        self._open.clear()
        if not self.closed.done():
            self.closed.set_result(self._code)

    def _upgraded(self, buffer: bytes) -> bytes:
        head, end, rest = buffer.partition(b"\r\n\r\n")
        if not end:
            return buffer
        lines = head.decode("latin-1").lower().split("\r\n")
        status = int(lines[0].split(" ")[1])
        if status == 101:
            self._is_open = True
            if not self._opened.done():
                self._opened.set_result(None)
            return rest
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        after = headers.get("retry-after")
        fail(self._opened, TurnedAwayError(status, None if after is None else float(after)))
        self.abort()
        return b""

    def _frame(self, kind: int, payload: bytes) -> None:
        if kind == _TEXT:
            self._text(payload)
        elif kind == _PING:
            self._send(_PONG, payload)
        elif kind == _CLOSE:
            self._closing(payload)

    def _closing(self, payload: bytes) -> None:
        """Counts what the server leaves without an answer, if it had the time to give one.

        What was sent in the last moments before may have crossed the close on its way.
        """
        self._code = int.from_bytes(payload[:2], "big") if payload else 1005
        now = time.monotonic()
        for _, sent_at in self._open.values():
            if now - sent_at < CROSSED_WITHIN_S:
                self.tally.crossed += 1
            else:
                self.tally.unanswered += 1
        self._send(_CLOSE, payload[:2])
        if self._transport is not None:
            self._transport.close()

    def _text(self, text: bytes) -> None:
        frame = orjson.loads(text)
        if frame[0] == 2:
            self._answer(frame)
            return
        found = self._open.pop(str(frame[1]).encode(), None)
        if found is None:
            self.tally.errors.append(f"unasked answer: {text[:200].decode(errors='replace')}")
            return
        future, sent_at = found
        now = time.monotonic()
        self.tally.answered += 1
        self.tally.slow.append((now, now - sent_at))
        if frame[0] == 4:
            self.tally.errors.append(text[:200].decode(errors="replace"))
        if not future.done():
            future.set_result(frame)

    def _answer(self, frame: list[Any]) -> None:
        self.server_calls.append(frame)
        if self.on_server_call is not None:
            reply = self.on_server_call(frame)
            if reply is not None:
                self.send(orjson.dumps(reply))
            return
        reply = [4, frame[1], "NotSupported", "", {}]
        if frame[2] in _ACCEPTED:
            reply = [3, frame[1], {"status": "Accepted"}]
        self.send(orjson.dumps(reply))

    def _send(self, kind: int, payload: bytes) -> None:
        length = len(payload)
        if length < 126:
            head = bytes((kind, 0x80 | length))
        elif length < 65536:
            head = bytes((kind, 0x80 | 126)) + length.to_bytes(2, "big")
        else:
            head = bytes((kind, 0x80 | 127)) + length.to_bytes(8, "big")
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(head + _NO_MASK + payload)


def fail(future: asyncio.Future[Any], error: Exception) -> None:
    """Ends a future, also one that nobody will wait for."""
    if not future.done():
        future.set_exception(error)
        future.exception()
