"""Takeovers simulated: real Hub, server, sessions and engine, fake sockets, one seed a run.

A charger connects several times over; its frames, their answers, the closes of its connections,
what operators ask of it, and the moment when anything is durable come in any order that the seed
finds. In the end the newest connection must be reachable if it is open, and nothing that happened
on an older one may have touched it.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from copy import copy
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, cast

import structlog
from websockets.protocol import State

from csms.domain.facts import Registration
from csms.engine.engine import Engine
from csms.engine.policy import Policy
from csms.engine.writes import EventWrite, SessionWrite, StationWrite
from csms.errors import LaddvaktError, StationOffline
from csms.link.counters import Counters
from csms.link.hub import Hub
from csms.link.server import StationServer
from csms.store.numbers import BlockNumbers
from profiles import load_catalogue
from profiles.assignments import AssignmentRule
from profiles.catalogue import SHIPPED
from tests.chaos.virtual import BEGINNING, FakeSocket, Fate, SlowStore, VirtualClock, VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Callable

    from csms.engine.state import StationState

STATION = "CP1"
_ACTIONS = 45
_SETTLED_AFTER = 3
_AT_ONCE_S = 1.0
_PATIENCE_S = 31.0
_PROFILE = "fixed-current-16a"


@dataclass
class Asked:
    """A call of an operator: the connection it belongs to, and how it ended."""

    marker: str
    has_known_id: bool
    message_id: str = ""
    asked_s: float = 0.0
    ended_s: float | None = None
    socket: FakeSocket | None = None
    task: asyncio.Task[None] | None = None
    answer: Any = None
    error: Exception | None = None


@dataclass
class World:
    """One charger, its connections, and one central system."""

    random: Random
    subprotocol: str
    sockets: list[FakeSocket] = field(default_factory=list)
    serving: list[asyncio.Task[None]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    replaced_s: dict[int, float] = field(default_factory=dict)
    received: dict[int, list[str]] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    crossed: set[tuple[int, str]] = field(default_factory=set)
    said: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.fate = Fate(self.random)
        self.store = SlowStore(self.fate)
        policy = Policy(accept_unknown_tokens=True, catalogue=dict(CATALOGUE))
        if self.random.random() < 0.5:
            policy.assignments = [AssignmentRule(profile=_PROFILE)]
        self.engine = Engine(self.store, BlockNumbers(self.store), policy, lambda text: text)
        self.hub = Hub(self.engine, self.store, VirtualClock(loop), Counters())
        self.server = _server(self.hub)
        self.station = self.engine.enroll(STATION, BEGINNING)
        self.station.record.registration = Registration.ACCEPTED
        self.station.record.booted_at = BEGINNING

    @property
    def newest(self) -> FakeSocket | None:
        return self.sockets[-1] if self.sockets else None

    def connect(self) -> None:
        """The charger connects once more; the server may not yet know that it left."""
        for each in self.sockets:
            self.replaced_s.setdefault(each.number, asyncio.get_running_loop().time())
        socket = FakeSocket(len(self.sockets), STATION, self.subprotocol, self.fate)
        socket.station = self.station
        socket.on_sent = lambda text: self._told(socket, json.loads(text))
        self.sockets.append(socket)
        self.received[socket.number] = []
        connected = self.server._connected(socket)
        self.serving.append(asyncio.get_running_loop().create_task(connected))

    def say(self) -> None:
        """One of the connections has a call on its way."""
        open_ones = [each for each in self.sockets if each.state is not State.CLOSED]
        if not open_ones:
            return
        socket = self.random.choice(open_ones)
        kind = self.random.choice(list(_CALLS))
        self.said[kind] += 1
        shared = self.random.random() < 0.3
        message_id = f"m-{kind}" if shared else f"{socket.number}-{sum(self.said.values())}"
        action, payload = _CALLS[kind][self.subprotocol]
        socket.arriving.append(json.dumps([2, message_id, action, payload]))

    def arrive(self) -> None:
        """The next text of a connection reaches the server."""
        socket = self._some(lambda each: bool(each.arriving))
        if socket is None:
            return
        frame = json.loads(socket.arriving[0])
        if frame[0] == 2 and socket.state is State.OPEN:
            self.received[socket.number].append(frame[1])
        socket.arrive()

    def drop(self) -> None:
        """A connection ends; more often an older one."""
        socket = self._some(lambda each: each.state is not State.CLOSED)
        if socket is not None and (socket is not self.newest or self.random.random() < 0.3):
            socket.drop()

    def ask(self) -> None:
        """An operator asks the charger for something; other connections may know its ID."""
        marker = f"q{len(self.asked)}"
        asked = Asked(marker, self.random.random() < 0.5)
        self.asked.append(asked)
        asked.task = asyncio.get_running_loop().create_task(self._ask(asked))

    async def _ask(self, asked: Asked) -> None:
        loop = asyncio.get_running_loop()
        current = self.hub.sessions.get(STATION)
        asked.socket = None if current is None else cast("FakeSocket", current.socket)
        asked.asked_s = loop.time()
        asked.message_id = message_id = asked.marker
        if asked.has_known_id:
            before = [each for each in self.asked if each.socket is asked.socket]
            asked.message_id = message_id = f"op-{len(before)}"
        try:
            exchanged = await self.hub.operator.relay(
                self.station, "DataTransfer", _data(asked.marker), 30, message_id
            )
            asked.answer = exchanged[-1][1]
        except Exception as error:  # noqa: BLE001 - whatever it is, it is judged
            asked.error = error
        asked.ended_s = loop.time()

    async def pass_time(self) -> None:
        await asyncio.sleep(self.random.choice([0.001, 0.2, 3.0, 31.0]))

    def _some(self, wanted: Callable[[FakeSocket], bool]) -> FakeSocket | None:
        found = [each for each in self.sockets if wanted(each)]
        return self.random.choice(found) if found else None

    def _told(self, socket: FakeSocket, frame: list[Any]) -> None:
        """The charger answers what reaches it: at once, late, twice, or on another connection."""
        if frame[0] != 2:
            return
        answer: dict[str, Any] = {"status": "Accepted"}
        if frame[2] == "DataTransfer":
            answer["data"] = f"{frame[3]['data']}@{socket.number}"
        text = json.dumps([3, frame[1], answer])
        chance = self.random.random()
        if chance < 0.85 or frame[2] != "DataTransfer" or frame[3]["data"] == "last":
            socket.arriving.append(text)
        else:
            self.silent.add(socket.number)
        if chance > 0.7:
            others = [each for each in self.sockets if each is not socket]
            if others:
                other = self.random.choice(others)
                self.crossed.add((other.number, frame[1]))
                other.arriving.append(text)


_TIME = "2026-11-21T08:00:00Z"
_METER = {"timestamp": "2026-11-21T08:01:00Z"}


def _event(kind: str, number: int, register: int) -> dict[str, Any]:
    sample = {"timestamp": f"2026-11-21T08:0{number}:00Z", "sampledValue": [{"value": register}]}
    return {
        "eventType": kind,
        "timestamp": f"2026-11-21T08:0{number}:00Z",
        "triggerReason": "MeterValuePeriodic",
        "seqNo": number,
        "transactionInfo": {"transactionId": "tx-1"},
        "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": "TAG1", "type": "ISO14443"},
        "meterValue": [sample],
    }


_START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": _TIME}
_SAMPLES = {
    "connectorId": 1,
    "meterValue": [{"timestamp": "2026-11-21T08:01:00Z", "sampledValue": [{"value": "1500"}]}],
}
_BOOT_16 = {"chargePointVendor": "V", "chargePointModel": "M"}
_BOOT_201 = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}
_STATUS_16 = {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
_STATUS_201 = {
    "timestamp": _TIME,
    "connectorStatus": "Occupied",
    "evseId": 1,
    "connectorId": 1,
}
_CALLS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "beat": {"ocpp1.6": ("Heartbeat", {}), "ocpp2.0.1": ("Heartbeat", {})},
    "boot": {
        "ocpp1.6": ("BootNotification", _BOOT_16),
        "ocpp2.0.1": ("BootNotification", _BOOT_201),
    },
    "status": {
        "ocpp1.6": ("StatusNotification", _STATUS_16),
        "ocpp2.0.1": ("StatusNotification", _STATUS_201),
    },
    "start": {
        "ocpp1.6": ("StartTransaction", _START),
        "ocpp2.0.1": ("TransactionEvent", _event("Started", 0, 1000)),
    },
    "samples": {
        "ocpp1.6": ("MeterValues", _SAMPLES),
        "ocpp2.0.1": ("TransactionEvent", _event("Updated", 1, 1500)),
    },
}


def _data(marker: str) -> dict[str, Any]:
    return {"vendorId": "test", "data": marker}


CATALOGUE = load_catalogue(SHIPPED)
_TEMPLATES: list[StationServer] = []


def _server(hub: Hub) -> StationServer:
    """A server over a hub; all share what one made for passwords, which takes its time."""
    if not _TEMPLATES:
        _TEMPLATES.append(
            StationServer(hub, accept_unknown=True, ping_interval_s=0, ping_timeout_s=0)
        )
    server = copy(_TEMPLATES[0])
    server._hub = hub
    return server


@dataclass
class Verdict:
    """What one interleaving came to."""

    seed: str
    unreachable: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    takeovers: int = 0

    @property
    def is_well(self) -> bool:
        return not (self.unreachable or self.stale)


def play(seed: str) -> Verdict:
    """Plays one interleaving, and judges its end."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    loop = VirtualLoop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(_play(seed))
    except Exception as error:  # noqa: BLE001 - what the server did to deserve it is the finding
        return Verdict(seed, stale=[f"it ends with {error!r}"])
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _play(seed: str) -> Verdict:
    random = Random(seed)  # noqa: S311 - a seed is wanted
    world = World(random, random.choice(["ocpp1.6", "ocpp2.0.1"]))
    steps: list[tuple[Callable[[], Any], int]] = [
        (world.connect, 2),
        (world.say, 6),
        (world.arrive, 8),
        (world.fate.happen, 8),
        (world.drop, 2),
        (world.ask, 2),
        (world.pass_time, 1),
    ]
    names, weights = [step for step, _ in steps], [weight for _, weight in steps]
    most = random.choice([3, 4, 5, 9])
    world.connect()
    for step in random.choices(names, weights, k=_ACTIONS):
        if step == world.connect and len(world.sockets) >= most:
            continue
        waiting = step()
        if waiting is not None:
            await waiting
        for _ in range(random.randrange(4)):
            await asyncio.sleep(0)
    verdict = Verdict(seed, takeovers=len(world.sockets) - 1)
    await _settle(world)
    await asyncio.sleep(_PATIENCE_S)
    await _settle(world)
    try:
        await _judge(world, verdict)
    finally:
        await _end(world)
    return verdict


async def _settle(world: World) -> None:
    """Lets everything arrive and be done that was on its way."""
    calm = 0
    while calm < _SETTLED_AFTER:
        calm += 1
        while world.fate.is_pending() or any(each.arriving for each in world.sockets):
            calm = 0
            world.fate.happen()
            world.arrive()
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)


async def _judge(world: World, verdict: Verdict) -> None:
    station, newest = world.station, world.newest
    assert newest is not None
    if newest.state is State.OPEN:
        await _judge_online(world, verdict, newest)
    else:
        _judge_offline(world, verdict, station)
    _judge_answers(world, verdict)
    _judge_asked(world, verdict)
    _judge_records(world, verdict)


async def _judge_online(world: World, verdict: Verdict, newest: FakeSocket) -> None:
    current = world.hub.sessions.get(STATION)
    if current is None or current.socket is not newest:
        verdict.unreachable.append("the newest connection is not the station's")
        return
    if not world.station.is_online:
        verdict.unreachable.append("the station counts as offline")
    if _order(world) < 0:
        verdict.stale.append("the record says that the station is gone")
    probe = asyncio.ensure_future(
        world.hub.operator.relay(world.station, "DataTransfer", _data("last"), 30, "op-1")
    )
    newest.arriving.append(json.dumps([2, "last", "Heartbeat", {}]))
    await _settle(world)
    if not probe.done() or probe.exception() is not None:
        verdict.unreachable.append(f"a call to the station ends with {probe}")
    elif probe.result()[-1][1].payload.get("data") != f"last@{newest.number}":
        verdict.stale.append("the answer of another connection was taken")
    if sum(json.loads(text)[:2] == [3, "last"] for text in newest.sent) != 1:
        verdict.unreachable.append("a call of the station has no answer")
    for live in world.station.running.values():
        session = live.session
        # A call that has no answer holds up those behind it, until a push gives up.
        if newest.number not in world.silent and session.pushed != session.profile:
            verdict.stale.append(f"{session.pushed} is pushed, {session.profile} wanted")
    probe.cancel()


def _judge_offline(world: World, verdict: Verdict, station: StationState) -> None:
    if STATION in world.hub.sessions:
        verdict.stale.append("a closed connection is still the station's")
    if station.is_online or _order(world) > 0:
        verdict.stale.append("the station counts as online without a connection")


def _order(world: World) -> int:
    """1 if the station's record has it come last, -1 if it has it gone, 0 at one instant."""
    rows = world.store.rows(StationWrite)
    if not rows:
        return -1
    (row,) = rows
    came, left = _at(row.doc["connected_at"]), _at(row.doc.get("disconnected_at") or "")
    return (came > left) - (came < left)


def _at(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _judge_answers(world: World, verdict: Verdict) -> None:
    """Each connection gets answers to its own calls, each once; the newest gets all."""
    for socket in world.sockets:
        answers = Counter(frame[1] for frame in map(json.loads, socket.sent) if frame[0] in {3, 4})
        calls = Counter(world.received[socket.number])
        is_current = socket is world.newest and socket.state is State.OPEN
        if is_current and (missing := calls - answers):
            verdict.unreachable.append(f"no answer to {dict(missing)}")
        if extra := answers - calls:
            verdict.stale.append(f"answers nobody waits for on {socket.number}: {dict(extra)}")
        for frame in map(json.loads, socket.sent):
            if frame[0] == 4:
                verdict.stale.append(f"CALLERROR {frame}")


def _judge_asked(world: World, verdict: Verdict) -> None:
    """An operator's call ends with its own connection, and with no other's answer."""
    for asked in world.asked:
        if asked.ended_s is None:
            verdict.stale.append(f"{asked.marker} never ends")
            continue
        error = asked.error
        if error is None:
            data = asked.answer.payload.get("data")
            number = -1 if asked.socket is None else asked.socket.number
            # On one connection an ID is all that tells whose answer it is.
            is_crossed = (number, asked.message_id) in world.crossed
            if data != f"{asked.marker}@{number}" and not is_crossed:
                verdict.stale.append(f"{asked.marker} on {number} was answered with {data}")
        elif not isinstance(error, LaddvaktError):
            verdict.stale.append(f"{asked.marker} failed with {error!r}")
        _judge_end(world, verdict, asked, error)


def _judge_end(world: World, verdict: Verdict, asked: Asked, error: BaseException | None) -> None:
    """Who waits on a connection that was replaced is told at once."""
    if asked.socket is None or asked.ended_s is None:
        return
    replaced_s = world.replaced_s.get(asked.socket.number)
    if replaced_s is None or asked.ended_s <= replaced_s + _AT_ONCE_S:
        return
    why = "StationOffline" if isinstance(error, StationOffline) else repr(error)
    late_s = asked.ended_s - max(replaced_s, asked.asked_s)
    if late_s > _AT_ONCE_S:
        verdict.stale.append(f"{asked.marker} waits {late_s:g} s after a takeover: {why}")


def _judge_records(world: World, verdict: Verdict) -> None:
    """One start is one session and one ID, however often and wherever it was sent."""
    sessions = world.store.rows(SessionWrite)
    if len(sessions) > 1:
        verdict.stale.append(f"{len(sessions)} sessions of one start")
    ids = {
        frame[2].get("transactionId")
        for socket in world.sockets
        for frame in map(json.loads, socket.sent)
        if frame[0] == 3 and "transactionId" in frame[2]
    }
    if len(ids) > 1:
        verdict.stale.append(f"one start has the IDs {ids}")
    if ids and not world.store.rows(EventWrite):
        verdict.stale.append("a start was answered and is not stored")


async def _end(world: World) -> None:
    for socket in world.sockets:
        socket.drop()
    await _settle(world)
    await world.hub.stop(1)
    tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
