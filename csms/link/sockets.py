"""The websocket of one station, and what its library leaves unsaid."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import InvalidMessage
from websockets.protocol import State

if TYPE_CHECKING:
    from csms.engine.state import StationState

_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Connection: close\r\n"
    b"Content-Length: 12\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b"Bad Request\n"
)

log = structlog.get_logger("link")


class StationConnection(ServerConnection):
    """A socket that knows, once it was admitted, which station it speaks for."""

    station: StationState
    _is_told = False

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
