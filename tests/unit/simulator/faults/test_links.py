"""Faults of links and openings on real sockets: what a server sees of them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from datetime import UTC, datetime

import pytest
from unit.simulator.faults.book import shows
from websockets.asyncio.server import serve
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from simulator.running.fleet import Runner, RunOptions
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import parse

WITHIN_S = 20
HEAD_ENDS = b"\r\n\r\n"
STATION = """
[[stations]]
id = "{id}"
version = "{version}"
password = "00ff"
faults = [{{ name = "{fault}" }}]
"""


def members(faults, versions=("1.6", "2.0.1")):
    blocks = [
        STATION.format(id=f"{fault}_{version}", version=version, fault=fault)
        for fault in faults
        for version in versions
    ]
    return build(parse("\n".join(['name = "links"', *blocks]), "links"), FleetOptions())


@contextlib.asynccontextmanager
async def running(port, made):
    """Run stations against a port of ours; yields what they tell."""
    told = []
    runner = Runner(made, RunOptions(url=f"ws://127.0.0.1:{port}/ocpp"), told.append)
    await runner.start()
    try:
        yield told
    finally:
        await runner.stop()


def names_faults(told):
    return {each.fields["fault"] for each in told if each.name == "fault.started"}


OPENINGS = {
    "no-subprotocol": lambda head: "Sec-WebSocket-Protocol" not in head,
    "subprotocol-after-comma": lambda head: head.get("Sec-WebSocket-Protocol", "").startswith(
        ",ocpp"
    ),
    "all-subprotocols": lambda head: head.get("Sec-WebSocket-Protocol", "").count("ocpp") == 3,
    "subprotocol-in-capitals": lambda head: head.get("Sec-WebSocket-Protocol", "").startswith(
        "OCPP"
    ),
    "no-connection-header": lambda head: "Connection" not in head,
    "url-with-slash-behind": lambda head: head[""].endswith(("1.6/", "2.0.1/")),
    "url-with-two-slashes": lambda head: head[""].startswith("/ocpp//url"),
    "url-all-percent": lambda head: "url%2Dall%2Dpercent%5F" in head[""],
    "url-within-path": lambda head: head[""].startswith("/ocpp/ws://127.0.0.1:"),
    "url-with-longer-path": lambda head: "/CentralSystemService/" in head[""],
    "url-without-id": lambda head: head[""] == "/ocpp/",
    "url-with-query": lambda head: head[""].endswith("?version=1&vendor=odd"),
    "password-as-hex": lambda head: head["who"].endswith(b":30306666"),
    "password-as-bytes": lambda head: head["who"].endswith(b":\x00\xff"),
    "other-user-name": lambda head: head["who"] == b"charger:00ff",
    "user-name-in-other-case": lambda head: head["who"].startswith(b"USER-NAME-IN-OTHER-CASE_"),
}


@shows(*OPENINGS)
async def test_handshakes_are_as_odd_as_they_are_to_be():
    heads = []
    all_came = asyncio.Event()

    async def refuse(reader, writer):
        raw = await reader.readuntil(HEAD_ENDS)
        lines = raw.decode().split("\r\n")
        head = dict(line.split(": ", 1) for line in lines[1:] if line)
        head[""] = lines[0].split(" ")[1]
        head["who"] = base64.b64decode(head["Authorization"].removeprefix("Basic "))
        heads.append(head)
        writer.write(b"HTTP/1.1 503 Busy\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        if len(heads) == 2 * len(OPENINGS):
            all_came.set()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, running(port, members(OPENINGS)):
        await asyncio.wait_for(all_came.wait(), WITHIN_S)
    for fault, is_shown in OPENINGS.items():
        assert sum(is_shown(head) for head in heads) == 2, fault


class Frames:
    """A central system that looks at the frames themselves, as many as there are to a message."""

    def __init__(self):
        self.seen = {}
        self.sockets = []
        self.is_enough = asyncio.Event()
        self.wanted = 0

    async def __call__(self, reader, writer):
        protocol = ServerProtocol(subprotocols=["ocpp1.6", "ocpp2.0.1"])
        self.sockets.append(writer)
        own = None
        while chunk := await reader.read(65_536):
            protocol.receive_data(chunk)
            for event in protocol.events_received():
                if isinstance(event, Request):
                    own = self.seen.setdefault(event.path.rpartition("/")[2], [])
                    protocol.send_response(protocol.accept(event))
                    protocol.send_ping(b"are you there")
                    own.append(("open", 0, 0))
                else:
                    own.append((event.opcode, len(event.data), len(chunk)))
                    self._answer(protocol, event, own)
            for data in protocol.data_to_send():
                writer.write(data)
        writer.close()

    def _answer(self, protocol, frame, own):
        kinds = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
        if frame.opcode not in kinds:
            return
        message = getattr(protocol, "message", b"") + frame.data
        protocol.message = b"" if frame.fin else message
        if not frame.fin:
            return
        call = json.loads(message)
        if call[0] != 2:
            return
        now = datetime.now(UTC).isoformat()
        answer = {"currentTime": now, "interval": 300, "status": "Accepted"}
        text = json.dumps([3, call[1], answer if call[2] == "BootNotification" else {}])
        protocol.send_text(text.encode())
        own.append(("answered", call[2], 0))
        done = [
            each for each in self.seen.values() if ("answered", "StatusNotification", 0) in each
        ]
        if len(done) >= self.wanted:
            self.is_enough.set()


def pieces(seen):
    """Return the sizes of the frames of the first message."""
    own = [(code, size) for code, size, _ in seen if isinstance(code, Opcode)]
    sizes = []
    for code, size in own:
        if code is Opcode.TEXT and sizes:
            break
        if code in (Opcode.TEXT, Opcode.CONT):
            sizes.append(size)
    return sizes


def sizes_of_chunks(seen):
    """Return with how many bytes each text was complete, or came at once."""
    return [chunk for code, _, chunk in seen if code in (Opcode.TEXT, Opcode.BINARY)]


LINKS = {
    "no-pong": lambda seen: Opcode.PONG not in {code for code, _, _ in seen},
    "frames-in-pieces": lambda seen: len(pieces(seen)) > 1,
    "slow-frames": lambda seen: max(sizes_of_chunks(seen)) <= 64,
    "binary-frames": lambda seen: Opcode.BINARY in {code for code, _, _ in seen},
}


@shows(*LINKS)
async def test_frames_are_as_odd_as_they_are_to_be():
    frames = Frames()
    made = members([*LINKS, "clock-45-s-fast"])
    frames.wanted = len(made)
    server = await asyncio.start_server(frames, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, running(port, made) as told:
        await asyncio.wait_for(frames.is_enough.wait(), WITHIN_S)
        for each in frames.sockets:
            each.close()
    for name, seen in frames.seen.items():
        fault = name.partition("_")[0]
        shown = {each for each, is_shown in LINKS.items() if is_shown(seen)}
        assert shown == {fault} & set(LINKS), (name, seen)
    assert set(LINKS) <= names_faults(told)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_second_link_is_opened_while_the_first_is_still_open(version):
    came = asyncio.Queue()
    station = build(parse(SECOND.format(version=version), "links"), FleetOptions(speed=30.0))

    async def answer(connection):
        await came.put(connection)
        async for text in connection:
            frame = json.loads(text)
            if frame[0] == 2:
                await connection.send(json.dumps([3, frame[1], answer_to(version, frame[2])]))

    async with serve(answer, "127.0.0.1", 0, subprotocols=["ocpp1.6", "ocpp2.0.1"]) as server:
        port = server.sockets[0].getsockname()[1]
        options = RunOptions(url=f"ws://127.0.0.1:{port}/ocpp", speed=30.0)
        runner = Runner(station, options, lambda _: None)
        await runner.start()
        try:
            first = await asyncio.wait_for(came.get(), WITHIN_S)
            await asyncio.wait_for(came.get(), WITHIN_S)
            assert first.state.name == "OPEN"
        finally:
            await runner.stop()


SECOND = """
name = "second"
[[stations]]
id = "CP"
version = "{version}"
faults = [{{ name = "second-link" }}]
[[stations.cars]]
token = "T"
soc_percent = 20
"""


def answer_to(version, action):
    now = datetime.now(UTC).isoformat()
    match action:
        case "BootNotification":
            return {"currentTime": now, "interval": 300, "status": "Accepted"}
        case "Heartbeat":
            return {"currentTime": now}
        case "StartTransaction":
            return {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        case "Authorize":
            name = "idTagInfo" if version == "1.6" else "idTokenInfo"
            return {name: {"status": "Accepted"}}
    return {}
