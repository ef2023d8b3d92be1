"""Stations that are not accepted: what they may send, and what they may be asked."""

from datetime import UTC, datetime

from csms.domain.facts import Registration

V16_STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


def v201_status():
    return {
        "timestamp": datetime.now(UTC).isoformat(),
        "connectorStatus": "Available",
        "evseId": 1,
        "connectorId": 1,
    }


BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "Test", "model": "T1"}}


async def operate(node, name, **body):
    answer = await node.http.post(f"/stations/CP1/operations/{name}", json=body)
    return answer.json()


async def decide(node, registration):
    await node.http.put("/stations/CP1", json={"registration": registration})


async def test_b_30_and_b_31_a_pending_station_may_send_what_it_was_asked_for(node):
    await decide(node, "pending")
    async with node.station("CP1", "ocpp2.0.1") as station:
        boot = await station.call("BootNotification", BOOT)
        assert (boot[2]["status"], 54 <= boot[2]["interval"] <= 66) == ("Pending", True)
        refused = await station.call("StatusNotification", v201_status())
        assert refused[:3] == [4, refused[1], "SecurityError"]
        station.answers |= {"TriggerMessage": [3, {"status": "Accepted"}]}
        asked = await operate(node, "trigger_message", message="StatusNotification", evse=1)
        assert (asked["state"], asked["status"]) == ("done", "Accepted")
        assert asked["requests"][0]["payload"] == {
            "requestedMessage": "StatusNotification",
            "evse": {"id": 1, "connectorId": 1},
        }
        assert (await station.call("StatusNotification", v201_status()))[2] == {}
        assert (await station.call("Heartbeat", {}))[2] == "SecurityError"
        await decide(node, "accepted")
        asked = await operate(node, "trigger_message", message="BootNotification")
        assert asked["state"] == "done"
        boot = await station.call("BootNotification", {**BOOT, "reason": "Triggered"})
        assert boot[2]["status"] == "Accepted"
        assert "currentTime" in (await station.call("Heartbeat", {}))[2]


async def test_a_report_that_was_asked_for_may_come_while_pending(node):
    await decide(node, "pending")
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["GetBaseReport"] = [3, {"status": "Accepted"}]
        asked = await operate(node, "get_base_report", report_base="SummaryInventory")
        report = {
            "requestId": asked["requests"][0]["payload"]["requestId"],
            "generatedAt": datetime.now(UTC).isoformat(),
            "seqNo": 0,
        }
        assert (await station.call("NotifyReport", report))[2] == {}
        assert (await node.get(f"/operations/{asked['id']}"))["state"] == "done"


async def test_a_rejected_station_is_asked_nothing_but_to_boot_again(node):
    await decide(node, "rejected")
    async with node.station("CP1") as station:
        station.answers |= {
            "TriggerMessage": [3, {"status": "Accepted"}],
            "GetConfiguration": [3, {}],
        }
        refused = await operate(node, "get_variables", variables=[])
        assert refused["status"] == 409
        assert "rejected" in refused["detail"]
        assert (await operate(node, "trigger_message", message="BootNotification"))[
            "state"
        ] == "done"
        assert (await station.call("StatusNotification", V16_STATUS))[2] == "SecurityError"
        relayed = await node.http.post("/stations/CP1/calls/GetConfiguration", json={})
        assert relayed.json()["outcome"] == "result"


async def test_unknown_stations_that_are_let_in_may_have_to_wait(node):
    node.hub.engine.policy.unknown_stations_are = Registration.PENDING
    async with node.station("NEW1") as station:
        assert (await station.call("Heartbeat", {}))[2] == "SecurityError"
        assert (await node.get("/stations/NEW1"))["registration"] == "pending"


async def test_a_reset_is_followed_to_the_boot(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["Reset"] = [3, {"status": "Scheduled"}]
        asked = await operate(node, "reset", type="OnIdle")
        assert (asked["state"], asked["status"]) == ("accepted", "Scheduled")
        await station.call("BootNotification", {**BOOT, "reason": "ScheduledReset"})
        done = await node.get(f"/operations/{asked['id']}")
        assert (done["state"], done["progress"][-1]["boot"]) == ("done", "ScheduledReset")


async def test_a_scheduled_change_of_availability_is_followed_to_the_status(node):
    async with node.station("CP1") as station:
        station.answers["ChangeAvailability"] = [3, {"status": "Scheduled"}]
        asked = await operate(node, "change_availability", status="Inoperative", evse=0)
        assert asked["requests"][0]["payload"] == {"connectorId": 0, "type": "Inoperative"}
        states = [(1, "Charging"), (2, "Unavailable"), (1, "Unavailable")]
        for connector, status in states:
            going = await node.get(f"/operations/{asked['id']}")
            assert going["state"] == "accepted"
            told = {"connectorId": connector, "errorCode": "NoError", "status": status}
            await station.call("StatusNotification", told)
        assert (await node.get(f"/operations/{asked['id']}"))["state"] == "done"
        station.answers["ChangeAvailability"] = [3, {"status": "Accepted"}]
        relayed = {"connectorId": 99, "type": "Operative"}
        said = await node.http.post("/stations/CP1/calls/ChangeAvailability", json=relayed)
        assert said.json()["payload"] == {"status": "Accepted"}
        [newest, *_] = (await node.get("/operations"))["items"]
        assert (newest["operation"], newest["state"]) == ("call:ChangeAvailability", "done")


async def test_transactions_of_a_pending_station_are_refused_and_kept(node):
    await decide(node, "pending")
    started = {
        "eventType": "Started",
        "timestamp": datetime.now(UTC).isoformat(),
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "T-early"},
    }
    async with node.station("CP1", "ocpp2.0.1") as station:
        await station.call("BootNotification", BOOT)
        assert (await station.call("TransactionEvent", started))[2] == "SecurityError"
        await decide(node, "accepted")
        await station.call("BootNotification", BOOT)
        assert (await station.call("TransactionEvent", started))[2] == {}
    kept = (await node.get("/sessions", station="CP1"))["items"]
    assert [each["transaction_id"] for each in kept] == ["T-early"]


async def test_what_was_asked_for_before_a_rejection_is_refused_after_it(node):
    await decide(node, "pending")
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["TriggerMessage"] = [3, {"status": "Accepted"}]
        await operate(node, "trigger_message", message="Heartbeat")
        assert "currentTime" in (await station.call("Heartbeat", {}))[2]
        await decide(node, "rejected")
        assert (await station.call("BootNotification", BOOT))[2]["status"] == "Rejected"
        assert (await station.call("Heartbeat", {}))[2] == "SecurityError"
