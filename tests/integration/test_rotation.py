"""New passwords: who gets in before, between and after, by typed operations and relayed calls."""

from __future__ import annotations

import asyncio
import contextlib
import json

import httpx
import pytest
from running import BOOTS, WAIT_S, Charger, Running, running, serving
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

OLD = "the-old-password-1"
NEW = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
OTHER = "ffeeddccbbaa99887766554433221100ffeeddcc"
PROTOCOLS = ["ocpp1.6", "ocpp2.0.1"]


@pytest.fixture(scope="module")
def server():
    with serving() as found:
        yield found


async def made(server: Running, station: str) -> str:
    await server.put(f"/stations/{station}", password=OLD)
    return station


def attempt(server: Running, station: str, password: str | bytes, protocol: str = "ocpp1.6"):
    header = httpx.BasicAuth(station, password)._auth_header
    return connect(
        server.url(station),
        subprotocols=[protocol],
        compression=None,
        additional_headers={"Authorization": header},
        open_timeout=WAIT_S,
    )


async def opens(server: Running, station: str, password: str | bytes) -> bool:
    with contextlib.suppress(InvalidStatus):
        async with attempt(server, station, password):
            return True
    return False


@contextlib.asynccontextmanager
async def booted(server: Running, station: str, password: str, protocol: str):
    async with attempt(server, station, password, protocol) as socket:
        charger = Charger(socket)
        await charger.call("BootNotification", BOOTS[protocol])
        yield charger


def rotation(protocol: str, password: str) -> tuple[str, dict]:
    if protocol == "ocpp1.6":
        return "ChangeConfiguration", {"key": "AuthorizationKey", "value": password}
    named = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    return "SetVariables", {"setVariableData": [{**named, "attributeValue": password}]}


def answer(protocol: str, status: str) -> dict:
    if protocol == "ocpp1.6":
        return {"status": status}
    named = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    return {"setVariableResult": [{**named, "attributeStatus": status}]}


async def relayed(server: Running, station: str, protocol: str, password: str, **query):
    action, payload = rotation(protocol, password)
    path = f"/stations/{station}/calls/{action}"
    return await server.request("POST", path, json=payload, params=query)


def sent(protocol: str, call: list) -> str:
    """The password in a call of ours."""
    if protocol == "ocpp1.6":
        return call[3]["value"]
    return call[3]["setVariableData"][0]["attributeValue"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_09_tc_073_after_accepted_only_the_new_password_opens(server, protocol):
    station = await made(server, f"ACC-{protocol}")
    async with booted(server, station, OLD, protocol) as charger:
        asking = asyncio.create_task(relayed(server, station, protocol, NEW))
        call = await charger.next_call(rotation(protocol, NEW)[0])
        await charger.answer(call, answer(protocol, "Accepted"))
        assert (await asking).json()["payload"] == answer(protocol, "Accepted")
    assert await opens(server, station, NEW)
    assert not await opens(server, station, OLD)
    assert await opens(server, station, bytes.fromhex(NEW))


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_10_after_rejected_only_the_old_password_opens(server, protocol):
    station = await made(server, f"REJ-{protocol}")
    async with booted(server, station, OLD, protocol) as charger:
        asking = asyncio.create_task(relayed(server, station, protocol, NEW))
        call = await charger.next_call(rotation(protocol, NEW)[0])
        await charger.answer(call, answer(protocol, "Rejected"))
        assert (await asking).status_code == 200
        assert (await charger.call("Heartbeat", {}))[0] == 3  # the connection lives on
    assert not await opens(server, station, NEW)
    assert await opens(server, station, OLD)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_error_leaves_the_old_password(server, protocol):
    station = await made(server, f"ERR-{protocol}")
    async with booted(server, station, OLD, protocol) as charger:
        asking = asyncio.create_task(relayed(server, station, protocol, NEW))
        call = await charger.next_call(rotation(protocol, NEW)[0])
        await charger.socket.send(json.dumps([4, call[1], "InternalError", "", {}]))
        assert (await asking).json()["outcome"] == "error"
    assert not await opens(server, station, NEW)
    assert await opens(server, station, OLD)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_between_the_call_and_its_answer_both_open_and_the_new_one_decides(server, protocol):
    station = await made(server, f"MID-{protocol}")
    async with booted(server, station, OLD, protocol) as charger:
        asking = asyncio.create_task(relayed(server, station, protocol, NEW))
        await charger.next_call(rotation(protocol, NEW)[0])
        assert await opens(server, station, NEW)
    assert (await asking).status_code == 409
    assert await opens(server, station, NEW)
    assert not await opens(server, station, OLD)


async def test_without_an_answer_the_one_that_is_used_decides(server):
    station = await made(server, "NONE")
    async with booted(server, station, OLD, "ocpp1.6") as charger:
        asking = asyncio.create_task(relayed(server, station, "ocpp1.6", NEW))
        await charger.next_call("ChangeConfiguration")
    assert (await asking).status_code == 409
    assert await opens(server, station, OLD)
    assert not await opens(server, station, NEW)
    assert await opens(server, station, OLD)


async def test_one_that_waits_for_a_reboot_holds_from_its_first_use(server):
    station = await made(server, "DEFERRED")
    async with booted(server, station, OLD, "ocpp1.6") as charger:
        asking = asyncio.create_task(relayed(server, station, "ocpp1.6", NEW))
        call = await charger.next_call("ChangeConfiguration")
        await charger.answer(call, {"status": "RebootRequired"})
        assert (await asking).status_code == 200
    assert await opens(server, station, OLD)
    assert await opens(server, station, NEW)
    assert not await opens(server, station, OLD)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_random_password_that_nobody_is_shown(server, protocol):
    station = await made(server, f"RND-{protocol}")
    async with booted(server, station, OLD, protocol) as charger:
        path = f"/stations/{station}/operations/rotate_password"
        asking = asyncio.create_task(server.request("POST", path, json={}))
        call = await charger.next_call(rotation(protocol, NEW)[0])
        password = sent(protocol, call)
        await charger.answer(call, answer(protocol, "Accepted"))
        shown = await asking
    assert len(bytes.fromhex(password)) == 20
    assert shown.json()["state"] == "done"
    assert password not in shown.text
    assert await opens(server, station, password)
    assert not await opens(server, station, OLD)


async def test_a_password_of_ones_own_is_bytes_in_16(server):
    station = await made(server, "TEXT")
    text = "sixteen-letters!"
    async with booted(server, station, OLD, "ocpp1.6") as charger:
        path = f"/stations/{station}/operations/rotate_password"
        asking = asyncio.create_task(server.request("POST", path, json={"password": text}))
        call = await charger.next_call("ChangeConfiguration")
        assert call[3] == {"key": "AuthorizationKey", "value": text.encode().hex()}
        await charger.answer(call, {"status": "Accepted"})
        assert (await asking).json()["state"] == "done"
    assert await opens(server, station, text)
    assert await opens(server, station, text.encode().hex())
    assert not await opens(server, station, OLD)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_refused_rotation_is_told(server, protocol):
    station = await made(server, f"TLD-{protocol}")
    async with booted(server, station, OLD, protocol) as charger:
        path = f"/stations/{station}/operations/rotate_password"
        asking = asyncio.create_task(server.request("POST", path, json={"password": NEW}))
        call = await charger.next_call(rotation(protocol, NEW)[0])
        await charger.answer(call, answer(protocol, "Rejected"))
        shown = (await asking).json()
    assert (shown["state"], shown["status"]) == ("refused", "Rejected")
    assert not await opens(server, station, NEW)


async def test_a_rotation_does_not_wait_for_a_station_that_is_away(server):
    station = await made(server, "AWAY")
    path = f"/stations/{station}/operations/rotate_password"
    asked = await server.request("POST", path, json={}, params={"expires_in_s": 3600})
    assert asked.status_code == 409


async def test_what_holds_a_secret_does_not_wait_either(server):
    station = await made(server, "AWAY-2")
    path = f"/stations/{station}/operations/set_variables"
    body = {"variables": [{"variable": "AuthorizationKey", "value": NEW}]}
    asked = await server.request("POST", path, json=body, params={"expires_in_s": 3600})
    assert asked.status_code == 409
    assert NEW not in asked.text


async def test_a_typed_set_variables_is_a_rotation_as_well(server):
    station = await made(server, "TYPED")
    async with booted(server, station, OLD, "ocpp1.6") as charger:
        path = f"/stations/{station}/operations/set_variables"
        body = {"variables": [{"variable": "AuthorizationKey", "value": NEW}]}
        asking = asyncio.create_task(server.request("POST", path, json=body))
        call = await charger.next_call("ChangeConfiguration")
        await charger.answer(call, {"status": "Accepted"})
        assert NEW not in (await asking).text
    assert await opens(server, station, NEW)
    assert not await opens(server, station, OLD)


async def test_two_rotations_at_once_end_with_the_last_one_accepted(server):
    station = await made(server, "TWICE")
    async with booted(server, station, OLD, "ocpp1.6") as charger:
        asking = [
            asyncio.create_task(relayed(server, station, "ocpp1.6", password))
            for password in (NEW, OTHER)
        ]
        order = []
        for _ in asking:
            call = await charger.next_call("ChangeConfiguration")
            order.append(call[3]["value"])
            await charger.answer(call, {"status": "Accepted"})
        assert {(await each).status_code for each in asking} == {200}
    assert await opens(server, station, order[1])
    assert not await opens(server, station, order[0])
    assert not await opens(server, station, OLD)


async def test_t3_no_secret_leaves_while_connections_replace_each_other(server):
    station = await made(server, "TAKEN")
    path = f"/stations/{station}/operations/rotate_password"
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(8):
            socket = await stack.enter_async_context(attempt(server, station, OLD))
        await asyncio.to_thread(server.wait_for, "station.takeovers", station=station)
        charger = Charger(socket)
        await charger.call("BootNotification", BOOTS["ocpp1.6"])
        refused = await server.request("POST", path, json={})
        assert refused.status_code == 409
        assert "TAKEOVERS" in refused.json()["detail"]
        relaying = asyncio.create_task(relayed(server, station, "ocpp1.6", NEW))
        call = await charger.next_call("ChangeConfiguration")  # a relayed call always leaves
        await charger.answer(call, {"status": "Rejected"})
        assert (await relaying).status_code == 200


STEPS = ["call sent", "accepted", "rejected"]


@pytest.mark.parametrize("step", STEPS)
async def test_f19_a_crash_during_a_rotation_locks_nobody_out(step):
    async with running() as server:
        station = await made(server, "CP-1")
        async with booted(server, station, OLD, "ocpp1.6") as charger:
            asking = asyncio.create_task(relayed(server, station, "ocpp1.6", NEW))
            call = await charger.next_call("ChangeConfiguration")
            if step != "call sent":
                await charger.answer(call, {"status": step.capitalize()})
                assert (await asking).status_code == 200
            server.kill()
            with contextlib.suppress(httpx.HTTPError):
                await asking
        await asyncio.to_thread(server.start)
        if step == "rejected":
            assert not await opens(server, station, NEW)
            assert await opens(server, station, OLD)
        else:
            assert await opens(server, station, NEW)
            assert not await opens(server, station, OLD)
        server.kill()
        await asyncio.to_thread(server.start)
        held, other = (OLD, NEW) if step == "rejected" else (NEW, OLD)
        assert await opens(server, station, held)
        assert not await opens(server, station, other)
