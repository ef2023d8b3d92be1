"""Who may connect, under which address, name, password and version: over real sockets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from running import BOOTS, Running, serving
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from wire import ask, basic, opened, upgrade

FIXTURE = Path(__file__).parents[1] / "fixtures" / "hostile" / "http.json"
PASSWORD = "correct-horse"
HEX_KEY = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
STATIONS = {
    "TCK-0001": PASSWORD,
    "TCK-0002": "other-secret",
    "AL1000": HEX_KEY,
    "RDAM 123": PASSWORD,
    "CASE-a": PASSWORD,
    "OPEN-1": None,
}
LATER = {
    "http.auth_brute_force": "has a test of its own",
    "hs.x_forwarded_proto_spoof": "has a test of its own, with a station of profile 2",
    "hs.slowloris_500": "has a test of its own",
    "http.hash_dos": "has a test of its own",
}
CASES = [case for case in json.loads(FIXTURE.read_text()) if case["name"] not in LATER]
GOOD = basic("TCK-0001", PASSWORD.encode())


@pytest.fixture(scope="module")
def server():
    with serving() as found:
        for name, password in STATIONS.items():
            body = {} if password is None else {"password": password}
            httpx.put(f"{found.api}/stations/{name}", json=body).raise_for_status()
        yield found
        listed = httpx.get(f"{found.api}/stations").json()["items"]
        assert {each["id"] for each in listed} == set(STATIONS)


def request_of(case) -> bytes:
    asked = case["http"]
    name = "RDAM 123" if "RDAM" in asked["path"] else "TCK-0001"
    extra = [
        *([f"Authorization: {asked['header']}"] if "header" in asked else []),
        *([basic(name, PASSWORD.encode())] if asked.get("auth") == "good" else []),
        *([basic(name, b"wrong")] if asked.get("auth") == "wrong" else []),
        *(f"X-{number}: y" for number in range(asked.get("extra_headers", 0))),
        *(["X-Long: " + "y" * asked["header_size"]] if "header_size" in asked else []),
        *asked.get("extra", "").replace("chunked +", "chunked\n+").replace("+ ", "").splitlines(),
    ]
    protocol = asked.get("proto", "ocpp1.6")
    if protocol and "*200" in protocol:
        protocol = ",".join([f"x{number}" for number in range(200)] + ["ocpp1.6"])
    return upgrade(
        asked["path"],
        *extra,
        protocol=protocol,
        method=asked.get("method", "GET"),
        version=asked.get("raw", "HTTP/1.1"),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
async def test_hostile_handshake_gets_the_status_due(server: Running, case):
    reply = await ask(server.port, request_of(case))
    assert reply.status in case["expect"]["http"]
    assert b"Traceback" not in reply.body
    assert len(reply.body) < 500


async def test_unknown_station_and_wrong_password_are_told_the_same(server: Running):
    asked = [
        upgrade("/ocpp/NOPE-1", basic("NOPE-1", b"wrong")),
        upgrade("/ocpp/TCK-0001", basic("TCK-0001", b"wrong")),
        upgrade("/ocpp/TCK-0001", basic("TCK-0002", b"other-secret")),
        upgrade("/ocpp/TCK-0001", basic("tck-0001", PASSWORD.encode())),
        upgrade("/ocpp/CASE-A", basic("CASE-A", PASSWORD.encode())),
        upgrade("/ocpp/TCK-0001"),
        upgrade("/ocpp/NOPE-1"),
        upgrade("/ocpp/TCK-0001", "Authorization: Bearer abc"),
        upgrade("/ocpp/TCK-0001", "Authorization: Basic " + "A" * 7000),
        upgrade("/ocpp/TCK-0001", GOOD, GOOD),
    ]
    replies = [await ask(server.port, each) for each in asked]
    shown = {(each.status, each.body, tuple(sorted(each.headers))) for each in replies}
    assert len(shown) == 1
    assert replies[0].status == 401
    assert replies[0].headers["www-authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize(
    "password",
    [
        HEX_KEY.encode(),
        HEX_KEY.lower().encode(),
        bytes.fromhex(HEX_KEY),
        bytes.fromhex(HEX_KEY).hex().upper().encode(),
    ],
)
async def test_tc_085_a_key_is_taken_as_text_and_as_bytes(server: Running, password):
    reply = await ask(server.port, upgrade("/AL1000", basic("AL1000", password)))
    assert reply.status == 101


@pytest.mark.parametrize("sent", [PASSWORD.encode(), PASSWORD.encode().hex().encode()])
async def test_tc_085_a_password_is_taken_as_text_and_in_hexadecimal(server: Running, sent):
    reply = await ask(server.port, upgrade("/TCK-0001", basic("TCK-0001", sent)))
    assert reply.status == 101


@pytest.mark.parametrize(
    "path",
    [
        "/OPEN-1",
        "/OPEN-1/",
        "/ocpp/OPEN-1",
        "/any/prefix/of/any/depth/OPEN-1",
        "//ocpp//OPEN-1//",
        "/ocpp/%4FPEN-1",
        "/ocpp/OPEN-1%2F",
        "/ocpp/OPEN-1?station=TCK-0002&a=/b/c",
    ],
)
async def test_the_last_segment_of_the_path_is_the_station(server: Running, path):
    async with opened(server.port) as wire:
        await wire.send(upgrade(path))
        assert (await wire.reply()).status == 101
        server.wait_for("station.connected", station="OPEN-1")


@pytest.mark.parametrize(
    "path",
    ["/", "/ocpp/%", "/ocpp/%zz", "/ocpp/%FF%FE", "/ocpp/a%2Fb", "/ocpp/%E2%80%AEx", "/ocpp/.."],
)
async def test_a_path_without_a_possible_station_is_not_found(server: Running, path):
    assert (await ask(server.port, upgrade(path, GOOD))).status == 404


async def test_a_path_of_nine_kilobytes_is_refused(server: Running):
    assert 400 <= (await ask(server.port, upgrade("/" + "A" * 9000, GOOD))).status < 500


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("ocpp1.6", "ocpp1.6"),
        ("ocpp2.0.1", "ocpp2.0.1"),
        ("ocpp1.6, ocpp2.0.1", "ocpp1.6"),
        ("ocpp2.0.1,ocpp1.6", "ocpp2.0.1"),
        ("ocpp2.1, ocpp1.5, ocpp1.6", "ocpp1.6"),
        ("ocpp1.6\r\nSec-WebSocket-Protocol: ocpp2.0.1", "ocpp1.6"),
    ],
)
async def test_the_first_version_that_we_speak_in_the_stations_order(
    server: Running, offered, chosen
):
    reply = await ask(server.port, upgrade("/OPEN-1", protocol=offered))
    assert reply.status == 101
    assert reply.headers["sec-websocket-protocol"] == chosen


@pytest.mark.parametrize("offered", [None, "", "ocpp1.5", "ocpp2.1, soap", "OCPP1.6", ",,", "\x00"])
async def test_tc_088_no_version_that_we_speak_refuses_the_upgrade(server: Running, offered):
    reply = await ask(server.port, upgrade("/OPEN-1", protocol=offered))
    assert 400 <= reply.status < 500


async def test_a_station_that_offers_nothing_speaks_what_its_operator_says(server: Running):
    await server.put("/stations/OPEN-1", default_protocol="1.6")
    try:
        reply = await ask(server.port, upgrade("/OPEN-1", protocol=None))
        assert reply.status == 101
        assert "sec-websocket-protocol" not in reply.headers
        assert (await ask(server.port, upgrade("/OPEN-1", protocol="ocpp1.5"))).status == 400
        async with connect(server.url("OPEN-1")) as socket:
            await socket.send(json.dumps([2, "b", "BootNotification", BOOTS["ocpp1.6"]]))
            assert json.loads(await socket.recv())[2]["status"] == "Accepted"
    finally:
        await server.put("/stations/OPEN-1", default_protocol=None)


async def test_a_proxy_that_nobody_has_listed_is_not_believed(server: Running):
    await server.put("/stations/TCK-0001", security_profile=2)
    try:
        spoofed = ("X-Forwarded-Proto: https", "X-Forwarded-For: 127.0.0.1")
        assert (await ask(server.port, upgrade("/TCK-0001", GOOD, *spoofed))).status == 401
    finally:
        await server.put("/stations/TCK-0001", security_profile=1)
    assert (await ask(server.port, upgrade("/TCK-0001", GOOD, *spoofed))).status == 101


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "BREW"])
async def test_a_plain_request_is_answered_4xx_once(server: Running, method):
    request = f"{method} /OPEN-1 HTTP/1.1\r\nHost: csms.example\r\nContent-Length: 2\r\n\r\nhi"
    assert 400 <= (await ask(server.port, request.encode())).status < 500


@pytest.mark.parametrize(
    "junk", [b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n"]
)
async def test_what_is_no_http_ends_the_connection_only(server: Running, junk):
    async with opened(server.port) as wire:
        await wire.send(junk)
        async with asyncio.timeout(20):
            assert b" 101 " not in await wire.reader.read()


@pytest.mark.parametrize(
    "header",
    ["Sec-WebSocket-Key: short", "Sec-WebSocket-Version: 8", "Origin: null"],
)
async def test_a_second_or_wrong_header_of_the_handshake_is_refused(server: Running, header):
    assert 400 <= (await ask(server.port, upgrade("/OPEN-1", header))).status < 500


async def test_deflate_is_agreed_on_only_when_offered(server: Running):
    plain = await ask(server.port, upgrade("/OPEN-1"))
    assert "sec-websocket-extensions" not in plain.headers
    offered = "Sec-WebSocket-Extensions: permessage-deflate"
    assert (
        "sec-websocket-extensions" in (await ask(server.port, upgrade("/OPEN-1", offered))).headers
    )


@pytest.mark.parametrize("bits", [9, 12, 15])
async def test_deflate_works_with_windows_of_any_size(server: Running, bits):
    offer = ClientPerMessageDeflateFactory(server_max_window_bits=bits, client_max_window_bits=bits)
    async with connect(
        server.url("OPEN-1"), subprotocols=["ocpp1.6"], compression=None, extensions=[offer]
    ) as socket:
        assert "permessage-deflate" in socket.response.headers["Sec-WebSocket-Extensions"]
        for number in range(3):
            boot = {**BOOTS["ocpp1.6"], "firmwareVersion": "v" * 40 + str(number)}
            await socket.send(json.dumps([2, str(number), "BootNotification", boot]))
            answer = json.loads(await socket.recv())
            assert answer[:2] == [3, str(number)]


async def test_t6_many_wrong_passwords_at_once_leave_others_served(server: Running):
    async with connect(server.url("OPEN-1"), subprotocols=["ocpp1.6"]) as socket:
        storm = asyncio.gather(
            *(
                ask(server.port, upgrade("/TCK-0001", basic("TCK-0001", b"guess %d" % number)))
                for number in range(100)
            )
        )
        await socket.send(json.dumps([2, "b", "BootNotification", BOOTS["ocpp1.6"]]))
        async with asyncio.timeout(2):
            assert json.loads(await socket.recv())[2]["status"] == "Accepted"
        assert not storm.done()
        statuses = {reply.status for reply in await storm}
    assert statuses == {401, 429}


async def test_a_new_password_replaces_the_old_one(server: Running):
    await server.put("/stations/TCK-0002", password="first-one")

    async def status_with(password: str) -> int:
        credentials = basic("TCK-0002", password.encode())
        return (await ask(server.port, upgrade("/TCK-0002", credentials))).status

    assert await status_with("first-one") == 101
    await server.put("/stations/TCK-0002", password="second-one")
    assert await status_with("first-one") == 401
    assert await status_with("second-one") == 101
