"""A TCP proxy with faults, in user space: for links of chargers and for PostgreSQL's."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 65_536


class Way(Enum):
    """UP is what the client sends, DOWN what it receives."""

    UP = "up"
    DOWN = "down"


@dataclass(eq=False)
class Link:
    """One proxied connection. `passed` counts the bytes that went through each way."""

    proxy: Proxy
    number: int
    passed: dict[Way, int] = field(default_factory=lambda: {Way.UP: 0, Way.DOWN: 0})
    was_cut: bool = False
    _cuts: dict[Way, int] = field(default_factory=dict)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut_after(self, way: Way, count: int) -> None:
        """Cuts the link once that many more bytes went this way; the last of them arrives."""
        self._cuts[way] = self.passed[way] + count

    def cut(self, *, reset: bool = False) -> None:
        """Ends both sides; with `reset` by RST, and what was not sent yet is lost."""
        self.was_cut = True
        for each in self._writers:
            if reset:
                _reset(each)
            else:
                each.close()

    def allowed(self, way: Way, size: int) -> int:
        """How many of these bytes may still pass."""
        at = self._cuts.get(way)
        return size if at is None else max(0, min(size, at - self.passed[way]))

    def is_due(self, way: Way) -> bool:
        return way in self._cuts and self.passed[way] >= self._cuts[way]


class Proxy:
    """Listens on 127.0.0.1:`port` and forwards to `target`, a port or the path of a socket.

    Faults of all links, which may be changed at any time:

    - `delay_s` before each piece, `bytes_per_s` at most, each way of each link
    - `blackhole()` until `heal()`: nothing passes, not even an end; connections still open
    - `is_refusing`: new connections are reset
    - `twins`: each new link is doubled; the target hears it twice, the twin's answers are dropped
    - `cut_all()`, and `on_link(link)` for faults of one link (`Link.cut_after`)
    """

    def __init__(self, target: int | Path) -> None:
        self.target = target
        self.port = 0
        self.delay_s = 0.0
        self.bytes_per_s = 0.0
        self.is_refusing = False
        self.twins = False
        self.on_link: Callable[[Link], None] | None = None
        self.links: set[Link] = set()
        self.accepted = 0
        self._passes = asyncio.Event()
        self._passes.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, backlog=4096
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut_all(reset=True)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def blackhole(self) -> None:
        self._passes.clear()

    def heal(self) -> None:
        self._passes.set()

    def cut_all(self, *, reset: bool = False) -> int:
        """Cuts every link there is, and returns how many."""
        links = list(self.links)
        for link in links:
            link.cut(reset=reset)
        return len(links)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_refusing:
            _reset(writer)
            return
        self.accepted += 1
        link = Link(self, self.accepted)
        link._writers.append(writer)
        self.links.add(link)
        if self.on_link is not None:
            self.on_link(link)
        try:
            await self._passes.wait()
            await self._forward(link, reader, writer)
        finally:
            self.links.discard(link)
            for each in link._writers:
                each.close()

    async def _forward(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, back = await self._connect()
        link._writers.append(back)
        backs = [back]
        if self.twins:
            twin, twin_back = await self._connect()
            link._writers.append(twin_back)
            backs.append(twin_back)
            self._drop(twin)
        pumps = {
            asyncio.create_task(self._pump(link, Way.UP, reader, backs)),
            asyncio.create_task(self._pump(link, Way.DOWN, there, [writer])),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in pumps:
                each.cancel()
            await asyncio.wait(pumps)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, Path):
            return await asyncio.open_unix_connection(str(self.target))
        return await asyncio.open_connection("127.0.0.1", self.target)

    async def _pump(
        self,
        link: Link,
        way: Way,
        reader: asyncio.StreamReader,
        writers: list[asyncio.StreamWriter],
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._hold_back(len(data))
                allowed = link.allowed(way, len(data))
                link.passed[way] += allowed
                for each in writers:
                    each.write(data[:allowed])
                    await each.drain()
                if link.is_due(way):
                    link.cut()
                    return
            await self._passes.wait()

    async def _hold_back(self, size: int) -> None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.bytes_per_s:
            await asyncio.sleep(size / self.bytes_per_s)
        await self._passes.wait()

    def _drop(self, reader: asyncio.StreamReader) -> None:
        async def read() -> None:
            with suppress(OSError):
                while await reader.read(_CHUNK):
                    pass

        task = asyncio.create_task(read())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection by RST."""
    taken = writer.get_extra_info("socket")
    if taken is not None:
        with suppress(OSError):
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
