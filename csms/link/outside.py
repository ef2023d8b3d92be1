"""Asking hosts of the network over HTTP: bounded in time and size, and not just any host.

What a station names is asked only where that cannot be used to reach into our own network: at
public addresses, where the operator has listed the host, or in a network that the station itself
comes from. The address that was judged is the one that is asked. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Address, IPv6Address

MOST_BYTES: Final = 65_536
_LONGEST_URL: Final = 2000
_PORTS: Final = {"http": 80, "https": 443}
_NAMES_AT_ONCE: Final = 8


class NotAsked(Exception):  # noqa: N818 - says what is the case
    """Nothing that can be used came back; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which hosts may be asked for a station.

    `listed` are names, addresses and networks of the operator. `from_address` is where the station
    comes from, None where its own network shall not count.
    """

    listed: Sequence[str] = field(default=())
    from_address: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A POST, and how long its answer may take."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    timeout_s: float


def new_client() -> httpx.AsyncClient:
    """Returns a client that follows no redirects, and takes nothing from the environment."""
    return httpx.AsyncClient(
        timeout=None,  # noqa: S113 - each request is bounded as a whole
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "Laddvakt/1"},
    )


class Client:
    """One client for all, made when it is first needed: that takes a while.

    Names of stations' choice are resolved on threads of their own: slow ones hold up nothing else.
    """

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None
        self._making = asyncio.Lock()
        self._resolvers = ThreadPoolExecutor(_NAMES_AT_ONCE, "resolver")

    async def get(self) -> httpx.AsyncClient:
        """Returns the client."""
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(new_client)
            return self._client

    async def resolve(self, host: str, port: int) -> list[str]:
        """Returns the addresses of a host. Raises: OSError, UnicodeError if there are none."""
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._resolvers, ask)
        return [str(entry[4][0]).partition("%")[0] for entry in found]

    async def close(self) -> None:
        """Ends its connections and threads; it is of no use after that."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


async def post(client: httpx.AsyncClient, question: Question) -> bytes:
    """Posts to a host that the operator has named, and returns the answer.

    Raises:
        NotAsked: if there is no answer with status 200 in time.
    """
    return await _bounded(client, question, {})


async def post_guarded(client: Client, question: Question, reach: Reach) -> bytes:
    """Posts to a host that a station has named, if it may be asked.

    Raises:
        NotAsked: if it may not, or if there is no answer with status 200 in time.
    """
    try:
        parts = urlsplit(question.url)
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        host, port = None, 0
    if not host or len(question.url) > _LONGEST_URL:
        raise NotAsked("the address is no http or https URL")
    try:
        async with asyncio.timeout(question.timeout_s):
            address = await _resolve(client, host, port, reach)
    except TimeoutError:
        raise NotAsked(f"the name {host} was not resolved in time") from None
    shown = f"[{address}]" if ":" in address else address
    pinned = urlunsplit((parts.scheme, f"{shown}:{port}", parts.path, parts.query, ""))
    headers = {**question.headers, "Host": parts.netloc.rpartition("@")[2]}
    asked = Question(pinned, question.body, headers, question.timeout_s)
    return await _bounded(await client.get(), asked, {"sni_hostname": host})


def may_ask(host: str, address: str, reach: Reach) -> bool:
    """Tells whether a host at an address may be asked."""
    at = _plain(address)
    if _is_listed(host, at, reach.listed):
        return True
    if at.is_global and not at.is_multicast:
        return True
    return reach.from_address is not None and _is_near(at, reach.from_address)


def _is_listed(host: str, at: IPv4Address | IPv6Address, listed: Sequence[str]) -> bool:
    for each in listed:
        if each.lower() == host.lower():
            return True
        try:
            if at in ip_network(each, strict=False):
                return True
        except ValueError:
            continue
    return False


def _is_near(at: IPv4Address | IPv6Address, from_address: str) -> bool:
    """Tells whether a station could have asked an address that is not public by itself.

    Loopback is ours alone: only who comes from there may name it.
    """
    try:
        station = _plain(from_address)
    except ValueError:
        return False
    if at.is_loopback:
        return station.is_loopback
    if at.is_multicast or at.is_unspecified or at.is_link_local or at.is_reserved:
        return False
    return station.is_private


def _plain(address: str) -> IPv4Address | IPv6Address:
    """Returns an address; one of IPv4 that is written as IPv6 counts as what it is."""
    at = ip_address(address)
    return getattr(at, "ipv4_mapped", None) or at


async def _resolve(client: Client, host: str, port: int, reach: Reach) -> str:
    """Returns the first address of a host; all of them must be such as may be asked."""
    try:
        addresses = await client.resolve(host, port)
    except (OSError, UnicodeError):
        raise NotAsked(f"there is no host {host}") from None
    for address in addresses:
        if not may_ask(host, address, reach):
            raise NotAsked(f"{host} is not public; list it in certificates.responder_hosts")
    return addresses[0]


async def _bounded(
    client: httpx.AsyncClient, question: Question, extensions: dict[str, str]
) -> bytes:
    try:
        async with asyncio.timeout(question.timeout_s):
            request = client.stream(
                "POST",
                question.url,
                content=question.body,
                headers=dict(question.headers),
                extensions=extensions,
            )
            async with request as response:
                if response.status_code != httpx.codes.OK:
                    raise NotAsked(f"it answered with status {response.status_code}")
                return await _read(response)
    except TimeoutError:
        raise NotAsked(f"there was no answer within {question.timeout_s:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise NotAsked(f"{type(error).__name__}: {error}".strip(": ")[:200]) from None


async def _read(response: httpx.Response) -> bytes:
    read = bytearray()
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > MOST_BYTES:
            raise NotAsked(f"its answer has more than {MOST_BYTES} bytes")
    return bytes(read)
