"""A fleet on real sockets against a central system of a few lines."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from websockets.asyncio.server import serve

from simulator.running.fleet import Runner, RunOptions
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import parse

SCENARIO = """
name = "sockets"
meter_interval_s = 10
[[stations]]
id = "CP {n}"
count = 6
max_a = 16
repeat_after_s = 20
[[stations.cars]]
token = "TAG-{n}"
arrives_s = [1, 5]
soc_percent = 40
wants_kwh = 0.2
"""


class MinimalCsms:
    """Answers what a station needs; counts what it heard and wakes those who wait for it."""

    def __init__(self):
        self.heard = Counter()
        self.stations = {}
        self.connections = []
        self.limits = Counter()
        self._changed = asyncio.Condition()
        self._transactions = 0
        self._calls = 0

    async def __aenter__(self):
        self._server = await serve(
            self._serve, "127.0.0.1", 0, subprotocols=["ocpp1.6", "ocpp2.0.1"], compression=None
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/any/prefix"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def until(self, condition):
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(condition)

    async def _serve(self, connection):
        self.stations[connection.request.path] = connection.subprotocol
        self.connections.append(connection)
        header = connection.request.headers.get("Authorization")
        self.heard[f"auth:{header}"] += 1
        async for text in connection:
            frame = json.loads(text)
            if frame[0] == 2:
                answer = self._answer(frame[2], frame[3])
                await connection.send(json.dumps([3, frame[1], answer]))
                await self._limit(connection, frame)
            else:
                self.limits[frame[2].get("status")] += 1
            async with self._changed:
                self.heard[frame[2] if frame[0] == 2 else "answer"] += 1
                self.heard["ended"] += frame[0] == 2 and frame[3].get("eventType") == "Ended"
                self._changed.notify_all()

    async def _limit(self, connection, frame):
        """Set a limit on each transaction that starts."""
        _, _, action, payload = frame
        schedule = {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8}],
        }
        profile = {
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
        }
        self._calls += 1
        if action == "StartTransaction":
            profile |= {"chargingProfileId": 1, "chargingSchedule": schedule}
            request = {"connectorId": 1, "csChargingProfiles": profile}
        elif payload.get("eventType") == "Started":
            transaction = payload["transactionInfo"]["transactionId"]
            profile |= {"id": 1, "transactionId": transaction}
            profile["chargingSchedule"] = [{"id": 1, **schedule}]
            request = {"evseId": 1, "chargingProfile": profile}
        else:
            return
        text = json.dumps([2, f"s{self._calls}", "SetChargingProfile", request])
        await connection.send(text)

    def _answer(self, action, payload):
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        accepted = {"status": "Accepted"}
        match action:
            case "BootNotification":
                return {**accepted, "currentTime": now, "interval": 60}
            case "Heartbeat":
                return {"currentTime": now}
            case "Authorize":
                key = "idTagInfo" if "idTag" in payload else "idTokenInfo"
                return {key: accepted}
            case "StartTransaction":
                self._transactions += 1
                return {"transactionId": self._transactions, "idTagInfo": accepted}
        return {}


def a_fleet(url, events, **more):
    members = build(parse(SCENARIO, "sockets"), FleetOptions(speed=60, **more))
    return Runner(members, RunOptions(url=url, speed=60), events.append)


@pytest.fixture
async def csms():
    async with MinimalCsms() as minimal:
        yield minimal


async def test_both_versions_charge_are_limited_and_end_in_good_order(csms):
    events = []
    fleet = a_fleet(csms.url, events, password="pass word")
    running = asyncio.create_task(fleet.run())
    await csms.until(lambda: csms.heard["StopTransaction"] >= 3 and csms.heard["ended"] >= 3)
    fleet.interrupt()
    summary = await running
    assert csms.stations == {
        f"/any/prefix/CP%20{n}": "ocpp1.6" if n % 2 else "ocpp2.0.1" for n in range(1, 7)
    }
    expected = base64.b64encode(b"CP 1:pass word").decode()
    assert csms.heard[f"auth:Basic {expected}"] == 1
    assert set(csms.limits) == {"Accepted"}
    names = Counter(each.name for each in events)
    assert names["session.started"] == names["session.stopped"] >= 6
    assert not names["call.timed_out"]
    assert summary.stations == 6
    assert {each.close_code for each in csms.connections} == {1000}


async def test_broken_connections_are_made_again_and_sessions_live_on(csms):
    events = []
    fleet = a_fleet(csms.url, events)
    running = asyncio.create_task(fleet.run())
    await csms.until(lambda: csms.heard["StartTransaction"] >= 3)
    for connection in list(csms.connections):
        connection.transport.abort()
    await csms.until(lambda: len(csms.connections) >= 12 and csms.heard["StopTransaction"] >= 3)
    fleet.interrupt()
    await running
    assert csms.heard["BootNotification"] == 6
    names = Counter(each.name for each in events)
    assert names["connection.lost"] >= 6
    assert names["session.started"] == names["session.stopped"]


async def test_nobody_listening_is_told_and_a_stop_ends_it():
    events, told = [], asyncio.Event()
    members = build(parse(SCENARIO, "sockets"), FleetOptions())
    options = RunOptions(url="ws://127.0.0.1:9/ocpp")
    fleet = Runner(members, options, lambda each: (events.append(each), told.set()))
    running = asyncio.create_task(fleet.run())
    async with asyncio.timeout(5):
        await told.wait()
        fleet.interrupt()
        await running
    assert events[0].name == "connection.failed"
    assert events[0].fields["reason"] == "nobody listens there"


async def test_refusal_that_asks_to_wait_is_told():
    events, told = [], asyncio.Event()

    def refuse(connection, _request):
        response = connection.respond(503, "later")
        response.headers["Retry-After"] = "7"
        return response

    async with serve(lambda _: None, "127.0.0.1", 0, process_request=refuse) as server:
        port = server.sockets[0].getsockname()[1]
        members = build(parse(SCENARIO, "sockets"), FleetOptions())
        options = RunOptions(url=f"ws://127.0.0.1:{port}")
        fleet = Runner(members, options, lambda each: (events.append(each), told.set()))
        running = asyncio.create_task(fleet.run())
        async with asyncio.timeout(5):
            await told.wait()
            fleet.interrupt()
            await running
    assert events[0].name == "connection.failed"
    assert events[0].fields == {
        "reason": "the server answered HTTP 503",
        "kind": "http",
        "status": 503,
        "retry_after_s": 7.0,
    }


async def test_stations_of_every_dialect_charge_and_end_in_good_order(csms):
    events = []
    fleet = a_fleet(csms.url, events, retries="mixed", count=10, tells_messages=True)
    running = asyncio.create_task(fleet.run())
    await csms.until(lambda: csms.heard["StopTransaction"] >= 5 and csms.heard["ended"] >= 5)
    fleet.interrupt()
    await running
    names = Counter(each.name for each in events)
    assert names["session.started"] == names["session.stopped"] == names["transaction.ended"]
    assert not names["message.discarded"]
    assert names["message.sent"] >= names["message.answered"] > 0
