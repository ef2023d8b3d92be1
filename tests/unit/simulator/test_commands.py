import pytest

from csms.ocppj.version import CSMS_ACTIONS, Version
from simulator.station.outputs import PasswordChanged

TOKEN = {"idToken": "TAG-9", "type": "ISO14443"}
WHEN = "2026-11-21T12:00:00Z"

V16 = {
    "CancelReservation": ({"reservationId": 1}, {"status": "Rejected"}),
    "ChangeAvailability": ({"connectorId": 9, "type": "Operative"}, {"status": "Rejected"}),
    "ChangeConfiguration": ({"key": "Nothing", "value": "1"}, {"status": "NotSupported"}),
    "ClearCache": ({}, {"status": "Accepted"}),
    "ClearChargingProfile": ({}, {"status": "Unknown"}),
    "DataTransfer": ({"vendorId": "x"}, {"status": "UnknownVendorId"}),
    "GetConfiguration": ({"key": ["Nope"]}, {"unknownKey": ["Nope"]}),
    "GetLocalListVersion": ({}, {"listVersion": 0}),
    "RemoteStopTransaction": ({"transactionId": 5}, {"status": "Rejected"}),
    "ReserveNow": (
        {"connectorId": 1, "expiryDate": WHEN, "idTag": "A", "reservationId": 1},
        {"status": "Accepted"},
    ),
    "Reset": ({"type": "Soft"}, {"status": "Accepted"}),
    "SendLocalList": (
        {"listVersion": 1, "updateType": "Full"},
        {"status": "Accepted"},
    ),
    "TriggerMessage": ({"requestedMessage": "Heartbeat"}, {"status": "Accepted"}),
    "UnlockConnector": ({"connectorId": 7}, {"status": "NotSupported"}),
}
CASES = [("1.6", *row) for row in V16.items()]


@pytest.mark.parametrize(("version", "action", "case"), CASES, ids=lambda each: str(each)[:40])
def test_command_is_answered_honestly(lab, version, action, case):
    request, expected = case
    room = lab(version)
    room.run(1)
    answer = room.command(action, request)
    if expected is not None:
        assert answer == expected


def test_every_action_of_2_0_1_is_answered(lab):
    assert set(lab("2.0.1").station.dialect.commands) == CSMS_ACTIONS[Version.V201]


def test_every_action_of_1_6_is_answered(lab):
    assert set(lab("1.6").station.dialect.commands) == CSMS_ACTIONS[Version.V16]


def start_request(version, **more):
    if version == "1.6":
        return "RemoteStartTransaction", {"idTag": "TAG-9", "connectorId": 1, **more}
    return "RequestStartTransaction", {
        "idToken": TOKEN,
        "remoteStartId": 77,
        "evseId": 1,
        **more,
    }


def test_remote_start_brings_a_car_and_starts_without_authorize(lab, version):
    room = lab(version)
    room.run(1)
    assert room.command(*start_request(version)) == {"status": "Accepted"}
    room.run(30)
    assert not room.said("Authorize")
    if version == "1.6":
        assert room.said("StartTransaction")[0]["idTag"] == "TAG-9"
    else:
        first = room.said("TransactionEvent")[0]
        assert first["triggerReason"] == "RemoteStart"
        assert first["transactionInfo"]["remoteStartId"] == 77
    assert room.command(*start_request(version)) == {"status": "Rejected"}


def test_profile_of_a_remote_start_holds_from_the_start(lab, version):
    room = lab(version, interval=5)
    room.run(1)
    periods = {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7.0}],
    }
    profile = {
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
    }
    if version == "1.6":
        profile |= {"chargingProfileId": 1, "chargingSchedule": periods}
    else:
        profile |= {"id": 1, "chargingSchedule": [{"id": 1, **periods}]}
    room.command(*start_request(version, chargingProfile=profile))
    room.run(60)
    assert room.currents()[-1][1] == pytest.approx(6.8, abs=0.5)
    assert max(amperes for _, amperes in room.currents()) < 7.5


def test_remote_stop_ends_as_remote(lab, version):
    room = lab(version)
    room.run(60)
    action = "RemoteStopTransaction" if version == "1.6" else "RequestStopTransaction"
    assert room.command(action, {"transactionId": room.transaction_id()}) == {"status": "Accepted"}
    room.run(10)
    assert room.happened("session.stopped")[0].fields["reason"] == "Remote"
    assert room.station.bays[1].status == "Available"


def test_soft_reset_stops_says_so_and_boots_again_on_the_same_connection(lab, version):
    room = lab(version)
    room.run(60)
    room.command("Reset", {"type": "Soft" if version == "1.6" else "OnIdle"})
    if version == "2.0.1":
        room.command("RequestStopTransaction", {"transactionId": room.transaction_id()})
    room.run(20)
    assert len(room.said("BootNotification")) == 2
    assert not room.happened("connection.lost")


def test_hard_reset_closes_boots_and_delivers_the_stop(lab, version):
    room = lab(version)
    room.run(60)
    room.command("Reset", {"type": "Hard" if version == "1.6" else "Immediate"})
    room.run(5)
    assert not room.is_up
    room.connect()
    room.run(5)
    assert len(room.said("BootNotification")) == 2
    if version == "1.6":
        assert room.said("StopTransaction")[0]["reason"] == "HardReset"
    else:
        reasons = [
            each["transactionInfo"].get("stoppedReason") for each in room.said("TransactionEvent")
        ]
        assert reasons[-1] == "ImmediateReset"


def test_inoperative_waits_for_the_transaction_and_then_shows(lab, version):
    room = lab(version, stays=100)
    room.run(60)
    if version == "1.6":
        request = {"connectorId": 1, "type": "Inoperative"}
    else:
        request = {"operationalStatus": "Inoperative", "evse": {"id": 1}}
    assert room.command("ChangeAvailability", request) == {"status": "Scheduled"}
    room.run(100)
    assert room.station.bays[1].status == "Unavailable"
    if version == "1.6":
        assert room.said("StatusNotification")[-1]["status"] == "Unavailable"
    else:
        assert room.said("StatusNotification")[-1]["connectorStatus"] == "Unavailable"


def test_triggers_are_followed_by_their_message(lab, version):
    room = lab(version)
    room.run(30)
    for wanted in ("Heartbeat", "StatusNotification", "MeterValues", "FirmwareStatusNotification"):
        before = len(room.said(wanted))
        assert room.command("TriggerMessage", {"requestedMessage": wanted})["status"] == "Accepted"
        assert len(room.said(wanted)) > before


def test_changed_interval_and_measurands_take_effect(lab, version):
    room = lab(version)
    room.run(10)
    if version == "1.6":
        for key, text in (
            ("MeterValueSampleInterval", "10"),
            ("MeterValuesSampledData", "Energy.Active.Import.Register"),
        ):
            answer = room.command("ChangeConfiguration", {"key": key, "value": text})
            assert answer == {"status": "Accepted"}
    else:
        wishes = [
            ("TxUpdatedInterval", "10"),
            ("TxUpdatedMeasurands", "Energy.Active.Import.Register"),
        ]
        data = [
            {
                "attributeValue": text,
                "component": {"name": "SampledDataCtrlr"},
                "variable": {"name": name},
            }
            for name, text in wishes
        ]
        answer = room.command("SetVariables", {"setVariableData": data})
        assert {each["attributeStatus"] for each in answer["setVariableResult"]} == {"Accepted"}
    room.run(200)
    later = [row for when, _, row in room.samples() if when > 70]
    assert len(later) >= 12
    assert all(set(row) == {("Energy.Active.Import.Register", None)} for row in later)


def test_read_only_and_secret_settings_stay_so(lab):
    room = lab("1.6")
    request = {"key": "NumberOfConnectors", "value": "9"}
    assert room.command("ChangeConfiguration", request) == {"status": "Rejected"}
    room = lab("2.0.1")
    password = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    answer = room.command("GetVariables", {"getVariableData": [password]})
    assert answer["getVariableResult"][0]["attributeStatus"] == "Rejected"
    assert "attributeValue" not in answer["getVariableResult"][0]


def test_new_password_is_handed_to_the_link(lab):
    room = lab("1.6")
    text = b"correct-horse-battery".hex()[:40]
    request = [2, "p", "ChangeConfiguration", {"key": "AuthorizationKey", "value": text}]
    room.station.received(__import__("json").dumps(request), room.now)
    changed = [each for each in room.station.take() if isinstance(each, PasswordChanged)]
    assert changed == [PasswordChanged(bytes.fromhex(text).decode())]


def test_base_report_comes_in_parts_that_end(lab):
    room = lab("2.0.1")
    room.run(1)
    room.command("GetBaseReport", {"requestId": 5, "reportBase": "FullInventory"})
    room.run(1)
    parts = room.said("NotifyReport")
    assert [each["seqNo"] for each in parts] == list(range(len(parts)))
    assert [each["tbc"] for each in parts] == [True] * (len(parts) - 1) + [False]
    assert sum(len(each["reportData"]) for each in parts) > 30


def test_what_profiles_a_station_takes_is_told_as_it_is(lab):
    room = lab("1.6")
    room.run(30)
    answer = room.command("GetConfiguration", {"key": ["ConnectorSwitch3to1PhaseSupported"]})
    assert answer["configurationKey"][0]["value"] == "true"
    room = lab("2.0.1")
    room.run(30)
    room.tx_profile(10)
    entries = {
        "component": {"name": "SmartChargingCtrlr"},
        "variable": {"name": "Entries", "instance": "ChargingProfiles"},
    }
    asked = [entries, {**entries, "attributeType": "MaxSet"}]
    answer = room.command("GetVariables", {"getVariableData": asked})
    assert [each["attributeValue"] for each in answer["getVariableResult"]] == ["1", "20"]


def test_installed_profiles_are_reported(lab):
    room = lab("2.0.1")
    room.run(30)
    room.tx_profile(10)
    request = {"requestId": 3, "chargingProfile": {"chargingProfilePurpose": "TxProfile"}}
    assert room.command("GetChargingProfiles", request) == {"status": "Accepted"}
    room.run(1)
    report = room.said("ReportChargingProfiles")[0]
    assert report["requestId"] == 3
    assert report["chargingProfile"][0]["chargingSchedule"][0]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 10}
    ]


def test_transaction_status_tells_what_runs(lab):
    room = lab("2.0.1")
    room.run(30)
    running = room.transaction_id()
    answer = room.command("GetTransactionStatus", {"transactionId": running})
    assert answer == {"messagesInQueue": False, "ongoingIndicator": True}


def test_schema_violation_is_refused_with_its_code(lab, version):
    room = lab(version)
    room.station.received('[2,"x","Reset",{"type":"Sideways"}]', room.now)
    texts = [each.text for each in room.station.take() if hasattr(each, "text")]
    assert texts[0].startswith('[4,"x","PropertyConstraintViolation"')
