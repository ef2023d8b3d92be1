"""Fleets on real sockets where the network, the server or the clock is not as it should be."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
from collections import Counter

import pytest
from fleet.test_sockets import SCENARIO, MinimalCsms, a_fleet
from websockets.asyncio.server import serve

from simulator.errors import SimulatorError
from simulator.running.connection import Connection, Patience
from simulator.running.fleet import Runner, RunOptions
from simulator.running.sharding import ShardedRunner
from simulator.running.websocket import ClientSocket
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import parse

WELCOME = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


class Events(list):
    """Events as they come; `until` waits until one has a name."""

    def __init__(self):
        super().__init__()
        self.grown = asyncio.Event()

    def append(self, happened):
        super().append(happened)
        self.grown.set()

    def named(self, name):
        return [each for each in self if each.name == name]

    async def until(self, name, count=1):
        async with asyncio.timeout(20):
            while len(self.named(name)) < count:
                self.grown.clear()
                await self.grown.wait()
        return self.named(name)


@contextlib.asynccontextmanager
async def raw_server(serve_one):
    """Give the URL of a server that is nothing but `serve_one(reader, writer)`."""

    async def serve_safely(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve_one(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve_safely, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"ws://127.0.0.1:{port}/ocpp"
    finally:
        server.close()


@contextlib.asynccontextmanager
async def running(url, *, count=1, **options):
    """Run stations until the block ends; give the events and the runner."""
    events = Events()
    members = build(parse(SCENARIO, "sockets"), FleetOptions(count=count))
    runner = Runner(members, RunOptions(url=url, **options), events.append)
    work = asyncio.create_task(runner.run())
    try:
        yield events, runner
    finally:
        runner.interrupt()
        await work


@pytest.mark.parametrize(
    ("url", "kind"),
    [("ws://127.0.0.1:9/ocpp", "refused"), ("ws://no-such-host.invalid/ocpp", "name")],
)
async def test_who_cannot_be_reached_is_told_by_kind(url, kind):
    async with running(url) as (events, _):
        (first, *_) = await events.until("connection.failed")
        assert first.fields["kind"] == kind


async def test_a_server_that_never_answers_the_handshake_is_given_up():
    async def hold(reader, _):
        await reader.read()

    async with (
        raw_server(hold) as url,
        running(url, patience=Patience(open_s=0.05)) as (events, _),
    ):
        (first, *_) = await events.until("connection.failed", 2)
        assert first.fields["reason"] == "no handshake within 0.05 s"


async def test_a_server_that_hangs_up_in_the_handshake_is_told():
    async def hang_up(reader, _):
        await reader.readline()

    async with raw_server(hang_up) as url, running(url) as (events, _):
        (first, *_) = await events.until("connection.failed")
        assert first.fields["kind"] == "no-websocket"


async def test_a_server_that_speaks_another_version_is_left():
    async with serve(lambda each: each.wait_closed(), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with running(f"ws://127.0.0.1:{port}") as (events, runner):
            (first, *_) = await events.until("connection.failed")
            assert first.fields["kind"] == "subprotocol"
            assert runner.figures().connected == 0


async def test_what_is_no_websocket_is_told():
    async def speak_http(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()

    async with raw_server(speak_http) as url, running(url) as (events, _):
        (first, *_) = await events.until("connection.failed")
        assert (first.fields["kind"], first.fields["status"]) == ("http", 200)


class Owner:
    """Who a bare connection belongs to."""

    ping_interval_s = 0.01

    def __init__(self):
        self.texts = []
        self.is_open = asyncio.Event()
        self.over = asyncio.get_running_loop().create_future()

    def opened(self, connection):
        self.is_open.set()

    def heard(self, texts):
        self.texts += texts

    def ended(self, connection, error):
        self.over.set_result((connection.broken_by, error))


async def bare_connection(url, patience):
    from websockets.uri import parse_uri  # noqa: PLC0415 - for these tests alone

    owner, uri = Owner(), parse_uri(url)
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: Connection(ClientSocket(uri, [], frozenset()), owner, patience), uri.host, uri.port
    )
    async with asyncio.timeout(10):
        await owner.is_open.wait()
    return connection, owner


async def test_a_half_open_connection_is_found_by_its_missing_pong():
    from websockets.server import ServerProtocol  # noqa: PLC0415 - for this test alone

    async def fall_silent(reader, writer):
        protocol = ServerProtocol()
        protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
        protocol.send_response(protocol.accept(protocol.events_received()[0]))
        writer.write(b"".join(protocol.data_to_send()))
        await reader.read()

    async with raw_server(fall_silent) as url:
        _, owner = await bare_connection(url, Patience(pong_s=0.05))
        async with asyncio.timeout(10):
            assert await owner.over == ("no pong within 0.05 s", None)
        connection, owner = await bare_connection(url, Patience(close_s=0.05))
        connection.close()
        async with asyncio.timeout(10):
            assert await owner.over == ("no goodbye within 0.05 s", None)


async def test_a_server_that_answers_pings_is_not_left():
    pinged = asyncio.Event()

    async def talk(connection):
        for _ in range(5):
            await (await connection.ping())
        pinged.set()
        await connection.wait_closed()

    async with serve(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connection, owner = await bare_connection(f"ws://127.0.0.1:{port}", Patience(pong_s=5))
        async with asyncio.timeout(10):
            await pinged.wait()
        assert not owner.over.done()
        connection.close()
        async with asyncio.timeout(10):
            assert await owner.over == (None, None)


async def test_stations_come_from_the_addresses_that_were_given():
    peers = Counter()

    async def note(connection):
        peers[connection.remote_address[0]] += 1
        await connection.wait_closed()

    protocols = ["ocpp1.6", "ocpp2.0.1"]
    async with serve(note, "127.0.0.1", 0, subprotocols=protocols) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        sources = ("127.0.0.2", "127.0.0.3")
        async with running(url, count=4, sources=sources) as (events, _):
            await events.until("connection.opened", 4)
    assert peers == {"127.0.0.2": 2, "127.0.0.3": 2}


@pytest.mark.parametrize("source", ["not-an-address", "203.0.113.7"])
async def test_an_address_that_is_not_ours_is_refused_in_a_sentence(source):
    members = build(parse(SCENARIO, "sockets"), FleetOptions())
    runner = Runner(members, RunOptions(url="ws://127.0.0.1:9", sources=(source,)), print)
    with pytest.raises(SimulatorError, match=f"--source {source}"):
        await runner.run()


class FixedCsms(MinimalCsms):
    """Answers in a fixed way: its clock stands still. Keeps the order of all that it hears."""

    def __init__(self):
        super().__init__()
        self.log = []

    async def _limit(self, connection, frame):
        self.log.append((connection.request.path, frame))

    def _answer(self, action, payload):
        answer = super()._answer(action, payload)
        if "currentTime" in answer:
            answer["currentTime"] = "2026-11-21T08:00:00Z"
        if "transactionId" in answer:
            answer["transactionId"] = payload["connectorId"]
        return answer


async def virtual_run(hours):
    async with FixedCsms() as csms:
        events = []
        options = FleetOptions(seed=7, retries="mixed", count=10)
        members = build(parse(SCENARIO, "sockets"), options)
        runner = Runner(members, RunOptions(url=csms.url, speed=None, settle_s=0.0), events.append)
        await runner.start()
        assert runner.clock.now() == 0.0
        assert runner.figures().accepted == 10
        await runner.advance(hours * 3600.0)
        assert runner.clock.now() == hours * 3600.0
        ended = len(events)
        await runner.stop()
        heard = {path: [] for path, _ in csms.log}
        for path, frame in csms.log:
            heard[path].append(frame)
        told = [(each.at, each.station, each.name, each.fields) for each in events[:ended]]
        return hashlib.sha256(repr(sorted(heard.items())).encode()).hexdigest(), told


async def test_in_virtual_time_the_same_answers_give_the_same_run():
    first, second = await virtual_run(0.1), await virtual_run(0.1)
    assert first == second
    names = Counter(each[2] for each in first[1])
    assert names["session.started"] >= 10
    assert names["session.stopped"] >= 10
    assert not names["connection.lost"]


async def test_a_defect_of_a_station_ends_the_run_with_its_error():
    async with MinimalCsms() as csms:
        events = Events()
        runner = a_fleet(csms.url, events)

        def trip(station, now):
            station.duties["trip"] = lambda _: 1 / 0
            station.timers.set("trip", now)

        work = asyncio.create_task(runner.run())
        await events.until("boot.answered", 6)
        runner.perform("CP 1", trip)
        with pytest.raises(ZeroDivisionError):
            await work


async def test_two_processes_are_one_fleet_and_the_death_of_one_is_told():
    async with MinimalCsms() as csms:
        events = Events()
        runner = ShardedRunner(
            parse(SCENARIO, "sockets"),
            FleetOptions(speed=20.0),
            RunOptions(url=csms.url, speed=20.0),
            2,
            events.append,
        )
        work = asyncio.create_task(runner.run())
        await events.until("boot.answered", 6)
        assert len(csms.stations) == 6
        assert runner.figures().stations == 6
        first = runner._shards[0]
        os.kill(first.process.pid, signal.SIGKILL)
        await events.until("shard.lost")
        runner.interrupt()
        summary = await work
    assert summary.stations == 6
    assert summary.sent["BootNotification"] == 3
    assert summary.figures.errors["shard.lost"] == 1
    assert summary.figures.connected == 0
    assert summary.figures.latency_p50_ms > 0


def test_processes_have_no_virtual_time_in_common():
    scenario, options = parse(SCENARIO, "sockets"), RunOptions(url="ws://x", speed=None)
    with pytest.raises(SimulatorError, match="--shards needs a speed"):
        ShardedRunner(scenario, FleetOptions(), options, 2, print)
