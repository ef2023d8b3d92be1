"""Chargers at the lowest cost: a websocket client of our own on a raw asyncio protocol.

Only what a benchmark of one machine needs: no deflate, no fragments, no TLS. Frames are masked,
as they must be, but with the key 0, which spares the client the work and the server none.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
from typing import TYPE_CHECKING, cast

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _workload import Script, Tally, Version

_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A
_NO_MASK = bytes(4)
_NORMAL_CLOSURE = (1000).to_bytes(2, "big")
_TOGETHER = 50
_ACCEPTED = {"SetChargingProfile", "ClearChargingProfile"}


class RefusedError(ConnectionError):
    """The server closed a connection, refused it, or answered with an error."""


class Station(asyncio.Protocol):
    """One charger's connection; runs one script at a time, with one call open.

    A call of the server is answered at once: a charging profile is accepted, anything else is
    not supported.
    """

    __slots__ = (
        "_awaited",
        "_buffer",
        "_done",
        "_is_open",
        "_opened",
        "_path",
        "_script",
        "_sent_at",
        "_sequence",
        "_tally",
        "_transport",
        "closed",
        "station_id",
        "version",
    )

    def __init__(self, station_id: str, version: Version, tally: Tally) -> None:
        loop = asyncio.get_running_loop()
        self.station_id, self.version, self._tally = station_id, version, tally
        self.closed: asyncio.Future[None] = loop.create_future()
        self._opened: asyncio.Future[None] = loop.create_future()
        self._done: asyncio.Future[None] = loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._script: Script | None = None
        self._buffer = b""
        self._is_open = False
        self._awaited = b""
        self._sent_at = 0.0
        self._sequence = time.time_ns() // 1_000_000

    async def connect(self, port: int) -> None:
        """Connects and agrees on the version.

        Raises:
            RefusedError: if the server does not upgrade the connection to that version.
        """
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", port)
        await self._opened

    def run(self, script: Script) -> asyncio.Future[None]:
        """Starts a script; the future is done when the script has ended."""
        self._done = asyncio.get_running_loop().create_future()
        if self.closed.done():
            _fail(self._done, RefusedError(f"{self.station_id}: connection lost"))
            return self._done
        self._script = script
        self._call(next(script))
        return self._done

    def close(self) -> None:
        """Begins the closing handshake; `closed` is done at its end."""
        if self._transport is not None and not self._transport.is_closing():
            self._send(_CLOSE, _NORMAL_CLOSURE)

    def abort(self) -> None:
        """Drops the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the upgrade."""
        self._transport = writer = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET /ocpp/{self.station_id} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: ocpp{self.version}\r\n\r\n"
        )
        writer.write(request.encode())

    def data_received(self, data: bytes) -> None:
        """Takes the answer to the upgrade, then frames."""
        buffer = self._buffer + data if self._buffer else data
        if not self._is_open:
            buffer = self._upgraded(buffer)
        while len(buffer) >= 2:
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
        """Fails what still runs: a server does not leave during a benchmark."""
        lost = RefusedError(f"{self.station_id}: connection lost ({exc or 'closed'})")
        _fail(self._opened, lost)
        if self._script is not None:
            self._end(lost)
        if not self.closed.done():
            self.closed.set_result(None)

    def _upgraded(self, buffer: bytes) -> bytes:
        head, end, rest = buffer.partition(b"\r\n\r\n")
        if not end:
            return buffer
        lines = head.decode("latin-1").lower().split("\r\n")
        is_agreed = f"sec-websocket-protocol: ocpp{self.version}" in lines
        if " 101 " in lines[0] and is_agreed:
            self._is_open = True
            self._opened.set_result(None)
            return rest
        _fail(self._opened, RefusedError(f"{self.station_id}: {lines[0]}"))
        self.abort()
        return b""

    def _frame(self, kind: int, payload: bytes) -> None:
        if kind == _TEXT:
            self._text(payload)
        elif kind == _PING:
            self._send(_PONG, payload)
        elif kind == _CLOSE:
            self._send(_CLOSE, payload[:2])
            if self._transport is not None:
                self._transport.close()
        elif kind != _PONG:
            self._end(RefusedError(f"{self.station_id}: unexpected frame {kind:#x}"))

    def _text(self, text: bytes) -> None:
        if text.startswith(self._awaited) and self._awaited:
            tally = self._tally
            if tally.is_open:
                tally.latencies_s.append(time.perf_counter() - self._sent_at)
            self._advance(text[len(self._awaited) : -1])
        elif text.startswith(b"[2,"):
            self._answer(text)
        else:
            self._end(RefusedError(f"{self.station_id}: {text[:300].decode(errors='replace')}"))

    def _advance(self, answer: bytes) -> None:
        self._awaited = b""
        if self._script is None:
            return
        try:
            self._call(self._script.send(answer))
        except StopIteration:
            self._script = None
            self._done.set_result(None)
        except (ConnectionError, LookupError, orjson.JSONDecodeError) as error:
            self._end(error)

    def _call(self, call: bytes) -> None:
        self._sequence += 1
        message_id = b"%b-%d" % (self.station_id.encode(), self._sequence)
        self._awaited = b'[3,"%b",' % message_id
        self._sent_at = time.perf_counter()
        self._send(_TEXT, b'[2,"%b",%b]' % (message_id, call))

    def _answer(self, text: bytes) -> None:
        _, message_id, action, _ = orjson.loads(text)
        self._tally.server_calls += self._tally.is_open
        reply = [4, message_id, "NotSupported", "", {}]
        if action in _ACCEPTED:
            reply = [3, message_id, {"status": "Accepted"}]
        self._send(_TEXT, orjson.dumps(reply))

    def _send(self, kind: int, payload: bytes) -> None:
        length = len(payload)
        if length < 126:
            head = bytes((kind, 0x80 | length))
        else:
            head = bytes((kind, 0x80 | 126)) + length.to_bytes(2, "big")
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(head + _NO_MASK + payload)

    def _end(self, error: Exception) -> None:
        self._script = None
        _fail(self._done, error)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    """Ends a future, also one that nobody will wait for: one lost server fails hundreds."""
    if not future.done():
        future.set_exception(error)
        future.exception()


async def connect_all(stations: list[Station], port: int, timeout_s: float) -> None:
    """Connects the stations, 50 at a time.

    Raises:
        RefusedError: if one is refused, or not all are connected in time.
    """
    try:
        async with asyncio.timeout(timeout_s):
            for first in range(0, len(stations), _TOGETHER):
                group = stations[first : first + _TOGETHER]
                await asyncio.gather(*(station.connect(port) for station in group))
    except TimeoutError:
        raise RefusedError(f"not all stations were connected within {timeout_s:g} s") from None


async def finish(running: Iterable[asyncio.Future[None]], timeout_s: float) -> None:
    """Waits for the ends of scripts; raises the first error among them.

    Raises:
        RefusedError: if a script failed, or has not ended in time.
    """
    waited = list(running)
    if not waited:
        return
    done, pending = await asyncio.wait(
        waited, timeout=timeout_s, return_when=asyncio.FIRST_EXCEPTION
    )
    for future in done:
        error = future.exception()
        if error is not None:
            raise RefusedError(str(error)) from error
    if pending:
        raise RefusedError(f"{len(pending)} stations had no answer within {timeout_s:g} s")


async def close_all(stations: list[Station], timeout_s: float) -> None:
    """Closes the connections, by force those that are not closed in time."""
    for station in stations:
        station.close()
    waited = [station.closed for station in stations]
    _, pending = await asyncio.wait(waited, timeout=timeout_s)
    if pending:
        for station in stations:
            station.abort()
        await asyncio.wait(pending, timeout=timeout_s)
