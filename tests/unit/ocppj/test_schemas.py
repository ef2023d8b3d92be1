import pytest

from csms.ocppj.codes import ERROR_CODES
from csms.ocppj.schemas import request_violation, request_violations, response_violation
from csms.ocppj.version import Version

V16, V201 = Version.V16, Version.V201
STATUS_16 = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
BOOT_201 = {"reason": "PowerUp", "chargingStation": {"model": "m", "vendorName": "v"}}


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        (V16, "StatusNotification", STATUS_16),
        (V201, "BootNotification", BOOT_201),
        (V201, "BootNotification", BOOT_201 | {"customData": {"vendorId": "v", "x": [1]}}),
    ],
)
def test_a_proper_request_has_no_violation(version, action, payload):
    assert request_violation(version, action, payload) is None
    assert request_violations(version, action, payload) == []


@pytest.mark.parametrize(
    ("version", "action", "payload", "code", "path"),
    [
        (V16, "BootNotification", {}, "ProtocolError", "chargePointModel"),
        (V201, "BootNotification", {}, "OccurrenceConstraintViolation", "chargingStation"),
        (V16, "Heartbeat", {"x": 1}, "FormationViolation", "x"),
        (V201, "Heartbeat", {"x": 1}, "FormatViolation", "x"),
        (
            V16,
            "MeterValues",
            {"connectorId": 1, "meterValue": []},
            "OccurenceConstraintViolation",
            "meterValue",
        ),
        (
            V201,
            "MeterValues",
            {"evseId": 1, "meterValue": []},
            "OccurrenceConstraintViolation",
            "meterValue",
        ),
        (
            V16,
            "StatusNotification",
            STATUS_16 | {"errorCode": "Odd"},
            "PropertyConstraintViolation",
            "errorCode",
        ),
        (
            V16,
            "StatusNotification",
            STATUS_16 | {"info": "x" * 51},
            "PropertyConstraintViolation",
            "info",
        ),
        (
            V16,
            "StatusNotification",
            STATUS_16 | {"connectorId": True},
            "TypeConstraintViolation",
            "connectorId",
        ),
        (
            V201,
            "BootNotification",
            BOOT_201 | {"customData": {}},
            "OccurrenceConstraintViolation",
            "customData/vendorId",
        ),
        (
            V201,
            "Heartbeat",
            {"__proto__": {"admin": True}},
            "FormatViolation",
            "__proto__",
        ),
    ],
)
def test_each_keyword_has_its_code_and_path(version, action, payload, code, path):
    violation = request_violation(version, action, payload)
    assert violation is not None
    assert (violation.code, violation.path) == (code, path)
    assert violation.message.endswith(path)


def test_of_several_violations_type_comes_before_missing_property_and_format():
    payload = {"connectorId": "1", "errorCode": "Odd", "extra": 1}
    assert [
        violation.path for violation in request_violations(V16, "StatusNotification", payload)
    ] == [
        "connectorId",
        "status",
        "errorCode",
        "extra",
    ]


def test_a_response_is_checked_against_the_schema_of_its_action():
    assert response_violation(V16, "Reset", {"status": "Accepted"}) is None
    violation = response_violation(V16, "Reset", {"status": 5})
    assert violation is not None
    assert violation.code == "TypeConstraintViolation"


@pytest.mark.parametrize("name", ["å" * 400, "\x1b[31m\r\n", '"}]'])
def test_the_message_is_short_plain_text_whatever_the_member_is_called(name):
    violation = request_violation(V16, "Heartbeat", {name: 1})
    assert violation is not None
    assert violation.message.isascii()
    assert violation.message.isprintable()
    assert len(violation.message) <= 255
    assert name not in violation.message


def test_a_large_payload_gets_one_violation_without_listing_all():
    payload = {"connectorId": 1, "meterValue": [{"a": 1}] * 5000}
    assert len(request_violations(V16, "MeterValues", payload)) == 1


def test_one_decimal_is_exact_and_two_are_too_many():
    def profile(limit):
        return {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Absolute",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
                },
            },
        }

    assert request_violation(V16, "SetChargingProfile", profile(21.4)) is None
    violation = request_violation(V16, "SetChargingProfile", profile(21.45))
    assert violation is not None
    assert violation.code == "PropertyConstraintViolation"


@pytest.mark.parametrize("version", Version)
def test_every_code_of_a_violation_is_one_of_the_version(version):
    found = request_violations(version, "BootNotification", {"customData": 5, "x": 1})
    assert {violation.code for violation in found} <= ERROR_CODES[version]
