"""What stations say they can take, in both versions."""

import pytest

from csms.domain.commands import AskCapabilities, CapabilitiesTold
from csms.ocpp import effect_of, encode_command
from csms.ocppj.version import Version
from profiles import RateUnit

V16, V201 = Version.V16, Version.V201
BOTH = frozenset(RateUnit)


def keys(**values):
    return {"configurationKey": [{"key": key, "value": text} for key, text in values.items()]}


def told_16(response):
    action, request = encode_command(V16, AskCapabilities())
    return effect_of(V16, action, request, response)


def result(name, value, status="Accepted", component="SmartChargingCtrlr", instance=None, **more):
    variable = {"name": name} if instance is None else {"name": name, "instance": instance}
    return {
        "attributeStatus": status,
        "attributeValue": value,
        "component": {"name": component},
        "variable": variable,
        **more,
    }


def told_201(*results):
    action, request = encode_command(V201, AskCapabilities())
    return effect_of(V201, action, request, {"getVariableResult": list(results)})


def test_keys_of_16():
    found = told_16(
        keys(
            ChargeProfileMaxStackLevel="8",
            ChargingScheduleAllowedChargingRateUnit="Current,Power",
            ChargingScheduleMaxPeriods="24",
            MaxChargingProfilesInstalled="10",
            ConnectorSwitch3to1PhaseSupported="false",
        )
    )
    assert found == CapabilitiesTold(8, BOTH, 24, 10, can_switch_phases=False)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"chargeprofilemaxstacklevel": " 0 "}, CapabilitiesTold(max_stack_level=0)),
        ({"ChargeProfileMaxStackLevel": "-1", "ChargingScheduleMaxPeriods": "0"}, None),
        ({"ChargeProfileMaxStackLevel": "many", "MaxChargingProfilesInstalled": ""}, None),
        ({"ChargeProfileMaxStackLevel": "9" * 40}, None),
        ({"ChargeProfileMaxStackLevel": None}, None),
        (
            {"ChargingScheduleAllowedChargingRateUnit": "A, Power"},
            CapabilitiesTold(units=BOTH),
        ),
        ({"ChargingScheduleAllowedChargingRateUnit": "Volts"}, None),
        (
            {"ConnectorSwitch3to1PhaseSupported": "True"},
            CapabilitiesTold(can_switch_phases=True),
        ),
        ({"ConnectorSwitch3to1PhaseSupported": "perhaps"}, None),
        ({"HeartbeatInterval": "60"}, None),
    ],
)
def test_values_that_cannot_be_meant_are_not_said(values, expected):
    assert told_16(keys(**values)) == expected


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"unknownKey": ["ChargeProfileMaxStackLevel"]},
        {"configurationKey": None},
        {"configurationKey": [5]},
        {"configurationKey": 7},
    ],
)
def test_answer_of_16_that_tells_nothing(response):
    assert told_16(response) is None


def test_variables_of_201():
    found = told_201(
        result("ProfileStackLevel", "3"),
        result("RateUnit", "A"),
        result("PeriodsPerSchedule", "30"),
        result("Phases3to1", "true"),
        result("ACPhaseSwitchingSupported", "false"),
        result("Entries", "20", instance="ChargingProfiles", attributeType="MaxSet"),
    )
    units = frozenset({RateUnit.A})
    assert found == CapabilitiesTold(
        3, units, 30, 20, can_switch_phases=True, can_choose_phase=False
    )


@pytest.mark.parametrize(
    "odd",
    [
        result("ProfileStackLevel", "3", status="UnknownVariable"),
        result("ProfileStackLevel", "3", component="OtherCtrlr"),
        result("ProfileStackLevel", "3", attributeType="Target"),
        result("Entries", "3", instance="ChargingProfiles"),
        result("Entries", "3", instance="Other", attributeType="MaxSet"),
        {"attributeStatus": "Accepted"},
        7,
    ],
)
def test_results_that_are_none_of_the_capabilities(odd):
    assert told_201(odd) is None


def test_question_for_other_things_tells_nothing():
    request = {"getVariableData": []}
    assert effect_of(V201, "GetVariables", request, {"getVariableResult": []}) is None
