"""Messages that nobody can place, over real sockets: held, looked at, attached, dismissed."""

from __future__ import annotations

import asyncio
import json
import signal

import httpx
import pytest
from running import Charger, Running, charger, running, serving, signalled
from typer.testing import CliRunner

from csms.__main__ import app

START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": "2026-03-01T10:00:00Z"}
STOP = {"transactionId": 4711, "meterStop": 1500, "timestamp": "2026-03-01T11:00:00Z"}


@pytest.fixture(scope="module")
def server():
    with serving("--accept-unknown-stations") as found:
        httpx.put(f"{found.api}/tokens/TAG1", json={}).raise_for_status()
        yield found


async def hold(station: Charger, **members: object) -> None:
    assert (await station.call("StopTransaction", {**STOP, **members}))[0] == 3


async def held(server: Running, station: str, state: str = "held") -> list[dict]:
    return (await server.get("/quarantine", station=station, state=state))["items"]


async def sessions(server: Running, station: str) -> list[dict]:
    found = (await server.get("/sessions", station=station))["items"]
    return sorted(found, key=lambda each: each["started_at"])


def order(server: Running, *words: str) -> dict:
    """What a command prints as JSON."""
    address = server.api.removesuffix("/api/v1")
    result = CliRunner().invoke(
        app, ["quarantine", *words, "--json", "--api-url", address], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


async def test_an_unknown_stop_is_attached_to_the_session_that_the_operator_names(server):
    async with charger(server, "Q1") as station:
        first = await station.call("StartTransaction", START)
        values = {
            "connectorId": 1,
            "transactionId": first[2]["transactionId"],
            "meterValue": [
                {"timestamp": "2026-03-01T10:10:00Z", "sampledValue": [{"value": "1100"}]}
            ],
        }
        await station.call("MeterValues", values)
        for _ in range(3):
            await hold(station)
    (message,) = await held(server, "Q1")
    assert (message["cause"], message["payload"]) == ("orphan", STOP)
    (session,) = await sessions(server, "Q1")
    shown = await asyncio.to_thread(order, server, "show", message["id"])
    assert shown["evidence"]["candidates"][0]["session"] == session["id"]
    attached = await asyncio.to_thread(
        order,
        server,
        "attach",
        message["id"],
        session["id"],
        "--reason",
        "the meter",
        "--by",
        "Ada",
    )
    assert (attached["state"], attached["resolved_by"]) == ("attached", "Ada")
    (session,) = await sessions(server, "Q1")
    assert (session["state"], session["energy_wh"]) == ("ended", 500)
    assert "attached_by_operator" in session["flags"]
    assert session["ended_at_station"] == "2026-03-01T11:00:00.000Z"
    answer = await server.request(
        "POST", f"/quarantine/{message['id']}/attach", json={"session_id": session["id"]}
    )
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:laddvakt:already-resolved")


async def test_what_cannot_be_attached_is_refused(server):
    async with charger(server, "Q2") as station, charger(server, "Q3") as other:
        await other.call("StartTransaction", START)
        await hold(station)
    (message,) = await held(server, "Q2")
    (session,) = await sessions(server, "Q3")
    path = f"/quarantine/{message['id']}"
    for session_id in (session["id"], "LS-1999-01-01-001"):
        answer = await server.request("POST", f"{path}/attach", json={"session_id": session_id})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:laddvakt:not-attachable")
    answer = await server.request("POST", "/quarantine/Q-NONE/attach", json={})
    assert answer.status_code == 404
    assert (await server.request("POST", f"{path}/dismiss", json={})).status_code == 422
    assert (await sessions(server, "Q3"))[0]["state"] == "active"
    dismissed = await asyncio.to_thread(
        order, server, "dismiss", message["id"], "--reason", "a test bench"
    )
    assert (dismissed["state"], dismissed["reason"]) == ("dismissed", "a test bench")
    assert await held(server, "Q2") == []


async def test_without_a_session_a_stop_makes_one_of_its_own(server):
    async with charger(server, "Q4") as station:
        await hold(station)
    (message,) = await held(server, "Q4")
    answer = await server.request("POST", f"/quarantine/{message['id']}/attach", json={})
    assert answer.status_code == 200, answer.text
    (session,) = await sessions(server, "Q4")
    assert answer.json()["session_id"] == session["id"]
    assert (session["state"], session["transaction_id"]) == ("ended", "4711")


@pytest.mark.parametrize("ended", ["-1", "0", "9223372036854775807"])
async def test_a_start_whose_answer_got_lost_is_billed_once(server, ended):
    name = f"Q5{ended}"
    async with charger(server, name) as station:
        await station.socket.send(json.dumps([2, "lost", "StartTransaction", START]))
    async with charger(server, name) as station:
        await hold(station, transactionId=int(ended), idTag="TAG1")
        await hold(station, transactionId=int(ended), idTag="TAG1")
    (session,) = await sessions(server, name)
    assert (session["state"], session["energy_wh"]) == ("ended", 500)
    assert "stop_inferred" in session["flags"]
    assert await held(server, name) == []


async def test_what_is_held_outlives_a_restart_and_finds_its_session_then():
    async with running("--accept-unknown-stations") as server:
        await server.put("/tokens/TAG1")
        async with charger(server, "Q6") as station:
            await hold(station, transactionId=-1, idTag="TAG1")
        server.kill()
        await asyncio.to_thread(server.start)
        (message,) = await held(server, "Q6")
        async with charger(server, "Q6") as station:
            assert (await station.call("StartTransaction", START))[0] == 3
            await asyncio.to_thread(server.wait_for, "session.ended")
        (session,) = await sessions(server, "Q6")
        assert (session["state"], session["energy_wh"]) == ("ended", 500)
        (message,) = await held(server, "Q6", "attached")
        assert (message["session_id"], message["resolved_by"]) == (session["id"], "csms")


def an_event(kind: str, number: int) -> dict:
    return {
        "eventType": kind,
        "timestamp": f"2026-03-01T10:00:{number:02}Z",
        "triggerReason": "MeterValuePeriodic",
        "seqNo": number,
        "transactionInfo": {"transactionId": "T1"},
    }


async def test_te_seqno_gap_the_station_is_asked_and_what_it_has_is_waited_for():
    async with running("--accept-unknown-stations", "--clock-speed", "60") as server:
        async with charger(server, "Q7", "ocpp2.0.1") as station:
            for kind, number in (("Started", 0), ("Ended", 4), ("Updated", 1)):
                await station.call("TransactionEvent", an_event(kind, number))
        (session,) = await sessions(server, "Q7")
        assert "events_missing" in session["flags"]
        server.kill()
        await asyncio.to_thread(server.start)
        async with charger(server, "Q7", "ocpp2.0.1") as station:
            asked = await station.next_call("GetTransactionStatus")
            assert asked[3] == {"transactionId": "T1"}
            await station.answer(asked, {"messagesInQueue": True, "ongoingIndicator": False})
            await station.call("TransactionEvent", an_event("Updated", 2))
            asked = await station.next_call("GetTransactionStatus")
            await station.call("TransactionEvent", an_event("Updated", 3))
            await station.answer(asked, {"messagesInQueue": False})
        (session,) = await sessions(server, "Q7")
        assert session["state"] == "ended"
        assert not {"events_missing", "events_lost"} & set(session["flags"])


@pytest.mark.parametrize("crashes", [False, True])
async def test_what_needs_history_waits_while_the_database_says_nothing(crashes):
    """Answered all the while; put in its place once the database is back, by ourselves."""
    async with running("--accept-unknown-stations") as server:
        await server.put("/tokens/TAG1")
        async with charger(server, "Q9") as station, charger(server, "Q9b", "ocpp2.0.1") as other:
            await station.call("StartTransaction", START)
            signalled(server, signal.SIGSTOP)
            await hold(station, transactionId=-1, idTag="TAG1")
            later = {**START, "timestamp": "2026-03-01T12:00:00Z", "meterStart": 1500}
            transaction = (await station.call("StartTransaction", later))[2]["transactionId"]
            stop = {**STOP, "transactionId": transaction, "timestamp": "2026-03-01T13:00:00Z"}
            await station.call("StopTransaction", {**stop, "meterStop": 1800})
            for kind, number in (("Ended", 2), ("Started", 0), ("Updated", 1)):
                answer = await other.call("TransactionEvent", an_event(kind, number))
                assert answer[0] == 3, answer
            if crashes:
                server.kill()
            signalled(server, signal.SIGCONT)
            if crashes:
                await asyncio.to_thread(server.start)
            while [line["event"] for line in server.events].count("quarantine.attached") < 2:
                await asyncio.to_thread(server.wait_for, "quarantine.attached")
        found = await sessions(server, "Q9")
        assert [(each["state"], each["energy_wh"]) for each in found] == [
            ("ended", 500),
            ("ended", 300),
        ]
        (session,) = await sessions(server, "Q9b")
        assert session["state"] == "ended"
        assert "events_missing" not in session["flags"]
        assert not any(line.get("exception") for line in server.events)


async def test_tx_start_replay_concurrent_two_sockets_get_one_id():
    async with running("--accept-unknown-stations") as server:
        await server.put("/tokens/TAG1")
        async with charger(server, "Q8") as one:
            frames = [
                json.dumps([2, f"s{n}", "StartTransaction", {**START, "meterStart": n}])
                for n in range(50)
            ]
            for frame in frames:
                await one.socket.send(frame)
            async with charger(server, "Q8") as two:
                answers = {}
                for n, frame in enumerate(frames):
                    await two.socket.send(frame)
                    answers[n] = (await two.receive())[2]["transactionId"]
                again = {}
                for n, frame in enumerate(frames):
                    await two.socket.send(frame)
                    again[n] = (await two.receive())[2]["transactionId"]
        assert answers == again
        assert len(set(answers.values())) == 50
        assert len((await server.get("/sessions", station="Q8", limit=1000))["items"]) == 50
