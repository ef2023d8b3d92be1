"""Websocket frames that break the rules: the close code due, and others are served on."""

from __future__ import annotations

import asyncio
import json
import re
import time
import zlib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from running import Charger, Running, charger, serving
from wire import BINARY, CLOSE, PING, PONG, TEXT, Wire, frame, opened, upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FIXTURE = Path(__file__).parents[1] / "fixtures" / "hostile" / "ws.json"
CASES = {case["name"]: case for case in json.loads(FIXTURE.read_text())}
HEARTBEAT = b'[2,"h","Heartbeat",{}]'
BOOT = b'[2,"b","BootNotification",{"chargePointVendor":"Test","chargePointModel":"T1"}]'
MAX_SIZE = 1 << 20
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
OWN_TEST = {
    "ws.binary_json",
    "ws.ping_flood",
    "ws.never_reads",
    "ws.half_open_then_new",
    "ws.deflate_bomb_128MiB",
    "ws.fragments_empty_300k",
}
MORE = {
    "ws.unmasked": ("8101" + "78", 1002),
    "ws.rsv1_without_deflate": (frame(TEXT, b"x", rsv1=True).hex(), 1002),
    "ws.interleaved_data_in_fragment": (
        (frame(TEXT, b"[", fin=False) + frame(TEXT, b"]")).hex(),
        1002,
    ),
    "ws.fragmented_control": (frame(PING, b"x", fin=False).hex(), 1002),
}


@pytest.fixture(scope="module")
def server():
    with serving("--accept-unknown-stations") as found:
        yield found


@asynccontextmanager
async def a_station(server: Running, name: str, *headers: str) -> AsyncIterator[Wire]:
    """A booted station of which each byte is the test's."""
    async with opened(server.port) as wire:
        await wire.send(upgrade(f"/{name}", *headers))
        assert (await wire.reply()).status == 101
        await wire.send(frame(TEXT, BOOT))
        opcode, answer = await wire.frame()
        assert opcode == TEXT
        assert headers or json.loads(answer)[2]["status"] == "Accepted"
        yield wire


@asynccontextmanager
async def a_witness(server: Running) -> AsyncIterator[Charger]:
    """Another station, which must be served before and after."""
    async with charger(server, "witness") as station:
        yield station
        assert (await station.call("Heartbeat", {}))[0] == 3


def rss_kib(server: Running) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def bytes_of(made) -> bytes:
    match made["ws"]:
        case "raw":
            return bytes.fromhex(made["hex"])
        case "text_bytes":
            return frame(TEXT, bytes.fromhex(made["hex"]))
        case "text_repeat":
            return frame(TEXT, made["ch"].encode() * (MAX_SIZE + 1))
        case "header_len":
            return bytes([0x81, 0xFF]) + made["len"].to_bytes(8) + bytes(4)
        case "ping":
            return frame(PING, b"p" * made["n"])
    raise AssertionError(made)


@pytest.mark.parametrize("name", sorted(CASES.keys() - OWN_TEST))
async def test_a_broken_frame_closes_with_the_code_due(server: Running, name):
    case = CASES[name]
    async with a_witness(server), a_station(server, name) as wire:
        await wire.send(bytes_of(case["gen"]))
        assert await wire.close_code() in case["expect"]["close_codes"]


@pytest.mark.parametrize("name", MORE)
async def test_framing_against_the_protocol_closes_with_1002(server: Running, name):
    data, code = MORE[name]
    async with a_witness(server), a_station(server, name) as wire:
        await wire.send(bytes.fromhex(data))
        assert await wire.close_code() == code


async def test_a_call_in_fragments_with_a_ping_between_is_answered(server: Running):
    async with a_station(server, "fragments") as wire:
        await wire.send(
            frame(TEXT, HEARTBEAT[:5], fin=False)
            + frame(PING, b"life")
            + frame(0, HEARTBEAT[5:-3], fin=False)
            + frame(0, HEARTBEAT[-3:])
        )
        assert await wire.frame() == (PONG, b"life")
        assert json.loads((await wire.frame())[1])[:2] == [3, "h"]


async def test_a_call_in_a_binary_frame_is_refused_or_answered(server: Running):
    async with a_witness(server), a_station(server, "binary") as wire:
        await wire.send(frame(BINARY, HEARTBEAT))
        opcode, payload = await wire.frame()
        assert (opcode == CLOSE and payload[:2] == (1003).to_bytes(2)) or (
            opcode == TEXT and json.loads(payload)[:2] == [3, "h"]
        )


async def test_a_binary_frame_that_is_no_utf8_closes_the_connection_only(server: Running):
    async with a_witness(server), a_station(server, "binary-junk") as wire:
        await wire.send(frame(BINARY, b"[2,\xff\xfe]"))
        assert await wire.close_code() in {1003, 1007}


async def test_t15_a_bomb_of_128_mib_is_closed_with_1009(server: Running):
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -12)
    bomb = squeeze.compress(b"A" * (128 << 20)) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    async with a_witness(server), a_station(server, "bomb", DEFLATE) as wire:
        before = rss_kib(server)
        await wire.send(frame(TEXT, bomb.removesuffix(b"\x00\x00\xff\xff"), rsv1=True))
        assert await wire.close_code() == 1009
        assert rss_kib(server) - before < 8 * 1024


@pytest.mark.parametrize("size", [0, 1])
async def test_t15_endless_fragments_are_closed(server: Running, size):
    fragment = frame(0, b"x" * size, fin=False)
    async with a_witness(server), a_station(server, f"fragments-{size}") as wire:
        before = rss_kib(server)
        wire.writer.write(frame(TEXT, b"", fin=False) + fragment * 300_000)
        assert await wire.close_code() in {1008, 1009}
        assert rss_kib(server) - before < 8 * 1024


async def test_a_flood_of_pings_leaves_others_served(server: Running):
    slowest = 0.0
    async with a_witness(server) as witness, a_station(server, "pings") as wire:
        reading = asyncio.create_task(_read_away(wire))
        flood = frame(PING, b"p") * 1000
        for _ in range(30):
            await wire.send(flood)
            began = time.monotonic()
            await witness.call("Heartbeat", {})
            slowest = max(slowest, time.monotonic() - began)
        assert not reading.done()
        reading.cancel()
    assert slowest < 1


async def _read_away(wire: Wire) -> None:
    while await wire.reader.read(1 << 16):
        pass


async def test_t17_one_that_never_reads_costs_little_memory(server: Running):
    """What it sends is not read on once its answers pile up."""
    async with a_witness(server) as witness, a_station(server, "deaf") as wire:
        before = rss_kib(server)
        wire.writer.write(frame(TEXT, HEARTBEAT) * 100_000)
        for _ in range(20):
            await witness.call("Heartbeat", {})
        assert rss_kib(server) - before < 8 * 1024
    server.wait_for("station.disconnected", station="deaf")


async def test_many_connections_that_say_nothing_leave_others_served(server: Running):
    silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(200)]
    try:
        for _, writer in silent:
            writer.write(b"GET /slow HTTP/1.1\r\nHost: a")
        began = time.monotonic()
        async with charger(server, "quick"):
            assert time.monotonic() - began < 1
    finally:
        for _, writer in silent:
            writer.transport.abort()
