"""One websocket on a transport of the loop: handshake, pings, back-pressure, an end in good order.

Calls straight back into its owner; no task lives with it. Every stage has its time, in real
seconds.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, cast

from websockets.frames import CloseCode

from simulator.running.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.running.websocket import ClientSocket

_MAX_UNSENT: Final = 65_536
_LOOK_AGAIN_S: Final = 60.0
_HUNG_UP: Final = "the server hung up during the handshake"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each stage of a connection may take, in real seconds.

    `open_s` is for the handshake with TCP and TLS, `pong_s` for the answer to a ping, `close_s`
    for the answer to a goodbye.
    """

    open_s: float = 15.0
    pong_s: float = 60.0
    close_s: float = 2.0


class Owner(Protocol):
    """Who a connection belongs to. Nothing is called after `ended`."""

    @property
    def ping_interval_s(self) -> float:
        """Real seconds between pings; 0 sends none."""
        ...

    def opened(self, connection: Connection) -> None:
        """Take note that the handshake is over."""
        ...

    def heard(self, texts: list[str]) -> None:
        """Take texts, in order."""
        ...

    def ended(self, connection: Connection, error: Exception | None) -> None:
        """Take note that it is over; the error is None where it had been open."""
        ...


class Connection(asyncio.Protocol):
    """What the loop tells of one connection, told to its owner in the words of websockets.

    `broken_by` says why it was cut, None where it was not.
    """

    __slots__ = (
        "_is_over",
        "_loop",
        "_owner",
        "_patience",
        "_pinged_at",
        "_pongs",
        "_says_goodbye",
        "_timer",
        "_transport",
        "_trickle",
        "_waits_since",
        "_was_open",
        "broken_by",
        "socket",
    )

    def __init__(self, socket: ClientSocket, owner: Owner, patience: Patience) -> None:
        self.socket = socket
        self.broken_by: str | None = None
        self._owner = owner
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._trickle: Trickle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._pinged_at = self._loop.time()
        self._waits_since: float | None = None
        self._pongs = 0
        self._was_open = self._is_over = self._says_goodbye = False

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left of it: its transport has been taken away again."""
        return self._transport is None and self._is_over

    def send(self, text: str) -> None:
        """Write a text; `flush` lets it go. On a connection that closes it is dropped."""
        self.socket.send(text)

    def send_oddly(
        self, text: str, *, piece_bytes: float, is_binary: bool, bytes_per_s: float
    ) -> None:
        """Write a text in small frames, as a binary message, or slowly, as some stations do."""
        self.socket.send_oddly(text, piece_bytes=piece_bytes, is_binary=is_binary)
        if self._trickle is None and bytes_per_s < math.inf and self._transport is not None:
            self._trickle = Trickle(self._transport)
        if self._trickle is not None:
            self._trickle.bytes_per_s = bytes_per_s

    def forsake(self) -> None:
        """Leave it open, and neither read nor write any more."""
        self._stop_timer()
        self._is_over = True
        if self._transport is not None:
            self._transport.pause_reading()

    def flush(self) -> None:
        """Let the transport have what is written."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        written = self.socket.take()
        if written:
            (self._trickle or transport).write(written)
        if self.socket.is_closing:
            self._close_soon()

    def close(self, code: int = CloseCode.NORMAL_CLOSURE) -> None:
        """Say goodbye, and wait for the answer only so long."""
        if not self._was_open:
            self.abort("given up while it was being opened")
            return
        self.socket.close(code)
        self.flush()

    def abort(self, why: str) -> None:
        """Cut the connection without a word."""
        self.broken_by = self.broken_by or why
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the handshake."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_MAX_UNSENT)
        within_s = self._patience.open_s
        self._after(within_s, lambda: self.abort(f"no handshake within {within_s:g} s"))
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Hand on the texts that are complete."""
        if self._is_over:
            return
        texts = self.socket.feed(data)
        if not self._was_open:
            self._look_at_handshake()
        if texts and not self._is_over:
            self._owner.heard(texts)
        self.flush()

    def eof_received(self) -> bool:
        """Let the transport close as well: the server says nothing more."""
        self.socket.feed_end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner, once."""
        self._stop_timer()
        if self._trickle is not None:
            self._trickle.stop()
        self.socket.feed_end()
        self._transport = None
        if self._is_over:
            return
        self._is_over = True
        error: Exception | None = None
        if not self._was_open:
            error = self.socket.refusal or exc
            if self.broken_by is not None or error is None:
                error = ConnectionError(self.broken_by or _HUNG_UP)
        self._owner.ended(self, error)

    def pause_writing(self) -> None:
        """Take nothing more from a server that takes nothing."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _look_at_handshake(self) -> None:
        if self.socket.is_open:
            self._was_open = True
            self._pinged_at = self._loop.time()
            self._keep_alive()
            self._owner.opened(self)
        elif self.socket.refusal is not None and self._transport is not None:
            self._transport.close()

    def _keep_alive(self) -> None:
        """Ping when it is time, and cut what has not answered in time."""
        now, interval_s = self._loop.time(), self._owner.ping_interval_s
        if self.socket.pongs != self._pongs:
            self._pongs, self._waits_since = self.socket.pongs, None
        if self._waits_since is not None and now - self._waits_since >= self._patience.pong_s:
            self.abort(f"no pong within {self._patience.pong_s:g} s")
            return
        if 0 < interval_s <= now - self._pinged_at:
            self._pinged_at = now
            self._waits_since = self._waits_since or now
            self.socket.ping()
            self.flush()
        next_s = self._pinged_at + interval_s - now if interval_s > 0 else _LOOK_AGAIN_S
        if self._waits_since is not None:
            next_s = min(next_s, self._waits_since + self._patience.pong_s - now)
        if not self._says_goodbye:
            self._after(max(0.001, min(next_s, _LOOK_AGAIN_S)), self._keep_alive)

    def _close_soon(self) -> None:
        """Let the server end the connection, but not for ever."""
        if self._transport is None:
            return
        if self.socket.is_done:
            self._transport.close()
        elif not self._says_goodbye:
            self._says_goodbye = True
            within_s = self._patience.close_s
            self._after(within_s, lambda: self.abort(f"no goodbye within {within_s:g} s"))

    def _after(self, delay_s: float, act: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(delay_s, act)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
