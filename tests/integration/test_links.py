"""Links that die, dawdle, flood, guess or never read, and a stop: against a running server."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import httpx
import pytest
from running import BOOTS, Running, charger, connected, running, serving
from websockets.exceptions import ConnectionClosed
from wire import CLOSE, PING, TEXT, ask, basic, frame, opened, upgrade

PASSWORD = "correct-horse"
BOOT = json.dumps([2, "b", "BootNotification", BOOTS["ocpp1.6"]]).encode()


@pytest.fixture(scope="module")
def server():
    with serving("--accept-unknown-stations", "--accept-unknown-tokens") as found:
        for name in ("SAFE-1", "SAFE-2"):
            httpx.put(f"{found.api}/stations/{name}", json={"password": PASSWORD})
        yield found


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A server that finds dead links soon."""
    settings = tmp_path_factory.mktemp("settings") / "csms.toml"
    settings.write_text("ping_interval_s = 1\nping_timeout_s = 1\nidle_timeout_s = 5\n")
    settings.parent.chmod(0o755)
    with serving("--accept-unknown-stations", "--config", str(settings)) as found:
        yield found


def beat(message_id: str) -> bytes:
    return b'[2,"%b","Heartbeat",{}]' % message_id.encode()


async def status_of(server: Running, name: str, password: bytes, station: str | None = None) -> int:
    request = upgrade(f"/{station or name}", basic(name, password))
    return (await ask(server.port, request)).status


async def test_f7_a_half_open_link_is_found_and_its_station_offline(impatient: Running):
    async with charger(impatient, "FROZEN") as station, charger(impatient, "LIVE") as other:
        station.socket.transport.pause_reading()
        gone = await asyncio.to_thread(impatient.wait_for, "station.disconnected", station="FROZEN")
        assert "nothing came" in gone["reason"]
        assert not (await impatient.get("/stations/FROZEN"))["is_online"]
        assert (await impatient.get("/stations/LIVE"))["is_online"]
        assert (await other.call("Heartbeat", {}))[0] == 3
        station.socket.transport.abort()
    async with connected(impatient, "FROZEN") as again:
        assert (await again.call("Heartbeat", {}))[0] == 3


@pytest.mark.parametrize("sign", ["text", "ping", "pong"])
async def test_any_traffic_is_a_sign_of_life(impatient: Running, sign):
    """The station answers no ping, and says something of its own now and then instead."""
    name = f"SIGN-{sign}"
    signs = {"text": frame(TEXT, beat("x")), "ping": frame(PING, b"x"), "pong": frame(10)}
    async with opened(impatient.port) as wire:
        await wire.send(upgrade(f"/{name}") + frame(TEXT, BOOT))
        assert (await wire.reply()).status == 101
        for _ in range(4):
            await wire.send(signs[sign])
            await asyncio.sleep(1)
        assert (await impatient.get(f"/stations/{name}"))["is_online"]
        gone = asyncio.to_thread(impatient.wait_for, "station.disconnected", station=name)
        assert "nothing came" in (await gone)["reason"]


async def test_a_station_without_pongs_is_borne_with_until_the_idle_limit(impatient: Running):
    await impatient.put("/stations/NO-PONG", pong_required=False)
    async with opened(impatient.port) as wire:
        await wire.send(upgrade("/NO-PONG") + frame(TEXT, BOOT))
        assert (await wire.reply()).status == 101
        assert (await wire.frame())[0] == TEXT
        pings = 0
        while (await wire.frame())[0] == PING:
            pings += 1
            if pings == 2:
                break
        assert (await impatient.get("/stations/NO-PONG"))["is_online"]
        gone = await asyncio.to_thread(
            impatient.wait_for, "station.disconnected", station="NO-PONG"
        )
        assert "nothing came" in gone["reason"]


async def test_t5_guessing_is_limited_and_locks_nobody_out(server: Running):
    guesses = [status_of(server, "SAFE-1", b"guess %d" % number) for number in range(60)]
    statuses = await asyncio.gather(*guesses)
    assert statuses.count(401) == 10
    assert statuses.count(429) == 50
    unknown = [status_of(server, "NOBODY-1", b"x", station="SAFE-2") for _ in range(3)]
    assert set(await asyncio.gather(*unknown)) == {401}
    assert await status_of(server, "SAFE-1", PASSWORD.encode()) == 101
    assert await status_of(server, "SAFE-2", PASSWORD.encode()) == 101
    reply = await ask(server.port, upgrade("/SAFE-1", basic("SAFE-1", b"once more")))
    assert reply.status == 429
    assert 1 <= int(reply.headers["retry-after"]) <= 60


async def test_t16_half_requests_are_ended_and_keep_nobody_out(server: Running):
    async def dawdle() -> bytes:
        async with opened(server.port) as wire:
            await wire.send(b"GET /X HTTP/1.1\r\nHost: a\r\n")
            return await wire.reader.read()

    slow = [asyncio.create_task(dawdle()) for _ in range(100)]
    async with charger(server, "QUICK") as station:
        assert (await station.call("Heartbeat", {}))[0] == 3
    async with asyncio.timeout(20):
        said = await asyncio.gather(*slow)
    assert {each.split(b"\r\n")[0] for each in said} == {b"HTTP/1.1 408 Request Timeout"}


async def test_t17_a_station_that_never_reads_is_dropped_and_costs_nobody(server: Running):
    """Its calls have long answers, so that they fill every buffer on the way."""
    async with opened(server.port) as wire, charger(server, "READS") as other:
        wire.reader._limit = 1
        wire.reader._transport.pause_reading()
        await wire.send(upgrade("/DEAF") + frame(TEXT, BOOT))
        asking = asyncio.create_task(flood(wire))
        server.wait_for("station.booted", station="DEAF")
        gone = asyncio.create_task(
            asyncio.to_thread(server.wait_for, "station.disconnected", station="DEAF")
        )
        while not gone.done():
            assert (await other.call("Heartbeat", {}))[0] == 3
        assert "read nothing" in (await gone)["reason"]
        asking.cancel()


async def flood(wire) -> None:
    calls = b"".join(frame(TEXT, beat(f"{number:030}")) for number in range(500))
    while True:
        wire.writer.write(calls)
        await wire.writer.drain()


async def test_a_station_that_only_pings_and_never_reads_takes_no_room(server: Running):
    async with opened(server.port) as wire, charger(server, "CALM") as other:
        await wire.send(upgrade("/PINGER") + frame(TEXT, BOOT))
        server.wait_for("station.booted", station="PINGER")
        before = resident_kib(server)
        pings = frame(PING, b"p" * 100) * 1000
        for _ in range(300):
            wire.writer.write(pings)
            try:
                async with asyncio.timeout(1):
                    await wire.writer.drain()
            except TimeoutError:
                break
            assert (await other.call("Heartbeat", {}))[0] == 3
        assert resident_kib(server) - before < 8 * 1024


def resident_kib(server: Running) -> int:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])


async def test_f21_a_flood_is_answered_in_order_and_starves_nobody(server: Running):
    count = 3000
    async with connected(server, "FLOOD") as station, charger(server, "MEEK") as other:
        await station.call("BootNotification", BOOTS["ocpp1.6"])
        for number in range(count):
            await station.socket.send(json.dumps([2, str(number), "Heartbeat", {}]))
        answered = asyncio.create_task(all_answers(station, count))
        while not answered.done():
            assert (await other.call("Heartbeat", {}))[0] == 3
        assert await answered == [str(number) for number in range(count)]


async def all_answers(station, count: int) -> list[str]:
    answers = [await station.receive() for _ in range(count)]
    assert {each[0] for each in answers} == {3}
    return [each[1] for each in answers]


async def test_t3_the_sixth_takeover_raises_an_alert(server: Running):
    sockets = []
    for _ in range(7):
        station = connected(server, "TWINS")
        sockets.append((station, await station.__aenter__()))
        assert (await sockets[-1][1].call("BootNotification", BOOTS["ocpp1.6"]))[0] == 3
    told = await asyncio.to_thread(server.wait_for, "station.takeovers", station="TWINS")
    (alert,) = (await server.get("/alerts", kind="TAKEOVERS", state="open"))["items"]
    assert alert["id"] == told["alert"]
    assert (alert["station_id"], alert["session_id"]) == ("TWINS", None)
    newest = alert["evidence"]["newest"]
    assert all(each["old"].startswith("127.0.0.1:") for each in newest)
    assert len({each["new"] for each in newest}) == 6
    for station, _ in sockets:
        await station.__aexit__(None, None, None)


async def test_too_many_calls_at_once_are_told_so(server: Running):
    async with charger(server, "SLOW") as station:
        path = "/stations/SLOW/calls/ClearCache?timeout_s=30"
        asked = [asyncio.create_task(server.request("POST", path, json={})) for _ in range(40)]
        busy = set()
        while len(busy) < 8:
            done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            busy |= done
            asked = [each for each in asked if each not in done]
        assert {each.result().status_code for each in busy} == {409}
        assert {each.result().json()["type"].rpartition(":")[2] for each in busy} == {
            "station-busy"
        }
        station.socket.transport.abort()
        assert {(await each).status_code for each in asked} == {409}


async def test_f2_a_stop_answers_first_and_spreads_the_closes():
    async with running("--accept-unknown-stations") as server:
        names = [f"STOP-{number}" for number in range(20)]
        stations = [connected(server, name) for name in names]
        opened_ones = [await each.__aenter__() for each in stations]
        for each in opened_ones:
            await each.call("BootNotification", BOOTS["ocpp1.6"])
        talking = [asyncio.create_task(talk(each)) for each in opened_ones]
        await asyncio.sleep(0.3)
        assert await asyncio.to_thread(server.stop) == 0
        said = [await each for each in talking]
        assert server.troubles() == []
    assert {code for code, _ in said} == {1012}
    assert sum(unanswered for _, unanswered in said) == 0


async def talk(station) -> tuple[int | None, int]:
    """Calls again and again; returns the code of the close, and how many calls had no answer."""
    number = 0
    while True:
        try:
            await station.socket.send(json.dumps([2, str(number), "Heartbeat", {}]))
        except ConnectionClosed as closed:
            return closed.rcvd and closed.rcvd.code, 0
        try:
            answer = await station.receive()
        except ConnectionClosed as closed:
            return closed.rcvd and closed.rcvd.code, 1
        assert answer[:2] == [3, str(number)]
        number += 1


async def test_a_stop_waits_for_nobody_who_does_not_close():
    async with running("--accept-unknown-stations") as server, opened(server.port) as wire:
        await wire.send(upgrade("/STUBBORN") + frame(TEXT, BOOT))
        assert (await wire.reply()).status == 101
        assert (await wire.frame())[0] == TEXT
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        while (found := await wire.frame())[0] == PING:
            pass
        assert found[0] == CLOSE
        assert int.from_bytes(found[1][:2]) == 1012
        async with asyncio.timeout(15):
            assert await stopping == 0


async def test_a_second_signal_ends_the_waiting():
    async with running("--accept-unknown-stations") as server, opened(server.port) as wire:
        await wire.send(upgrade("/HURRY") + frame(TEXT, BOOT))
        assert (await wire.reply()).status == 101
        assert server.process is not None
        server.process.send_signal(signal.SIGINT)
        server.wait_for("server.stopping")
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.process.wait, 15) == 0


async def test_a_call_of_ours_that_waits_at_a_stop_is_told_so():
    async with running("--accept-unknown-stations") as server, charger(server, "WAITS") as station:
        path = "/stations/WAITS/calls/ClearCache?timeout_s=30"
        asked = asyncio.create_task(server.request("POST", path, json={}))
        await station.next_call("ClearCache")
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        answer = await asked
        assert answer.status_code == 409
        assert "ask it again" in answer.json()["detail"]
        assert await stopping == 0
