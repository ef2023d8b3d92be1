"""Displays, customers, vendors, costs and profiles as operations, over a real socket."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from csms.billing import Price, Prices

ACCEPTED = (3, {"status": "Accepted"})


async def ask(node, name, body, station="CP1"):
    return await node.http.post(f"/stations/{station}/operations/{name}", json=body)


async def sent(station):
    call = json.loads(await asyncio.wait_for(station.received.get(), 20))
    return call[2], call[3]


async def told(node, operation):
    return await node.get(f"/operations/{operation['id']}")


@pytest.fixture
async def station(node):
    async with node.station("CP1", "ocpp2.0.1") as connected:
        yield connected


async def test_o01_a_message_is_believed_once_it_is_accepted(node, station):
    station.answers["SetDisplayMessage"] = ACCEPTED
    body = {"content": "Hej", "priority": "InFront", "end_at": "2099-01-01T00:00:00Z"}
    done = (await ask(node, "set_display_message", body)).json()
    action, request = await sent(station)
    assert (done["state"], action) == ("done", "SetDisplayMessage")
    number = request["message"]["id"]
    (shown,) = (await node.get("/stations/CP1/display-messages"))["items"]
    assert (shown["id"], shown["content"], shown["priority"]) == (number, "Hej", "InFront")
    await ask(node, "set_display_message", {"content": "Nu", "id": number})
    (shown,) = (await node.get("/stations/CP1/display-messages"))["items"]
    assert shown["content"] == "Nu"
    station.answers["ClearDisplayMessage"] = (3, {"status": "Unknown"})
    cleared = (await ask(node, "clear_display_message", {"id": number})).json()
    assert (cleared["state"], cleared["status"]) == ("refused", "Unknown")
    assert (await node.get("/stations/CP1/display-messages"))["items"] == []


async def test_a_refused_message_is_not_believed(node, station):
    station.answers["SetDisplayMessage"] = (3, {"status": "NotSupportedPriority"})
    refused = (await ask(node, "set_display_message", {"content": "Hej"})).json()
    assert (refused["state"], refused["status"]) == ("refused", "NotSupportedPriority")
    assert (await node.get("/stations/CP1/display-messages"))["items"] == []


async def test_o03_messages_come_in_parts_and_settle_what_is_believed(node, station):
    station.answers["SetDisplayMessage"] = station.answers["GetDisplayMessages"] = ACCEPTED
    await ask(node, "set_display_message", {"content": "lost", "id": 99})
    await sent(station)
    asked = (await ask(node, "get_display_messages", {})).json()
    _, request = await sent(station)
    for number, is_more in ((1, True), (2, False)):
        message = {
            "id": number,
            "priority": "NormalCycle",
            "message": {"format": "UTF8", "content": f"m{number}"},
        }
        part = {"requestId": request["requestId"], "messageInfo": [message], "tbc": is_more}
        assert (await station.call("NotifyDisplayMessages", part))[2] == {}
    done = await told(node, asked)
    assert done["state"] == "done"
    assert [each["content"] for each in done["result"]["messages"]] == ["m1", "m2"]
    shown = (await node.get("/stations/CP1/display-messages"))["items"]
    assert [each["id"] for each in shown] == [1, 2]


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_what_ends_before_it_begins_is_refused_and_1_6_has_no_displays(node, version):
    async with node.station("CP2", version) as other:
        body = {
            "content": "x",
            "start_at": "2099-01-02T00:00:00Z",
            "end_at": "2099-01-01T00:00:00Z",
        }
        answer = await ask(node, "set_display_message", body, "CP2")
        assert answer.status_code == 409
        assert other.received.empty()


@pytest.mark.parametrize("report", [True, False])
async def test_n09_what_is_held_of_a_customer_is_joined(node, station, report):
    station.answers["CustomerInformation"] = ACCEPTED
    body = {"report": report, "clear": not report, "customer_identifier": "OCA"}
    asked = (await ask(node, "customer_information", body)).json()
    assert asked["state"] == "accepted"
    _, request = await sent(station)
    assert (request["report"], request["customerIdentifier"]) == (report, "OCA")
    part = {"requestId": request["requestId"], "generatedAt": "2026-01-01T00:00:00Z"}
    for index, is_more in ((1, True), (0, True), (2, False)):
        text = {"data": f"<{index}>", "seqNo": index, "tbc": is_more}
        assert (await station.call("NotifyCustomerInformation", {**part, **text}))[2] == {}
    done = await told(node, asked)
    assert (done["state"], done["result"]["data"]) == ("done", "<0><1><2>")


async def test_a_customer_is_named_in_one_way(node, station):
    for body in ({}, {"token": "T", "customer_identifier": "C"}):
        answer = await ask(node, "customer_information", body)
        assert answer.status_code == 409
    assert station.received.empty()


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_p02_vendors_are_answered_as_the_operator_has_decided(node, version):
    async with node.station("CP2", version) as other:
        transfer = {"vendorId": "com.Example", "messageId": "m1", "data": "x"}

        async def said(**change):
            return (await other.call("DataTransfer", {**transfer, **change}))[2]

        assert await said() == {"status": "UnknownVendorId"}
        body = {"messages": {"m1": {"data": {"a": 1}}, "m2": {"status": "Rejected"}}}
        answer = await node.http.put("/vendors/com.example", json=body)
        assert answer.status_code == 201
        data = '{"a": 1}' if version == "ocpp1.6" else {"a": 1}
        assert await said() == {"status": "Accepted", "data": data}
        assert await said(messageId="m2") == {"status": "Rejected"}
        assert await said(messageId="m3") == {"status": "UnknownMessageId"}
        await node.http.delete("/vendors/com.example")
        assert await said() == {"status": "UnknownVendorId"}


async def test_vendors_outlast_a_restart(node, restarted):
    await node.http.put("/vendors/v", json={"data": "hi"})
    async with restarted() as again:
        assert (await again.get("/vendors/v"))["data"] == "hi"
        async with again.station("CP1") as other:
            answer = await other.call("DataTransfer", {"vendorId": "V"})
            assert answer[2] == {"status": "Accepted", "data": "hi"}


async def test_a_vendor_that_does_not_answer_is_refused_in_time(node, station):
    body = {"url": "http://127.0.0.1:9/nobody", "timeout_s": 0.5}
    await node.http.put("/vendors/v", json=body)
    answer = await station.call("DataTransfer", {"vendorId": "v", "data": {"x": [1]}})
    assert answer[2] == {"status": "Rejected"}


async def test_data_transfer_to_a_station_shows_its_answer(node, station):
    station.answers["DataTransfer"] = (3, {"status": "Accepted", "data": {"B": 2}})
    body = {"vendor_id": "v", "message_id": "m", "data": {"A": 1}}
    done = (await ask(node, "data_transfer", body)).json()
    assert (await sent(station))[1] == {"vendorId": "v", "messageId": "m", "data": {"A": 1}}
    assert (done["state"], done["result"]["data"]) == ("done", {"B": 2})


async def event(station, kind, sequence, register=None, **more):
    at = datetime.now(UTC).isoformat()
    payload = {
        "eventType": kind,
        "timestamp": at,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": sequence,
        "transactionInfo": {"transactionId": "TX-1"},
        "evse": {"id": 1, "connectorId": 1},
        **more,
    }
    if register is not None:
        payload["meterValue"] = [{"timestamp": at, "sampledValue": [{"value": register}]}]
    return (await station.call("TransactionEvent", payload))[2]


async def test_i02_i03_costs_are_in_the_answers_and_0_when_it_is_free(node, station):
    assert await event(station, "Started", 0) == {}
    assert await event(station, "Updated", 1, 1000) == {"totalCost": 0.0}
    assert await event(station, "Updated", 2) == {}
    assert await event(station, "Ended", 3) == {"totalCost": 0.0}
    assert station.received.empty()


async def test_the_price_is_kept_with_the_session(node, station):
    price = Price("SEK", energy_per_kwh=Decimal("2.50"), session_fee=Decimal(1))
    node.hub.engine.policy.prices = Prices(price)
    await event(station, "Started", 0, 1000)
    assert await event(station, "Updated", 1, 2000) == {"totalCost": 3.5}
    assert await event(station, "Ended", 2, 3000) == {"totalCost": 6.0}
    (session,) = (await node.get("/sessions"))["items"]
    cost = session["cost"]
    assert (cost["total"], cost["currency"], cost["is_final"]) == ("6.00", "SEK", True)


async def test_i02_costs_by_a_message_of_their_own(node, station):
    station.answers["CostUpdated"] = (3, {})
    price = Price(energy_per_kwh=Decimal("0.1"))
    node.hub.engine.policy.prices = Prices(price, running="message")
    await event(station, "Started", 0, 1000)
    assert await event(station, "Updated", 1, 2000) == {}
    assert await sent(station) == ("CostUpdated", {"totalCost": 0.1, "transactionId": "TX-1"})
    assert await event(station, "Ended", 2, 3000) == {"totalCost": 0.2}
    node.hub.engine.policy.prices = Prices(price, running="off")
    assert station.received.empty()


async def test_an_operator_may_tell_a_cost(node, station):
    station.answers["CostUpdated"] = (3, {})
    body = {"transaction_id": "TX-1", "total_cost": "12.30"}
    done = (await ask(node, "cost_updated", body)).json()
    assert done["state"] == "done"
    assert done["arguments"]["total_cost"] == "12.30"
    assert await sent(station) == ("CostUpdated", {"totalCost": 12.3, "transactionId": "TX-1"})


def profile(**change):
    return {
        "purpose": "TxDefaultProfile",
        "kind": "Relative",
        "schedule": {"unit": "A", "periods": [{"start_s": 0, "limit": 10}]},
        **change,
    }


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_k01_a_profile_of_the_operators_is_sent_and_believed(node, version):
    async with node.station("CP2", version) as other:
        other.answers["SetChargingProfile"] = ACCEPTED
        ids = []
        for _ in range(2):
            body = {"evse": 1, "charging_profile": profile(stack_level=len(ids))}
            assert (await ask(node, "set_charging_profile", body, "CP2")).json()["state"] == "done"
            _, request = await sent(other)
            sent_profile = request.get("chargingProfile") or request["csChargingProfiles"]
            ids.append(sent_profile.get("id") or sent_profile["chargingProfileId"])
        assert len(set(ids)) == 2
        state = node.hub.engine.stations["CP2"]
        assert [each.profile.id for each in state.installed] == ids
        other.answers["ClearChargingProfile"] = ACCEPTED
        await ask(node, "clear_charging_profile", {"profile_id": ids[0]}, "CP2")
        assert [each.profile.id for each in state.installed] == ids[1:]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"evse": 1}, 409, "either profile or charging_profile"),
        ({"evse": 1, "profile": "nope"}, 422, "known are"),
        ({"evse": 1, "charging_profile": profile(purpose="TxProfile")}, 409, "transaction"),
        (
            {"evse": 1, "charging_profile": profile(purpose="ChargingStationMaxProfile")},
            409,
            "EVSE 0",
        ),
        (
            {"evse": 1, "charging_profile": profile(schedule={"unit": "A", "periods": []})},
            422,
            "periods",
        ),
    ],
)
async def test_a_profile_that_cannot_be_is_refused_in_a_sentence(
    node, station, body, status, words
):
    answer = await ask(node, "set_charging_profile", body)
    assert answer.status_code == status
    assert words in answer.text
    assert station.received.empty()


async def test_k01_a_named_profile_is_for_the_running_transaction(node, station):
    station.answers["SetChargingProfile"] = ACCEPTED
    await event(station, "Started", 0)
    name = next(n for n, p in node.hub.engine.policy.catalogue.items() if not p.is_unlimited)
    await ask(node, "set_charging_profile", {"evse": 1, "profile": name})
    _, request = await sent(station)
    assert request["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert request["chargingProfile"]["transactionId"] == "TX-1"


@pytest.mark.parametrize("way", ["typed", "relayed"])
async def test_k09_reports_are_joined_to_the_request(node, station, way):
    station.answers["GetChargingProfiles"] = ACCEPTED
    if way == "typed":
        await ask(node, "get_charging_profiles", {"evse": 0})
    else:
        raw = {"requestId": 5, "chargingProfile": {"stackLevel": 0}}
        await node.http.post("/stations/CP1/calls/GetChargingProfiles", json=raw)
    _, request = await sent(station)
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}],
    }
    for number, is_more in ((3, True), (4, False)):
        reported = {
            "id": number,
            "stackLevel": number,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": [schedule],
        }
        part = {
            "requestId": request["requestId"],
            "chargingLimitSource": "CSO",
            "evseId": 1,
            "tbc": is_more,
            "chargingProfile": [reported],
        }
        assert (await station.call("ReportChargingProfiles", part))[2] == {}
    (done,) = (await node.get("/operations"))["items"]
    assert done["state"] == "done"
    assert [each["charging_profile"]["id"] for each in done["result"]["profiles"]] == [3, 4]


async def test_k09_no_profiles_is_an_end(node, station):
    station.answers["GetChargingProfiles"] = (3, {"status": "NoProfiles"})
    done = (await ask(node, "get_charging_profiles", {"stack_level": 1})).json()
    assert (done["state"], done["status"]) == ("done", "NoProfiles")


async def test_k08_a_composite_schedule_is_shown(node, station):
    schedule = {
        "evseId": 1,
        "duration": 60,
        "scheduleStart": "2026-01-01T00:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}],
    }
    station.answers["GetCompositeSchedule"] = (3, {"status": "Accepted", "schedule": schedule})
    done = (await ask(node, "get_composite_schedule", {"evse": 1, "duration_s": 60})).json()
    assert done["state"] == "done"
    assert done["result"]["schedule"]["charging_schedule_period"][0]["limit"] == 8.0
    assert (await sent(station))[1] == {"evseId": 1, "duration": 60}


async def test_k11_a_limit_that_binds_nobody_is_asked_nothing_about(node, station):
    limit = {"chargingLimit": {"chargingLimitSource": "EMS"}}
    assert (await station.call("NotifyChargingLimit", limit))[2] == {}
    cleared = {"chargingLimitSource": "EMS"}
    assert (await station.call("ClearedChargingLimit", cleared))[2] == {}
    assert station.received.empty()
