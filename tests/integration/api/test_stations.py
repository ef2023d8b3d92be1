import asyncio
import base64

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

SECRET = "0123456789abcdef"


async def put(node, station, **body):
    return await node.http.put(f"/stations/{station}", json=body)


def fields(answer):
    return [each["field"] for each in answer.json()["errors"]]


async def connects(node, station, password=None):
    headers = {}
    if password is not None:
        credentials = base64.b64encode(f"{station}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {credentials}"
    url = f"ws://127.0.0.1:{node.port}/{station}"
    try:
        async with connect(url, subprotocols=["ocpp1.6"], additional_headers=headers):
            await node.noted("station.connected", station=station)
    except InvalidStatus:
        return False
    await node.noted("station.disconnected", station=station)
    return True


async def test_a_put_makes_a_station_known_and_the_next_changes_it(node):
    assert (await node.http.get("/stations/CP1")).status_code == 404
    first = await put(node, "CP1", site="north", registration="pending", ping_interval_s=20)
    assert first.status_code == 201
    again = await put(node, "CP1", items_per_message={"GetVariables": 4})
    assert again.status_code == 200
    shown = await node.get("/stations/CP1")
    assert shown == again.json()
    assert shown["site"] == "north"
    assert shown["registration"] == "pending"
    assert shown["ping_interval_s"] == 20
    assert shown["items_per_message"] == {"GetVariables": 4}
    assert shown["created_at"].endswith("Z")
    assert shown["is_online"] is False
    assert shown["last_seen"] is None


async def test_the_password_is_kept_but_never_shown_and_counts_at_once(node):
    assert (await put(node, "CP1")).status_code == 201
    assert await connects(node, "CP1")
    secured = await put(node, "CP1", security_profile=1, password=SECRET)
    assert secured.json()["has_password"] is True
    assert secured.json()["security_profile"] == 1
    assert SECRET not in secured.text
    assert "scrypt" not in secured.text
    assert not await connects(node, "CP1")
    assert not await connects(node, "CP1", "wrong-password-00")
    assert await connects(node, "CP1", SECRET)
    await put(node, "CP1", password="another-password")
    assert not await connects(node, "CP1", SECRET)
    assert await connects(node, "CP1", "another-password")
    opened = await put(node, "CP1", security_profile=0)
    assert opened.json()["has_password"] is False
    assert await connects(node, "CP1")


async def test_a_password_alone_means_security_profile_1(node):
    assert (await put(node, "CP1", password=SECRET)).json()["security_profile"] == 1


async def test_what_is_decided_survives_a_restart(node, restarted):
    await put(node, "CP1", security_profile=1, password=SECRET, site="north")
    async with restarted() as other:
        assert (await other.get("/stations/CP1"))["site"] == "north"
        assert not await connects(other, "CP1")
        assert await connects(other, "CP1", SECRET)


async def test_a_registration_counts_at_the_next_boot(node):
    await put(node, "CP1", registration="rejected")
    async with node.station("CP1") as station:
        boot = {"chargePointVendor": "Test", "chargePointModel": "T1"}
        assert (await station.call("BootNotification", boot))[2]["status"] == "Rejected"
        await put(node, "CP1", registration="accepted")
        assert (await station.call("BootNotification", boot))[2]["status"] == "Accepted"
        shown = await node.get("/stations/CP1")
    assert shown["vendor"] == "Test"
    assert shown["registration"] == "accepted"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"securityProfile": 1}, ["securityProfile"]),
        ({"security_profile": 4, "password": SECRET}, ["security_profile"]),
        ({"security_profile": 1}, ["password"]),
        ({"security_profile": 0, "password": SECRET}, ["password"]),
        ({"password": ""}, ["password"]),
        ({"password": "x" * 513}, ["password"]),
        ({"registration": "Accepted"}, ["registration"]),
        ({"items_per_message": {"GetVariables": 0}}, ["items_per_message.GetVariables"]),
        ({"items_per_message": {"GetVaribles": 2}}, ["items_per_message"]),
        ({"site": "", "ping_interval_s": -1}, ["site", "ping_interval_s"]),
        ({"site": "nul\0"}, ["site"]),
    ],
)
async def test_a_mistake_is_a_422_that_names_it(node, body, named):
    answer = await put(node, "CP1", **body)
    assert answer.status_code == 422, answer.text
    assert fields(answer) == named
    assert (await node.http.get("/stations/CP1")).status_code == 404


@pytest.mark.parametrize("station", ["a%2Fb", "x" * 49, "%07", "."])
async def test_an_id_that_could_never_connect_is_refused(node, station):
    answer = await put(node, station)
    assert answer.status_code in {404, 405, 422}


async def test_an_odd_id_connects_as_it_was_put(node):
    assert (await put(node, "Bay%203%20%C3%84")).status_code == 201
    assert (await node.get("/stations/Bay%203%20%C3%84"))["id"] == "Bay 3 Ä"


async def test_connectors_show_their_status_while_the_station_is_there(node):
    async with node.station("CP1") as station:
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
        await station.call("StatusNotification", status)
        online = await node.get("/stations/CP1")
    offline = await node.get("/stations/CP1")
    assert online["is_online"] is True
    assert online["protocol"] == "1.6"
    assert [(each["connector"], each["status"]) for each in online["connectors"]] == [
        (1, "Charging")
    ]
    assert offline["is_online"] is False
    assert offline["last_seen"] == offline["disconnected_at"]
    connector = offline["connectors"][0]
    assert (connector["status"], connector["last_status"]) == ("Offline", "Charging")


async def test_stations_are_listed_newest_first_in_pages(node):
    for name in ("A", "B", "C"):
        await put(node, name)
    first = await node.get("/stations", limit=2)
    assert [each["id"] for each in first["items"]] == ["C", "B"]
    second = await node.get("/stations", limit=2, cursor=first["next_cursor"])
    assert [each["id"] for each in second["items"]] == ["A"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "!!", "bnVsbA", "WzEsMl0", "WyIyMDI2LTExLTIxIiwiQSJd"])
async def test_a_broken_cursor_is_a_422(node, cursor):
    answer = await node.http.get("/stations", params={"cursor": cursor})
    assert answer.status_code == 422
    assert fields(answer) == ["cursor"]


@pytest.mark.parametrize("limit", ["0", "1001", "many"])
async def test_a_limit_is_1_to_1000(node, limit):
    answer = await node.http.get("/stations", params={"limit": limit})
    assert answer.status_code == 422
    assert fields(answer) == ["limit"]


async def test_a_connected_station_is_not_deleted(node):
    async with node.station("CP1"):
        answer = await node.http.delete("/stations/CP1")
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:laddvakt:station-online"
    assert (await node.http.delete("/stations/CP1")).status_code == 204
    assert (await node.http.get("/stations/CP1")).status_code == 404
    assert (await node.http.delete("/stations/CP1")).status_code == 404


async def test_a_delete_closes_what_runs_and_keeps_the_sessions(node):
    async with node.station("CP1") as station:
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
        await station.call("StatusNotification", status)
        await station.start_v16()
    assert (await node.http.delete("/stations/CP1")).status_code == 204
    session = (await node.get("/sessions", station="CP1"))["items"][0]
    assert (session["state"], session["stop_reason"]) == ("closed", "station deleted")
    await put(node, "CP1")
    assert (await node.get("/stations/CP1"))["connectors"] == []


async def test_many_changes_at_once_end_in_one_of_them(node):
    answers = await asyncio.gather(*(put(node, "CP1", site=f"s{n}") for n in range(10)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    stored = (await node.store.fetch("station", "CP1"))[0]["doc"]["site"]
    assert (await node.get("/stations/CP1"))["site"] == stored


async def test_thresholds_of_a_station_are_kept_and_taken_back(node, restarted):
    put_them = await put(node, "CP1", deviations={"tolerance_a": 2.5, "confirm_samples": 3})
    assert put_them.json()["deviations"] == {"tolerance_a": 2.5, "confirm_samples": 3}
    await put(node, "CP1", site="north")
    async with restarted() as other:
        shown = await other.get("/stations/CP1")
        assert shown["deviations"] == {"tolerance_a": 2.5, "confirm_samples": 3}
    assert (await put(node, "CP1", deviations={})).json()["deviations"] == {}


@pytest.mark.parametrize(
    ("deviations", "field"),
    [
        ({"tolerance": 2}, "deviations.tolerance"),
        ({"grace_s": -1}, "deviations.grace_s"),
        ({"under_share": 1.5}, "deviations.under_share"),
        ({"confirm_samples": 0}, "deviations.confirm_samples"),
        ({"skew_s": "much"}, "deviations.skew_s"),
        ([1], "deviations"),
    ],
)
async def test_a_threshold_that_cannot_be_is_named(node, deviations, field):
    refused = await put(node, "CP1", deviations=deviations)
    assert (refused.status_code, fields(refused)) == (422, [field])


async def test_a_station_is_shown_as_it_is_described_and_nothing_else(node):
    await put(node, "CP1")
    described = (await node.http.get("/openapi.json")).json()["components"]["schemas"]
    assert (await node.get("/stations/CP1")).keys() == described["StationView"]["properties"].keys()
