"""One stream of bytes, cut in every way: the same answers, in the order of the calls."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from running import Running, serving
from wire import BINARY, CLOSE, PING, PONG, TEXT, Wire, frame, opened, upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BOOT = b'[2,"b","BootNotification",{"chargePointVendor":"Test","chargePointModel":"T1"}]'
LONG = b'[2,"long","DataTransfer",{"vendorId":"%s"}]' % (b"v" * 200)


def call(message_id: str) -> bytes:
    return b'[2,"%b","Heartbeat",{}]' % message_id.encode()


STREAM = [
    frame(TEXT, BOOT),
    frame(TEXT, call("1")),
    frame(TEXT, b"[2,"),
    frame(TEXT, call("2")[:6], fin=False) + frame(PING, b"p") + frame(0, call("2")[6:]),
    frame(TEXT, call("3")),
    frame(BINARY, call("4")),
    frame(TEXT, LONG),
    frame(TEXT, b'[2,"5","Nonsense",{}]'),
    frame(TEXT, call("6")),
]
IDS = ["b", "1", "2", "3", "4", "long", "5", "6"]


@pytest.fixture(scope="module")
def server():
    with serving("--accept-unknown-stations") as found:
        yield found


@asynccontextmanager
async def a_socket(server: Running, name: str, first: bytes = b"") -> AsyncIterator[Wire]:
    async with opened(server.port) as wire:
        await wire.send(upgrade(f"/{name}") + first)
        assert (await wire.reply()).status == 101
        yield wire


async def answers(wire: Wire, count: int) -> list[str]:
    """The IDs of the next answers; pongs are left out."""
    found = []
    while len(found) < count:
        opcode, payload = await wire.frame()
        if opcode != PONG:
            assert opcode == TEXT
            found.append(json.loads(payload)[1])
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 50, 97, 10_000])
async def test_calls_are_answered_in_order_however_the_bytes_are_cut(server: Running, size):
    stream = b"".join(STREAM)
    async with a_socket(server, f"CUT-{size}") as wire:
        for begin in range(0, len(stream), size):
            await wire.send(stream[begin : begin + size])
        assert await answers(wire, len(IDS)) == IDS


async def test_calls_are_answered_in_order_when_each_answer_is_awaited(server: Running):
    async with a_socket(server, "WAIT") as wire:
        for piece, message_id in zip(STREAM[:2] + STREAM[3:], IDS, strict=True):
            await wire.send(piece)
            assert await answers(wire, 1) == [message_id]


@pytest.mark.parametrize("cut", [0, 1, 3, 20])
async def test_calls_that_come_with_the_request_are_answered_in_order(server: Running, cut):
    stream = b"".join(STREAM)
    async with a_socket(server, f"EARLY-{cut}", stream[: len(STREAM[0]) + cut]) as wire:
        assert await answers(wire, 1) == ["b"]
        await wire.send(stream[len(STREAM[0]) + cut :])
        assert await answers(wire, len(IDS) - 1) == IDS[1:]


async def test_more_calls_than_have_room_are_answered_in_order(server: Running):
    ids = [str(number) for number in range(300)]
    async with a_socket(server, "MANY") as wire:
        await wire.send(frame(TEXT, BOOT) + b"".join(frame(TEXT, call(each)) for each in ids))
        assert await answers(wire, 301) == ["b", *ids]


async def test_a_whole_text_that_is_no_utf8_closes_with_1007(server: Running):
    async with a_socket(server, "JUNK") as wire:
        await wire.send(frame(TEXT, BOOT))
        assert await answers(wire, 1) == ["b"]
        await wire.send(frame(TEXT, b"[2,\xff\xfe]"))
        assert await wire.close_code() == 1007


async def test_nothing_is_answered_after_the_station_has_closed(server: Running):
    async with a_socket(server, "BYE") as wire:
        await wire.send(frame(TEXT, BOOT))
        assert await answers(wire, 1) == ["b"]
        await wire.send(frame(CLOSE, b"\x03\xe8"))
        await wire.send(frame(TEXT, call("late")))
        assert await wire.frame() == (CLOSE, b"\x03\xe8")
