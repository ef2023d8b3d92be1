"""What real chargers do with their links, row by row, over real sockets (rows 25, 31 to 38).

The numbers are those of the list of complaints; more on each is in test_handshake.py,
test_links.py and test_connections.py.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from running import BOOTS, charger, connected, serving
from websockets.exceptions import ConnectionClosed
from wire import ask, basic, opened, upgrade

if TYPE_CHECKING:
    from running import Charger, Running

HEX_KEY = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
WAIT_S = 20


@pytest.fixture(scope="module")
def server():
    flags = ("--accept-unknown-stations", "--accept-unknown-tokens")
    with serving(*flags) as found:
        yield found


@pytest.fixture(scope="module")
def closed():
    """A server that lets in whom its operator has named."""
    with serving() as found:
        for name, body in {"OPEN": {}, "HEX": {"password": HEX_KEY}, "AFTER": {}}.items():
            httpx.put(f"{found.api}/stations/{name}", json=body).raise_for_status()
        yield found


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def until(server: Running, path: str, is_so: Any, **query: Any) -> dict[str, Any]:
    """Waits until one of a list is so."""
    async with asyncio.timeout(WAIT_S):
        while True:
            for each in (await server.get(path, **query))["items"]:
                if is_so(each):
                    return dict(each)
            await asyncio.sleep(0.05)


async def alert(server: Running, station: str, kind: str, state: str) -> dict[str, Any]:
    return await until(
        server,
        "/alerts",
        lambda each: (each["station_id"], each["state"]) == (station, state),
        kind=kind,
        state=state,
    )


async def says(station: Charger, status: str) -> None:
    payload = {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": now()}
    assert (await station.call("StatusNotification", payload))[0] == 3


async def start(station: Charger, tag: str = "TAG1") -> int:
    payload = {"connectorId": 1, "idTag": tag, "meterStart": 1000, "timestamp": now()}
    return int((await station.call("StartTransaction", payload))[2]["transactionId"])


async def test_25_charging_without_a_transaction_is_an_alert_until_one_begins(server: Running):
    await server.put("/stations/Q25", deviations={"charging_without_session_s": 0.2})
    async with charger(server, "Q25") as station:
        await says(station, "Charging")
        found = await alert(server, "Q25", "CHARGING_WITHOUT_SESSION", "open")
        assert (found["severity"], found["session_id"]) == ("major", None)
        assert found["evidence"]["connector"] == 1
        sampled = [{"value": "1200"}]
        meter = {"connectorId": 1, "meterValue": [{"timestamp": now(), "sampledValue": sampled}]}
        assert (await station.call("MeterValues", meter))[2] == {}
        await start(station)
        found = await alert(server, "Q25", "CHARGING_WITHOUT_SESSION", "cleared")
        assert found["cleared_because"] == "session_began"
        assert found["evidence"]["last_register_wh"] == 1200


async def test_25_another_status_ends_it_too(server: Running):
    await server.put("/stations/Q25-OVER", deviations={"charging_without_session_s": 0.2})
    async with charger(server, "Q25-OVER") as station:
        await says(station, "Charging")
        await alert(server, "Q25-OVER", "CHARGING_WITHOUT_SESSION", "open")
        await says(station, "Available")
        found = await alert(server, "Q25-OVER", "CHARGING_WITHOUT_SESSION", "cleared")
        assert found["cleared_because"] == "status_changed"


@pytest.mark.parametrize("way", ["operation", "relayed"])
async def test_25_an_accepted_start_that_nothing_follows_is_an_alert(way):
    flags = ("--accept-unknown-stations", "--accept-unknown-tokens", "--clock-speed", "200")
    with serving(*flags) as server:
        async with charger(server, "Q25") as station:
            path, body = "operations/start_transaction", {"token": "TAG1", "evse": 1}
            if way == "relayed":
                path, body = "calls/RemoteStartTransaction", {"idTag": "TAG1", "connectorId": 1}
            asking = asyncio.create_task(server.request("POST", f"/stations/Q25/{path}", json=body))
            call = await station.next_call("RemoteStartTransaction")
            await station.answer(call, {"status": "Accepted"})
            assert (await asking).status_code in {200, 202}
            found = await alert(server, "Q25", "START_WITHOUT_SESSION", "open")
            assert (found["severity"], found["evidence"]["starts"]) == ("minor", 1)
            assert found["evidence"]["newest"][0]["token"] == "TAG1"
            await start(station, "ANOTHER")
            found = await alert(server, "Q25", "START_WITHOUT_SESSION", "cleared")
            assert found["cleared_because"] == "session_began"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (",ocpp2.0.1", "ocpp2.0.1"),
        ("ocpp2.0.1, ocpp1.6", "ocpp2.0.1"),
        ("ocpp1.6,ocpp2.0.1", "ocpp1.6"),
        ("ocpp2.1, ocpp1.6,", "ocpp1.6"),
    ],
)
async def test_31_odd_lists_of_subprotocols_are_read(closed: Running, offered, chosen):
    reply = await ask(closed.port, upgrade("/OPEN", protocol=offered))
    assert (reply.status, reply.headers["sec-websocket-protocol"]) == (101, chosen)


async def test_31_what_was_offered_in_vain_is_logged(closed: Running):
    assert (await ask(closed.port, upgrade("/OPEN", protocol="ocpp1.5, soap"))).status == 400
    line = await asyncio.to_thread(closed.wait_for, "station.refused", station="OPEN")
    assert line["offered"] == ["ocpp1.5", "soap"]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_31_a_station_may_have_a_version_by_default(closed: Running, version):
    name = f"DEFAULT-{version}"
    await closed.put(f"/stations/{name}", default_protocol=version)
    async with opened(closed.port) as wire:
        await wire.send(upgrade(f"/{name}", protocol=None))
        assert (await wire.reply()).status == 101
        await asyncio.to_thread(
            closed.wait_for, "station.connected", station=name, protocol=version
        )


async def test_31_without_connection_upgrade_it_is_a_plain_request(closed: Running):
    request = upgrade("/OPEN").replace(b"Connection: Upgrade\r\n", b"")
    assert b"Connection" not in request
    assert 400 <= (await ask(closed.port, request)).status < 500


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ocpp/Q32-1/", "Q32-1"),
        ("/ocpp/Q%7C32", "Q|32"),
        ("/ocpp/Q32+2", "Q32+2"),
        ("/ocpp/Q-3-2", "Q-3-2"),
        ("/ocpp/ws://csms.example.com:80/ocpp/Q32-3", "Q32-3"),
        ("/Q32-4?vendor=x", "Q32-4"),
        ("/a/b/c/" + "Q" * 48, "Q" * 48),
    ],
)
async def test_32_the_name_is_found_in_any_path(server: Running, path, name):
    async with opened(server.port) as wire:
        await wire.send(upgrade(path))
        assert (await wire.reply()).status == 101
        await asyncio.to_thread(server.wait_for, "station.connected", station=name)
    assert (await server.get(f"/stations/{quote(name, safe='')}"))["id"] == name


@pytest.mark.parametrize(
    ("path", "status", "shown"),
    [
        ("/ocpp/STRANGER", 401, "STRANGER"),
        ("/ocpp/", 404, None),
        ("/ocpp/" + "Q" * 49, 404, "/ocpp/" + "Q" * 49),
        ("/ocpp/a%2Fb", 404, "/ocpp/a%2Fb"),
    ],
)
async def test_32_whom_nobody_knows_is_shown(closed: Running, path, status, shown):
    assert (await ask(closed.port, upgrade(path))).status == status
    if shown is not None:
        found = await until(closed, "/unknown-stations", lambda each: each["station_id"] == shown)
        assert found["why"]


@pytest.mark.parametrize(
    "sent", [HEX_KEY.encode(), HEX_KEY.lower().encode(), bytes.fromhex(HEX_KEY)]
)
async def test_33_a_key_is_the_same_in_hexadecimal_and_as_bytes(closed: Running, sent):
    assert (await ask(closed.port, upgrade("/HEX", basic("HEX", sent)))).status == 101


async def test_33_another_user_name_is_refused_with_the_reason_in_the_log(closed: Running):
    request = upgrade("/HEX", basic("SOMEBODY", HEX_KEY.encode()))
    assert (await ask(closed.port, request)).status == 401
    line = await asyncio.to_thread(closed.wait_for, "station.refused", station="HEX")
    assert "user name" in line["why"]


async def test_34_pings_and_pongs_are_as_the_station_needs_them(server: Running):
    """One is pinged each fifth of a second, the other never, and no pong is wanted of either."""
    await server.put("/stations/Q34-OFTEN", ping_interval_s=0.2, pong_required=False)
    await server.put("/stations/Q34-NEVER", ping_interval_s=0)
    seen = {}
    for name in ("Q34-OFTEN", "Q34-NEVER"):
        async with opened(server.port) as wire:
            await wire.send(upgrade(f"/{name}"))
            assert (await wire.reply()).status == 101
            try:
                async with asyncio.timeout(3):
                    seen[name] = (await wire.frame())[0]
            except TimeoutError:
                seen[name] = None
    assert seen == {"Q34-OFTEN": 9, "Q34-NEVER": None}


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
async def test_35_nothing_is_sent_before_a_boot_that_follows(server: Running, protocol):
    rules = [{"profile": "fixed-current-16a", "station": f"Q35-{protocol}"}]
    await server.put("/profile-assignments", rules=rules)
    try:
        async with connected(server, f"Q35-{protocol}", protocol) as station:
            answer = await station.call("BootNotification", BOOTS[protocol])
            assert (answer[0], station.calls) == (3, [])
            assert (await station.receive())[0] == 2
    finally:
        await server.put("/profile-assignments", rules=[])


async def test_35_who_never_boots_is_served_all_the_same(server: Running):
    rules = [{"profile": "fixed-current-16a", "station": "Q35-MUTE"}]
    await server.put("/profile-assignments", rules=rules)
    try:
        async with connected(server, "Q35-MUTE") as station:
            assert (await station.receive())[0] == 2
    finally:
        await server.put("/profile-assignments", rules=[])


async def test_36_calls_of_both_sides_and_odd_answers_hang_nothing(server: Running):
    answers = {"ClearCache": {"status": "Accepted"}, "GetLocalListVersion": {"listVersion": 0}}
    async with charger(server, "Q36") as station:
        asked = [
            asyncio.create_task(server.request("POST", f"/stations/Q36/calls/{action}", json={}))
            for action in answers
        ]
        first = await station.receive()
        await station.socket.send(json.dumps([3, "another-id", {}]))
        assert (await station.call("Heartbeat", {}))[0] == 3
        assert station.calls == []
        await station.answer(first, answers[first[2]])
        await station.answer(first, answers[first[2]])
        (other,) = answers.keys() - {first[2]}
        await station.answer(await station.next_call(other), answers[other])
        assert [(await each).status_code for each in asked] == [200, 200]
    path = "/stations/Q36/violations"
    await until(server, path, lambda each: each["kind"] == "frame.refused")


async def test_38_long_messages_are_taken_where_they_are_wanted(closed: Running):
    """1 MiB is taken of everybody; what is longer closes the link, and is not closed silently."""
    boot = BOOTS["ocpp1.6"]
    async with charger(closed, "AFTER", max_size=None) as station:
        await station.socket.send(long_frame(900))
        assert (await station.receive())[:2] == [3, "long"]
        await station.socket.send(long_frame(1100))
        with pytest.raises(ConnectionClosed) as ended:
            await station.socket.recv()
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1009
    line = await asyncio.to_thread(closed.wait_for, "station.message_too_long", station="AFTER")
    assert "max_message_kib" in line["hint"]
    await until(closed, "/stations/AFTER/violations", lambda each: each["kind"] == "frame.too_long")
    await closed.put("/stations/AFTER", max_message_kib=4096)
    async with connected(closed, "AFTER", max_size=None) as station:
        assert (await station.call("BootNotification", boot))[0] == 3
        await station.socket.send(long_frame(3000))
        assert (await station.receive())[:2] == [3, "long"]


def long_frame(kib: int) -> str:
    """A DataTransfer of that length."""
    payload = {"vendorId": "V", "data": "x" * (kib * 1024)}
    return json.dumps([2, "long", "DataTransfer", payload])
