"""Local authorization lists over the API: full, differential, in parts, and kept in step."""

import asyncio
import json

import pytest

from csms.engine.token_settings import TokenSettings

ACCEPTED = (3, {"status": "Accepted"})


async def ask(node, station, name, **body):
    return await node.http.post(f"/stations/{station}/operations/{name}", json=body)


async def relay(node, station, action, **body):
    answer = await node.http.post(f"/stations/{station}/calls/{action}", json=body)
    assert answer.status_code == 200, answer.text


async def put(node, token, **body):
    answer = await node.http.put(f"/tokens/{token}", json=body)
    assert answer.status_code in {200, 201}, answer.text


async def sent(station):
    return json.loads(await asyncio.wait_for(station.received.get(), 20))[3]


async def listed(node, station):
    return await node.get(f"/stations/{station}/local-list")


async def test_a_full_list_of_16_then_what_has_changed(node):
    await put(node, "A", parent="FAMILY")
    await put(node, "B", expires_at="2030-01-01T00:00:00Z")
    await put(node, "C", status="Blocked")
    await put(node, "MUCH-TOO-LONG-FOR-AN-OLD-STATION")
    async with node.station("CP1") as station:
        station.answers["SendLocalList"] = ACCEPTED
        await ask(node, "CP1", "send_local_list")
        full = await sent(station)
        assert (full["listVersion"], full["updateType"]) == (1, "Full")
        assert full["localAuthorizationList"][0] == {
            "idTag": "C",
            "idTagInfo": {"status": "Blocked"},
        }
        assert sorted(full["localAuthorizationList"], key=lambda each: each["idTag"])[:2] == [
            {"idTag": "A", "idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}},
            {
                "idTag": "B",
                "idTagInfo": {"status": "Accepted", "expiryDate": "2030-01-01T00:00:00Z"},
            },
        ]
        await put(node, "A", status="Blocked", parent="FAMILY")
        await node.http.delete("/tokens/B")
        await put(node, "D")
        told = (await ask(node, "CP1", "send_local_list")).json()
        assert (told["state"], told["status"]) == ("done", "Accepted")
        assert await sent(station) == {
            "listVersion": 2,
            "localAuthorizationList": [
                {"idTag": "B"},
                {"idTag": "A", "idTagInfo": {"status": "Blocked", "parentIdTag": "FAMILY"}},
                {"idTag": "D", "idTagInfo": {"status": "Accepted"}},
            ],
            "updateType": "Differential",
        }
        known = await listed(node, "CP1")
    assert (known["version"], known["count"], known["is_full_needed"]) == (2, 3, False)
    assert {each["token"]: each["status"] for each in known["tokens"]} == {
        "A": "Blocked",
        "C": "Blocked",
        "D": "Accepted",
    }


async def test_lists_of_201_come_in_parts_and_the_first_refusal_ends_them(node):
    for name in "ABCDE":
        await put(node, name, type="ISO14443")
    await node.http.put("/stations/CP2", json={"items_per_message": {"SendLocalList": 2}})
    async with node.station("CP2", "ocpp2.0.1") as station:
        station.answers["SendLocalList"] = ACCEPTED
        await ask(node, "CP2", "send_local_list", update_type="Full")
        parts = [await sent(station) for _ in range(3)]
        kinds = [(part["versionNumber"], part["updateType"]) for part in parts]
        assert kinds == [(1, "Full"), (2, "Differential"), (3, "Differential")]
        assert [len(part["localAuthorizationList"]) for part in parts] == [2, 2, 1]
        assert parts[0]["localAuthorizationList"][0]["idToken"]["type"] == "ISO14443"
        assert ((await listed(node, "CP2"))["version"], len(parts)) == (3, 3)
        station.answers["SendLocalList"] = (3, {"status": "Failed"})
        told = (await ask(node, "CP2", "send_local_list", update_type="Full")).json()
        assert (told["state"], told["status"]) == ("refused", "Failed")
        assert (await sent(station))["versionNumber"] == 4
        assert station.received.empty()
        known = await listed(node, "CP2")
        assert (known["version"], known["count"], known["is_full_needed"]) == (3, 5, True)
        station.answers["SendLocalList"] = ACCEPTED
        await ask(node, "CP2", "send_local_list", update_type="Full", tokens=[])
        assert await sent(station) == {"versionNumber": 4, "updateType": "Full"}
        assert (await listed(node, "CP2"))["count"] == 0


@pytest.mark.parametrize(
    ("protocol", "member"), [("ocpp1.6", "listVersion"), ("ocpp2.0.1", "versionNumber")]
)
async def test_a_differential_list_is_above_the_version_that_the_station_tells(
    node, protocol, member
):
    await put(node, "A", type="Central")
    async with node.station("CP1", protocol) as station:
        station.answers["SendLocalList"] = ACCEPTED
        blind = await ask(node, "CP1", "send_local_list", update_type="Differential")
        assert blind.json()["errors"][0]["field"] == "update_type"
        assert "get_local_list_version" in blind.json()["detail"]
        station.answers["GetLocalListVersion"] = (3, {member: 7})
        told = (await ask(node, "CP1", "get_local_list_version")).json()
        assert (told["state"], told["result"]) == ("done", {"version": 7})
        await station.received.get()
        low = await ask(node, "CP1", "send_local_list", update_type="Differential", version=7)
        assert low.json()["errors"][0]["field"] == "version"
        given = {"update_type": "Differential", "tokens": ["A", "GONE"]}
        await ask(node, "CP1", "send_local_list", **given)
        request = await sent(station)
        assert request[member] == 8
        removal, entry = request["localAuthorizationList"]
        assert len(removal) == 1
        assert len(entry) == 2
        known = await listed(node, "CP1")
    assert (known["version"], known["version_told"], known["is_full_needed"]) == (8, 8, True)


async def test_a_token_that_is_gone_is_taken_off_as_it_stands_on_the_list(node):
    await put(node, "A", type="ISO14443")
    async with node.station("CP2", "ocpp2.0.1") as station:
        station.answers["SendLocalList"] = ACCEPTED
        await ask(node, "CP2", "send_local_list")
        await sent(station)
        await node.http.delete("/tokens/A")
        await ask(node, "CP2", "send_local_list", update_type="Differential", tokens=["a"])
        request = await sent(station)
    assert request["localAuthorizationList"] == [{"idToken": {"idToken": "A", "type": "ISO14443"}}]


async def test_relayed_lists_and_versions_count_as_well(node):
    async with node.station("CP1") as station:
        station.answers["SendLocalList"] = (3, {"status": "VersionMismatch"})
        given = {
            "listVersion": 20,
            "updateType": "Full",
            "localAuthorizationList": [{"idTag": "X", "idTagInfo": {"status": "Accepted"}}],
        }
        await relay(node, "CP1", "SendLocalList", **given)
        refused = await listed(node, "CP1")
        assert (refused["version"], refused["last_status"]) == (None, "VersionMismatch")
        station.answers["SendLocalList"] = ACCEPTED
        await relay(node, "CP1", "SendLocalList", **given)
        taken = await listed(node, "CP1")
        assert (taken["version"], taken["tokens"][0]["token"]) == (20, "X")
        removal = {**given, "listVersion": 21, "updateType": "Differential"}
        removal["localAuthorizationList"] = [{"idTag": "X"}]
        await relay(node, "CP1", "SendLocalList", **removal)
        assert (await listed(node, "CP1"))["count"] == 0
        station.answers["GetLocalListVersion"] = (3, {"listVersion": -1})
        await relay(node, "CP1", "GetLocalListVersion")
        assert (await listed(node, "CP1"))["is_supported"] is False
        none = await ask(node, "CP1", "send_local_list")
        assert "has no local authorization list" in none.json()["detail"]
        station.answers["GetLocalListVersion"] = (3, {"listVersion": 0})
        await relay(node, "CP1", "GetLocalListVersion")
        known = await listed(node, "CP1")
        assert (known["version"], known["version_told"], known["is_supported"]) == (None, 0, True)


async def test_lists_are_kept_in_step_where_the_operator_wants_it(node):
    rules = TokenSettings(local_lists=True, local_lists_after_s=0)
    node.hub.engine.policy.token_rules = rules
    await put(node, "A")
    async with node.station("CP1") as station:
        station.answers["GetLocalListVersion"] = (3, {"listVersion": 0})
        station.answers["SendLocalList"] = ACCEPTED
        assert await sent(station) == {}
        assert (await sent(station))["updateType"] == "Full"
        await node.noted("local_list.accepted", version=1)
        await put(node, "A", status="Blocked")
        assert await sent(station) == {
            "listVersion": 2,
            "localAuthorizationList": [{"idTag": "A", "idTagInfo": {"status": "Blocked"}}],
            "updateType": "Differential",
        }
        await node.noted("local_list.accepted", version=2)


async def test_nothing_is_sent_where_the_operator_does_not_want_it(node):
    async with node.station("CP1") as station:
        await put(node, "A")
        await station.call("Heartbeat", {})
        assert station.received.empty()


async def test_what_is_believed_survives_a_restart(node, restarted):
    await put(node, "A")
    async with node.station("CP1") as station:
        station.answers["SendLocalList"] = ACCEPTED
        await ask(node, "CP1", "send_local_list", version=5)
        before = await listed(node, "CP1")
    async with restarted() as again:
        assert await listed(again, "CP1") == before
    assert (before["version"], before["count"]) == (5, 1)


async def test_the_cache_is_cleared(node):
    async with node.station("CP1") as station:
        for word, state in (("Accepted", "done"), ("Rejected", "refused")):
            station.answers["ClearCache"] = (3, {"status": word})
            told = (await ask(node, "CP1", "clear_cache")).json()
            assert (told["state"], told["status"]) == (state, word)
            assert await sent(station) == {}
