"""Requests and websocket frames as bytes, so that a test can get them wrong."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WAIT_S = 20
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


@dataclass(frozen=True)
class Reply:
    """An HTTP answer; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


def basic(user: str, password: bytes) -> str:
    return "Authorization: Basic " + base64.b64encode(user.encode() + b":" + password).decode()


def upgrade(
    path: str,
    *headers: str,
    protocol: str | None = "ocpp1.6",
    method: str = "GET",
    version: str = "HTTP/1.1",
) -> bytes:
    """A request to open a websocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"{method} {path} {version}",
        "Host: csms.example",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *([] if protocol is None else [f"Sec-WebSocket-Protocol: {protocol}"]),
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def ask(port: int, request: bytes) -> Reply:
    """Sends a request and returns the answer; one that is no upgrade must end the connection."""
    async with opened(port) as wire:
        await wire.send(request)
        reply = await wire.reply()
        if reply.status == 101:
            return reply
        async with asyncio.timeout(WAIT_S):
            body = await wire.reader.read()
        assert b"HTTP/1.1" not in body
        return Reply(reply.status, reply.headers, body)


class Wire:
    """A TCP connection to the stations' port."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(WAIT_S):
            await self.writer.drain()

    async def reply(self) -> Reply:
        async with asyncio.timeout(WAIT_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        named = (line.partition(":") for line in lines)
        return Reply(int(first.split()[1]), {name.lower(): text.strip() for name, _, text in named})

    async def frame(self) -> tuple[int, bytes]:
        """Returns opcode and payload of the next frame from the server, which are all short."""
        async with asyncio.timeout(WAIT_S):
            first, length = await self.reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            assert length < 1 << 16
            return first & 0x0F, await self.reader.readexactly(length)

    async def close_code(self) -> int:
        """Returns the code that the server closes with."""
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2])


@asynccontextmanager
async def opened(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv1: bool = False) -> bytes:
    """A frame as a client sends it, under a mask of zeros."""
    first = opcode | fin << 7 | rsv1 << 6
    if len(payload) < 126:
        head = struct.pack("!BB", first, 0x80 | len(payload))
    elif len(payload) < 1 << 16:
        head = struct.pack("!BBH", first, 0xFE, len(payload))
    else:
        head = struct.pack("!BBQ", first, 0xFF, len(payload))
    return head + bytes(4) + payload
