"""Messages that break their schema where that costs nothing are taken as they are meant."""

import pytest

from csms.ocpp.leniency import mended
from csms.ocppj.version import Version

STATION = {"model": "M", "vendorName": "V"}


def fields(found):
    return {each.details["field"] for each in found.oddities}


@pytest.mark.parametrize(
    ("version", "action", "payload", "field"),
    [
        (Version.V16, "Authorize", {"idTag": "T" * 30}, "idTag"),
        (
            Version.V16,
            "BootNotification",
            {"chargePointModel": "M" * 40, "chargePointVendor": "V"},
            "chargePointModel",
        ),
        (
            Version.V201,
            "BootNotification",
            {"reason": "PowerUp", "chargingStation": {**STATION, "serialNumber": "S" * 60}},
            "chargingStation.serialNumber",
        ),
    ],
)
def test_text_that_is_too_long_is_kept_whole(version, action, payload, field):
    found = mended(version, action, payload)
    assert found.payload == payload
    assert fields(found) == {field}


def test_null_is_no_member_at_any_depth():
    found = mended(
        Version.V201,
        "BootNotification",
        {
            "reason": "PowerUp",
            "customData": None,
            "chargingStation": {**STATION, "modem": {"iccid": None}},
        },
    )
    assert found.payload == {"reason": "PowerUp", "chargingStation": {**STATION, "modem": {}}}
    assert fields(found) == {"customData", "chargingStation.modem.iccid"}


@pytest.mark.parametrize(
    "payload",
    [
        {"idTag": None},
        {"idTag": "T" * 256},
        {"idTag": 5},
        {"idTag": "TAG", "other": 1},
    ],
)
def test_what_has_no_clear_meaning_is_refused(payload):
    assert mended(Version.V16, "Authorize", payload) is None


def test_error_codes_of_vendors_are_known_in_1_6_alone():
    payload = {"connectorId": 1, "status": "Faulted", "errorCode": "Error"}
    assert mended(Version.V16, "StatusNotification", payload).payload["errorCode"] == "OtherError"
    assert mended(Version.V201, "StatusNotification", payload) is None
