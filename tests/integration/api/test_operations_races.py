"""Operations whose asking, leaving and ending cross each other."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from csms.domain.operations.provisioning import Reset
from csms.engine import operations
from csms.engine.work import Work
from csms.errors import UnitRefused
from csms.link import leaving, operating
from tests.integration.api.conftest import BOOTS

IMMEDIATE = Reset("Immediate")


async def known(node, station):
    answer = await node.http.put(f"/stations/{station}", json={})
    assert answer.status_code == 201
    return await node.hub.engine.station(station)


async def test_an_operation_leaves_once_however_often_its_station_is_told_to_be_there(node):
    async with node.station("CP1") as station:
        state = await node.hub.engine.station("CP1")
        station.answers["Reset"] = (3, {"status": "Rejected"})
        asked = await node.hub.operator.ask(state, IMMEDIATE)
        await asyncio.gather(*(node.hub.operator.resume(state) for _ in range(3)))
        await asyncio.wait_for(asked.answered, 20)
        await station.call("Heartbeat", {})
        assert station.received.qsize() == 1


@pytest.fixture
def held(monkeypatch):
    """Holds what is about to leave until it is let go; `there` is set once it has come so far."""
    there, go = asyncio.Event(), asyncio.Event()

    async def shown(calls):
        there.set()
        await go.wait()
        return await leaving.shown(calls)

    monkeypatch.setattr(operating, "shown", shown)
    return there, go


async def test_a_relayed_call_leaves_by_whoever_relays_it_alone(node, held):
    there, go = held
    async with node.station("CP1") as station:
        state = await node.hub.engine.station("CP1")
        station.answers["Reset"] = (3, {"status": "Rejected"})
        asking = asyncio.create_task(
            node.http.post("/stations/CP1/calls/Reset", json={"type": "Soft"})
        )
        await there.wait()
        await node.hub.operator.resume(state)
        go.set()
        assert (await asking).json()["payload"] == {"status": "Rejected"}
        await station.call("Heartbeat", {})
        assert station.received.qsize() == 1


@pytest.mark.parametrize("path", ["calls/Reset", "operations/reset"])
async def test_what_the_database_cannot_take_is_never_sent(node, monkeypatch, path):
    async def refuse():
        raise UnitRefused("the database cannot take this")

    async with node.station("CP1") as station:
        with monkeypatch.context() as patched:
            patched.setattr(node.store, "submit", lambda _: asyncio.ensure_future(refuse()))
            body = {"type": "Soft"} if path.startswith("calls") else {}
            answer = await node.http.post(f"/stations/CP1/{path}", json=body)
        assert answer.status_code == 422
        await station.call("BootNotification", BOOTS["ocpp1.6"])
        assert station.received.empty()
        assert (await node.hub.engine.station("CP1")).operations == {}


async def test_what_is_leaving_is_not_withdrawn_and_what_is_over_does_not_leave(node, held):
    there, go = held
    async with node.station("CP1") as station:
        state = await node.hub.engine.station("CP1")
        asked = await node.hub.operator.ask(state, IMMEDIATE)
        await there.wait()
        withdrawn = await node.http.delete(f"/operations/{asked.running.id}")
        assert withdrawn.status_code == 409
        work = Work(state, node.hub.clock.now())
        operations.give_up(work, "for a test")
        await node.store.submit(work.outcome(None).writes)
        go.set()
        await station.call("Heartbeat", {})
        await station.call("Heartbeat", {})
        assert station.received.empty()
    told = await node.get(f"/operations/{asked.running.id}")
    assert (told["state"], told["reason"]) == ("cancelled", "for a test")


async def test_what_could_not_wait_is_not_sent_after_a_restart(node, restarted):
    state = await known(node, "CP1")
    work = Work(state, node.hub.clock.now())
    running = await operations.want(node.hub.engine, work, IMMEDIATE)
    await node.store.submit(work.outcome(None).writes)
    async with restarted() as again:
        told = await again.get(f"/operations/{running.id}")
        assert told["state"] == "failed"
        async with again.station("CP1") as station:
            await station.call("Heartbeat", {})
            assert station.received.empty()


async def test_what_waits_for_a_station_ends_with_it(node):
    state = await known(node, "CP1")
    path = "/stations/CP1/operations/reset"
    waiting = (await node.http.post(path, json={}, params={"expires_in_s": 3600})).json()
    assert (await node.http.delete("/stations/CP1")).status_code == 204
    told = await node.get(f"/operations/{waiting['id']}")
    assert (told["state"], told["reason"]) == ("cancelled", "the station was deleted")
    assert state.operations == {}


async def test_no_more_wait_for_a_station_than_it_can_ever_do(node):
    state = await known(node, "CP1")
    path = "/stations/CP1/operations/reset"
    state.operations |= {
        str(number): await operations.want(
            node.hub.engine, Work(state, node.hub.clock.now()), IMMEDIATE
        )
        for number in range(500)
    }
    answer = await node.http.post(path, json={}, params={"expires_in_s": 3600})
    assert answer.status_code == 409
    assert "wait for CP1 already" in answer.json()["detail"]


async def test_a_long_list_holds_up_nobody(node):
    for number in range(3):
        await node.http.put(f"/tokens/T{number}", json={})
    async with node.station("CP2", "ocpp2.0.1") as station:
        station.answers["SendLocalList"] = (3, {"status": "Accepted"})
        path = "/stations/CP2/operations/send_local_list"
        answer = await node.http.post(path, json={"update_type": "Full"})
        assert answer.json()["state"] == "done"
        sent = json.loads(await station.received.get())
        assert len(sent[3]["localAuthorizationList"]) == 3


async def test_a_flood_of_nonsense_is_told_once_a_second_for_each_kind(node):
    with capture_logs() as lines:
        async with node.station("CP1") as station:
            for number in range(500):
                await station.socket.send(json.dumps([3, f"never-asked-{number}", {}]))
            await station.call("Heartbeat", {})
            assert (await node.hub.engine.station("CP1")).violations.waiting
    told = [line for line in lines if line["event"] in {"frame.refused", "frame.ignored"}]
    assert 1 <= len(told) < 100


async def test_an_error_of_ours_leaves_an_operation_its_answer(node, monkeypatch):
    def fail(*_, **_options):
        raise RuntimeError("for a test")

    async with node.station("CP1") as station:
        station.answers["ReserveNow"] = (3, {"status": "Accepted"})
        monkeypatch.setattr(node.hub.engine, "agreed", fail)
        body = {"token": "TAG1", "expires_at": "2099-01-01T00:00:00Z", "evse": 1}
        answer = await node.http.post("/stations/CP1/operations/reserve_now", json=body)
    assert (answer.json()["state"], answer.json()["status"]) == ("done", "Accepted")
