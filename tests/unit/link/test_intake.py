"""Whatever a station says of money is kept and answered, also when we cannot handle it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from csms.clock import Clock
from csms.domain.facts import TransactionReported
from csms.domain.station import dump_station
from csms.engine.engine import Engine
from csms.engine.handlers import HANDLERS
from csms.engine.policy import Policy
from csms.engine.state import LiveSession
from csms.engine.views import session_view
from csms.engine.writes import (
    AnomalyWrite,
    EventWrite,
    QuarantineWrite,
    SessionWrite,
    StationWrite,
)
from csms.link.counters import Counters
from csms.link.hub import Hub
from csms.link.second_look import Unattachable
from csms.link.session import SUPPORTED
from csms.ocppj.peer import CallReceived, Peer
from csms.ocppj.version import Role, Version
from csms.store.memory import MemoryStore
from csms.store.numbers import BlockNumbers
from tests.builders import START, after

if TYPE_CHECKING:
    from csms.link.intake import Served

BEGUN_S = 600


class Node:
    """A hub without sockets over the store in memory."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.now_s = 0.0
        policy = Policy(accept_unknown_tokens=True)
        self.numbers = BlockNumbers(self.store)
        engine = Engine(self.store, self.numbers, policy, lambda text: text)
        self.hub = Hub(engine, self.store, Clock(), Counters())
        self.count = 0

    async def enroll(self, *stations: str) -> None:
        for name in stations:
            state = self.hub.engine.enroll(name, START)
            await self.store.submit([StationWrite(name, dump_station(state.record))])
        await self.begin()

    async def begin(self) -> None:
        await self.numbers.load()
        await self.hub.engine.preload()
        await self.hub.intake.second_look.start()
        await self.quiet()

    async def say(
        self,
        action: str,
        payload: dict[str, Any],
        at_s: float = BEGUN_S,
        station: str = "CP1",
        version: Version = Version.V16,
    ) -> Served:
        """Hands a call in, with a message ID of its own."""
        self.count += 1
        peer = Peer(version, Role.CSMS, supported=SUPPORTED[version])
        received = peer.receive(json.dumps([2, f"m{self.count}", action, payload]))
        assert isinstance(received, CallReceived)
        state = self.hub.engine.stations[station]
        served = await self.hub.intake.take(state, version, received, after(at_s))
        if served.outcome is not None:
            self.hub.settle(state, served.outcome)
            await self.quiet()
        return served

    async def quiet(self) -> None:
        """Waits for what was begun beside the messages."""
        while tasks := [task for task in self.hub._tasks if not task.done()]:
            await asyncio.wait(tasks)

    async def restarted(self) -> Node:
        """A node that knows only what the store has."""
        fresh = Node(self.store)
        self.store.on_back.clear()
        await fresh.begin()
        return fresh

    def views(self) -> list[dict[str, Any]]:
        rows = self.store.rows(SessionWrite)
        return [session_view(LiveSession.restore(self.store.stored(row)), after(0)) for row in rows]

    def held(self) -> list[QuarantineWrite]:
        return self.store.rows(QuarantineWrite)

    def anomalies(self) -> list[str]:
        return [row.kind for row in self.store.rows(AnomalyWrite)]


@dataclass
class Fails:
    """A handler that fails so often before it works."""

    times: int
    works: Any
    calls: int = 0

    async def __call__(self, engine: Engine, work: Any, fact: Any) -> Any:
        self.calls += 1
        if self.calls <= self.times:
            raise RuntimeError("poison")
        return await self.works(engine, work, fact)


@pytest.fixture
async def node():
    made = Node()
    await made.enroll("CP1", "CP2")
    return made


def fail(monkeypatch, times: int) -> Fails:
    handler = Fails(times, HANDLERS[TransactionReported])
    monkeypatch.setitem(HANDLERS, TransactionReported, handler)
    return handler


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def start(at_s: float = 0, wh: int = 1000, connector: int = 1, tag: str = "TAG1") -> dict[str, Any]:
    return {"connectorId": connector, "idTag": tag, "meterStart": wh, "timestamp": at(at_s)}


def stop(transaction: int, at_s: float = 600, wh: int = 1500, **more: Any) -> dict[str, Any]:
    return {"transactionId": transaction, "meterStop": wh, "timestamp": at(at_s), **more}


def values(transaction: int | None, at_s: float = 300, wh: int = 1200, connector: int = 1):
    sampled = [{"timestamp": at(at_s), "sampledValue": [{"value": str(wh)}]}]
    named = {} if transaction is None else {"transactionId": transaction}
    return {"connectorId": connector, "meterValue": sampled, **named}


def event(kind: str, number: int, at_s: float) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": at(at_s),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": number,
        "transactionInfo": {"transactionId": "T1"},
    }


async def test_a_stop_of_an_unknown_transaction_is_held_once_and_answered(node):
    for _ in range(10):
        assert (await node.say("StopTransaction", stop(4711))).answer.transaction_id == "4711"
    (held,) = node.held()
    assert (held.state, held.action, held.transaction_id) == ("held", "StopTransaction", "4711")
    assert held.payload == stop(4711)
    assert node.views() == []


@pytest.mark.parametrize("transaction", [-1, 0, 9223372036854775807, 4711])
async def test_a_stop_ends_the_session_whose_start_was_never_answered(node, transaction):
    await node.say("StartTransaction", start(), 1)
    await node.say("StopTransaction", stop(transaction, idTag="TAG1"))
    (view,) = node.views()
    assert (view["state"], view["energy_wh"], view["flags"]) == ("ended", 500, ["stop_inferred"])
    assert node.held() == []
    assert "stop.inferred" in node.anomalies()


async def test_a_stop_without_an_id_ends_the_session_that_it_fits(node):
    await node.say("StartTransaction", start(), 1)
    payload = stop(1)
    del payload["transactionId"]
    await node.say("StopTransaction", payload)
    assert node.views()[0]["state"] == "ended"


async def test_a_stop_of_another_id_leaves_a_session_alone_whose_station_knows_its_id(node):
    first = await node.say("StartTransaction", start(), 1)
    await node.say("MeterValues", values(int(first.answer.transaction_id)), 300)
    await node.say("StopTransaction", stop(4711, idTag="TAG1"))
    assert node.views()[0]["state"] == "active"
    (held,) = node.held()
    assert held.doc["evidence"]["candidates"][0]["is_id_used"]


@pytest.mark.parametrize(
    ("tag", "wh", "ended"),
    [
        ("TAG1", 5100, [True, False]),
        ("TAG2", 51_000, [False, True]),
        ("OTHER", 5_100, [True, False]),
        ("OTHER", 51_000, [False, True]),
        (None, 999_000_000, [False, False]),
        (None, 10, [False, False]),
    ],
)
async def test_of_two_sessions_that_is_ended_which_token_and_meter_speak_for(node, tag, wh, ended):
    await node.say("StartTransaction", start(0, 5000, 1, "TAG1"), 1)
    await node.say("StartTransaction", start(1, 50_000, 2, "TAG2"), 2)
    named = {} if tag is None else {"idTag": tag}
    await node.say("StopTransaction", stop(-1, 600, wh, **named))
    assert [view["state"] == "ended" for view in node.views()] == ended
    assert len(node.held()) == (not any(ended))


async def test_two_sessions_that_fit_alike_are_both_left_alone(node):
    await node.say("StartTransaction", start(0, 5000, 1), 1)
    await node.say("StartTransaction", start(0, 5100, 2), 2)
    await node.say("StopTransaction", stop(-1, 600, 6000))
    assert [view["state"] for view in node.views()] == ["active", "active"]
    (held,) = node.held()
    assert len(held.doc["evidence"]["candidates"]) == 2


async def test_f15_500_sessions_whose_starts_were_never_answered_are_billed_once(node):
    for number in range(500):
        begun_s, wh = number * 1000.0, 1000 + number * 100
        for _ in range(3):
            await node.say("StartTransaction", start(begun_s, wh), begun_s + 1)
        await node.say("MeterValues", values(-1, begun_s + 300, wh + 50), begun_s + 301)
        for _ in range(2):
            await node.say("StopTransaction", stop(-1, begun_s + 600, wh + 100), begun_s + 601)
    views = node.views()
    assert len(views) == 500
    assert {(view["state"], view["energy_wh"]) for view in views} == {("ended", 100)}
    assert node.held() == []


async def test_a_stop_before_its_start_is_attached_when_that_comes(node):
    await node.say("StopTransaction", stop(-1, 600, idTag="TAG1"), 700)
    assert [held.state for held in node.held()] == ["held"]
    await node.say("StartTransaction", start(), 701)
    (view,) = node.views()
    assert (view["state"], view["energy_wh"], view["duration_s"]) == ("ended", 500, 600)
    (held,) = node.held()
    assert (held.state, held.session_id) == ("attached", view["id"])
    assert [row.session_id for row in node.store.rows(EventWrite)] == [view["id"]] * 2


async def test_t10_a_stop_of_another_stations_transaction_touches_nothing_there(node):
    theirs = await node.say("StartTransaction", start(), 1, station="CP2")
    await node.say("StopTransaction", stop(int(theirs.answer.transaction_id)))
    assert [view["state"] for view in node.views()] == ["active"]
    assert [held.station_id for held in node.held()] == ["CP1"]
    assert "transaction.of_another_station" in node.anomalies()


async def test_values_of_an_unknown_transaction_are_held_and_the_stations(node):
    await node.say("MeterValues", values(4711))
    (held,) = node.held()
    assert (held.action, held.transaction_id) == ("MeterValues", "4711")


async def test_values_of_none_are_the_stations_and_nothing_is_held(node):
    await node.say("MeterValues", values(None))
    assert node.held() == []


@pytest.mark.parametrize("restarts", [False, True])
async def test_late_values_without_a_transaction_are_those_of_the_session_that_ran(node, restarts):
    first = await node.say("StartTransaction", start(), 1)
    await node.say("StopTransaction", stop(int(first.answer.transaction_id)), 600)
    again = await node.restarted() if restarts else node
    await again.say("MeterValues", values(None, 300), 5000)
    (view,) = again.views()
    assert "samples_inferred" in view["flags"]
    await again.say("MeterValues", values(None, 4990, 1500), 5000)
    assert [view["energy_wh"] for view in again.views()] == [500]


async def test_f20_a_message_that_fails_once_is_handled_the_second_time(node, monkeypatch):
    handler = fail(monkeypatch, 1)
    served = await node.say("StartTransaction", start(), 1)
    assert handler.calls == 2
    assert (len(node.views()), node.held()) == (1, [])
    assert served.answer.transaction_id == node.views()[0]["transaction_id"]


@pytest.mark.parametrize("restarts", [False, True])
async def test_f20_a_message_that_fails_twice_is_held_once_however_often_it_comes(
    node, monkeypatch, restarts
):
    handler = fail(monkeypatch, 1000)
    first = await node.say("StartTransaction", start(), 1)
    if restarts:
        node = await node.restarted()
    for number in range(9):
        again = await node.say("StartTransaction", start(), 10 + number)
        assert again.answer == first.answer
    assert handler.calls == 2
    (held,) = node.held()
    assert (held.state, held.attempts, held.doc["cause"]) == ("held", 2, "failed")
    assert held.transaction_id == first.answer.transaction_id
    assert node.views() == []


async def test_what_belongs_to_a_start_in_quarantine_is_held_next_to_it(node, monkeypatch):
    await node.say("StartTransaction", start(-60, 900, tag="TAG1"), 0)
    fail(monkeypatch, 2)
    second = await node.say("StartTransaction", start(), 1)
    transaction = int(second.answer.transaction_id)
    await node.say("MeterValues", values(transaction), 300)
    await node.say("StopTransaction", stop(transaction, idTag="TAG1"))
    begun, sampled, ended = node.held()
    assert sampled.transaction_id == ended.transaction_id == begun.transaction_id
    assert ended.doc["evidence"]["next_to"] == [begun.quarantine_id]
    assert [view["state"] for view in node.views()] == ["active"]
    look = node.hub.intake.second_look
    session_id = await look.attach(begun, None, "Ada", None)
    await node.quiet()
    view = next(view for view in node.views() if view["id"] == session_id)
    assert (view["state"], view["energy_wh"]) == ("ended", 500)
    assert "attached_by_operator" in view["flags"]
    assert [held.state for held in node.held()] == ["attached"] * 3
    assert node.held()[0].doc["resolved_by"] == "Ada"


async def test_a_session_that_a_failing_handler_began_has_never_been(node, monkeypatch):
    works = HANDLERS[TransactionReported]

    async def fails_late(engine, work, fact):
        await works(engine, work, fact)
        raise RuntimeError("late")

    monkeypatch.setitem(HANDLERS, TransactionReported, fails_late)
    await node.say("StartTransaction", start(), 1)
    state = node.hub.engine.stations["CP1"]
    assert (dict(state.running), dict(state.by_transaction), dict(state.start_keys)) == ({}, {}, {})


async def test_what_a_failing_handler_changed_is_taken_back(node, monkeypatch):
    first = await node.say("StartTransaction", start(), 1)
    works = HANDLERS[TransactionReported]

    async def fails_late(engine, work, fact):
        await works(engine, work, fact)
        raise RuntimeError("late")

    monkeypatch.setitem(HANDLERS, TransactionReported, fails_late)
    await node.say("StopTransaction", stop(int(first.answer.transaction_id)))
    (live,) = node.hub.engine.stations["CP1"].running.values()
    assert live.session.is_active
    (held,) = node.held()
    monkeypatch.setitem(HANDLERS, TransactionReported, works)
    await node.hub.intake.second_look.attach(held, live.session.id, "Ada", "fixed")
    assert [view["energy_wh"] for view in node.views()] == [500]


async def test_a_message_that_needs_history_waits_for_the_database(node):
    first = await node.say("StartTransaction", start(), 1)
    await node.say("StopTransaction", stop(int(first.answer.transaction_id)), 601)
    node.store.is_behind = True
    for _ in range(3):
        served = await node.say("StopTransaction", stop(-1, 700, 1600, idTag="TAG1"), 701)
        assert served.answer.authorization is not None
    served = await node.say("MeterValues", values(4711), 702)
    assert served.answer is not None
    assert [held.state for held in node.held()] == ["waiting", "waiting"]
    node.store.come_back()
    await node.quiet()
    assert [held.state for held in node.held()] == ["held", "held"]


@pytest.mark.parametrize("restarts", [False, True])
async def test_events_of_an_unknown_transaction_wait_and_make_their_session(node, restarts):
    node.store.is_behind = True
    for number, kind in ((2, "Ended"), (1, "Updated"), (0, "Started")):
        payload = event(kind, number, number * 100.0)
        await node.say("TransactionEvent", payload, 1000 + number, version=Version.V201)
    if restarts:
        node.store.is_behind = False
        node = await node.restarted()
    else:
        node.store.come_back()
        await node.quiet()
    (view,) = node.views()
    assert (view["state"], view["duration_s"], view["flags"]) == ("ended", 200, ["replayed"])
    assert {held.state for held in node.held()} <= {"attached"}


async def test_a_start_never_waits_for_the_database(node):
    node.store.is_behind = True
    first = await node.say("StartTransaction", start(100), 101)
    again = await node.say("StartTransaction", start(100), 102)
    older = await node.say("StartTransaction", start(50, connector=2), 103)
    assert first.answer == again.answer
    assert older.answer.transaction_id != first.answer.transaction_id
    assert "duplicate.unchecked" in node.anomalies()
    node.store.come_back()
    await node.quiet()
    assert [view["duplicate_of"] for view in node.views()] == [None, None]


@pytest.mark.parametrize("ends_before", [False, True])
async def test_a_start_that_was_repeated_unseen_is_joined_with_the_first(node, ends_before):
    first = await node.say("StartTransaction", start(0), 1)
    for number in range(40):
        begun_s = 1000.0 * (number + 1)
        later = await node.say("StartTransaction", start(begun_s, connector=2), begun_s)
        await node.say("StopTransaction", stop(int(later.answer.transaction_id), begun_s + 9))
    node = await node.restarted()
    state = node.hub.engine.stations["CP1"]
    for session_id in list(state.running):
        state.forget(session_id)
    node.store.is_behind = True
    again = await node.say("StartTransaction", start(0), 50_000)
    assert again.answer.transaction_id != first.answer.transaction_id
    transaction = int(again.answer.transaction_id)
    await node.say("MeterValues", values(transaction), 50_001)
    if ends_before:
        await node.say("StopTransaction", stop(transaction), 50_002)
    node.store.come_back()
    await node.quiet()
    if not ends_before:
        assert node.views()[0]["energy_wh"] == 200
        await node.say("StopTransaction", stop(transaction), 50_003)
    original, duplicate = node.views()[0], node.views()[-1]
    assert duplicate["duplicate_of"] == original["id"]
    assert (original["state"], original["energy_wh"]) == ("ended", 500)
    assert duplicate["energy_wh"] is None


async def test_a_message_that_cannot_be_read_is_held_and_refused(node):
    served = await node.say("StopTransaction", {"transactionId": 1, "timestamp": at(0)})
    assert served.error is not None
    (held,) = node.held()
    assert held.doc["cause"] == "unreadable"
    with pytest.raises(Unattachable, match="cannot be read"):
        await node.hub.intake.second_look.attach(held, None, "Ada", None)


async def test_nothing_is_attached_to_a_session_of_another_station(node):
    await node.say("StartTransaction", start(), 1, station="CP2")
    await node.say("StopTransaction", stop(4711))
    (held,), (view,) = node.held(), node.views()
    with pytest.raises(Unattachable, match="no session of CP1"):
        await node.hub.intake.second_look.attach(held, view["id"], "Ada", None)
    assert node.held()[0].state == "held"


async def test_what_was_dismissed_stays_dismissed(node):
    await node.say("StopTransaction", stop(4711))
    await node.hub.intake.second_look.dismiss(node.held()[0], "Ada", "a test bench")
    await node.say("StopTransaction", stop(4711))
    await node.say("StartTransaction", start(), 1)
    (held,) = node.held()
    assert (held.state, held.doc["reason"]) == ("dismissed", "a test bench")


async def test_an_offline_flag_does_not_make_another_message(node):
    payload = {**event("Updated", 1, 5), "timestamp": 5}
    for offline in (False, True):
        await node.say("TransactionEvent", {**payload, "offline": offline}, version=Version.V201)
    assert len(node.held()) == 1
