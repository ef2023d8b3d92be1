"""Beyond certification: answers of stations to all operations that are not as they should be.

Whatever a station answers, the operation is over or goes on, the operator is told in words, and the
station is heard as before.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, V201, case
from tests.conformance.cases_201_l import later
from tests.conformance.cases_201_m import as_asked
from tests.conformance.charger import Odd
from tests.conformance.patterns import text_of

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage

_ACCEPTED: dict[str, Any] = {"status": "Accepted", "statusInfo": {"reasonCode": "x"}}
_PLACE = {"component": {"name": "A"}, "variable": {"name": "B"}}
_VARIABLE = {"component": "A", "variable": "B"}
_HASH = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "cd" * 32,
    "serialNumber": "1",
}
_MONITOR = {"id": 1, "status": "Accepted", "type": "Delta", "severity": 5, **_PLACE}
_COMPOSITE = {
    "evseId": 1,
    "duration": 60,
    "scheduleStart": "2026-01-01T00:00:00Z",
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
}

OPERATIONS: dict[str, tuple[Payload, str, Payload]] = {
    "get_variables": (
        {"variables": [_VARIABLE]},
        "GetVariables",
        {"getVariableResult": [{"attributeStatus": "Accepted", "attributeValue": "x", **_PLACE}]},
    ),
    "set_variables": (
        {"variables": [{**_VARIABLE, "value": "x"}]},
        "SetVariables",
        {"setVariableResult": [{"attributeStatus": "Accepted", **_PLACE}]},
    ),
    "get_base_report": ({}, "GetBaseReport", _ACCEPTED),
    "get_report": ({"criteria": ["Active"]}, "GetReport", _ACCEPTED),
    "reset": ({"type": "OnIdle"}, "Reset", _ACCEPTED),
    "start_transaction": (
        {"token": "T", "evse": 1},
        "RequestStartTransaction",
        {**_ACCEPTED, "transactionId": "t"},
    ),
    "stop_transaction": ({"transaction_id": "t"}, "RequestStopTransaction", _ACCEPTED),
    "get_transaction_status": (
        {"transaction_id": "t"},
        "GetTransactionStatus",
        {"ongoingIndicator": True, "messagesInQueue": False},
    ),
    "unlock_connector": (
        {"evse": 1, "connector": 1},
        "UnlockConnector",
        {**_ACCEPTED, "status": "Unlocked"},
    ),
    "trigger_message": ({"message": "Heartbeat"}, "TriggerMessage", _ACCEPTED),
    "change_availability": ({"status": "Operative"}, "ChangeAvailability", _ACCEPTED),
    "clear_cache": ({}, "ClearCache", _ACCEPTED),
    "get_local_list_version": ({}, "GetLocalListVersion", {"versionNumber": 3}),
    "send_local_list": ({"update_type": "Full", "tokens": []}, "SendLocalList", _ACCEPTED),
    "cancel_reservation": ({"reservation_id": 987_654}, "CancelReservation", _ACCEPTED),
    "clear_charging_profile": ({"profile_id": 77}, "ClearChargingProfile", _ACCEPTED),
    "get_charging_profiles": ({"evse": 1}, "GetChargingProfiles", _ACCEPTED),
    "get_composite_schedule": (
        {"evse": 1, "duration_s": 60},
        "GetCompositeSchedule",
        {"status": "Accepted", "schedule": _COMPOSITE},
    ),
    "update_firmware": ({"location": "https://example.org"}, "UpdateFirmware", _ACCEPTED),
    "publish_firmware": (
        {"location": "https://example.org", "checksum": "x"},
        "PublishFirmware",
        _ACCEPTED,
    ),
    "unpublish_firmware": ({"checksum": "x"}, "UnpublishFirmware", {"status": "Unpublished"}),
    "get_log": (
        {"location": "https://example.org"},
        "GetLog",
        {**_ACCEPTED, "filename": "log.zip"},
    ),
    "set_monitoring_base": ({"monitoring_base": "All"}, "SetMonitoringBase", _ACCEPTED),
    "set_monitoring_level": ({"severity": 5}, "SetMonitoringLevel", _ACCEPTED),
    "set_variable_monitoring": (
        {"monitors": [{**_VARIABLE, "type": "Delta", "value": 1}]},
        "SetVariableMonitoring",
        {"setMonitoringResult": [_MONITOR]},
    ),
    "clear_variable_monitoring": (
        {"ids": [1]},
        "ClearVariableMonitoring",
        {"clearMonitoringResult": [{"id": 1, "status": "Accepted"}]},
    ),
    "get_monitoring_report": ({}, "GetMonitoringReport", _ACCEPTED),
    "customer_information": ({"token": "T", "clear": True}, "CustomerInformation", _ACCEPTED),
    "data_transfer": ({"vendor_id": "v"}, "DataTransfer", {**_ACCEPTED, "data": {"a": 1}}),
    "set_display_message": ({"content": "x"}, "SetDisplayMessage", _ACCEPTED),
    "get_display_messages": ({}, "GetDisplayMessages", _ACCEPTED),
    "clear_display_message": ({"id": 1}, "ClearDisplayMessage", _ACCEPTED),
    "get_installed_certificate_ids": (
        {},
        "GetInstalledCertificateIds",
        {
            **_ACCEPTED,
            "certificateHashDataChain": [
                {
                    "certificateType": "V2GCertificateChain",
                    "certificateHashData": _HASH,
                    "childCertificateHashData": [_HASH],
                }
            ],
        },
    ),
    "delete_certificate": ({"certificate": as_asked(_HASH)}, "DeleteCertificate", _ACCEPTED),
}
OPERATIONS_16: dict[str, tuple[Payload, str, Payload]] = {
    "get_variables": (
        {"variables": []},
        "GetConfiguration",
        {
            "configurationKey": [{"key": "A", "readonly": False, "value": "x"}],
            "unknownKey": ["B"],
        },
    ),
    "set_variables": (
        {"variables": [{"variable": "A", "value": "x"}]},
        "ChangeConfiguration",
        {"status": "Accepted"},
    ),
    "reset": ({"type": "Soft"}, "Reset", {"status": "Accepted"}),
    "start_transaction": (
        {"token": "T", "evse": 1},
        "RemoteStartTransaction",
        {"status": "Accepted"},
    ),
    "get_local_list_version": ({}, "GetLocalListVersion", {"listVersion": 3}),
    "send_local_list": (
        {"update_type": "Full", "tokens": []},
        "SendLocalList",
        {"status": "Accepted"},
    ),
    "get_composite_schedule": (
        {"evse": 1, "duration_s": 60},
        "GetCompositeSchedule",
        {
            "status": "Accepted",
            "connectorId": 1,
            "scheduleStart": "2026-01-01T00:00:00Z",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
            },
        },
    ),
    "update_firmware": ({"location": "https://example.org"}, "UpdateFirmware", {}),
    "get_log": ({"location": "https://example.org"}, "GetDiagnostics", {"fileName": "x"}),
    "data_transfer": ({"vendor_id": "v"}, "DataTransfer", {"status": "Accepted", "data": "x"}),
    "reserve_now": (
        {"token": "T", "evse": 1, "expires_at": text_of(later(hours=1))},
        "ReserveNow",
        {"status": "Accepted"},
    ),
    "get_installed_certificate_ids": (
        {"types": ["CSMSRootCertificate"]},
        "GetInstalledCertificateIds",
        {"status": "Accepted", "certificateHashData": [_HASH]},
    ),
}
_VALUES = (None, True, -1, 2**63, 1e308, "Unheard", "", "a\x00b", [], {}, [[]], [None], {"a": []})
_WITHIN = (None, 2**63, "a\x00b", {})


def odd_forms(good: Any, values: tuple[Any, ...] = _VALUES) -> list[Any]:
    """Returns an answer with one thing wrong, in all ways; within, in the ways that differ."""
    if isinstance(good, list):
        inner = [[each] for form in good[:1] for each in odd_forms(form, _WITHIN)]
        return [*inner, *values, good * 2]
    if not isinstance(good, dict):
        return list(values)
    forms: list[Any] = [{}, {**good, "colour": "red"}, *values]
    for name, value in good.items():
        forms.append({key: each for key, each in good.items() if key != name})
        inner_values = values if isinstance(value, str) else _WITHIN
        forms += [{**good, name: each} for each in odd_forms(value, inner_values)]
    return forms


async def _answers_oddly(stage: Stage, operations: dict[str, tuple[Payload, str, Payload]]) -> None:
    name = str(stage.variant)
    body, action, good = operations[name]
    charger = await stage.charger()
    told: dict[str, Any] = {}
    charger.answers(action, lambda _: Odd(told))
    for form in odd_forms(good):
        if not isinstance(form, dict):
            continue
        told.clear()
        told.update(form)
        try:
            await _asked(stage, charger, name, body)
        except AssertionError as wrong:
            raise AssertionError(f"{wrong} to {json.dumps(form)[:500]}") from None
    assert await charger.call("Heartbeat")


async def _asked(stage: Stage, charger: Charger, name: str, body: Payload) -> None:
    """Asks for an operation, typed, and holds what the operator is told."""
    path = f"/stations/{charger.id}/operations/{name}"
    view = await stage.post(path, body, params={"wait_s": 20})
    assert view["state"] in {"done", "accepted", "refused", "failed"}, view
    if view["state"] == "failed":
        assert view["reason"], view
    seen = await stage.get(f"/operations/{view['id']}")
    assert seen["state"] == view["state"], seen


@case(
    "X_ANSWERS",
    version=V201,
    block="X",
    title="A station answers an operation in ways that are wrong",
    variants=OPERATIONS,
)
async def answers(stage: Stage) -> None:
    await _answers_oddly(stage, OPERATIONS)


@case(
    "X_ANSWERS_16",
    version=V16,
    block="X",
    title="A station answers an operation in ways that are wrong",
    variants=OPERATIONS_16,
)
async def answers_16(stage: Stage) -> None:
    await _answers_oddly(stage, OPERATIONS_16)
