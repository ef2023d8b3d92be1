"""Variables of the device model: which there are, and how they are read, set and reported."""

import json

import pytest

from simulator.v201.definition import Definition, Mutability

# Source: OCPP 2.0.1 part 2, appendix "dm_components_vars", required, and part 4, 8.
REQUIRED = {
    "AlignedDataCtrlr.Interval",
    "AlignedDataCtrlr.Measurands",
    "AlignedDataCtrlr.TxEndedInterval",
    "AlignedDataCtrlr.TxEndedMeasurands",
    "AuthCtrlr.AuthorizeRemoteStart",
    "AuthCtrlr.LocalAuthorizeOffline",
    "AuthCtrlr.LocalPreAuthorize",
    "ChargingStation.AvailabilityState",
    "ChargingStation.Available",
    "ChargingStation.SupplyPhases",
    "ClockCtrlr.DateTime",
    "ClockCtrlr.TimeSource",
    "Connector.Available",
    "Connector.ConnectorType",
    "Connector.SupplyPhases",
    "DeviceDataCtrlr.BytesPerMessage[GetReport]",
    "DeviceDataCtrlr.BytesPerMessage[GetVariables]",
    "DeviceDataCtrlr.BytesPerMessage[SetVariables]",
    "DeviceDataCtrlr.ItemsPerMessage[GetReport]",
    "DeviceDataCtrlr.ItemsPerMessage[GetVariables]",
    "DeviceDataCtrlr.ItemsPerMessage[SetVariables]",
    "DisplayMessageCtrlr.DisplayMessages",
    "DisplayMessageCtrlr.SupportedFormats",
    "DisplayMessageCtrlr.SupportedPriorities",
    "EVSE.AvailabilityState",
    "EVSE.Available",
    "EVSE.Power",
    "EVSE.SupplyPhases",
    "ISO15118Ctrlr.ContractValidationOffline",
    "LocalAuthListCtrlr.BytesPerMessage",
    "LocalAuthListCtrlr.Entries",
    "LocalAuthListCtrlr.ItemsPerMessage",
    "MonitoringCtrlr.BytesPerMessage[SetVariableMonitoring]",
    "MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]",
    "OCPPCommCtrlr.FileTransferProtocols",
    "OCPPCommCtrlr.MessageTimeout[Default]",
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]",
    "OCPPCommCtrlr.NetworkConfigurationPriority",
    "OCPPCommCtrlr.NetworkProfileConnectionAttempts",
    "OCPPCommCtrlr.OfflineThreshold",
    "OCPPCommCtrlr.ResetRetries",
    "OCPPCommCtrlr.RetryBackOffRandomRange",
    "OCPPCommCtrlr.RetryBackOffRepeatTimes",
    "OCPPCommCtrlr.RetryBackOffWaitMinimum",
    "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
    "OCPPCommCtrlr.WebSocketPingInterval",
    "SampledDataCtrlr.TxEndedInterval",
    "SampledDataCtrlr.TxEndedMeasurands",
    "SampledDataCtrlr.TxStartedMeasurands",
    "SampledDataCtrlr.TxUpdatedInterval",
    "SampledDataCtrlr.TxUpdatedMeasurands",
    "SecurityCtrlr.CertificateEntries",
    "SecurityCtrlr.OrganizationName",
    "SecurityCtrlr.SecurityProfile",
    "SmartChargingCtrlr.Entries[ChargingProfiles]",
    "SmartChargingCtrlr.LimitChangeSignificance",
    "SmartChargingCtrlr.PeriodsPerSchedule",
    "SmartChargingCtrlr.ProfileStackLevel",
    "SmartChargingCtrlr.RateUnit",
    "TariffCostCtrlr.Currency",
    "TariffCostCtrlr.TariffFallbackMessage",
    "TariffCostCtrlr.TotalCostFallbackMessage",
    "TxCtrlr.EVConnectionTimeOut",
    "TxCtrlr.StopTxOnEVSideDisconnect",
    "TxCtrlr.StopTxOnInvalidId",
    "TxCtrlr.TxStartPoint",
    "TxCtrlr.TxStopPoint",
}


def wish(component, variable, value=None, *, instance=None, evse=None, attribute=None):
    found = {"component": {"name": component}, "variable": {"name": variable}}
    if instance:
        found["variable"]["instance"] = instance
    if evse:
        found["component"]["evse"] = evse
    if attribute:
        found["attributeType"] = attribute
    if value is not None:
        found["attributeValue"] = value
    return found


def read(room, *wishes):
    answer = room.command("GetVariables", {"getVariableData": list(wishes)})
    return answer["getVariableResult"]


def write(room, *wishes):
    answer = room.command("SetVariables", {"setVariableData": list(wishes)})
    return [each["attributeStatus"] for each in answer["setVariableResult"]]


def report(room, action, request):
    answer = room.command(action, {"requestId": 9, **request})
    room.run(1)
    parts = [each for each in room.said("NotifyReport") if each["requestId"] == 9]
    room.calls.clear()
    return answer["status"], parts


def names(parts):
    found = []
    for part in parts:
        for each in part.get("reportData", ()):
            instance = each["variable"].get("instance")
            told = f"{each['component']['name']}.{each['variable']['name']}"
            found.append(f"{told}[{instance}]" if instance else told)
    return found


@pytest.fixture
def room(lab):
    room = lab("2.0.1", evses=2)
    room.run(1)
    return room


def test_full_report_has_all_that_is_required_in_parts_that_end(room):
    status, parts = report(room, "GetBaseReport", {"reportBase": "FullInventory"})
    assert status == "Accepted"
    assert [each["seqNo"] for each in parts] == list(range(len(parts)))
    assert [each["tbc"] for each in parts] == [True] * (len(parts) - 1) + [False]
    assert set(names(parts)) >= REQUIRED


def test_no_variable_is_told_twice(room):
    _, parts = report(room, "GetBaseReport", {"reportBase": "FullInventory"})
    told = [
        (str(each["component"]), str(each["variable"]))
        for part in parts
        for each in part["reportData"]
    ]
    assert len(told) == len(set(told))


def test_each_evse_and_connector_has_its_own_variables(room):
    _, parts = report(room, "GetBaseReport", {"reportBase": "SummaryInventory"})
    told = {
        (each["component"]["name"], str(each["component"].get("evse")))
        for part in parts
        for each in part["reportData"]
    }
    assert told == {
        ("ChargingStation", "None"),
        *(("EVSE", str({"id": n})) for n in (1, 2)),
        *(("Connector", str({"id": n, "connectorId": 1})) for n in (1, 2)),
    }


def test_configuration_report_has_what_can_be_set_alone(room):
    _, parts = report(room, "GetBaseReport", {"reportBase": "ConfigurationInventory"})
    told = [
        (attribute["mutability"])
        for part in parts
        for each in part["reportData"]
        for attribute in each["variableAttribute"]
        if attribute["type"] == "Actual"
    ]
    assert "ReadOnly" not in told
    assert len(told) > 50


def test_characteristics_tell_types_limits_and_choices(room):
    _, parts = report(
        room,
        "GetReport",
        {"componentVariable": [{"component": {"name": "TxCtrlr"}}]},
    )
    told = {
        each["variable"]["name"]: each["variableCharacteristics"]
        for part in parts
        for each in part["reportData"]
    }
    assert told["EVConnectionTimeOut"]["unit"] == "s"
    assert told["EVConnectionTimeOut"]["dataType"] == "integer"
    assert told["EVConnectionTimeOut"]["minLimit"] == 0
    assert "PowerPathClosed" in told["TxStartPoint"]["valuesList"].split(",")


def test_power_of_an_evse_tells_its_most(room):
    _, parts = report(
        room,
        "GetReport",
        {
            "componentVariable": [
                {"component": {"name": "EVSE", "evse": {"id": 2}}, "variable": {"name": "Power"}}
            ]
        },
    )
    (each,) = parts[0]["reportData"]
    assert each["variableCharacteristics"]["maxLimit"] == 22_080


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"component": {"name": "EVSE"}, "variable": {"name": "Power"}}, 2),
        ({"component": {"name": "evse", "evse": {"id": 1}}, "variable": {"name": "power"}}, 1),
        ({"component": {"name": "Connector", "evse": {"id": 2}}}, 4),
        ({"component": {"name": "Connector", "evse": {"id": 2, "connectorId": 2}}}, 0),
        (
            {"component": {"name": "DeviceDataCtrlr"}, "variable": {"name": "ItemsPerMessage"}},
            3,
        ),
        (
            {
                "component": {"name": "DeviceDataCtrlr"},
                "variable": {"name": "ItemsPerMessage", "instance": "GetReport"},
            },
            1,
        ),
        ({"component": {"name": "Nothing"}}, 0),
    ],
)
def test_b08_report_of_what_is_named(room, wanted, count):
    status, parts = report(room, "GetReport", {"componentVariable": [wanted]})
    assert status == ("Accepted" if count else "EmptyResultSet")
    assert len(names(parts)) == count


def test_b08_fr_10_problem_reports_what_has_one(room):
    assert report(room, "GetReport", {"componentCriteria": ["Problem"]}) == ("EmptyResultSet", [])
    room.station.bays[2].set_error("GroundFailure", room.now)
    status, parts = report(room, "GetReport", {"componentCriteria": ["Problem"]})
    assert status == "Accepted"
    assert {name.split(".")[0] for name in names(parts)} == {"ChargingStation", "EVSE"}


def test_b08_fr_09_what_is_disabled_is_left_out(room):
    assert write(room, wish("ReservationCtrlr", "Enabled", "false")) == ["Accepted"]
    _, parts = report(room, "GetReport", {"componentCriteria": ["Enabled"]})
    told = {name.split(".")[0] for name in names(parts)}
    assert "ReservationCtrlr" not in told
    assert {"SampledDataCtrlr", "TxCtrlr"} <= told


def test_b05_and_b06_every_status(room):
    got = read(
        room,
        wish("Nothing", "Power"),
        wish("EVSE", "Power"),
        wish("EVSE", "Nothing", evse={"id": 1}),
        wish("EVSE", "Power", evse={"id": 1}),
        wish("OCPPCommCtrlr", "OfflineThreshold", attribute="Target"),
        wish("SecurityCtrlr", "BasicAuthPassword"),
        wish("SmartChargingCtrlr", "Entries", instance="ChargingProfiles", attribute="MaxSet"),
        wish("SmartChargingCtrlr", "Entries"),
    )
    assert [each["attributeStatus"] for each in got] == [
        "UnknownComponent",
        "UnknownComponent",
        "UnknownVariable",
        "Accepted",
        "NotSupportedAttributeType",
        "Rejected",
        "Accepted",
        "UnknownVariable",
    ]
    assert [each["attributeType"] for each in got[3:5]] == ["Actual", "Target"]
    assert got[6]["attributeValue"] == "20"
    assert not any("attributeValue" in each for each in (got[0], got[2], got[4], got[5]))


@pytest.mark.parametrize(
    ("component", "variable", "good", "bad"),
    [
        ("OCPPCommCtrlr", "HeartbeatInterval", ["1", "604800"], ["0", "-1", "x", "1.5", ""]),
        ("AuthCtrlr", "Enabled", ["true", "FALSE"], ["yes", "1", ""]),
        ("SmartChargingCtrlr", "LimitChangeSignificance", ["0.5", "7"], ["101", "-1", "a"]),
        ("TxCtrlr", "TxStartPoint", ["EVConnected", "Authorized,EVConnected"], ["Nope", "A,B"]),
        ("SampledDataCtrlr", "TxUpdatedMeasurands", ["Voltage", ""], ["Voltage,Voltage", "V"]),
        ("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue", ["Never"], ["never", "Often"]),
        ("ClockCtrlr", "TimeSource", ["Heartbeat"], ["NTP", ""]),
        ("TariffCostCtrlr", "Currency", ["SEK"], ["kronor"]),
        ("SecurityCtrlr", "BasicAuthPassword", ["0123456789abcdef"], ["short", "x" * 41]),
        ("ClockCtrlr", "DateTime", [], ["2026-01-01T00:00:00Z"]),
        ("EVSE", "Power", [], ["1"]),
    ],
)
def test_b05_values_are_checked_by_type_and_range(room, component, variable, good, bad):
    evse = {"id": 1} if component == "EVSE" else None
    for value in good:
        assert write(room, wish(component, variable, value, evse=evse)) == ["Accepted"], value
    for value in bad:
        assert write(room, wish(component, variable, value, evse=evse)) == ["Rejected"], value


def test_rejected_value_changes_nothing_and_says_why(room):
    asked = {"setVariableData": [wish("OCPPCommCtrlr", "HeartbeatInterval", "0")]}
    (told,) = room.command("SetVariables", asked)["setVariableResult"]
    assert told["attributeStatusInfo"]["reasonCode"] == "InvalidValue"
    assert "1..604800" in told["attributeStatusInfo"]["additionalInfo"]
    (got,) = read(room, wish("OCPPCommCtrlr", "HeartbeatInterval"))
    assert got["attributeValue"] == "300"


def test_too_many_items_are_refused_with_the_error_of_part_4(room):
    wishes = [wish("AuthCtrlr", "Enabled")] * 51
    room.station.received('[2,"many","GetVariables",%s]' % _json(wishes), room.now)  # noqa: UP031
    room.run(0)
    assert room.answers.pop("many")[2] == "OccurrenceConstraintViolation"


def _json(wishes):
    return json.dumps({"getVariableData": wishes})


def test_states_are_those_of_now(room):
    asked = [
        wish("ChargingStation", "AvailabilityState"),
        wish("EVSE", "AvailabilityState", evse={"id": 1}),
        wish("Connector", "AvailabilityState", evse={"id": 2, "connectorId": 1}),
        wish("EVSE", "Power", evse={"id": 1}),
    ]
    assert [each["attributeValue"] for each in read(room, *asked)] == [
        "Available",
        "Available",
        "Available",
        "0",
    ]
    room.command("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 2}})
    room.run(60)
    values = [each["attributeValue"] for each in read(room, *asked)]
    assert values[:3] == ["Occupied", "Occupied", "Unavailable"]
    assert float(values[3]) > 9_000


def test_what_was_set_outlives_the_station(lab, room):
    write(
        room, wish("OCPPCommCtrlr", "OfflineThreshold", "77"), wish("AuthCtrlr", "Enabled", "false")
    )
    kept = room.station.memory.remember()
    again = lab("2.0.1", evses=2, online=False)
    assert again.station.memory.recall(kept) == []
    model = again.station.dialect.model
    assert model.text("OCPPCommCtrlr", "OfflineThreshold") == "77"
    assert model.flag("AuthCtrlr", "Enabled") is False


def test_definitions_are_shared_by_stations_of_a_kind(lab):
    one, other = lab("2.0.1"), lab("2.0.1", seed=2)
    assert one.station.dialect.model.blueprint is other.station.dialect.model.blueprint


def test_bounds_are_attributes_where_they_are_told():
    both = Definition(
        "A", "b", "1", "integer", Mutability.READ_WRITE, low=1, most=5, has_bounds=True
    )
    assert [each.value for each in both.attributes] == ["Actual", "MinSet", "MaxSet"]
    assert (both.flaw("6"), both.flaw("5")) == ("not in 1..5", None)
