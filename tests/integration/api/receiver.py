"""Somebody who is told of alerts: a real HTTP server, that checks each signature."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from csms.engine.webhooks import Hook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = b"a-secret-of-sixteen-bytes"
WAIT_S = 20


@dataclass
class Told:
    """A message as it arrived."""

    id: str
    body: bytes
    headers: dict[str, str]

    @property
    def message(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def is_genuine(self) -> bool:
        """Whether it was signed as the Standard Webhooks specification says."""
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        mac = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        return self.headers["webhook-signature"] == f"v1,{mac}"


@dataclass
class Receiver:
    """Answers with the next of `answers`, and 204 when they are used up; None is silence."""

    port: int = 0
    answers: list[bytes | None] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    open: list[asyncio.StreamWriter] = field(default_factory=list)

    def hook(self, name: str = "ops", **values: Any) -> Hook:
        return Hook(name, f"http://127.0.0.1:{self.port}/alerts?x=1", SECRET, **values)

    async def wait_for(self, count: int) -> list[Told]:
        """Waits until so many messages have arrived."""
        async with asyncio.timeout(WAIT_S):
            while len(self.told) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.told

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = head.split("\r\n")[1:-2]
                headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                self.told.append(Told(headers["webhook-id"], body, headers))
                self.arrived.set()
                answer = self.answers.pop(0) if self.answers else status(204)
                if answer is None:
                    await reader.read()
                    break
                writer.write(answer)
                await writer.drain()
        writer.close()


def status(code: int, body: bytes = b"", **headers: str) -> bytes:
    """An HTTP answer."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    length = "" if code == 204 else f"Content-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {code} X\r\n{length}{more}\r\n".encode() + body


@asynccontextmanager
async def a_receiver(*answers: bytes | None) -> AsyncIterator[Receiver]:
    receiver = Receiver(answers=list(answers))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for writer in receiver.open:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
