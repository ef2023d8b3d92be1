"""The `ocpp` package's charge point class as a central system of 2.0.1, its validation on.

A simulated station boots, charges a car and answers every call of the version over a real
websocket. Nothing here is ours but the station: the schemas that judge it are the package's.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

from ocpp.charge_point import camel_to_snake_case
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call, call_result
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from csms.ocppj.version import CSMS_ACTIONS, STATION_ACTIONS, Version
from simulator.running.fleet import Runner, RunOptions
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import parse
from tests.unit.simulator.v201.test_answers import ANSWERS as ASKED

SPEED = 100
WITHIN_S = 30
SCENARIO = """
name = "package"
meter_interval_s = 10
[[stations]]
id = "CS1"
version = "2.0.1"
[[stations.cars]]
token = "TAG-1"
vehicle = "sedan-11kw"
arrives_s = 2
soc_percent = 40
wants_kwh = 0.2
leaves_after_s = 5
"""
LAST = {"Reset", "UpdateFirmware", "ChangeAvailability"}


def now_text():
    return datetime.now(UTC).isoformat()


ACCEPTED = {"status": "Accepted"}
ANSWERS = {
    "Authorize": lambda: (ACCEPTED,),
    "BootNotification": lambda: (now_text(), 300, "Accepted"),
    "DataTransfer": lambda: ("Accepted",),
    "Get15118EVCertificate": lambda: ("Accepted", "AA=="),
    "GetCertificateStatus": lambda: ("Accepted",),
    "Heartbeat": lambda: (now_text(),),
    "NotifyEVChargingNeeds": lambda: ("Accepted",),
    "NotifyEVChargingSchedule": lambda: ("Accepted",),
    "SignCertificate": lambda: ("Accepted",),
}
"""What the answer to an action is made of; that to every other one is empty."""


def taker(action):
    def take(self, **payload):
        self.heard.append((action, payload))
        self.changed.set()
        make = getattr(call_result, action)
        return make(*ANSWERS[action]()) if action in ANSWERS else make()

    take.__name__ = f"take_{action}"
    return on(action)(take)


CentralSystem = type(
    "CentralSystem",
    (ChargePoint,),
    {f"take_{action}": taker(action) for action in STATION_ACTIONS[Version.V201]},
)


class Site:
    """What was heard, and the connection of now."""

    def __init__(self):
        self.heard = []
        self.changed = asyncio.Event()
        self.peer = None

    async def serve(self, connection):
        self.peer = CentralSystem("CS1", connection, response_timeout=WITHIN_S)
        self.peer.heard, self.peer.changed = self.heard, self.changed
        with contextlib.suppress(ConnectionClosed):
            await self.peer.start()

    async def until(self, condition):
        async with asyncio.timeout(WITHIN_S):
            while not condition(self.heard):
                self.changed.clear()
                await self.changed.wait()

    async def ask(self, action):
        """Make one call; a CALLERROR, or an answer against the schema, is an exception."""
        request = getattr(call, action)(**camel_to_snake_case(ASKED[action][0]))
        async with asyncio.timeout(WITHIN_S):
            return await self.peer.call(request, suppress=False)


def events(heard):
    return [payload["event_type"] for action, payload in heard if action == "TransactionEvent"]


async def test_station_boots_charges_and_answers_every_call():
    site = Site()
    async with serve(
        site.serve, "127.0.0.1", 0, subprotocols=["ocpp2.0.1"], compression=None
    ) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp"
        members = build(parse(SCENARIO, "package"), FleetOptions(speed=SPEED))
        runner = Runner(members, RunOptions(url=url, speed=SPEED), lambda _: None)
        await runner.start()
        try:
            await site.until(lambda heard: "Ended" in events(heard))
            actions = sorted(set(ASKED) - LAST)
            for action in [*actions, "ChangeAvailability"]:
                assert await site.ask(action) is not None, action
            await site.until(lambda heard: "NotifyMonitoringReport" in {a for a, _ in heard})
            told = {action for action, _ in site.heard}
            assert {"NotifyReport", "NotifyEVChargingNeeds", "LogStatusNotification"} <= told
            for action in ("UpdateFirmware", "Reset"):
                assert await site.ask(action) is not None, action
        finally:
            await runner.stop()
    first = [action for action, _ in site.heard][:2]
    assert first == ["BootNotification", "StatusNotification"]
    assert events(site.heard)[0] == "Started"


def test_everything_is_asked():
    assert set(ASKED) == CSMS_ACTIONS[Version.V201]
