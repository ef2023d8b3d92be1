"""Any order of arrival, with 30 % sent twice, gives the record of an in-order run."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import connect

from csms.engine.writes import EventWrite, SampleWrite
from csms.ocpp.routes import ROUTES
from csms.ocppj.version import Version
from tests.builders import START, Desk, after
from tests.chaos.plan import Outcome, exactly, zero
from tests.chaos.postgres import Postgres
from tests.chaos.server import Server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from tests.chaos.plan import Plan

# What tells of the arrival and not of the session, and the names it was given.
_ARRIVAL = {"started_received_at", "ended_received_at"}
# Judged again and billed again a few seconds after the last message; the engine's half compares it.
_LATER = {"cost", "record", "usage"}
_NAMES = {"id", "station_id", "transaction_id"}
_BOOTS = {
    Version.V16: {"chargePointVendor": "Chaos", "chargePointModel": "P16"},
    Version.V201: {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "Chaos", "model": "P201"},
    },
}
# Long enough ago for every message to be old when the first one arrives.
_LATE_S = 90_000.0
_SHARE_TWICE = 0.3


@dataclass(frozen=True)
class Story:
    """The messages of one session in order. In 1.6 the first one is the start, which names it."""

    version: Version
    messages: tuple[tuple[str, dict[str, Any]], ...]

    @property
    def fixed(self) -> int:
        """How many messages come first in every order."""
        return 1 if self.version is Version.V16 else 0

    def shuffled(self, random: Random) -> list[tuple[str, dict[str, Any]]]:
        """Another order of arrival; 30 % come twice, a start of 1.6 also later."""
        first = list(self.messages[: self.fixed])
        rest = list(self.messages[self.fixed :])
        rest += random.sample(self.messages, round(len(self.messages) * _SHARE_TWICE))
        random.shuffle(rest)
        return first + rest


def a_story(random: Random, version: Version, begun: datetime) -> Story:
    """A session of two to nine messages, with registers, power, current, and state of charge."""
    moments = sorted(random.sample(range(1, 7200), random.randint(1, 8)))
    register = random.randint(0, 10_000_000)
    soc = random.randint(5, 60)
    build = _v16 if version is Version.V16 else _v201
    samples = []
    for number, second in enumerate([0, *moments, 7200]):
        samples.append(_Sample(_text(begun, second), register, soc + number, random))
        register += random.randint(0, 2000)
    return Story(version, tuple(build(samples, f"P{random.getrandbits(40):010x}", random)))


class _Sample:
    def __init__(self, at: str, register: int, soc: int, random: Random) -> None:
        self.at, self.register = at, register
        self.values: dict[str, float] = {"Energy.Active.Import.Register": register}
        if random.random() < 0.7:
            self.values["Power.Active.Import"] = random.randint(0, 22_000)
        if random.random() < 0.5:
            self.values["SoC"] = soc


def _v16(samples: Sequence[_Sample], token: str, random: Random) -> Any:
    first, *middle, last = samples
    begin = {"connectorId": 1, "idTag": token, "meterStart": first.register, "timestamp": first.at}
    yield "StartTransaction", begin
    for each in middle:
        yield "MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [_value16(each)]}
    end = {"transactionId": 1, "meterStop": last.register, "timestamp": last.at}
    end |= {"reason": "Local"} if random.random() < 0.5 else {"idTag": token}
    if random.random() < 0.5:
        end["transactionData"] = [_value16(each) for each in (*middle[-1:], last)]
    yield "StopTransaction", end


def _value16(sample: _Sample) -> dict[str, Any]:
    units = {"SoC": "Percent", "Power.Active.Import": "W"}
    return {
        "timestamp": sample.at,
        "sampledValue": [
            {"value": str(number), "measurand": name, "unit": units.get(name, "Wh")}
            for name, number in sample.values.items()
        ],
    }


def _v201(samples: Sequence[_Sample], name: str, random: Random) -> Any:
    token_at = random.randrange(len(samples))
    for number, each in enumerate(samples):
        is_last = number == len(samples) - 1
        kind = "Started" if number == 0 else "Ended" if is_last else "Updated"
        info: dict[str, Any] = {"transactionId": name}
        info |= {"stoppedReason": "Local"} if is_last else {"chargingState": "Charging"}
        payload: dict[str, Any] = {
            "eventType": kind,
            "timestamp": each.at,
            "triggerReason": "MeterValuePeriodic",
            "seqNo": number,
            "offline": True,
            "transactionInfo": info,
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": [_value201(each)],
        }
        if number == token_at:
            payload["idToken"] = {"idToken": name.upper(), "type": "ISO14443"}
        yield "TransactionEvent", payload


def _value201(sample: _Sample) -> dict[str, Any]:
    values = [{"value": value, "measurand": name} for name, value in sample.values.items()]
    return {"timestamp": sample.at, "sampledValue": values}


def _text(begun: datetime, second: int) -> str:
    at = begun + timedelta(seconds=second)
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def run(plan: Plan) -> Outcome:
    figures = await _permute_engine(plan)
    figures |= await _permute_sockets(plan)
    limits = zero("differing", "differing_over_sockets", "callerrors")
    wanted = exactly("permutations", plan.pick(short=300, full=10_000))
    return Outcome(figures, [*limits, wanted])


async def _permute_engine(plan: Plan) -> dict[str, Any]:
    """Half of the permutations are of 1.6, half of 2.0.1; each story has ten."""
    stories, orders = plan.pick(short=30, full=1000), 10
    random, differing, first = plan.draws("engine"), 0, None
    for number in range(stories):
        version = (Version.V16, Version.V201)[number % 2]
        story = a_story(random, version, START)
        expected = await _record(version, story.messages)
        for _ in range(orders):
            shuffled = story.shuffled(random)
            found = await _record(version, shuffled)
            if found != expected:
                differing += 1
                first = first or _difference(expected, found, shuffled)
        await asyncio.sleep(0)
        if (number + 1) % 100 == 0:
            plan.say(f"{(number + 1) * orders} permutations, {differing} differ")
    figures: dict[str, Any] = {"permutations": stories * orders, "differing": differing}
    return figures | ({"first_difference": first} if first else {})


async def _record(version: Version, messages: Sequence[tuple[str, dict[str, Any]]]) -> Any:
    """What an engine on the store in memory keeps of them: session, events and samples."""
    desk = Desk()
    received_s = _LATE_S
    for action, payload in messages:
        received_s += 10
        fact = ROUTES[version][action].decode(payload, after(received_s))
        await desk.report(fact, received_s)
    views = await desk.settled(2 * _LATE_S)
    events = sorted((row.key, str(row.session_id)) for row in desk.rows(EventWrite))
    samples = sorted(
        (str(row.session_id), row.sample.at.isoformat(), str(row.sample.register_milliwh))
        for row in desk.rows(SampleWrite)
    )
    return {"sessions": views, "events": events, "samples": samples}


async def _permute_sockets(plan: Plan) -> dict[str, Any]:
    """The same over real sockets, each order at a station of its own."""
    stories, orders = plan.pick(short=4, full=40), plan.pick(short=3, full=9)
    random = plan.draws("sockets")
    postgres = Postgres(plan.folder / "pg")
    server = Server(plan.folder, database_url=await postgres.start())
    differing = callerrors = 0
    first = None
    try:
        await server.start()
        for number in range(stories):
            version = (Version.V16, Version.V201)[number % 2]
            story = a_story(random, version, datetime.now(UTC) - timedelta(hours=3))
            told = [list(story.messages), *(story.shuffled(random) for _ in range(orders))]
            views = []
            for order, messages in enumerate(told):
                station = f"PERM-{number}-{order}"
                callerrors += await _tell(server, station, version, messages)
                page = await server.get("/sessions", station=station)
                views.append([_without(each, _ARRIVAL | _LATER | _NAMES) for each in page["items"]])
            for view, messages in zip(views[1:], told[1:], strict=True):
                if view != views[0]:
                    differing += 1
                    first = first or _difference(
                        {"sessions": views[0]}, {"sessions": view}, messages
                    )
        await server.stop()
    finally:
        await server.kill()
        await postgres.stop()
    figures: dict[str, Any] = {"over_sockets": stories * orders}
    figures |= {"differing_over_sockets": differing, "callerrors": callerrors}
    return figures | ({"first_difference_over_sockets": first} if first else {})


async def _tell(
    server: Server,
    station: str,
    version: Version,
    messages: Sequence[tuple[str, dict[str, Any]]],
) -> int:
    """Sends the messages one after the other; returns how many were answered with an error."""
    transaction, errors = None, 0
    protocol = version.subprotocol
    async with connect(
        server.url + station, subprotocols=[protocol], compression=None, proxy=None
    ) as socket:
        boot = ("BootNotification", _BOOTS[version])
        for number, (action, payload) in enumerate([boot, *messages]):
            if "transactionId" in payload:
                payload = {**payload, "transactionId": transaction}  # noqa: PLW2901 - named anew
            await socket.send(json.dumps([2, str(number), action, payload]))
            frame = await _answer(socket, str(number))
            errors += frame[0] == 4
            if action == "StartTransaction" and frame[0] == 3:
                transaction = frame[2]["transactionId"]
    return errors


async def _answer(socket: Any, message_id: str) -> list[Any]:
    """The answer to a call; calls of the server are refused meanwhile."""
    async with asyncio.timeout(30):
        while True:
            frame: list[Any] = json.loads(await socket.recv())
            if frame[0] != 2 and frame[1] == message_id:
                return frame
            if frame[0] == 2:
                await socket.send(json.dumps([4, frame[1], "NotSupported", "", {}]))


def _without(view: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if name not in names}


def _difference(expected: Any, found: Any, messages: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """What is not the same, and the order that led to it."""
    parts = {
        name: [expected[name], found[name]] for name in expected if expected[name] != found[name]
    }
    sessions = parts.get("sessions")
    if sessions and len(sessions[0]) == len(sessions[1]) == 1:
        one, other = sessions[0][0], sessions[1][0]
        names = [name for name in one if one[name] != other.get(name)]
        parts["sessions"] = [{name: each.get(name) for name in names} for each in (one, other)]
    order = [f"{action} {payload.get('timestamp', '')}" for action, payload in messages]
    return {"parts": parts, "order": order}
