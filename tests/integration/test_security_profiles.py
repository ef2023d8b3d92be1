"""Moving stations to a higher security profile, unknown stations, and no secret in any sink."""

from __future__ import annotations

import asyncio
import json
import secrets
import tempfile
from pathlib import Path

import httpx
import pytest
from certificates import Authority, an_authority, client, server_files, toml
from running import BOOTS, WAIT_S, Charger, Running, serving
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from wire import ask, upgrade

PASSWORD = "correct-horse-battery"


class Place:
    def __init__(self, server: Running, folder: Path, authority: Authority) -> None:
        self.server, self.folder, self.authority = server, folder, authority
        listening = next(each for each in server.events if each["event"] == "server.listening")
        self.port = int(listening["tls_url"].split(":")[2].split("/")[0])

    def way(self, profile: int, station: str, protocol: str, certificate: Path | None = None):
        """A connection of a station by a security profile."""
        header = httpx.BasicAuth(station, PASSWORD)._auth_header
        options: dict = {
            "subprotocols": [protocol],
            "compression": None,
            "open_timeout": WAIT_S,
            "additional_headers": {"Authorization": header} if profile in {1, 2} else {},
        }
        if profile < 2:
            return connect(self.server.url(station), **options)
        options |= {"ssl": client(self.folder, certificate), "server_hostname": "localhost"}
        return connect(f"wss://127.0.0.1:{self.port}/ocpp/{station}", **options)

    async def opens(self, *way) -> bool:
        try:
            async with self.way(*way):
                return True
        except InvalidStatus as refused:
            if refused.response.status_code != 401:
                raise
            return False


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory(prefix="s5-profiles-", dir="/tmp") as name:
        folder = Path(name)
        ours = an_authority(folder / "ours")
        settings = server_files(folder) | {
            "tls_client_ca": [str(ours.file)],
            "record": str(folder / "record"),
            "log_level": "debug",
        }
        (folder / "csms.toml").write_text(toml(settings))
        with serving("--config", str(folder / "csms.toml")) as server:
            yield Place(server, folder, ours)


async def asked(place: Place, charger: Charger, station: str, call: tuple, said: dict) -> None:
    """Relays a call, and has the station answer it."""
    action, payload = call
    path = f"/stations/{station}/calls/{action}"
    asking = asyncio.create_task(place.server.request("POST", path, json=payload))
    await charger.answer(await charger.next_call(action), said)
    assert (await asking).status_code == 200


def network_profile(profile: int, slot: int = 2) -> tuple[str, dict]:
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://localhost/ocpp",
        "messageTimeout": 30,
        "securityProfile": profile,
        "ocppInterface": "Wired0",
    }
    return "SetNetworkProfile", {"configurationSlot": slot, "connectionData": data}


def priority(slots: str) -> tuple[str, dict, dict]:
    named = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "NetworkConfigurationPriority"},
    }
    return (
        "SetVariables",
        {"setVariableData": [{**named, "attributeValue": slots}]},
        {"setVariableResult": [{**named, "attributeStatus": "Accepted"}]},
    )


async def test_a_19_a_station_that_came_by_a_higher_profile_cannot_go_back(place: Place):
    station, protocol = "UP-201", "ocpp2.0.1"
    certificate = place.authority.station(station)
    await place.server.put(f"/stations/{station}", security_profile=1, password=PASSWORD)
    for old in (1, 2):
        proof = certificate if old == 2 else None
        async with place.way(old, station, protocol) as socket:
            charger = Charger(socket)
            await charger.call("BootNotification", BOOTS[protocol])
            await asked(place, charger, station, network_profile(old + 1), {"status": "Accepted"})
            action, payload, said = priority("2,1")
            await asked(place, charger, station, (action, payload), said)
            await asked(
                place, charger, station, ("Reset", {"type": "Immediate"}), {"status": "Accepted"}
            )
        shown = await place.server.get(f"/stations/{station}")
        assert (shown["security_profile"], shown["next_security_profile"]) == (old, old + 1)
        assert await place.opens(old, station, protocol)  # it may fall back until then
        assert await place.opens(old + 1, station, protocol, proof)
        assert not await place.opens(old, station, protocol)
        assert await place.opens(old + 1, station, protocol, proof)
        shown = await place.server.get(f"/stations/{station}")
        assert (shown["security_profile"], shown["next_security_profile"]) == (old + 1, None)


async def test_tc_083_a_16_station_that_came_by_a_higher_profile_cannot_go_back(place: Place):
    station, protocol = "UP-16", "ocpp1.6"
    await place.server.put(f"/stations/{station}", security_profile=1, password=PASSWORD)
    async with place.way(1, station, protocol) as socket:
        charger = Charger(socket)
        await charger.call("BootNotification", BOOTS[protocol])
        change = ("ChangeConfiguration", {"key": "SecurityProfile", "value": "2"})
        await asked(place, charger, station, change, {"status": "Rejected"})
        assert (await place.server.get(f"/stations/{station}"))["next_security_profile"] is None
        await asked(place, charger, station, change, {"status": "Accepted"})
    assert await place.opens(2, station, protocol)
    assert not await place.opens(1, station, protocol)
    assert await place.opens(2, station, protocol)


async def test_a_slot_that_is_refused_or_not_chosen_changes_nothing(place: Place):
    station, protocol = "STAYS", "ocpp2.0.1"
    await place.server.put(f"/stations/{station}", security_profile=1, password=PASSWORD)
    async with place.way(1, station, protocol) as socket:
        charger = Charger(socket)
        await charger.call("BootNotification", BOOTS[protocol])
        await asked(place, charger, station, network_profile(2, 2), {"status": "Rejected"})
        await asked(place, charger, station, network_profile(1, 1), {"status": "Accepted"})
        action, payload, said = priority("1,2")
        await asked(place, charger, station, (action, payload), said)
    assert await place.opens(2, station, protocol)
    assert await place.opens(1, station, protocol)


async def test_an_operator_raises_and_lowers_a_profile(place: Place):
    station, protocol = "BY-HAND", "ocpp1.6"
    await place.server.put(f"/stations/{station}", security_profile=2, password=PASSWORD)
    assert not await place.opens(1, station, protocol)
    await place.server.put(f"/stations/{station}", security_profile=1)
    assert await place.opens(1, station, protocol)
    await place.server.put(f"/stations/{station}", security_profile=3)
    assert not await place.opens(2, station, protocol)
    assert await place.opens(3, station, protocol, place.authority.station(station))


async def test_set_network_profile_below_the_stations_own_is_refused(place: Place):
    station, protocol = "NP", "ocpp2.0.1"
    await place.server.put(f"/stations/{station}", security_profile=2, password=PASSWORD)
    path = f"/stations/{station}/operations/set_network_profile"
    body = {"configuration_slot": 1, "security_profile": 1, "csms_url": "wss://csms.example/ocpp"}
    async with place.way(2, station, protocol) as socket:
        charger = Charger(socket)
        await charger.call("BootNotification", BOOTS[protocol])
        low = await place.server.request("POST", path, json=body)
        assert low.status_code == 422
        assert low.json()["errors"][0]["field"] == "security_profile"
        good = body | {"security_profile": 2}
        asking = asyncio.create_task(place.server.request("POST", path, json=good))
        call = await charger.next_call("SetNetworkProfile")
        assert call[3] == {
            "configurationSlot": 1,
            "connectionData": {
                "ocppVersion": "OCPP20",
                "ocppTransport": "JSON",
                "ocppCsmsUrl": "wss://csms.example/ocpp",
                "messageTimeout": 30,
                "securityProfile": 2,
                "ocppInterface": "Wired0",
            },
        }
        await charger.answer(call, {"status": "Failed"})
        shown = (await asking).json()
    assert (shown["state"], shown["status"]) == ("refused", "Failed")


async def test_an_unknown_station_is_listed_until_it_is_known(place: Place):
    for path in ("/ocpp/NEW-1/", "/any/prefix/NEW-1", "/ocpp/%4EEW-1"):
        offered = ",ocpp2.0.1"
        assert (await ask(place.server.port, upgrade(path, protocol=offered))).status == 401
    assert (await ask(place.server.port, upgrade("/ocpp/a%7Cb", protocol="ocpp1.6"))).status == 401
    assert (await ask(place.server.port, upgrade("/ocpp/%FF%FE"))).status == 404
    listed = {
        each["station_id"]: each for each in (await place.server.get("/unknown-stations"))["items"]
    }
    new = listed["NEW-1"]
    assert (new["tries"], new["offered"], new["peer"]) == (3, ["ocpp2.0.1"], "127.0.0.1")
    assert new["first_at"] < new["last_at"]
    assert {"a|b", "/ocpp/%FF%FE"} <= listed.keys()
    await place.server.put("/stations/NEW-1", security_profile=0)
    items = (await place.server.get("/unknown-stations"))["items"]
    assert "NEW-1" not in {each["station_id"] for each in items}
    reply = await ask(place.server.port, upgrade("/ocpp/NEW-1", protocol=",ocpp2.0.1"))
    assert (reply.status, reply.headers["sec-websocket-protocol"]) == (101, "ocpp2.0.1")


async def test_a_name_that_is_not_the_stations_is_told_in_the_log(place: Place):
    await place.server.put("/stations/NAMED", password=PASSWORD)
    header = httpx.BasicAuth("OTHER", PASSWORD)._auth_header
    reply = await ask(place.server.port, upgrade("/NAMED", f"Authorization: {header}"))
    assert reply.status == 401
    told = await asyncio.to_thread(place.server.wait_for, "station.refused", station="NAMED")
    assert told["why"] == "the user name is not the station's ID"


async def test_t19_no_secret_reaches_a_sink(place: Place):
    """Passwords in every form and way, then every place that keeps anything is searched."""
    needles = []
    for protocol in ("ocpp1.6", "ocpp2.0.1"):
        station = f"SECRET-{protocol}"
        first = secrets.token_hex(20)
        needles.append(first)
        await place.server.put(f"/stations/{station}", password=first)
        header = httpx.BasicAuth(station, first)._auth_header
        async with connect(
            place.server.url(station),
            subprotocols=[protocol],
            additional_headers={"Authorization": header},
        ) as socket:
            charger = Charger(socket)
            await charger.call("BootNotification", BOOTS[protocol])
            needles += await _rotate_often(place, charger, station, protocol)
            needles += await _tell_secrets(charger, protocol)
    assert len(set(needles)) == len(needles) >= 40
    shown = [
        json.dumps(await place.server.get(path, limit=1000))
        for path in ("/operations", "/stations", "/anomalies", "/security-events", "/quarantine")
    ]
    data = [
        each.read_bytes()
        for folder in (place.server.folder / "var", place.folder / "record")
        for each in folder.rglob("*")
        if each.is_file() and each.suffix not in {".key", ".so"} and not each.is_socket()
    ]
    logged = json.dumps(place.server.events)
    for needle in needles:
        forms = {needle, needle.upper(), needle.encode().hex()}
        assert not any(form in text for form in forms for text in [*shown, logged])
        assert not any(form.encode() in each for form in forms for each in data)


async def _rotate_often(place: Place, charger: Charger, station: str, protocol: str) -> list[str]:
    server, used = place.server, []
    is_16 = protocol == "ocpp1.6"
    action = "ChangeConfiguration" if is_16 else "SetVariables"
    named = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    for number, status in enumerate(["Accepted", "Rejected", "Accepted", None] * 4):
        password = secrets.token_hex(20)
        used.append(password)
        if number % 2:
            path, body = f"/stations/{station}/operations/rotate_password", {"password": password}
        else:
            path = f"/stations/{station}/calls/{action}"
            entry = {**named, "attributeValue": password}
            body = {"key": "AuthorizationKey", "value": password}
            body = body if is_16 else {"setVariableData": [entry]}
        asking = asyncio.create_task(server.request("POST", path, json=body))
        call = await charger.next_call(action)
        if status is None:
            error = [4, call[1], "InternalError", f"no {password}", {"password": password}]
            await charger.socket.send(json.dumps(error))
        else:
            result = {"setVariableResult": [{**named, "attributeStatus": status}]}
            await charger.answer(call, {"status": status} if is_16 else result)
        await asking
    for body in (
        {"password": "Kurz!"},
        {"password": secrets.token_hex(30)},
        {"passwort": "GanzGeheim"},
    ):
        path = f"/stations/{station}/operations/rotate_password"
        refused = await server.request("POST", path, json=body)
        assert refused.status_code == 422
        assert not any(each in refused.text for each in body.values())
    return used


async def _tell_secrets(charger: Charger, protocol: str) -> list[str]:
    """Has the station tell secrets by itself, and in URLs."""
    told = [secrets.token_hex(10) for _ in range(3)]
    if protocol == "ocpp2.0.1":
        report = {
            "requestId": 7,
            "generatedAt": "2026-11-21T12:00:00Z",
            "seqNo": 0,
            "reportData": [
                {
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                    "variableAttribute": [{"type": "Actual", "value": told[0]}],
                }
            ],
        }
        assert (await charger.call("NotifyReport", report))[0] == 3
    content = f"ftp://user:{told[1]}@files.example/x -----BEGIN PRIVATE KEY-----{told[2]}"
    payload = {"vendorId": "com.example", "data": content}
    assert (await charger.call("DataTransfer", payload))[0] == 3
    return told
