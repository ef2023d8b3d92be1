"""The websocket of one station, and what its library leaves unsaid."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import structlog
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosedError, InvalidMessage
from websockets.frames import Frame, Opcode
from websockets.protocol import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.exceptions import ConnectionClosed
    from websockets.protocol import Event

    from csms.engine.state import StationState

_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Connection: close\r\n"
    b"Content-Length: 12\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b"Bad Request\n"
)

_FIRSTS = (Opcode.TEXT, Opcode.BINARY)

log = structlog.get_logger("link")


class StationConnection(ServerConnection):
    """A socket that knows, once it was admitted, which station it speaks for.

    `on_text` is offered each text that came in one piece, which spares the library's queue and a
    switch of tasks; it says whether it took it. What it did not, `recv` returns: `queued` counts
    those messages, for as long as it is above 0 nothing is offered, and who takes one counts down.

    `heard_at` is when anything at all came last, by the loop's clock. `dropped_because` says why we
    ended the connection ourselves.

    `station` is None for one that nobody knows and that is taken in once the upgrade has succeeded.
    """

    station_id: str
    station: StationState | None = None
    on_text: Callable[[Frame], bool] | None = None
    queued = 0
    heard_at = 0.0
    dropped_because: str | None = None
    _is_told = False

    def data_received(self, data: bytes) -> None:
        """Takes bytes, of whatever kind: they are a sign of life."""
        self.heard_at = self.loop.time()
        super().data_received(data)

    def process_event(self, event: Event) -> None:
        """Takes what has come: offers it to `on_text`, or leaves it to the library."""
        if isinstance(event, Frame) and event.opcode in _FIRSTS:
            if self._offer(event):
                return
            self.queued += 1
        super().process_event(event)

    def _offer(self, frame: Frame) -> bool:
        is_whole = frame.fin and frame.opcode is Opcode.TEXT
        return is_whole and not self.queued and self.on_text is not None and self.on_text(frame)

    def send_at_once(self, text: str) -> bool:
        """Sends a text if none waits to be sent; False if there is one, or the socket is closed.

        Then `send` does what is due. It is four times as slow.
        """
        if self.state is not State.OPEN or self.transport.get_write_buffer_size():
            return False
        broadcast((self,), text)
        return True

    async def send_within(self, text: str, timeout_s: float) -> None:
        """Sends a text once the station reads; drops the connection if it does not in time.

        Raises:
            ConnectionClosed: if the connection is not open, or is dropped.
        """
        if self.state is State.OPEN:
            try:
                async with asyncio.timeout(timeout_s):
                    await self.send(text)
            except TimeoutError:
                self.drop(f"it read nothing for {timeout_s:g} s")
            else:
                return
        raise ConnectionClosedError(None, None)

    def say_close(self, code: int, reason: str) -> None:
        """Writes a close at once, so that nothing comes between it and what was written before."""
        if self.state is State.OPEN:
            self.protocol.send_close(code, reason)
            self.send_data()

    def drop(self, why: str) -> None:
        """Ends a connection that is of no use any more, without waiting for the peer."""
        self.dropped_because = self.dropped_because or why
        self.abort()

    def abort(self) -> None:
        """Drops the connection, if there is one yet, without a word."""
        transport = getattr(self, "transport", None)
        if transport is not None:
            transport.abort()

    def send_data(self) -> None:
        """Sends what is due; first an answer to what is no request that a websocket begins with.

        The library closes such a connection without a word.
        """
        protocol = self.protocol
        if protocol.state is State.CONNECTING and not self._is_told:
            error = protocol.handshake_exc
            if isinstance(error, InvalidMessage) and not isinstance(error.__cause__, EOFError):
                self._is_told = True
                self.transport.write(_BAD_REQUEST)
        super().send_data()


def address_of(connection: ServerConnection) -> str:
    """Returns the peer's address and port, for people."""
    address = connection.remote_address
    return f"{address[0]}:{address[1]}" if address else "?"


def reason_of(closed: ConnectionClosed) -> str:
    """Returns why a connection is closed, for people."""
    frame = closed.rcvd or closed.sent
    return "connection lost" if frame is None else f"{frame.code} {frame.reason}".strip()


def library_logger() -> logging.Logger:
    """Returns the logger for the library: what it logs as an error is one of ours."""
    logger = logging.getLogger("csms.websockets")
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_Errors())
    return logger


class _Errors(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log.error("socket.failed", what=record.getMessage(), exc_info=record.exc_info)
