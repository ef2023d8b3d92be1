"""The port that stations connect to over TLS.

It accepts by itself, and not by the library's listener: so failures of handshakes are seen with
their peer, and each new connection takes the certificates that are in force by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Any

import structlog

from csms.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from csms.link.gate import HalfOpen
    from csms.link.sockets import StationConnection
    from csms.link.tls import Tls

_HANDSHAKE_S = 5.0
_BACKLOG = 512
_AGAIN_S = 0.5

log = structlog.get_logger("link")


class TlsListener:
    """Accepts connections; `make` makes the protocol of one whose handshake is done.

    `refused` is told the peer's address and what was wrong.
    """

    def __init__(
        self,
        tls: Tls,
        make: Callable[[], StationConnection],
        half_open: HalfOpen,
        refused: Callable[[str, str], None],
    ) -> None:
        self._tls, self._make, self._half_open, self._refused = tls, make, half_open, refused
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._shaking: set[asyncio.Task[None]] = set()

    def open(self, host: str, port: int, unread: int) -> int:
        """Begins to accept, and returns the port; `unread` bytes may wait in the kernel.

        Raises:
            SettingsError: if the port is taken or not ours to use.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, unread)
        listening.setblocking(False)  # noqa: FBT003 - the socket's own
        try:
            listening.bind((host, port))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            raise SettingsError(
                f"cannot listen on {host}:{port} for stations over TLS: {error.strerror}; "
                "choose another with tls_port"
            ) from None
        self._socket = listening
        self._accepting = asyncio.create_task(self._accept(listening))
        return int(listening.getsockname()[1])

    async def close(self) -> None:
        """Accepts no more, and ends the handshakes that go on."""
        tasks = {*self._shaking, *([] if self._accepting is None else [self._accepting])}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._socket is not None:
            self._socket.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(listening)
            except OSError as error:  # such as too many open files
                log.warning("tls.not_accepted", why=error.strerror)
                await asyncio.sleep(_AGAIN_S)
                continue
            task = loop.create_task(self._shake(accepted, str(address[0])))
            self._shaking.add(task)
            task.add_done_callback(self._shaking.discard)

    async def _shake(self, accepted: socket.socket, address: str) -> None:
        """Does the handshake; the connection lives on by itself after that."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - it runs in one
        stranger = _Shaking(task)
        self._half_open.enter(stranger, address)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make, accepted, ssl=self._tls.context, ssl_handshake_timeout=_HANDSHAKE_S
            )
        except (OSError, EOFError) as error:  # ssl.SSLError is an OSError
            accepted.close()
            if not isinstance(error, ConnectionResetError | BrokenPipeError):
                self._refused(address, _why(error))
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                accepted.close()
            raise
        finally:
            self._half_open.leave(stranger)


class _Shaking:
    """A connection whose TLS handshake is not done."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def give_up(self) -> None:
        """Ends it; there is no way yet to say why."""
        self._task.cancel()


def _why(error: Exception) -> str:
    """Returns what was wrong with a handshake, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    reason: Any = getattr(error, "reason", None)
    if reason:
        return str(reason).replace("_", " ").lower()
    return str(error) or type(error).__name__
