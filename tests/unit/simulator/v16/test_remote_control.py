"""Remote stops, unlocking and messages on request of a 1.6 station (5.12, 5.17, 5.18)."""

import json

import pytest


def trigger(wanted, connector=None, action="TriggerMessage"):
    more = {} if connector is None else {"connectorId": connector}
    return action, {"requestedMessage": wanted, **more}


def test_stop_of_a_running_transaction_and_of_another(site):
    room = site(evses=2)
    first, second = room.charge("A", 1), room.charge("B", 2)
    assert first != second
    stop = {"transactionId": second}
    assert room.command("RemoteStopTransaction", stop) == {"status": "Accepted"}
    assert room.said("StopTransaction")[0] | {"timestamp": ""} == {
        "transactionId": second,
        "meterStop": room.said("StopTransaction")[0]["meterStop"],
        "timestamp": "",
        "reason": "Remote",
    }
    assert room.command("RemoteStopTransaction", stop) == {"status": "Rejected"}
    assert room.bay(1).transaction is not None


def test_unlocking_ends_the_transaction_first(site):
    room = site()
    room.charge()
    assert room.command("UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    assert room.said("StopTransaction")[0]["reason"] == "UnlockCommand"
    assert room.command("UnlockConnector", {"connectorId": 0}) == {"status": "NotSupported"}


@pytest.mark.parametrize(("connector", "told"), [(None, [0, 1, 2]), (0, [0]), (1, [1]), (2, [2])])
def test_status_of_what_was_asked_for(site, connector, told):
    room = site(evses=2)
    before = len(room.said("StatusNotification"))
    assert room.command(*trigger("StatusNotification", connector)) == {"status": "Accepted"}
    room.run(1)
    later = room.said("StatusNotification")[before:]
    assert [each["connectorId"] for each in later] == told


@pytest.mark.parametrize("wanted", ["MeterValues", "StatusNotification"])
def test_connector_that_does_not_exist_is_rejected(site, wanted):
    assert site().command(*trigger(wanted, 7)) == {"status": "Rejected"}


def test_connector_that_does_not_matter_is_ignored(site):
    room = site()
    before = len(room.said("Heartbeat"))
    assert room.command(*trigger("Heartbeat", 7)) == {"status": "Accepted"}
    assert len(room.said("Heartbeat")) == before + 1


def test_answer_goes_before_the_message_that_was_asked_for(site):
    room = site()
    request = [2, "t", "TriggerMessage", {"requestedMessage": "Heartbeat"}]
    room.station.received(json.dumps(request), room.now)
    texts = [json.loads(each.text) for each in room.station.take() if hasattr(each, "text")]
    assert texts[0] == [3, "t", {"status": "Accepted"}]
    assert texts[1][2] == "Heartbeat"


def test_boot_on_request_keeps_the_station_at_work(site):
    room = site()
    number = room.charge()
    room.command(*trigger("BootNotification"))
    room.run(30)
    assert len(room.said("BootNotification")) == 2
    assert room.bay().transaction.csms_id == number
    assert room.states()[-1] == "Charging"


def test_meter_values_of_now_belong_to_the_transaction(site):
    room = site(evses=2)
    number = room.charge(evse=2)
    room.run(20)
    room.command(*trigger("MeterValues"))
    room.run(1)
    idle, running = room.said("MeterValues")[-2:]
    assert (idle["connectorId"], idle.get("transactionId")) == (1, None)
    assert (running["connectorId"], running["transactionId"]) == (2, number)
    contexts = {
        value["context"]
        for each in (idle, running)
        for value in each["meterValue"][0]["sampledValue"]
    }
    assert contexts == {"Trigger"}


@pytest.mark.parametrize(
    ("action", "wanted", "message", "told"),
    [
        ("TriggerMessage", "FirmwareStatusNotification", None, {"status": "Idle"}),
        ("TriggerMessage", "DiagnosticsStatusNotification", None, {"status": "Idle"}),
        ("ExtendedTriggerMessage", "LogStatusNotification", None, {"status": "Idle"}),
        (
            "ExtendedTriggerMessage",
            "FirmwareStatusNotification",
            "SignedFirmwareStatusNotification",
            {"status": "Idle"},
        ),
    ],
)
def test_nothing_under_way_is_idle(site, action, wanted, message, told):
    room = site()
    assert room.command(*trigger(wanted, action=action)) == {"status": "Accepted"}
    assert room.said(message or wanted) == [told]


def test_certificate_is_asked_for_with_the_operator_s_name(site):
    room = site()
    sign = trigger("SignChargePointCertificate", action="ExtendedTriggerMessage")
    assert room.command(*sign) == {"status": "Accepted"}
    assert "CERTIFICATE REQUEST" in room.said("SignCertificate")[0]["csr"]
    room.set("CpoName", "")
    assert room.get("CpoName") == ""
    assert room.command(*sign) == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ([2, "x", "Juggle", {}], "NotImplemented"),
        ([2, "x", "StartTransaction", {}], "NotSupported"),
        ([2, "x", "Reset", {}], "ProtocolError"),
        ([2, "x", "Reset", {"type": "Sideways"}], "PropertyConstraintViolation"),
        ([2, "x", "Reset", {"type": 5}], "TypeConstraintViolation"),
        ([2, "x", "Reset", {"type": "Soft", "more": 1}], "FormationViolation"),
        ([2, "x", "Reset", []], "FormationViolation"),
        ([2, "x", "Reset"], "FormationViolation"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_code(site, frame, code):
    room = site()
    room.station.received(json.dumps(frame), room.now)
    texts = [json.loads(each.text) for each in room.station.take() if hasattr(each, "text")]
    assert texts[0][:3] == [4, "x", code]


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "{}", "[]", "[2]", '[7,"x","Reset",{}]', '[3,"unknown",{}]', "[4]", "null"],
)
def test_texts_without_sense_change_nothing(site, text):
    room = site()
    room.station.received(text, room.now)
    assert not [each for each in room.station.take() if hasattr(each, "text")]
    assert room.command("ClearCache", {}) == {"status": "Accepted"}
