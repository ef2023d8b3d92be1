"""The websocket of one station, and what its library leaves unsaid."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

import structlog
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosedError, InvalidMessage, PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from csms.link.liveness import Patience

if TYPE_CHECKING:
    from asyncio import BaseTransport
    from collections.abc import Callable

    from websockets.exceptions import ConnectionClosed
    from websockets.protocol import Event

    from csms.engine.state import StationState
    from csms.link.gate import HalfOpen
    from csms.link.pace import Pace
    from csms.link.peers import Peer

_REFUSAL = (
    "HTTP/1.1 {0}\r\nConnection: close\r\nContent-Length: {1}\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n{2}\n"
)
_BAD_REQUEST = _REFUSAL.format("400 Bad Request", 12, "Bad Request").encode()
_REQUEST_TIMEOUT = _REFUSAL.format("408 Request Timeout", 16, "Request Timeout").encode()
_PING = b"life"
_MOST_UNSENT = 64 * 1024
_PONG = b"\x8a"

_FIRSTS = (Opcode.TEXT, Opcode.BINARY)

log = structlog.get_logger("link")


class StationConnection(ServerConnection):
    """A socket that knows, once it was admitted, which station it speaks for.

    `on_text` is offered each text that came in one piece, which spares the library's queue and a
    switch of tasks; it says whether it took it. What it did not, `recv` returns: `queued` counts
    those messages, for as long as it is above 0 nothing is offered, and who takes one counts down.

    Its request is looked at when `door` says so. `heard_at` is when anything at all came last, by
    the loop's clock. `dropped_because` says why we ended the connection ourselves.

    `station` is None for one that nobody knows and that is taken in once the upgrade has succeeded.
    `peer` is who is at the other end, `security_profile` what it has proved itself by.
    """

    station_id: str
    station: StationState | None = None
    peer: Peer | None = None
    security_profile = 0
    most_kib = 0
    on_text: Callable[[Frame], bool] | None = None
    queued = 0
    heard_at = 0.0
    dropped_because: str | None = None
    half_open: HalfOpen | None = None
    door: Pace | None = None
    _early: bytes | None = None
    usual_patience = Patience(0, 0, 0)
    _is_told = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Takes a new connection, which has yet to say what it wants."""
        super().connection_made(transport)
        if self.half_open is not None:
            address = transport.get_extra_info("peername")
            self.half_open.enter(self, str(address[0]) if address else "?")

    def connection_lost(self, exc: Exception | None) -> None:
        """Takes note that the connection is gone."""
        if self.half_open is not None:
            self.half_open.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes bytes, of whatever kind: they are a sign of life."""
        self.heard_at = self.loop.time()
        if self.door is None:
            super().data_received(data)
        elif self._early is None:
            self._early = data
            self.transport.pause_reading()
            self.door.later(self._begin)
        else:
            self._early += data

    def _begin(self) -> None:
        """Looks at the request, now that it is its turn."""
        early, self._early, self.door = self._early, None, None
        if early is not None and not self.transport.is_closing():
            self.transport.resume_reading()
            super().data_received(early)

    @property
    def is_held(self) -> bool:
        """Whether we have stopped to read from it, so that its silence is ours."""
        return not self.transport.is_reading()

    @property
    def patience(self) -> Patience:
        """How long its silence is borne with, as the station's operator wants it at present."""
        usual, station = self.usual_patience, self.station
        if station is None:
            return usual
        interval_s = station.record.ping_interval_s
        return Patience(
            usual.ping_interval_s if interval_s is None else interval_s,
            usual.ping_timeout_s if station.record.pong_required else 0,
            usual.idle_timeout_s,
        )

    def take_messages_up_to(self, usual_kib: int) -> None:
        """Has messages taken that are as long as the station's operator wants, or as is usual."""
        own_kib = None if self.station is None else self.station.record.max_message_kib
        self.most_kib = own_kib or usual_kib
        self.protocol.max_message_size = self.most_kib * 1024

    @property
    def was_sent_too_much(self) -> bool:
        """Whether it had to be closed because of a message that was too long."""
        return isinstance(self.protocol.parser_exc, PayloadTooBig)

    def ping_now(self) -> None:
        """Sends a ping, unless something that waits to be sent does as well."""
        if self.state is State.OPEN and not self.transport.get_write_buffer_size():
            self.protocol.send_ping(_PING)
            self.send_data()

    def limit_unacknowledged(self) -> None:
        """Has the kernel end the connection when the peer acknowledges nothing for too long.

        For stations that never send a pong this is what tells a dead link from a silent one.
        """
        patience, sock = self.patience, self.transport.get_extra_info("socket")
        limit_s = patience.ping_interval_s + self.usual_patience.ping_timeout_s
        if sock is not None and patience.ping_interval_s and hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(limit_s * 1000))

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

    def say_last(self, text: str | None, code: int, reason: str) -> None:
        """Writes a last text, if any, and a close, in one piece.

        Who gets both at once cannot send anything in between that would never be answered.
        """
        if self.state is State.OPEN:
            if text is not None:
                self.protocol.send_text(text.encode())
            self.protocol.send_close(code, reason)
            self.transport.write(b"".join(self.protocol.data_to_send()))

    def drop(self, why: str) -> None:
        """Ends a connection that is of no use any more, without waiting for the peer."""
        self.dropped_because = self.dropped_because or why
        self.abort()

    def give_up(self) -> None:
        """Ends a connection whose request is not complete, and says that it took too long."""
        self._is_told = True
        self.transport.write(_REQUEST_TIMEOUT)
        self.transport.close()

    def abort(self) -> None:
        """Drops the connection, if there is one yet, without a word."""
        transport = getattr(self, "transport", None)
        if transport is not None:
            transport.abort()

    def send_data(self) -> None:
        """Sends what is due; first an answer to what is no request that a websocket begins with.

        The library closes such a connection without a word. A peer that pings and does not read
        gets no more pongs than it has room for.
        """
        protocol = self.protocol
        if protocol.state is State.CONNECTING and not self._is_told:
            error = protocol.handshake_exc
            if isinstance(error, InvalidMessage) and not isinstance(error.__cause__, EOFError):
                self._is_told = True
                self.transport.write(_BAD_REQUEST)
        if self.transport.get_write_buffer_size() > _MOST_UNSENT:
            protocol.writes = [each for each in protocol.writes if each[:1] != _PONG]
        super().send_data()


def address_of(connection: ServerConnection) -> str:
    """Returns the peer's address and port, for people; behind a proxy the port is not known."""
    peer = getattr(connection, "peer", None)
    if peer is not None and peer.is_proxied:
        return str(peer.address)
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
