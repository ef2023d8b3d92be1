"""Remote starts and stops over the API, followed to their transaction."""

import json
from datetime import UTC, datetime

from csms.engine.token_settings import TokenSettings
from tests.integration.api.conftest import a_node

ACCEPTED = (3, {"status": "Accepted"})


async def ask(node, station, name, **body):
    return await node.http.post(f"/stations/{station}/operations/{name}", json=body)


async def request_of(station):
    return json.loads(await station.received.get())[2:]


def an_event(kind, **members):
    info = {"transactionId": "TX1", **members.pop("info", {})}
    return {
        "eventType": kind,
        "timestamp": datetime.now(UTC).isoformat(),
        "triggerReason": members.pop("trigger", "RemoteStart"),
        "seqNo": members.pop("seq", 0),
        "transactionInfo": info,
        **members,
    }


async def test_a_start_of_16_is_done_once_its_transaction_has_begun(node):
    async with node.station("CP1") as station:
        station.answers["RemoteStartTransaction"] = ACCEPTED
        told = (await ask(node, "CP1", "start_transaction", token="TAG1", evse=1)).json()
        assert (told["state"], told["status"]) == ("accepted", "Accepted")
        assert await request_of(station) == [
            "RemoteStartTransaction",
            {"idTag": "TAG1", "connectorId": 1},
        ]
        assert (await node.get("/sessions"))["items"] == []
        transaction = await station.start_v16("tag1")
        done = await node.get(f"/operations/{told['id']}")
    session = (await node.get("/sessions"))["items"][0]
    assert done["state"] == "done"
    assert done["result"]["transaction_id"] == str(transaction)
    assert done["result"]["session_id"] == session["id"]


async def test_another_token_at_another_connector_is_no_answer_to_a_start(node):
    async with node.station("CP1") as station:
        station.answers["RemoteStartTransaction"] = ACCEPTED
        first = (await ask(node, "CP1", "start_transaction", token="OTHER")).json()
        second = (await ask(node, "CP1", "start_transaction", token="TAG1", evse=2)).json()
        await station.start_v16("TAG1")
        for told in (first, second):
            assert (await node.get(f"/operations/{told['id']}"))["state"] == "accepted"


async def test_f01_a_start_of_201_is_known_by_its_number(node):
    await node.http.put("/tokens/TAG1", json={"type": "ISO15693", "group": "G"})
    async with node.station("CP2", "ocpp2.0.1") as station:
        station.answers["RequestStartTransaction"] = (
            3,
            {"status": "Accepted", "transactionId": "TX1"},
        )
        told = (await ask(node, "CP2", "start_transaction", token="TAG1", evse=1)).json()
        number = told["arguments"]["remote_start_id"]
        assert await request_of(station) == [
            "RequestStartTransaction",
            {
                "evseId": 1,
                "remoteStartId": number,
                "idToken": {"idToken": "TAG1", "type": "ISO15693"},
                "groupIdToken": {"idToken": "G", "type": "Central"},
            },
        ]
        event = an_event("Updated", info={"remoteStartId": number}, evse={"id": 1})
        await station.call("TransactionEvent", event)
        done = await node.get(f"/operations/{told['id']}")
        other = (await ask(node, "CP2", "start_transaction", token="TAG1", evse=1)).json()
        assert other["arguments"]["remote_start_id"] != number
    assert (done["state"], done["result"]["transaction_id"]) == ("done", "TX1")


async def test_a_profile_of_the_catalogue_goes_with_a_start(node):
    periods = [{"start_period": 0, "limit": 10}]
    given = {"charging_rate_unit": "A", "kind": "Relative", "periods": periods}
    made = await node.http.put("/profiles/slow", json=given)
    assert made.status_code in {200, 201}, made.text
    async with node.station("CP1") as station:
        station.answers["RemoteStartTransaction"] = ACCEPTED
        await ask(node, "CP1", "start_transaction", token="TAG1", evse=1, profile="slow")
        profile = (await request_of(station))[1]["chargingProfile"]
        assert profile["chargingProfilePurpose"] == "TxProfile"
        assert profile["chargingProfileKind"] == "Relative"
        assert "transactionId" not in profile
        assert "startSchedule" not in profile["chargingSchedule"]
        period = profile["chargingSchedule"]["chargingSchedulePeriod"][0]
        assert (period["startPeriod"], period["limit"]) == (0, 10)
        wrong = await ask(node, "CP1", "start_transaction", token="TAG1", profile="none")
    assert wrong.json()["errors"][0]["field"] == "profile"


async def test_a_start_that_nobody_answers_times_out(dsn):
    async with a_node(dsn, speed=200.0) as node:
        node.hub.engine.policy.token_rules = TokenSettings(remote_start_s=60)
        async with node.station("CP1") as station:
            station.answers["RemoteStartTransaction"] = ACCEPTED
            told = (await ask(node, "CP1", "start_transaction", token="TAG1", evse=1)).json()
            await node.noted("operation.failed", operation_id=told["id"])
            ended = await node.get(f"/operations/{told['id']}")
    assert (ended["state"], ended["status"]) == ("failed", "Accepted")


async def test_a_relayed_start_times_out_as_well(dsn):
    async with a_node(dsn, speed=200.0) as node:
        node.hub.engine.policy.token_rules = TokenSettings(remote_start_s=60)
        async with node.station("CP1") as station:
            station.answers["RemoteStartTransaction"] = ACCEPTED
            path = "/stations/CP1/calls/RemoteStartTransaction"
            assert (await node.http.post(path, json={"idTag": "TAG1"})).status_code == 200
            await node.noted("operation.failed", operation="call:RemoteStartTransaction")
        assert (await node.get("/sessions"))["items"] == []


async def test_a_transaction_is_stopped_by_its_session_or_as_the_only_one(node):
    async with node.station("CP1") as station:
        none = await ask(node, "CP1", "stop_transaction")
        assert none.json()["errors"][0]["field"] == "transaction_id"
        transaction = await station.start_v16("TAG1")
        session = (await node.get("/sessions"))["items"][0]["id"]
        station.answers["RemoteStopTransaction"] = ACCEPTED
        for given in ({"session_id": session}, {}, {"transaction_id": "4711"}):
            told = (await ask(node, "CP1", "stop_transaction", **given)).json()
            assert told["state"] == "done"
        sent = [(await request_of(station))[1]["transactionId"] for _ in range(3)]
        assert sent == [transaction, transaction, 4711]
        unknown = await ask(node, "CP1", "stop_transaction", session_id="LS-none")
        assert unknown.json()["errors"][0]["field"] == "session_id"
        words = await ask(node, "CP1", "stop_transaction", transaction_id="abc")
        assert "integers" in words.json()["detail"]


async def test_connectors_are_unlocked_and_transactions_asked_about(node):
    async with node.station("CP1") as old, node.station("CP2", "ocpp2.0.1") as new:
        old.answers["UnlockConnector"] = (3, {"status": "UnlockFailed"})
        new.answers["UnlockConnector"] = (3, {"status": "Unlocked"})
        new.answers["GetTransactionStatus"] = (3, {"messagesInQueue": True})
        failed = (await ask(node, "CP1", "unlock_connector", evse=2)).json()
        done = (await ask(node, "CP2", "unlock_connector", evse=2)).json()
        assert (failed["state"], failed["status"]) == ("refused", "UnlockFailed")
        assert (done["state"], done["status"]) == ("done", "Unlocked")
        assert await request_of(old) == ["UnlockConnector", {"connectorId": 2}]
        assert await request_of(new) == ["UnlockConnector", {"evseId": 2, "connectorId": 1}]
        asked = (await ask(node, "CP2", "get_transaction_status")).json()
        assert asked["result"]["messages_in_queue"] is True
        assert await request_of(new) == ["GetTransactionStatus", {}]
        station = await ask(node, "CP2", "unlock_connector", evse=0)
        assert station.status_code == 409
