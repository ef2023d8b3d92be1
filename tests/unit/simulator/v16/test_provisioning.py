"""Configuration, availability, resets and data transfer of a 1.6 station (5.2 to 5.14, 9)."""

import json

import pytest

from simulator.v16.keys import SETTINGS

REQUIRED = {
    "AuthorizeRemoteTxRequests",
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "ConnectorPhaseRotation",
    "GetConfigurationMaxKeys",
    "HeartbeatInterval",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
    "NumberOfConnectors",
    "ResetRetries",
    "StopTransactionOnEVSideDisconnect",
    "StopTransactionOnInvalidId",
    "StopTxnAlignedData",
    "StopTxnSampledData",
    "SupportedFeatureProfiles",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
    "LocalAuthListEnabled",
    "LocalAuthListMaxLength",
    "SendLocalListMaxLength",
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "ChargingScheduleMaxPeriods",
    "MaxChargingProfilesInstalled",
}


def availability(connector, kind):
    return "ChangeAvailability", {"connectorId": connector, "type": kind}


def test_every_required_key_is_there_and_the_secret_is_not(site):
    told = site(evses=2).command("GetConfiguration", {})["configurationKey"]
    values = {each["key"]: each for each in told}
    assert set(values) >= REQUIRED
    assert "AuthorizationKey" not in values
    assert values["NumberOfConnectors"] == {
        "key": "NumberOfConnectors",
        "readonly": True,
        "value": "2",
    }
    assert "unknownKey" not in site().command("GetConfiguration", {"key": []})


def test_keys_are_asked_for_without_regard_to_case(site):
    answer = site().command("GetConfiguration", {"key": ["heartbeatINTERVAL", "Nope"]})
    assert [each["key"] for each in answer["configurationKey"]] == ["HeartbeatInterval"]
    assert answer["unknownKey"] == ["Nope"]


def test_more_keys_than_may_be_asked_for(site):
    room = site()
    most = int(room.get("GetConfigurationMaxKeys"))
    keys = [f"K{number}" for number in range(most + 1)]
    room.station.received(json.dumps([2, "m", "GetConfiguration", {"key": keys}]), room.now)
    texts = [each.text for each in room.station.take() if hasattr(each, "text")]
    assert json.loads(texts[0])[:3] == [4, "m", "OccurenceConstraintViolation"]


@pytest.mark.parametrize("key", sorted(SETTINGS))
def test_every_key_keeps_to_its_accessibility(site, key):
    room = site()
    before = room.get(key)
    status = room.set(key, before)
    if SETTINGS[key].is_fixed or key == "SecurityProfile":
        assert status == "Rejected"
    else:
        assert status == ("RebootRequired" if SETTINGS[key].needs_reboot else "Accepted")
    assert room.get(key) == before


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("HeartbeatInterval", "-1", "Rejected"),
        ("HeartbeatInterval", "1.5", "Rejected"),
        ("HeartbeatInterval", "99999999999999999999", "Rejected"),
        ("HeartbeatInterval", " 30", "Rejected"),
        ("WebSocketPingInterval", "-5", "Rejected"),
        ("LocalPreAuthorize", "maybe", "Rejected"),
        ("LocalPreAuthorize", "TRUE", "Accepted"),
        ("MeterValuesSampledData", "Voltage,Nonsense", "Rejected"),
        ("MeterValuesSampledData", "Voltage, Energy.Active.Import.Register", "Accepted"),
        ("MeterValuesSampledData", "", "Accepted"),
        ("MeterValuesAlignedData", "Voltage.L1", "Accepted"),
        ("ConnectorPhaseRotation", "0.RST,1.XYZ", "Rejected"),
        ("ConnectorPhaseRotation", "0.RST, 1.STR", "RebootRequired"),
        ("TransactionMessageAttempts", "0", "Rejected"),
        ("LightIntensity", "101", "Rejected"),
        ("LightIntensity", "40", "Accepted"),
        ("SecurityProfile", "3", "Rejected"),
        ("AuthorizationKey", "short", "Rejected"),
        ("Unheard", "1", "NotSupported"),
    ],
)
def test_values_are_checked(site, key, value, status):
    assert site().set(key, value) == status


def test_change_that_needs_a_reboot_waits_for_it(site):
    room = site()
    room.set("ConnectorPhaseRotation", "0.RST, 1.STR")
    room.command("TriggerMessage", {"requestedMessage": "BootNotification"})
    assert room.get("ConnectorPhaseRotation") == "0.RST,1.RST"
    room.reboot()
    assert room.get("ConnectorPhaseRotation") == "0.RST,1.STR"
    room.set("ConnectorPhaseRotation", "1.SRT")
    room.command("Reset", {"type": "Soft"})
    room.run(20)
    assert room.get("ConnectorPhaseRotation") == "1.SRT"


def test_security_profile_rises_to_one_with_a_password_and_never_falls(site):
    room = site()
    assert room.set("SecurityProfile", "1") == "Rejected"
    assert room.set("AuthorizationKey", "correct-horse-battery") == "Accepted"
    assert room.set("SecurityProfile", "1") == "Accepted"
    kinds = [each["type"] for each in room.said("SecurityEventNotification")]
    assert kinds == ["ReconfigurationOfSecurityParameters"] * 2
    room.run(2)
    assert not room.is_up
    room.connect()
    for value in ("0", "1", "2"):
        assert room.set("SecurityProfile", value) == "Rejected"
    assert room.get("SecurityProfile") == "1"


def test_configuration_outlives_a_reboot_and_a_program(site):
    room = site()
    room.set("MeterValueSampleInterval", "17")
    room.set("TransactionMessageAttempts", "7")
    room.reboot()
    assert room.get("MeterValueSampleInterval") == "17"
    other = site()
    assert other.station.memory.recall(room.station.memory.remember()) == []
    assert other.get("MeterValueSampleInterval") == "17"
    assert other.station.outbox.attempts == 7


def test_new_heartbeat_interval_counts_from_now(site):
    room = site()
    room.set("HeartbeatInterval", "20")
    before = len(room.said("Heartbeat"))
    room.run(61)
    assert len(room.said("Heartbeat")) == before + 3


def test_status_is_told_when_it_has_held_long_enough(site):
    room = site()
    room.set("MinimumStatusDuration", "10")
    before = len(room.states())
    room.plug()
    room.run(5)
    room.unplug()
    room.run(60)
    assert len(room.states()) == before
    room.plug()
    room.run(9)
    assert len(room.states()) == before
    room.run(2)
    assert room.states()[before:] == ["Preparing"]


def test_out_of_service_and_back(site):
    room = site(evses=2)
    assert room.command(*availability(1, "Inoperative")) == {"status": "Accepted"}
    assert (room.states(1)[-1], room.states(2)[-1]) == ("Unavailable", "Available")
    room.show("TAG")
    assert not room.said("Authorize")
    assert room.command(*availability(1, "Inoperative")) == {"status": "Accepted"}
    assert room.command(*availability(1, "Operative")) == {"status": "Accepted"}
    assert room.states(1)[-1] == "Available"


def test_whole_station_is_taken_out_with_its_connectors(site):
    room = site(evses=2)
    assert room.command(*availability(0, "Inoperative")) == {"status": "Accepted"}
    assert [room.states(each)[-1] for each in (0, 1, 2)] == ["Unavailable"] * 3
    assert room.command(*availability(0, "Operative")) == {"status": "Accepted"}
    assert [room.states(each)[-1] for each in (0, 1, 2)] == ["Available"] * 3


def test_change_waits_for_the_transaction_and_can_be_taken_back(site):
    room = site(evses=2)
    room.charge()
    assert room.command(*availability(1, "Inoperative")) == {"status": "Scheduled"}
    assert room.command(*availability(1, "Operative")) == {"status": "Accepted"}
    assert room.command(*availability(0, "Inoperative")) == {"status": "Scheduled"}
    assert room.states(2)[-1] == "Unavailable"
    room.run(30)
    assert room.states(1)[-1] == "Charging"
    room.show("TAG")
    assert room.states(1)[-1] == "Unavailable"
    room.run(10)
    assert room.states(0)[-1] == "Unavailable"


def test_service_outlives_a_reboot_and_a_program(site):
    room = site(evses=2)
    room.command(*availability(2, "Inoperative"))
    room.reboot()
    assert (room.states(1)[-1], room.states(2)[-1]) == ("Available", "Unavailable")
    other = site(evses=2, online=False)
    assert other.station.memory.recall(room.station.memory.remember()) == []
    other.connect()
    assert (other.states(1)[-1], other.states(2)[-1]) == ("Available", "Unavailable")


def test_fault_is_told_with_its_code_and_ends_the_transaction(site):
    room = site()
    room.charge()
    room.bay().set_error("GroundFailure", room.now)
    room.run(1)
    told = room.said("StatusNotification")[-1]
    assert (told["status"], told["errorCode"]) == ("Faulted", "GroundFailure")
    assert room.said("StopTransaction")[0]["reason"] == "Other"
    remote = {"idTag": "X", "connectorId": 1}
    assert room.command("RemoteStartTransaction", remote) == {"status": "Rejected"}
    room.bay().set_error(None, room.now)
    room.run(1)
    assert room.said("StatusNotification")[-1]["errorCode"] == "NoError"


def test_vendor_s_own_message_comes_back(site):
    room = site()
    vendor = room.station.dialect.identity.vendor
    echo = {"vendorId": vendor, "messageId": "Echo", "data": "hej"}
    assert room.command("DataTransfer", echo) == {"status": "Accepted", "data": "hej"}
    other = {"vendorId": vendor, "messageId": "Else"}
    assert room.command("DataTransfer", other) == {"status": "UnknownMessageId"}


def test_boots_are_noted_where_there_is_security(site):
    room = site(online=False)
    room.station.dialect.secured(1)
    room.connect()
    room.run(1)
    assert room.get("SecurityProfile") == "1"
    room.reboot()
    kinds = [each["type"] for each in room.said("SecurityEventNotification")]
    assert kinds == ["StartupOfTheDevice", "ResetOrReboot"]
    assert not site().said("SecurityEventNotification")
