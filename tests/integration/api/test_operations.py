"""Operations: typed, recorded, sent when the station is there, followed to their outcome."""

import asyncio
import json

import pytest

ACCEPTED = (3, {"status": "Accepted"})


async def ask(node, station, name, body=None, **query):
    path = f"/stations/{station}/operations/{name}"
    return await node.http.post(path, json=body or {}, params=query)


async def known(node, station):
    answer = await node.http.put(f"/stations/{station}", json={})
    assert answer.status_code == 201


async def test_an_operation_leaves_in_the_words_of_its_station_and_is_recorded(node):
    async with node.station("CP1") as old, node.station("CP2", "ocpp2.0.1") as new:
        old.answers["Reset"] = new.answers["Reset"] = (3, {"status": "Rejected"})
        first = await ask(node, "CP1", "reset", {"type": "OnIdle"})
        second = await ask(node, "CP2", "reset", {"type": "Hard", "evse": 1})
        assert json.loads(await old.received.get())[2:] == ["Reset", {"type": "Soft"}]
        assert json.loads(await new.received.get())[2:] == [
            "Reset",
            {"type": "Immediate", "evseId": 1},
        ]
    for answer in (first, second):
        assert answer.status_code == 200
        told = answer.json()
        assert (told["state"], told["status"]) == ("refused", "Rejected")
        assert await node.get(f"/operations/{told['id']}") == told
    listed = (await node.get("/operations", station="CP2"))["items"]
    assert [each["id"] for each in listed] == [second.json()["id"]]


async def test_what_a_version_cannot_carry_is_refused_in_a_sentence(node):
    async with node.station("CP1") as station:
        answer = await ask(node, "CP1", "reset", {"evse": 1})
        assert station.received.empty()
    assert answer.status_code == 409
    assert "whole station" in answer.json()["detail"]
    assert (await node.get("/operations"))["items"] == []


async def test_a_wrong_member_is_named(node):
    async with node.station("CP1"):
        answer = await ask(node, "CP1", "reset", {"type": "Warm", "evsee": 1})
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == {"type", "evsee"}


async def test_an_operation_that_there_is_not_is_told_in_a_sentence(node):
    await known(node, "CP1")
    answer = await ask(node, "CP1", "fly")
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no operation 'fly'")
    nobody = await ask(node, "CP9", "reset")
    assert (nobody.status_code, nobody.json()["detail"]) == (404, "there is no station 'CP9'")


@pytest.mark.parametrize("path", ["/operations", "/certificates"])
async def test_a_state_that_there_is_not_is_named(node, path):
    answer = await node.http.get(path, params={"state": "flying"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "state"


async def test_an_empty_body_counts_as_no_members(node):
    async with node.station("CP1") as station:
        station.answers["ClearCache"] = ACCEPTED
        answer = await node.http.post("/stations/CP1/operations/clear_cache")
        assert (answer.status_code, answer.json()["state"]) == (200, "done")
        missing = await node.http.post("/stations/CP1/operations/reserve_now")
        assert {each["field"] for each in missing.json()["errors"]} == {"token", "expires_at"}


async def test_lists_of_a_wrong_length_or_shape_are_told_in_words(node):
    async with node.station("CP1", "ocpp2.0.1"):
        for ids, says in (([], "must have at least 1"), (1, "must be a list")):
            answer = await ask(node, "CP1", "clear_variable_monitoring", {"ids": ids})
            assert answer.status_code == 422
            assert answer.json()["errors"] == [{"field": "ids", "message": says}]


async def test_a_time_beyond_all_calendars_is_named(node):
    async with node.station("CP1"):
        body = {"location": "https://x.example", "oldest_at": "0001-01-01T00:00:00+14:00"}
        answer = await ask(node, "CP1", "get_log", body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "oldest_at", "message": "is beyond the years 1 to 9999"}
    ]


async def test_a_station_that_is_away_is_told_so_unless_the_operation_may_wait(node):
    await known(node, "CP1")
    answer = await ask(node, "CP1", "reset")
    assert answer.status_code == 409
    assert "expires_in_s" in answer.json()["detail"]
    assert (await ask(node, "CP9", "reset", expires_in_s=60)).status_code == 404


async def test_an_operation_waits_for_its_station_over_a_restart(node, restarted):
    await known(node, "CP1")
    answer = await ask(node, "CP1", "reset", {"type": "Immediate"}, expires_in_s=3600)
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    async with restarted() as again, again.station("CP1") as station:
        station.answers["Reset"] = (3, {"status": "Rejected"})
        sent = json.loads(await asyncio.wait_for(station.received.get(), 20))
        assert sent[2:] == ["Reset", {"type": "Hard"}]
        await again.noted("operation.refused", operation_id=answer.json()["id"])
        told = await again.get(f"/operations/{answer.json()['id']}")
    assert (told["state"], told["status"]) == ("refused", "Rejected")


async def test_an_operation_that_waits_can_be_withdrawn(node):
    await known(node, "CP1")
    waiting = (await ask(node, "CP1", "reset", expires_in_s=3600)).json()
    gone = await node.http.delete(f"/operations/{waiting['id']}")
    assert gone.json()["state"] == "cancelled"
    again = await node.http.delete(f"/operations/{waiting['id']}")
    assert again.status_code == 409
    async with node.station("CP1") as station:
        await station.call("Heartbeat", {})
        assert station.received.empty()


async def test_an_operation_without_an_answer_has_failed(node):
    async with node.station("CP1") as station:
        asking = asyncio.create_task(ask(node, "CP1", "reset"))
        await station.received.get()
        await station.socket.close()
        told = (await asking).json()
    assert (told["state"], told["status"]) == ("failed", None)
    assert "CP1" in told["reason"]


async def test_a_relayed_call_is_recorded_too(node):
    async with node.station("CP1") as station:
        station.answers["Reset"] = (3, {"status": "Rejected"})
        await node.http.post("/stations/CP1/calls/Reset", json={"type": "Soft"})
    (told,) = (await node.get("/operations", operation="call:Reset"))["items"]
    assert (told["state"], told["status"]) == ("refused", "Rejected")
    assert told["requests"] == [{"action": "Reset", "payload": {"type": "Soft"}}]


@pytest.mark.parametrize("way", ["typed", "relayed"])
async def test_more_items_than_a_station_takes_go_in_parts(node, way):
    names = ["a", "b", "c", "d", "e"]
    async with node.station("CP2", "ocpp2.0.1") as station:
        await node.http.put("/stations/CP2", json={"items_per_message": {"GetVariables": 4}})
        asked = [{"component": {"name": "X"}, "variable": {"name": name}} for name in names]
        results = [{"attributeStatus": "Accepted", "attributeValue": "1", **each} for each in asked]
        asking = asyncio.create_task(
            node.http.post("/stations/CP2/calls/GetVariables", json={"getVariableData": asked})
            if way == "relayed"
            else ask(
                node,
                "CP2",
                "get_variables",
                {"variables": [{"component": "X", "variable": name} for name in names]},
            )
        )
        sizes = []
        for part in (results[:4], results[4:]):
            call = json.loads(await station.received.get())
            sizes.append(len(call[3]["getVariableData"]))
            text = json.dumps([3, call[1], {"getVariableResult": part}])
            await station.socket.send(text)
        answer = (await asking).json()
    assert sizes == [4, 1]
    if way == "relayed":
        assert answer["payload"] == {"getVariableResult": results}


async def test_an_operation_that_may_have_reached_its_station_is_not_sent_again(node):
    async with node.station("CP1") as station:
        asking = asyncio.create_task(ask(node, "CP1", "reset", expires_in_s=3600))
        await station.received.get()
        await station.socket.close()
        told = (await asking).json()
    assert told["state"] == "failed"
    async with node.station("CP1") as station:
        await station.call("Heartbeat", {})
        assert station.received.empty()


async def test_items_that_are_all_refused_make_a_relayed_call_refused(node):
    item = {"component": {"name": "X"}, "variable": {"name": "Y"}}
    async with node.station("CP2", "ocpp2.0.1") as station:
        result = {"attributeStatus": "Rejected", **item}
        station.answers["SetVariables"] = (3, {"setVariableResult": [result]})
        await node.http.post(
            "/stations/CP2/calls/SetVariables",
            json={"setVariableData": [{**item, "attributeValue": "1"}]},
        )
    (told,) = (await node.get("/operations", operation="call:SetVariables"))["items"]
    assert (told["state"], told["status"]) == ("refused", "Rejected")


async def test_what_a_station_says_behind_its_answer_is_understood_with_it(node):
    async with node.station("CP2", "ocpp2.0.1") as station:
        for number in range(20):
            asking = asyncio.create_task(ask(node, "CP2", "get_base_report"))
            call = json.loads(await station.received.get())
            report = {
                "requestId": call[3]["requestId"],
                "generatedAt": "2026-11-21T10:00:00Z",
                "seqNo": 0,
            }
            await station.socket.send(json.dumps([3, call[1], {"status": "Accepted"}]))
            await station.call("NotifyReport", report)
            told = (await asking).json()
            found = await node.get(f"/operations/{told['id']}")
            assert (found["state"], found["status"]) == ("done", "Accepted"), number
