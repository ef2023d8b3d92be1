"""Connections that cross, replace each other, fall silent and end, against a running server."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from running import BOOTS, Charger, Running, charger, connected, running, serving
from websockets.exceptions import ConnectionClosed
from wire import CLOSE, TEXT, ask, frame, opened, upgrade

from csms.ocppj.schemas import request_violation
from csms.ocppj.version import Version

VERSIONS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}
RULES = [{"station": "PUSH-*", "token": "*", "profile": "fixed-current-16a"}]
RESET = {"ocpp1.6": {"type": "Soft"}, "ocpp2.0.1": {"type": "Immediate"}}


@pytest.fixture(scope="module")
def server():
    with serving("--accept-unknown-stations", "--accept-unknown-tokens") as found:
        body = {"rules": RULES}
        httpx.put(f"{found.api}/profile-assignments", json=body).raise_for_status()
        yield found


def relay(server: Running, station: str, action: str, body: dict[str, Any], timeout_s: float = 30):
    """Has the server call a station; the task ends with the API's answer."""
    path = f"/stations/{station}/calls/{action}?timeout_s={timeout_s:g}"
    return asyncio.create_task(server.request("POST", path, json=body))


def now(offset_s: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=offset_s)).isoformat(timespec="milliseconds")


async def start(station: Charger, version: str, transaction: str = "tx-1") -> tuple[str, list[Any]]:
    """Starts a transaction; returns its ID on the wire, and the answer."""
    if version == "1.6":
        payload = {"connectorId": 2, "idTag": "TAG1", "meterStart": 1000, "timestamp": now()}
        answer = await station.call("StartTransaction", payload)
        return str(answer[2]["transactionId"]), answer
    answer = await station.call("TransactionEvent", event(transaction, 0, "Started", 1000))
    return transaction, answer


def event(transaction: str, sequence: int, kind: str, register: float) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": now(),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": sequence,
        "transactionInfo": {"transactionId": transaction},
        "evse": {"id": 2, "connectorId": 1},
        "idToken": {"idToken": "TAG1", "type": "ISO14443"},
        "meterValue": [{"timestamp": now(), "sampledValue": [{"value": register}]}],
    }


async def only_session(server: Running, station: str) -> dict[str, Any]:
    (session,) = (await server.get("/sessions", station=station))["items"]
    return session


async def pushes(server: Running, session: str, state: str, count: int = 1) -> list[dict[str, Any]]:
    """Waits until that many pushes of the session are in that state, newest first."""
    async with asyncio.timeout(20):
        while True:
            found = (await server.get(f"/sessions/{session}/profile-pushes"))["items"]
            if sum(each["state"] == state for each in found) >= count:
                return found
            await asyncio.sleep(0.02)


async def is_online(server: Running, station: str) -> bool:
    return bool((await server.get(f"/stations/{station}"))["is_online"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_t3_the_newest_connection_takes_the_calls(server: Running, version):
    name, protocol = f"NEW-{version}", VERSIONS[version]
    async with charger(server, name, protocol) as old:
        began = time.monotonic()
        async with connected(server, name, protocol) as new:
            asking = relay(server, name, "Reset", RESET[protocol])
            await new.answer(await new.next_call("Reset"), {"status": "Accepted"})
            assert (await asking).json()["payload"] == {"status": "Accepted"}
            assert time.monotonic() - began < 1
            with pytest.raises(ConnectionClosed):
                await old.receive()
            assert (await new.call("Heartbeat", {}))[0] == 3
            assert await is_online(server, name)


async def test_t4_a_late_close_of_the_old_connection_touches_nothing(server: Running):
    """The old station never answers the close, as one behind a dead router would."""
    async with charger(server, "LATE", close_timeout=0.1) as old:
        old.socket.transport.pause_reading()
        async with connected(server, "LATE") as new:
            server.wait_for("station.replaced", station="LATE")
            assert (await new.call("Heartbeat", {}))[0] == 3
            old.socket.transport.abort()
            for _ in range(20):
                assert (await new.call("Heartbeat", {}))[0] == 3
            assert await is_online(server, "LATE")
            asking = relay(server, "LATE", "ClearCache", {})
            await new.answer(await new.next_call("ClearCache"), {"status": "Accepted"})
            assert (await asking).status_code == 200
    server.wait_for("station.disconnected", station="LATE")
    assert not await is_online(server, "LATE")


async def test_t4_many_takeovers_leave_the_last_one_reachable(server: Running):
    for _ in range(20):
        async with connected(server, "SWAP"), connected(server, "SWAP") as last:
            assert (await last.call("BootNotification", BOOTS["ocpp1.6"]))[0] == 3
            asking = relay(server, "SWAP", "ClearCache", {})
            await last.answer(await last.next_call("ClearCache"), {"status": "Accepted"})
            assert (await asking).status_code == 200


async def test_a_call_that_waits_on_the_old_connection_fails_at_once(server: Running):
    async with charger(server, "WAITS") as old:
        asking = relay(server, "WAITS", "ClearCache", {})
        await old.next_call("ClearCache")
        async with connected(server, "WAITS"):
            answer = await asking
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("station-offline")


@pytest.mark.parametrize("version", VERSIONS)
async def test_f22_calls_of_both_directions_cross(server: Running, version):
    name, protocol = f"CROSS-{version}", VERSIONS[version]
    async with charger(server, name, protocol) as station:
        for _ in range(20):
            asking = relay(server, name, "ClearCache", {})
            call = await station.next_call("ClearCache")
            assert "currentTime" in (await station.call("Heartbeat", {}))[2]
            assert not asking.done()
            await station.answer(call, {"status": "Rejected"})
            assert (await asking).json()["payload"] == {"status": "Rejected"}


@pytest.mark.parametrize("version", VERSIONS)
async def test_only_one_call_is_open_to_a_station(server: Running, version):
    name, protocol = f"ONE-{version}", VERSIONS[version]
    async with charger(server, name, protocol) as station:
        asked = [relay(server, name, "ClearCache", {}) for _ in range(5)]
        for _ in asked:
            call = await station.next_call("ClearCache")
            await station.call("Heartbeat", {})
            assert station.calls == []
            await station.answer(call, {"status": "Accepted"})
        assert {(await each).status_code for each in asked} == {200}


@pytest.mark.parametrize("version", VERSIONS)
async def test_pipelined_calls_are_answered_in_order(server: Running, version):
    async with charger(server, f"PIPE-{version}", VERSIONS[version]) as station:
        frames = [_pipelined(version, number) for number in range(200)]
        for each in frames:
            await station.socket.send(json.dumps(each))
        answers = [await station.receive() for _ in frames]
    assert [each[:2] for each in answers] == [[3, frame[1]] for frame in frames]


def _pipelined(version: str, number: int) -> list[Any]:
    sample = {"timestamp": now(number - 200), "sampledValue": [{"value": number}]}
    if version == "1.6":
        sample["sampledValue"] = [{"value": str(number)}]
    where = {"connectorId": 1} if version == "1.6" else {"evseId": 1}
    if number % 2:
        return [2, f"p{number}", "Heartbeat", {}]
    return [2, f"p{number}", "MeterValues", {**where, "meterValue": [sample]}]


async def test_a_station_that_never_answers_is_504_and_the_next_call_works(server: Running):
    async with charger(server, "MUTE") as station:
        asking = relay(server, "MUTE", "ClearCache", {}, timeout_s=1)
        first = await station.next_call("ClearCache")
        assert (await station.call("Heartbeat", {}))[0] == 3
        assert (await asking).status_code == 504
        asking = relay(server, "MUTE", "ClearCache", {})
        second = await station.next_call("ClearCache")
        await station.answer(first, {"status": "Rejected"})
        await station.call("Heartbeat", {})
        assert not asking.done()
        await station.answer(second, {"status": "Accepted"})
        assert (await asking).json()["payload"] == {"status": "Accepted"}


async def test_a_disconnect_wakes_who_waits_for_an_answer(server: Running):
    async with charger(server, "GONE") as station:
        asked = [relay(server, "GONE", "ClearCache", {}) for _ in range(2)]
        await station.next_call("ClearCache")
        station.socket.transport.abort()
        assert [(await each).status_code for each in asked] == [409, 409]
    assert (await relay(server, "GONE", "ClearCache", {})).status_code == 409


@pytest.mark.parametrize("answer", [{"status": 5}, {}, {"status": "Accepted", "more": 1}])
async def test_an_answer_against_the_schema_is_passed_on(server: Running, answer):
    async with charger(server, "ODD") as station:
        asking = relay(server, "ODD", "ClearCache", {})
        await station.answer(await station.next_call("ClearCache"), answer)
        assert (await asking).json()["payload"] == answer


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_assigned_profile_follows_the_answer_to_the_start(server: Running, version):
    name = f"PUSH-{version}"
    async with charger(server, name, VERSIONS[version]) as station:
        transaction, _ = await start(station, version, f"tx-{name}")
        assert "SetChargingProfile" not in [call[2] for call in station.calls]
        call = await station.next_call("SetChargingProfile")
        session = await only_session(server, name)
        assert session["profile"] == "fixed-current-16a"
        assert session["limit_now"]["limit_a"] is None
        _check_push(call[3], version, transaction)
        await station.answer(call, {"status": "Accepted"})
        (push,) = await pushes(server, session["id"], "accepted")
        assert push["status"] == "Accepted"
        assert push["profile"] == "fixed-current-16a"
        assert push["request"] == call[3]
        assert push["wanted_at"] <= push["sent_at"] <= push["answered_at"]
        shown = await server.get(f"/sessions/{session['id']}/limits")
        in_force = shown["items"][0]
        assert in_force["limit_a"] == 16
        assert [each["purpose"] for each in in_force["causes"]] == ["TxProfile"]
        assert (await only_session(server, name))["limit_now"]["limit_a"] == 16
        server.wait_for("limit.changed", session=session["id"])


def _check_push(payload: dict[str, Any], version: str, transaction: str) -> None:
    assert request_violation(Version(version), "SetChargingProfile", payload) is None
    if version == "1.6":
        profile, place = payload["csChargingProfiles"], payload["connectorId"]
        schedule, found = profile["chargingSchedule"], str(profile["transactionId"])
    else:
        profile, place = payload["chargingProfile"], payload["evseId"]
        (schedule,), found = profile["chargingSchedule"], profile["transactionId"]
    assert place == 2
    assert found == transaction
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert schedule["chargingRateUnit"] == "A"
    assert schedule["chargingSchedulePeriod"][0]["startPeriod"] == 0
    assert schedule["chargingSchedulePeriod"][0]["limit"] == 16


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "said", "status", "reason"),
    [
        ("NO", [3, {"status": "Rejected"}], "Rejected", None),
        ("ERR", [4, "NotSupported", "no profiles", {}], "NotSupported", "no profiles"),
    ],
)
async def test_a_refused_profile_limits_nothing(
    server: Running, version, name, said, status, reason
):
    name = f"PUSH-{name}-{version}"
    async with charger(server, name, VERSIONS[version]) as station:
        await start(station, version, f"tx-{name}")
        call = await station.next_call("SetChargingProfile")
        kind, *rest = said
        await station.socket.send(json.dumps([kind, call[1], *rest]))
        session = await only_session(server, name)
        *_, push = await pushes(server, session["id"], "refused")
        assert push["status"] == status
        assert reason is None or reason in push["reason"]
        assert (await only_session(server, name))["limit_now"]["limit_a"] is None
        server.wait_for("profile.refused", session=session["id"])


async def test_the_reason_of_a_refusal_is_kept(server: Running):
    async with charger(server, "PUSH-WHY", "ocpp2.0.1") as station:
        await start(station, "2.0.1", "tx-why")
        call = await station.next_call("SetChargingProfile")
        info = {"reasonCode": "InvalidProfile", "additionalInfo": "stack level 0 is ours"}
        await station.answer(call, {"status": "Rejected", "statusInfo": info})
        session = await only_session(server, "PUSH-WHY")
        *_, push = await pushes(server, session["id"], "refused")
    assert "InvalidProfile" in push["reason"]
    assert "stack level 0 is ours" in push["reason"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_push_cut_off_is_made_again_after_reconnecting(server: Running, version):
    name, protocol = f"PUSH-CUT-{version}", VERSIONS[version]
    async with charger(server, name, protocol) as station:
        transaction, _ = await start(station, version, f"tx-{name}")
        await station.next_call("SetChargingProfile")
        station.socket.transport.abort()
    async with connected(server, name, protocol) as station:
        call = await station.next_call("SetChargingProfile")
        _check_push(call[3], version, transaction)
        await station.answer(call, {"status": "Accepted"})
        session = await only_session(server, name)
        found = await pushes(server, session["id"], "accepted")
        assert (await only_session(server, name))["limit_now"]["limit_a"] == 16
    assert {each["state"] for each in found} <= {"accepted", "failed"}
    async with connected(server, name, protocol) as station:
        again = await station.next_call("SetChargingProfile")
        assert again[3] == call[3]


async def test_profiles_by_hand_count_as_those_of_ours(server: Running):
    """An operator's own TxDefaultProfile, relayed and agreed to, is the limit of the session."""
    async with charger(server, "HAND") as station:
        await start(station, "1.6")
        asking = relay(
            server,
            "HAND",
            "SetChargingProfile",
            {
                "connectorId": 0,
                "csChargingProfiles": {
                    "chargingProfileId": 77,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "chargingProfileKind": "Relative",
                    "chargingSchedule": {
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
                    },
                },
            },
        )
        await station.answer(await station.next_call("SetChargingProfile"), {"status": "Accepted"})
        assert (await asking).status_code == 200
        assert (await only_session(server, "HAND"))["limit_now"]["limit_a"] == 10


@pytest.mark.timeout(120)
async def test_f2_a_stop_answers_first_and_a_restart_knows_everything() -> None:
    async with running("--accept-unknown-stations", "--accept-unknown-tokens") as server:
        answer = await server.request("PUT", "/profile-assignments", json={"rules": RULES})
        answer.raise_for_status()
        before = {}
        for version, protocol in VERSIONS.items():
            async with charger(server, f"PUSH-{version}", protocol) as station:
                transaction, _ = await start(station, version)
                call = await station.next_call("SetChargingProfile")
                await station.answer(call, {"status": "Accepted"})
                session = await only_session(server, f"PUSH-{version}")
                await pushes(server, session["id"], "accepted")
                before[version] = (session["id"], transaction)
        async with (
            connected(server, "PUSH-1.6") as first,
            connected(server, "PUSH-2.0.1", "ocpp2.0.1") as second,
            connected(server, "IDLE") as idle,
        ):
            asking = relay(server, "IDLE", "ClearCache", {})
            await idle.next_call("ClearCache")
            sent = await _send_meter_values(first, second, before)
            began = time.monotonic()
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            for station, ids in zip((first, second), sent, strict=True):
                assert await _answered_until_closed(station) == [*ids, 1012]
            assert await stopping == 0
            assert time.monotonic() - began < 10
            assert (await asking).status_code in {409, 503, 504}
        assert server.troubles() == []
        await asyncio.to_thread(server.start)
        await _look_after_restart(server, before)


async def _send_meter_values(first: Charger, second: Charger, before) -> list[list[str]]:
    """Sends values in a row, and waits for a pong behind them, so that all have been read."""
    sent: list[list[str]] = []
    for station, version in ((first, "1.6"), (second, "2.0.1")):
        _, transaction = before[version]
        ids = [f"stop-{number}" for number in range(30)]
        for number, message_id in enumerate(ids, 1):
            if version == "1.6":
                sample = {
                    "timestamp": now(number),
                    "sampledValue": [{"value": str(1000 + number)}],
                }
                said = [2, message_id, "MeterValues", {"connectorId": 2, "meterValue": [sample]}]
                said[3]["transactionId"] = int(transaction)
            else:
                payload = event(transaction, number, "Updated", 1000 + number)
                said = [2, message_id, "TransactionEvent", payload]
            await station.socket.send(json.dumps(said))
        sent.append(ids)
    for station in (first, second):
        await (await station.socket.ping())
    return sent


async def _answered_until_closed(station: Charger) -> list[Any]:
    """The IDs of the answers, then the code that the connection was closed with."""
    answered: list[Any] = []
    while True:
        try:
            frame = await station.receive()
        except ConnectionClosed as closed:
            return [*answered, None if closed.rcvd is None else closed.rcvd.code]
        if frame[0] == 2:
            continue  # a call of the server, which nobody answers
        assert frame[0] == 3
        answered.append(frame[1])


async def _look_after_restart(server: Running, before) -> None:
    for version, protocol in VERSIONS.items():
        session_id, transaction = before[version]
        session = await only_session(server, f"PUSH-{version}")
        assert session["id"] == session_id
        assert session["energy_wh"] == 30
        assert session["limit_now"]["limit_a"] == 16
        async with connected(server, f"PUSH-{version}", protocol) as station:
            assert "currentTime" in (await station.call("Heartbeat", {}))[2]
            if version == "1.6":
                payload = {"transactionId": int(transaction), "meterStop": 1500}
                await station.call("StopTransaction", {**payload, "timestamp": now(40)})
            else:
                payload = event(transaction, 31, "Ended", 1500)
                await station.call("TransactionEvent", payload)
            again = await station.next_call("SetChargingProfile")
            _check_push(again[3], version, transaction)
        session = await only_session(server, f"PUSH-{version}")
        assert session["ended_at"] is not None
        assert session["energy_wh"] == 500


@pytest.mark.parametrize("protocol", VERSIONS.values())
async def test_a_start_whose_answer_cannot_leave_gets_its_profile_later(server: Running, protocol):
    """The start and the close of the connection come as one."""
    name = f"PUSH-LEFT-{protocol}"
    action, payload = "TransactionEvent", event("tx-left", 0, "Started", 1000)
    if protocol == "ocpp1.6":
        action = "StartTransaction"
        payload = {"connectorId": 2, "idTag": "TAG1", "meterStart": 1000, "timestamp": now()}
    said = json.dumps([2, "s", action, payload]).encode()
    async with charger(server, name, protocol):
        pass
    async with opened(server.port) as wire:
        await wire.send(upgrade(f"/{name}", protocol=protocol))
        assert (await wire.reply()).status == 101
        await wire.send(frame(TEXT, said) + frame(CLOSE, (1001).to_bytes(2)))
        assert await wire.close_code() == 1001
    async with connected(server, name, protocol) as station:
        call = await station.next_call("SetChargingProfile")
        await station.answer(call, {"status": "Accepted"})
        session = await only_session(server, name)
        await pushes(server, session["id"], "accepted")


async def test_an_unknown_station_is_taken_in_only_by_an_upgrade(server: Running):
    reply = await ask(server.port, upgrade("/GHOST", protocol="soap"))
    assert reply.status == 400
    assert (await relay(server, "GHOST", "ClearCache", {})).status_code == 404


@pytest.mark.parametrize("version", VERSIONS)
async def test_b02_a_pending_station_is_accepted_on_the_same_connection(server: Running, version):
    name, protocol = f"PENDING-{version}", VERSIONS[version]
    await server.put(f"/stations/{name}", registration="pending")
    async with connected(server, name, protocol) as station:
        answer = await station.call("BootNotification", BOOTS[protocol])
        assert answer[2]["status"] == "Pending"
        assert 54 <= answer[2]["interval"] <= 66
        refused = await station.call("Heartbeat", {})
        assert refused[0] == 4
        assert refused[2] == "SecurityError"
        await server.put(f"/stations/{name}", registration="accepted")
        answer = await station.call("BootNotification", BOOTS[protocol])
        assert answer[2]["status"] == "Accepted"
        assert 270 <= answer[2]["interval"] <= 330
        assert "currentTime" in (await station.call("Heartbeat", {}))[2]
