"""The way from a URL to a TCP or TLS connection: names, source addresses, and what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus

from simulator.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.running.connection import Connection

_KNOWN_FOR_S: Final = 30.0
_AT_ONCE: Final = 512
_IP_BIND_ADDRESS_NO_PORT: Final = 24
"""Lets the kernel choose the port when it knows the other end: one port serves many of them."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a connection came to nothing: a kind for machines, a sentence, and the HTTP status.

    Kinds: refused, unreachable, name, timeout, http, subprotocol, tls,
    no-websocket, ports, files, other.
    """

    kind: str
    reason: str
    status: int | None = None
    asked_to_wait_s: float = 0.0

    def fields(self) -> dict[str, object]:
        """Return what is told of it."""
        told: dict[str, object] = {"reason": self.reason, "kind": self.kind}
        if self.status is not None:
            told["status"] = self.status
        if self.asked_to_wait_s:
            told["retry_after_s"] = self.asked_to_wait_s
        return told


class NameNotFound(OSError):  # noqa: N818 - says what is the case
    """A host's name that leads to no address."""


def checked_sources(sources: tuple[str, ...]) -> tuple[str, ...]:
    """Return source addresses if a socket can be bound to each.

    Raises: SimulatorError naming the first that cannot be used.
    """
    for each in sources:
        try:
            address = ipaddress.ip_address(each)
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004
            with socket.socket(family) as probe:
                probe.bind((each, 0))
        except ValueError as error:
            raise SimulatorError(f"--source {each}: this is no IP address") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise SimulatorError(
                f"--source {each}: not an address of this machine: {reason}"
            ) from error
    return sources


class Dialler:
    """Makes the connections of a fleet. Names are asked for once in a while, not each time."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self._sources = sources
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._known: dict[tuple[str, int], tuple[float, list[str]]] = {}

    async def dial(
        self,
        address: tuple[str, int],
        number: int,
        make: Callable[[], Connection],
        within_s: float,
        tls: ssl.SSLContext | None,
    ) -> None:
        """Make a connection; its owner hears the rest from it.

        `number` chooses the source address, in turn. Raises: OSError, TimeoutError.
        """
        host, port = address
        async with self._slots, asyncio.timeout(within_s):
            loop = asyncio.get_running_loop()
            addresses = await self._addresses(host, port)
            for place, each in enumerate(addresses):
                try:
                    made = await self._socket(each, port, number)
                except OSError:
                    if place + 1 == len(addresses):
                        raise
                    continue
                await loop.create_connection(
                    make, sock=made, ssl=tls, server_hostname=host if tls else None
                )
                return

    async def _socket(self, address: str, port: int, number: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setblocking(False)  # noqa: FBT003 - socket's own
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            fitting = [each for each in self._sources if (":" in each) == (":" in address)]
            if fitting:
                _bind(made, fitting[number % len(fitting)])
            await asyncio.get_running_loop().sock_connect(made, (address, port))
        except BaseException:
            made.close()
            raise
        return made

    async def _addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, in the order to be tried."""
        known = self._known.get((host, port))
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except OSError as error:
            raise NameNotFound(f"there is no host {host}") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        self._known[host, port] = (time.monotonic() + _KNOWN_FOR_S, addresses)
        return addresses


def _bind(made: socket.socket, source: str) -> None:
    with contextlib.suppress(OSError):
        made.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
    made.bind((source, 0))


_KINDS: Final = {
    errno.ECONNREFUSED: ("refused", "nobody listens there"),
    errno.EADDRNOTAVAIL: ("ports", "no port is free for another connection from here"),
    errno.EMFILE: ("files", "this process may open no more connections"),
    errno.ENFILE: ("files", "this machine may open no more connections"),
    errno.ENETUNREACH: ("unreachable", "the network cannot be reached"),
    errno.EHOSTUNREACH: ("unreachable", "the host cannot be reached"),
    errno.ETIMEDOUT: ("timeout", "the host does not answer"),
    errno.ECONNRESET: ("other", "the connection was reset"),
}


def failure(error: Exception, longest_wait_s: float) -> Failure:
    """Return what an error while connecting means."""
    match error:
        case InvalidStatus():
            status = error.response.status_code
            reason = f"the server answered HTTP {status}"
            return Failure("http", reason, status, _asked_to_wait_s(error, longest_wait_s))
        case InvalidMessage():
            return Failure("no-websocket", "the server hung up, or does not speak HTTP")
        case InvalidHandshake():
            return Failure("other", str(error))
        case SimulatorError():
            return Failure("tls", str(error))
        case ssl.SSLError():
            return Failure("tls", _tls_reason(error))
        case _:
            return _network_failure(error)


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        told = error.verify_message.rstrip(".")
        return f"the server's certificate is not accepted: {told}"
    return f"TLS failed: {error.reason or error}"


def _network_failure(error: Exception) -> Failure:
    match error:
        case TimeoutError():
            return Failure("timeout", str(error) or "no answer in time")
        case NameNotFound():
            return Failure("name", str(error))
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            return Failure("no-websocket", "the server hung up")
        case OSError() if error.errno in _KINDS:
            return Failure(*_KINDS[error.errno])
        case _:
            return Failure("other", str(error) or type(error).__name__)


def _asked_to_wait_s(error: InvalidStatus, longest_s: float) -> float:
    """Return the seconds that a refusal asks for; dates are not understood."""
    text = error.response.headers.get("Retry-After", "")
    return min(float(text), longest_s) if text.isascii() and text.isdigit() else 0.0
