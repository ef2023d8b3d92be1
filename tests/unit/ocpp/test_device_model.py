"""Settings, reports, monitors and triggers as calls of each version, valid by its schemas."""

import pytest

from csms.domain.follow import Follow, Subject
from csms.domain.operations.diagnostics import (
    ClearVariableMonitoring,
    GetMonitoringReport,
    Monitor,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
)
from csms.domain.operations.provisioning import (
    GetBaseReport,
    GetReport,
    GetVariable,
    GetVariables,
    ReportedVariable,
    SetVariable,
    SetVariables,
)
from csms.domain.operations.remote_control import ChangeAvailability, TriggerMessage
from csms.ocpp.operations import Limits, asked_for, encode_operation
from csms.ocpp.splitting import split
from csms.ocpp.telling import told_by
from csms.ocpp.unreadable import CannotCarry
from csms.ocppj.schemas import request_violations
from csms.ocppj.version import Version

V16, V201 = Version.V16, Version.V201
PLACE = {"component": "EVSE", "evse": 1, "connector": 2}
WIRE = {"component": {"name": "EVSE", "evse": {"id": 1, "connectorId": 2}}}


def sent(version, operation):
    """The calls of an operation; each must be valid."""
    calls = encode_operation(version, operation, Limits())
    for call in calls:
        assert request_violations(version, call.action, call.payload) == []
    return [tuple(call) for call in calls]


@pytest.mark.parametrize(
    ("version", "operation", "action", "payload"),
    [
        (V16, GetVariables([]), "GetConfiguration", {}),
        (V16, GetVariables([GetVariable("A")]), "GetConfiguration", {"key": ["A"]}),
        (
            V201,
            GetVariables([GetVariable("Power", **PLACE, instance="i", attribute="MaxSet")]),
            "GetVariables",
            {
                "getVariableData": [
                    {
                        **WIRE,
                        "variable": {"name": "Power", "instance": "i"},
                        "attributeType": "MaxSet",
                    }
                ]
            },
        ),
        (
            V201,
            SetVariables([SetVariable("A", "C", value="")]),
            "SetVariables",
            {
                "setVariableData": [
                    {"component": {"name": "C"}, "variable": {"name": "A"}, "attributeValue": ""}
                ]
            },
        ),
        (
            V201,
            GetBaseReport("SummaryInventory", 7),
            "GetBaseReport",
            {"requestId": 7, "reportBase": "SummaryInventory"},
        ),
        (
            V201,
            GetReport(["Problem"], [ReportedVariable("EVSE", evse=1, connector=2)], 8),
            "GetReport",
            {"requestId": 8, "componentCriteria": ["Problem"], "componentVariable": [WIRE]},
        ),
        (V201, GetMonitoringReport(request_id=9), "GetMonitoringReport", {"requestId": 9}),
        (V201, SetMonitoringBase("All"), "SetMonitoringBase", {"monitoringBase": "All"}),
        (V201, SetMonitoringLevel(0), "SetMonitoringLevel", {"severity": 0}),
        (
            V201,
            SetVariableMonitoring([Monitor("P", "EVSE", type="Delta", value=1.5, id=4)]),
            "SetVariableMonitoring",
            {
                "setMonitoringData": [
                    {
                        "id": 4,
                        "value": 1.5,
                        "type": "Delta",
                        "severity": 5,
                        "component": {"name": "EVSE"},
                        "variable": {"name": "P"},
                    }
                ]
            },
        ),
        (V201, ClearVariableMonitoring([1, 2]), "ClearVariableMonitoring", {"id": [1, 2]}),
        (
            V16,
            ChangeAvailability("Operative"),
            "ChangeAvailability",
            {"connectorId": 0, "type": "Operative"},
        ),
        (
            V16,
            ChangeAvailability("Inoperative", 99, 1),
            "ChangeAvailability",
            {"connectorId": 99, "type": "Inoperative"},
        ),
        (
            V201,
            ChangeAvailability("Operative"),
            "ChangeAvailability",
            {"operationalStatus": "Operative"},
        ),
        (
            V201,
            ChangeAvailability("Inoperative", 1, 2),
            "ChangeAvailability",
            {"operationalStatus": "Inoperative", "evse": {"id": 1, "connectorId": 2}},
        ),
        (V16, TriggerMessage("Heartbeat"), "TriggerMessage", {"requestedMessage": "Heartbeat"}),
        (
            V16,
            TriggerMessage("SignChargingStationCertificate", 1),
            "ExtendedTriggerMessage",
            {"requestedMessage": "SignChargePointCertificate"},
        ),
        (
            V16,
            TriggerMessage("LogStatusNotification"),
            "ExtendedTriggerMessage",
            {"requestedMessage": "LogStatusNotification"},
        ),
        (
            V201,
            TriggerMessage("StatusNotification", 2),
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}},
        ),
        (
            V201,
            TriggerMessage("MeterValues"),
            "TriggerMessage",
            {"requestedMessage": "MeterValues"},
        ),
    ],
)
def test_an_operation_is_the_call_of_its_version(version, operation, action, payload):
    assert sent(version, operation) == [(action, payload)]


def test_keys_are_changed_one_after_another():
    wanted = [SetVariable("A", value="-1"), SetVariable("B", value="")]
    assert sent(V16, SetVariables(wanted)) == [
        ("ChangeConfiguration", {"key": "A", "value": "-1"}),
        ("ChangeConfiguration", {"key": "B", "value": ""}),
    ]


@pytest.mark.parametrize(
    ("version", "operation", "word"),
    [
        (V16, GetVariables([GetVariable("A", "C")]), "component"),
        (V16, GetVariables([GetVariable("A", attribute="MaxSet")]), "MaxSet"),
        (V16, SetVariables([SetVariable("A", value="x" * 501)]), "500"),
        (V16, GetBaseReport(), "no words"),
        (V16, TriggerMessage("TransactionEvent"), "no words"),
        (V16, ChangeAvailability("Operative", 1, 2), "connector"),
        (V201, GetVariables([]), "get_base_report"),
        (V201, GetVariables([GetVariable("A")]), "component"),
        (V201, SetVariables([SetVariable("A", "C", connector=1)]), "evse"),
        (V201, ChangeAvailability("Operative", None, 2), "evse"),
        (V201, TriggerMessage("DiagnosticsStatusNotification"), "LogStatusNotification"),
        (V201, TriggerMessage("StatusNotification"), "evse"),
    ],
)
def test_what_a_version_cannot_say_is_refused_in_a_sentence(version, operation, word):
    with pytest.raises(CannotCarry) as refused:
        encode_operation(version, operation, Limits())
    assert word in str(refused.value)
    assert str(refused.value)[-1] == "."


@pytest.mark.parametrize(
    ("version", "action", "request_", "follow", "invites"),
    [
        (V16, "TriggerMessage", {"requestedMessage": "Heartbeat"}, None, {"Heartbeat"}),
        (
            V201,
            "TriggerMessage",
            {"requestedMessage": "StatusNotification"},
            None,
            {"StatusNotification", "NotifyEvent"},
        ),
        (V201, "GetReport", {"requestId": 3}, Follow(Subject.REPORT, 3), {"NotifyReport"}),
        (
            V16,
            "ChangeAvailability",
            {"connectorId": 2, "type": "Inoperative"},
            Follow(Subject.AVAILABILITY, "Inoperative:2:0"),
            set(),
        ),
        (V201, "GetBaseReport", {}, None, set()),
    ],
)
def test_what_a_call_asks_for_is_read_from_relayed_ones_too(
    version, action, request_, follow, invites
):
    asked = asked_for(version, action, request_)
    assert (asked.follow, asked.invites) == (follow, invites)


def test_a_request_is_parted_by_items_and_by_bytes():
    payload = {"getVariableData": [{"n": number} for number in range(5)], "customData": {"v": 1}}
    parts = split(V201, "GetVariables", payload, {"GetVariables": 2})
    assert [len(each["getVariableData"]) for each in parts] == [2, 2, 1]
    assert all(each["customData"] == {"v": 1} for each in parts)
    parts = split(V201, "GetVariables", payload, {}, {"GetVariables": 120})
    assert [each for part in parts for each in part["getVariableData"]] == payload[
        "getVariableData"
    ]
    assert [len(each["getVariableData"]) for each in parts] == [2, 2, 1]
    tiny = split(V201, "GetVariables", payload, {}, {"GetVariables": 1})
    assert [len(each["getVariableData"]) for each in tiny] == [1] * 5
    assert split(V201, "GetVariables", payload, {"GetVariables": 5})[0] is payload


@pytest.mark.parametrize(
    ("version", "action", "answer"),
    [
        (V16, "GetConfiguration", {"configurationKey": [7, {}, {"key": 1, "value": 2}]}),
        (V16, "ChangeConfiguration", {}),
        (V201, "GetVariables", {"getVariableResult": 7}),
        (V201, "GetVariables", {"getVariableResult": [{"component": None}]}),
        (V201, "SetVariableMonitoring", {"setMonitoringResult": [{}]}),
        (V201, "ClearVariableMonitoring", {}),
    ],
)
def test_answers_that_make_no_sense_tell_nothing(version, action, answer):
    told = told_by(version, action, {}, answer)
    assert told is None or told.variables[0].values == {}


def test_a_password_is_told_to_nobody():
    answer = {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": "s"}]}
    told = told_by(V16, "GetConfiguration", {}, answer)
    assert [each.values for each in told.variables] == [{}]
