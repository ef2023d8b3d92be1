"""What stations tell of their device model: asked, reported in parts, searched."""

import asyncio
import json
from datetime import UTC, datetime

NOW = "2026-11-21T12:00:00Z"


def component(name="DeviceDataCtrlr", evse=None, **more):
    return {"name": name, **({"evse": {"id": evse}} if evse is not None else {}), **more}


def reported(name, variable, value, instance=None, mutability="ReadWrite", evse=None):
    named = {"name": variable, **({"instance": instance} if instance else {})}
    attribute = {"mutability": mutability, **({"value": value} if value is not None else {})}
    return {
        "component": component(name, evse),
        "variable": named,
        "variableAttribute": [attribute],
        "variableCharacteristics": {"dataType": "string", "supportsMonitoring": False},
    }


DELTA = {"component": "EVSE", "evse": 1, "variable": "AvailabilityState", "type": "Delta"}
ECHOED = ("type", "severity", "component", "variable")
PROFILES = "Core, Reservation"
SECRET = reported("SecurityCtrlr", "BasicAuthPassword", "x" * 16, mutability="WriteOnly")


def part(request_id, sequence, entries, *, more):
    return {
        "requestId": request_id,
        "generatedAt": NOW,
        "seqNo": sequence,
        "tbc": more,
        "reportData": entries,
    }


async def operate(node, name, body, station="CP1", **query):
    return await node.http.post(f"/stations/{station}/operations/{name}", json=body, params=query)


async def variables(node, **query):
    found = await node.get("/stations/CP1/variables", **query)
    return {
        (each["component"], each["variable"], each["instance"], each["evse"]): each["value"]
        for each in found["items"]
    }


async def answered(station, action, answer):
    """Waits for a call, and returns its payload once it has been answered."""
    text = await asyncio.wait_for(station.received.get(), 10)
    frame = json.loads(text)
    assert frame[2] == action
    await station.socket.send(json.dumps([3, frame[1], answer]))
    return frame[3]


async def test_a_base_report_is_joined_whatever_the_order_of_its_parts(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["GetBaseReport"] = [3, {"status": "Accepted"}]
        asked = (await operate(node, "get_base_report", {})).json()
        assert (asked["state"], asked["status"]) == ("accepted", "Accepted")
        number = asked["requests"][0]["payload"]["requestId"]
        assert asked["requests"][0]["payload"]["reportBase"] == "FullInventory"
        for sequence, more in ((2, False), (0, True), (0, True)):
            entries = [reported("EVSE", "Power", str(sequence), evse=sequence + 1)]
            said = await station.call("NotifyReport", part(number, sequence, entries, more=more))
            assert said[2] == {}
        going = await node.get(f"/operations/{asked['id']}")
        assert (going["state"], going["result"]["missing"]) == ("accepted", [1])
        last = [reported("EVSE", "Power", "1", evse=2), SECRET]
        await station.call("NotifyReport", part(number, 1, last, more=True))
        done = await node.get(f"/operations/{asked['id']}")
        assert (done["state"], done["result"]["variables_told"]) == ("done", 4)
        assert done["result"]["parts"] == [0, 1, 2]
        assert await variables(node, component="evse") == {
            ("EVSE", "Power", None, 1): "0",
            ("EVSE", "Power", None, 2): "1",
            ("EVSE", "Power", None, 3): "2",
        }
        assert await variables(node, q="password") == {
            ("SecurityCtrlr", "BasicAuthPassword", None, None): None
        }
        fleet = await node.get("/variables", variable="power", value="2")
        assert [(each["station_id"], each["evse"]) for each in fleet["items"]] == [("CP1", 3)]


async def test_an_empty_result_set_is_a_normal_end(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["GetReport"] = [3, {"status": "EmptyResultSet"}]
        asked = (await operate(node, "get_report", {"criteria": ["Problem"]})).json()
        assert (asked["state"], asked["status"]) == ("done", "EmptyResultSet")
        refused = await operate(node, "get_report", {"criteria": []})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "criteria"


async def test_b_08_five_variables_leave_as_four_and_one_once_the_limit_is_known(node):
    asked = [
        {"component": "DeviceDataCtrl", "variable": "ItemsPerMessage", "instance": "GetReport"},
        {"component": "DeviceDataCtrl", "variable": "ItemsPerMessage", "instance": "GetVariables"},
        {"component": "DeviceDataCtrl", "variable": "BytesPerMessage", "instance": "GetReport"},
        {"component": "DeviceDataCtrl", "variable": "BytesPerMessage", "instance": "GetVariables"},
        {"component": "AuthCtrl", "variable": "AuthorizeRemoteStart"},
    ]

    def results(payload, value="4"):
        return {
            "getVariableResult": [
                {**each, "attributeStatus": "Accepted", "attributeValue": value}
                for each in payload["getVariableData"]
            ]
        }

    async def serve(station, value):
        frame = json.loads(await asyncio.wait_for(station.received.get(), 10))
        await station.socket.send(json.dumps([3, frame[1], results(frame[3], value)]))
        return frame[3]["getVariableData"]

    async with node.station("CP1", "ocpp2.0.1") as station:
        asking = asyncio.create_task(operate(node, "get_variables", {"variables": asked[1:2]}))
        await serve(station, "4")
        assert (await asking).json()["state"] == "done"
        asking = asyncio.create_task(operate(node, "get_variables", {"variables": asked}))
        sent = [await serve(station, "4000"), await serve(station, "4000")]
        told = (await asking).json()
        assert [len(each) for each in sent] == [4, 1]
        shown = [(each["variable"], each.get("instance")) for each in told["result"]["variables"]]
        assert shown == [(each["variable"], each.get("instance")) for each in asked]
        record = await node.get("/stations/CP1")
        assert record["limits_told"]["GetVariables"] == {"items": 4000, "bytes": 4000}
        await node.http.put("/stations/CP1", json={"items_per_message": {"GetVariables": 4}})
        entries = [{"component": {"name": "A"}, "variable": {"name": f"V{n}"}} for n in range(5)]
        body = {"getVariableData": entries}
        relay = node.http.post("/stations/CP1/calls/GetVariables", json=body)
        relaying = asyncio.create_task(relay)
        sent = [await serve(station, "1"), await serve(station, "1")]
        assert [len(each) for each in sent] == [4, 1]
        merged = (await relaying).json()["payload"]["getVariableResult"]
        assert [each["variable"]["name"] for each in merged] == [f"V{n}" for n in range(5)]


async def test_configuration_keys_of_1_6_are_variables_too(node):
    async with node.station("CP1") as station:
        station.answers["GetConfiguration"] = [
            3,
            {
                "configurationKey": [
                    {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
                    {"key": "AuthorizationKey", "readonly": False, "value": "secret-secret-00"},
                    {"key": "SupportedFeatureProfiles", "readonly": True, "value": PROFILES},
                ],
                "unknownKey": ["Nonsense"],
            },
        ]
        asked = (await operate(node, "get_variables", {"variables": []})).json()
        assert asked["requests"] == [{"action": "GetConfiguration", "payload": {}}]
        assert asked["result"]["unknown"] == ["Nonsense"]
        statuses = [each["status"] for each in asked["result"]["variables"]]
        assert statuses == ["Accepted"] * 3 + ["UnknownVariable"]
        kept = await variables(node)
        assert kept["", "HeartbeatInterval", None, None] == "300"
        assert kept["", "AuthorizationKey", None, None] is None
        assert (await node.get("/stations/CP1"))["features"]["smart_charging"] is False
        answers = iter(["Accepted", "RebootRequired", "NotSupported"])
        station.received.get_nowait()
        wanted = [{"variable": key, "value": "-1"} for key in ("HeartbeatInterval", "B", "C")]
        setting = asyncio.create_task(operate(node, "set_variables", {"variables": wanted}))
        for status in answers:
            await answered(station, "ChangeConfiguration", {"status": status})
        told = (await setting).json()
        assert (told["state"], told["status"]) == ("refused", "NotSupported")
        assert [each["status"] for each in told["result"]["variables"]] == [
            "Accepted",
            "RebootRequired",
            "NotSupported",
        ]
        assert (await variables(node))["", "HeartbeatInterval", None, None] == "-1"
        waiting = (await node.get("/stations/CP1/variables", variable="b"))["items"][0]
        assert (waiting["value"], waiting["attributes"]["Actual"]["awaits_reboot"]) == (None, "-1")


async def test_monitors_are_kept_in_step_with_what_is_set_and_cleared(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        wanted = [
            {**DELTA, "value": 1, "severity": 8},
            {"component": "ChargingStation", "variable": "Power", "value": 5, "severity": 3},
        ]
        asked = operate(node, "set_variable_monitoring", {"monitors": wanted})
        setting = asyncio.create_task(asked)
        sent = await _take(station)
        results = [
            {"id": 7 + n, "status": "Accepted", **{name: each[name] for name in ECHOED}}
            for n, each in enumerate(sent[3]["setMonitoringData"])
        ]
        await _reply(station, sent, {"setMonitoringResult": results[::-1]})
        assert (await setting).json()["state"] == "done"
        shown = (await node.get("/stations/CP1/monitors"))["items"]
        assert [(each["id"], each["variable"], each["type"]) for each in shown] == [
            (7, "AvailabilityState", "Delta"),
            (8, "Power", "UpperThreshold"),
        ]
        station.answers["ClearVariableMonitoring"] = [
            3,
            {
                "clearMonitoringResult": [
                    {"id": 7, "status": "Accepted"},
                    {"id": 8, "status": "Rejected"},
                ]
            },
        ]
        cleared = (await operate(node, "clear_variable_monitoring", {"ids": [7, 8]})).json()
        assert (cleared["state"], cleared["status"]) == ("refused", "Rejected")
        shown = (await node.get("/stations/CP1/monitors"))["items"]
        assert [each["id"] for each in shown] == [8]


async def test_events_are_kept_and_tell_a_connectors_state(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        event = {
            "eventId": 1,
            "timestamp": datetime.now(UTC).isoformat(),
            "trigger": "Delta",
            "actualValue": "Occupied",
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "Connector", "evse": {"id": 2, "connectorId": 1}},
            "variable": {"name": "AvailabilityState"},
        }
        odd = {**event, "eventId": 2, "cause": 1, "actualValue": "", "component": {"name": "Other"}}
        said = await station.call(
            "NotifyEvent", {"generatedAt": NOW, "seqNo": 0, "eventData": [event, odd]}
        )
        assert said[2] == {}
        told = (await node.get("/stations/CP1/monitoring-events"))["items"]
        assert [(each["event_id"], each["value"], each["cause"]) for each in told] == [
            (2, "", 1),
            (1, "Occupied", None),
        ]
        [connector] = (await node.get("/stations/CP1"))["connectors"]
        shown = (connector["evse"], connector["connector"], connector["status"])
        assert shown == (2, 1, "Occupied")


async def _take(station):
    return json.loads(await asyncio.wait_for(station.received.get(), 10))


async def _reply(station, frame, payload):
    await station.socket.send(json.dumps([3, frame[1], payload]))
