"""A small HTTP service for tests: real sockets, an answer to each POST, what was asked kept."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class HttpService:
    """Answers by `respond(body) -> (status, headers, body)`; `held` keeps answers back."""

    def __init__(self, respond: Callable[[bytes], tuple[int, dict[str, str], bytes]]) -> None:
        self.respond = respond
        self.asked: list[bytes] = []
        self.heads: list[str] = []
        self.held: asyncio.Event | None = None
        self.came = asyncio.Event()
        self.open: set[asyncio.StreamWriter] = set()
        self.url = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = dict(
                    line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
                )
                self.heads.append(head)
                asked = await reader.readexactly(int(lines.get("content-length", 0)))
                self.asked.append(asked)
                self.came.set()
                if self.held is not None:
                    await self.held.wait()
                status, headers, body = self.respond(asked)
                told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                begin = f"HTTP/1.1 {status} X\r\n{told}Content-Length: {len(body)}\r\n\r\n"
                writer.write(begin.encode() + body)
                await writer.drain()
        self.open.discard(writer)
        writer.close()


@asynccontextmanager
async def an_http_service(respond: Any, host: str = "127.0.0.1") -> AsyncIterator[HttpService]:
    service = HttpService(respond)
    server = await asyncio.start_server(service.take, host, 0)
    port = server.sockets[0].getsockname()[1]
    service.url = f"http://{host}:{port}/ask"
    try:
        yield service
    finally:
        if service.held is not None:
            service.held.set()
        server.close()
        for writer in list(service.open):
            writer.close()
        await server.wait_closed()
