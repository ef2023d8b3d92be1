"""A station's websocket over TLS that is ours.

The handshake runs here and not in the listener, so that its failures are seen with their peer, and
each new connection takes the certificates that are in force.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

from csms.link.sockets import StationConnection

if TYPE_CHECKING:
    from asyncio import BaseTransport
    from collections.abc import Callable

    from csms.link.tls import Tls

_HANDSHAKE_S = 5.0


class SecureConnection(StationConnection):
    """A socket that becomes a station's connection once its TLS handshake is done.

    `refused` is told the peer's address, what was wrong, and whether a certificate was.
    """

    tls: Tls
    refused: Callable[[str, str], None]
    _raw: asyncio.Transport | None = None
    _shaking: asyncio.Task[None] | None = None
    _is_secure = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Takes a new connection, which begins with TLS."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - as every listener's
        self._raw = transport
        self._before = bytearray()
        self._shaking = self.loop.create_task(self._shake(transport))

    async def _shake(self, raw: asyncio.Transport) -> None:
        peer = raw.get_extra_info("peername")
        address = str(peer[0]) if peer else "?"
        half_open, stranger = self.half_open, _Raw(raw)
        if half_open is not None:
            half_open.enter(stranger, address)
        try:
            secure = await self.loop.start_tls(
                raw,
                self,
                self.tls.context,
                server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_S,
            )
        except (OSError, EOFError) as error:  # ssl.SSLError is an OSError
            raw.abort()
            if not isinstance(error, (ConnectionResetError, BrokenPipeError)):
                self.refused(address, _why(error))
            return
        finally:
            if half_open is not None:
                half_open.leave(stranger)
        if secure is None or secure.is_closing():
            raw.abort()
            return
        self._is_secure = True
        super().connection_made(secure)
        if self._before:
            before, self._before = bytes(self._before), bytearray()
            super().data_received(before)

    def data_received(self, data: bytes) -> None:
        """Takes bytes; those that came with the end of the handshake wait for it."""
        if self._is_secure:
            super().data_received(data)
        else:
            self._before += data

    def eof_received(self) -> None:
        """Takes that the peer sends no more."""
        if self._is_secure:
            super().eof_received()

    def pause_writing(self) -> None:
        """Takes that the peer does not read."""
        if self._is_secure:
            super().pause_writing()

    def resume_writing(self) -> None:
        """Takes that the peer reads again."""
        if self._is_secure:
            super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Takes note that the connection is gone."""
        if self._is_secure:
            super().connection_lost(exc)

    def abort(self) -> None:
        """Drops the connection without a word, in the middle of the handshake too."""
        if not self._is_secure and self._shaking is not None:
            self._shaking.cancel()
            if self._raw is not None:
                self._raw.abort()
        super().abort()


class _Raw:
    """A connection whose TLS handshake is not done."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def give_up(self) -> None:
        """Ends it; there is no way yet to say why."""
        self._transport.abort()


def _why(error: Exception) -> str:
    """Returns what was wrong with a handshake, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    reason: Any = getattr(error, "reason", None)
    if reason:
        return str(reason).replace("_", " ").lower()
    return str(error) or type(error).__name__
