"""The raw relay, against the fixed part of the API."""

import asyncio
import json

import pytest


async def call(node, station, action, payload=None, **query):
    kwargs = {} if payload is None else {"content": payload}
    return await node.http.post(f"/stations/{station}/calls/{action}", params=query, **kwargs)


def fields(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    return [each["field"] for each in answer.json()["errors"]]


async def test_a_call_leaves_exactly_as_given_and_brings_the_answer_back(node):
    async with node.station("CP1") as station:
        station.answers["SetChargingProfile"] = (3, {"status": "Rejected"})
        given = (
            '{"csChargingProfiles":{"stackLevel":0,"chargingProfileId":7,'
            '"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative",'
            '"chargingSchedule":{"chargingSchedulePeriod":[{"limit":16.0,"startPeriod":0}],'
            '"chargingRateUnit":"A"}},"connectorId":99}'
        )
        answer = await call(node, "CP1", "SetChargingProfile", given)
        sent = await station.received.get()
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["message_id", "outcome", "payload"]
    assert body["outcome"] == "result"
    assert body["payload"] == {"status": "Rejected"}
    assert sent == f'[2,"{body["message_id"]}","SetChargingProfile",{given}]'


async def test_a_callerror_is_an_answer(node):
    async with node.station("CP1") as station:
        station.answers["Reset"] = (4, "NotSupported", "no", {"why": "cold"})
        answer = await call(node, "CP1", "Reset", '{"type":"Soft"}')
    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("message_id")
    assert body == {
        "outcome": "error",
        "error_code": "NotSupported",
        "error_description": "no",
        "error_details": {"why": "cold"},
    }


async def test_an_empty_body_is_an_empty_payload(node):
    async with node.station("CP1") as station:
        station.answers["ClearCache"] = (3, {"status": "Accepted"})
        answer = await call(node, "CP1", "ClearCache")
        sent = json.loads(await station.received.get())
    assert answer.json()["payload"] == {"status": "Accepted"}
    assert sent[3] == {}


async def test_a_form_content_type_as_of_curl_is_taken_as_json(node):
    async with node.station("CP1") as station:
        station.answers["Reset"] = (3, {"status": "Accepted"})
        headers = {"content-type": "application/x-www-form-urlencoded"}
        url = "/stations/CP1/calls/Reset"
        answer = await node.http.post(url, content='{"type":"Hard"}', headers=headers)
    assert answer.status_code == 200


async def test_a_v201_station_is_asked_in_its_own_words(node):
    async with node.station("CP2", "ocpp2.0.1") as station:
        station.answers["GetVariables"] = (3, {"getVariableResult": []})
        given = '{"getVariableData":[{"component":{"name":"A"},"variable":{"name":"B"}}]}'
        answer = await call(node, "CP2", "GetVariables", given)
        unknown = await call(node, "CP2", "GetConfiguration")
    assert answer.json()["outcome"] == "result"
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ('{"type":"Medium"}', ["type"]),
        ("{}", ["type"]),
        ('{"type":"Soft","more":1}', ["more"]),
        ('{"type":"Soft","type":"Hard"}', ["type"]),
        ("[]", [""]),
        ("null", [""]),
    ],
)
async def test_a_payload_against_the_schema_is_refused_naming_the_field(node, payload, named):
    async with node.station("CP1") as station:
        answer = await call(node, "CP1", "Reset", payload)
        assert station.received.empty()
    assert answer.status_code == 422, answer.text
    assert fields(answer) == named


async def test_a_violation_deep_inside_is_named_with_its_path(node):
    period = {"startPeriod": 0, "limit": "many"}
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]},
    }
    given = json.dumps({"connectorId": 1, "csChargingProfiles": profile})
    async with node.station("CP1"):
        answer = await call(node, "CP1", "SetChargingProfile", given)
    assert fields(answer) == ["csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].limit"]


async def test_malformed_json_is_a_400(node):
    async with node.station("CP1"):
        answer = await call(node, "CP1", "Reset", '{"type":')
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_unknown_station_and_unknown_action_are_404(node):
    async with node.station("CP1"):
        assert (await call(node, "CP1", "Dance")).status_code == 404
        assert (await call(node, "CP1", "StartTransaction")).status_code == 404
        assert (await call(node, "CP1", "RequestStartTransaction")).status_code == 404
    assert (await call(node, "NOBODY", "Reset", '{"type":"Soft"}')).status_code == 404


async def test_a_station_that_is_not_connected_is_409(node):
    async with node.station("CP1"):
        pass
    answer = await call(node, "CP1", "Reset", '{"type":"Soft"}')
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:laddvakt:station-offline"
    assert (await call(node, "CP1", "SetVariables")).status_code == 404


async def test_a_station_that_never_connected_has_the_actions_of_either_version(node):
    await node.http.put("/stations/NEW", json={})
    assert (await call(node, "NEW", "Reset")).status_code == 409
    assert (await call(node, "NEW", "SetVariables")).status_code == 409
    assert (await call(node, "NEW", "Dance")).status_code == 404


async def test_no_answer_in_time_is_504(node):
    async with node.station("CP1"):
        answer = await call(node, "CP1", "ClearCache", timeout_s=1)
    assert answer.status_code == 504
    assert answer.json()["status"] == 504


async def test_a_station_that_leaves_before_it_answers_is_409(node):
    async with node.station("CP1") as station:
        asking = asyncio.create_task(call(node, "CP1", "ClearCache"))
        await station.received.get()
        await station.socket.close()
        answer = await asking
    assert answer.status_code == 409


@pytest.mark.parametrize("timeout_s", ["0", "0.5", "601", "soon", "nan"])
async def test_the_timeout_is_1_to_600_seconds(node, timeout_s):
    answer = await call(node, "CP1", "Reset", timeout_s=timeout_s)
    assert answer.status_code == 422
    assert fields(answer) == ["timeout_s"]
