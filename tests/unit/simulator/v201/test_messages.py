"""Display messages, cost, customers, network profiles and vendors' messages."""

from datetime import timedelta

import pytest

from tests.unit.simulator.conftest import START


def message(number=1, priority="NormalCycle", text="Hello", **more):
    content = {"format": more.pop("format", "UTF8"), "content": text, "language": "en"}
    return {"id": number, "priority": priority, "message": content, **more}


def show(room, *args, **more):
    return room.command("SetDisplayMessage", {"message": message(*args, **more)})["status"]


def shown(room, **criteria):
    room.calls.clear()
    status = room.command("GetDisplayMessages", {"requestId": 2, **criteria})["status"]
    room.run(0.5)
    return status, [
        each["id"] for part in room.said("NotifyDisplayMessages") for each in part["messageInfo"]
    ]


def later(seconds):
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def room(lab):
    room = lab("2.0.1")
    room.run(1)
    return room


def test_o01_message_is_kept_replaced_told_and_o05_cleared(room):
    assert show(room, 1) == "Accepted"
    assert show(room, 2, "InFront", state="Idle") == "Accepted"
    assert show(room, 1, text="Again") == "Accepted"
    assert shown(room) == ("Accepted", [1, 2])
    assert room.said("NotifyDisplayMessages")[-1]["messageInfo"][0]["message"]["content"] == "Again"
    assert shown(room, id=[2, 9]) == ("Accepted", [2])
    assert shown(room, priority="NormalCycle") == ("Accepted", [1])
    assert shown(room, state="Idle") == ("Accepted", [2])
    assert shown(room, state="Faulted") == ("Unknown", [])
    assert room.command("ClearDisplayMessage", {"id": 2}) == {"status": "Accepted"}
    assert room.command("ClearDisplayMessage", {"id": 2}) == {"status": "Unknown"}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"format": "HTML"}, "NotSupportedMessageFormat"),
        ({"transactionId": "none"}, "UnknownTransaction"),
        ({"endDateTime": "2026-01-01T00:00:00Z"}, "Rejected"),
    ],
)
def test_o01_refusals(room, more, status):
    assert show(room, **more) == status
    assert shown(room) == ("Unknown", [])


def test_messages_have_an_end_of_time_of_room_and_of_transaction(room):
    show(room, 1, endDateTime=later(100))
    room.run(60)
    transaction = room.transaction_id()
    assert show(room, 2, transactionId=transaction) == "Accepted"
    assert shown(room) == ("Accepted", [1, 2])
    room.run(60)
    assert shown(room) == ("Accepted", [2])
    room.command("RequestStopTransaction", {"transactionId": transaction})
    room.run(1)
    assert shown(room) == ("Unknown", [])
    assert {show(room, number) for number in range(10, 20)} == {"Accepted"}
    assert show(room, 99) == "Rejected"


def test_only_one_is_always_in_front(room):
    show(room, 1, "AlwaysFront")
    show(room, 2, "AlwaysFront")
    assert shown(room) == ("Accepted", [2])


def test_messages_come_in_parts(room):
    for number in range(1, 8):
        show(room, number)
    assert shown(room)[1] == [1, 2, 3, 4, 5, 6, 7]
    assert [each["tbc"] for each in room.said("NotifyDisplayMessages")] == [True, False]


def test_i02_cost_is_shown(room):
    room.run(30)
    request = {"totalCost": 3.5, "transactionId": room.transaction_id()}
    assert room.command("CostUpdated", request) == {}
    assert room.happened("cost.shown")[-1].fields["cost"] == 3.5


def customer(room, *, report=True, clear=False, **who):
    room.calls.clear()
    request = {"requestId": 5, "report": report, "clear": clear, **who}
    status = room.command("CustomerInformation", request)["status"]
    room.run(0.5)
    return status, "".join(each["data"] for each in room.said("NotifyCustomerInformation"))


TAG = {"idToken": {"idToken": "TAG-1", "type": "ISO14443"}}


def test_n09_and_n10_what_is_known_is_told_and_cleared(room):
    assert customer(room, **TAG) == ("Accepted", "no data was found")
    room.run(60)
    status, text = customer(room, **TAG)
    assert status == "Accepted"
    assert "ISO14443 TAG-1: Accepted" in text
    assert room.transaction_id() in text
    assert customer(room, report=False, clear=True, **TAG) == ("Accepted", "the data was cleared")
    assert "TAG-1: Accepted" not in customer(room, **TAG)[1]
    assert room.transaction_id() in customer(room, customerIdentifier="TAG-1")[1]


def test_n09_fr_07_and_09_what_makes_no_sense_is_refused(room):
    assert customer(room)[0] == "Invalid"
    assert customer(room, customerIdentifier="x", **TAG)[0] == "Invalid"
    assert customer(room, report=False, clear=False, **TAG)[0] == "Rejected"


def profile(slot=2, **more):
    return {
        "configurationSlot": slot,
        "connectionData": {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "wss://other.example/ocpp",
            "messageTimeout": 30,
            "securityProfile": 2,
            "ocppInterface": "Wired0",
            **more,
        },
    }


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (profile(), "Accepted"),
        (profile(9), "Rejected"),
        (profile(ocppVersion="OCPP16"), "Rejected"),
        (profile(ocppTransport="SOAP"), "Rejected"),
        (profile(ocppCsmsUrl="http://x"), "Rejected"),
        (profile(ocppCsmsUrl="ws://x"), "Rejected"),
        (profile(securityProfile=0), "Rejected"),
    ],
)
def test_b09_network_profiles(room, request_, status):
    assert room.command("SetNetworkProfile", request_)["status"] == status


def test_b10_order_of_slots_takes_effect_with_the_next_boot(room):
    def order(text):
        wish = {
            "component": {"name": "OCPPCommCtrlr"},
            "variable": {"name": "NetworkConfigurationPriority"},
            "attributeValue": text,
        }
        answer = room.command("SetVariables", {"setVariableData": [wish]})
        return answer["setVariableResult"][0]["attributeStatus"]

    assert order("2,1") == "Rejected"
    room.command("SetNetworkProfile", profile())
    assert order("2,1") == "RebootRequired"
    assert room.station.dialect.networks.get("2").url == "wss://other.example/ocpp"


def test_p01_unknown_vendor(room):
    answer = room.command("DataTransfer", {"vendorId": "nobody", "data": {"a": 1}})
    assert answer["status"] == "UnknownVendorId"


def order_of(room, text):
    wish = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "NetworkConfigurationPriority"},
        "attributeValue": text,
    }
    room.command("SetVariables", {"setVariableData": [wish]})


def test_b10_it_connects_elsewhere_after_a_boot_and_comes_back_if_that_fails(room):
    dialect = room.station.dialect
    room.command("SetNetworkProfile", profile())
    order_of(room, "2,1")
    assert dialect.csms_url() is None
    assert room.command("Reset", {"type": "OnIdle"})["status"] == "Accepted"
    room.run(5)
    assert not room.is_up
    assert dialect.csms_url() == "wss://other.example/ocpp"
    for _ in range(2):
        dialect.connection_tried(is_connected=False)
    assert dialect.csms_url() == "wss://other.example/ocpp"
    dialect.connection_tried(is_connected=False)
    assert dialect.csms_url() is None
    assert dialect.model.text("OCPPCommCtrlr", "ActiveNetworkProfile") == "1"
    dialect.connection_tried(is_connected=True)
    assert dialect.csms_url() is None


@pytest.mark.parametrize("queues", [True, False])
def test_queue_all_messages_keeps_more_than_transactions(room, queues):
    wish = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "QueueAllMessages"},
        "attributeValue": str(queues).lower(),
    }
    room.command("SetVariables", {"setVariableData": [wish]})
    room.drop()
    room.run(20)
    room.calls.clear()
    room.connect()
    room.run(5)
    told = [each["connectorStatus"] for each in room.said("StatusNotification")]
    assert told == ["Occupied"] * (2 if queues else 1)
    assert room.command("GetTransactionStatus", {}) == {"messagesInQueue": False}


def test_security_events_wait_for_the_link(room):
    room.drop()
    station = room.station
    station.say(station.dialect.security_event("TamperDetectionActivated", station.at(room.now)))
    room.connect()
    room.run(5)
    kinds = [each["type"] for each in room.said("SecurityEventNotification")]
    assert "TamperDetectionActivated" in kinds


def test_sampling_that_is_off_sends_nothing(room):
    wish = {
        "component": {"name": "SampledDataCtrlr"},
        "variable": {"name": "Enabled"},
        "attributeValue": "false",
    }
    room.command("SetVariables", {"setVariableData": [wish]})
    room.run(200)
    triggers = [each["triggerReason"] for each in room.said("TransactionEvent")]
    assert "MeterValuePeriodic" not in triggers
    assert triggers[0] == "Authorized"


def test_smart_charging_that_is_off_takes_no_profile(room):
    room.run(30)
    wish = {
        "component": {"name": "SmartChargingCtrlr"},
        "variable": {"name": "Enabled"},
        "attributeValue": "false",
    }
    room.command("SetVariables", {"setVariableData": [wish]})
    assert room.tx_profile(10) == "Rejected"
