"""The official schemas, read here for themselves, formats too; no code of ours is shared."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import jsonschema_rs

_FOLDERS = {"1.6": "v16", "2.0.1": "v201"}
_REQUESTS = {"1.6": "", "2.0.1": "Request"}

FROM_STATION = {
    "1.6": frozenset(
        [
            "Authorize",
            "BootNotification",
            "DataTransfer",
            "DiagnosticsStatusNotification",
            "FirmwareStatusNotification",
            "Heartbeat",
            "LogStatusNotification",
            "MeterValues",
            "SecurityEventNotification",
            "SignCertificate",
            "SignedFirmwareStatusNotification",
            "StartTransaction",
            "StatusNotification",
            "StopTransaction",
        ]
    ),
    "2.0.1": frozenset(
        [
            "Authorize",
            "BootNotification",
            "ClearedChargingLimit",
            "DataTransfer",
            "FirmwareStatusNotification",
            "Get15118EVCertificate",
            "GetCertificateStatus",
            "Heartbeat",
            "LogStatusNotification",
            "MeterValues",
            "NotifyChargingLimit",
            "NotifyCustomerInformation",
            "NotifyDisplayMessages",
            "NotifyEVChargingNeeds",
            "NotifyEVChargingSchedule",
            "NotifyEvent",
            "NotifyMonitoringReport",
            "NotifyReport",
            "PublishFirmwareStatusNotification",
            "ReportChargingProfiles",
            "ReservationStatusUpdate",
            "SecurityEventNotification",
            "SignCertificate",
            "StatusNotification",
            "TransactionEvent",
        ]
    ),
}
TO_STATION = {
    "1.6": frozenset(
        [
            "CancelReservation",
            "CertificateSigned",
            "ChangeAvailability",
            "ChangeConfiguration",
            "ClearCache",
            "ClearChargingProfile",
            "DataTransfer",
            "DeleteCertificate",
            "ExtendedTriggerMessage",
            "GetCompositeSchedule",
            "GetConfiguration",
            "GetDiagnostics",
            "GetInstalledCertificateIds",
            "GetLocalListVersion",
            "GetLog",
            "InstallCertificate",
            "RemoteStartTransaction",
            "RemoteStopTransaction",
            "ReserveNow",
            "Reset",
            "SendLocalList",
            "SetChargingProfile",
            "SignedUpdateFirmware",
            "TriggerMessage",
            "UnlockConnector",
            "UpdateFirmware",
        ]
    ),
    "2.0.1": frozenset(
        [
            "CancelReservation",
            "CertificateSigned",
            "ChangeAvailability",
            "ClearCache",
            "ClearChargingProfile",
            "ClearDisplayMessage",
            "ClearVariableMonitoring",
            "CostUpdated",
            "CustomerInformation",
            "DataTransfer",
            "DeleteCertificate",
            "GetBaseReport",
            "GetChargingProfiles",
            "GetCompositeSchedule",
            "GetDisplayMessages",
            "GetInstalledCertificateIds",
            "GetLocalListVersion",
            "GetLog",
            "GetMonitoringReport",
            "GetReport",
            "GetTransactionStatus",
            "GetVariables",
            "InstallCertificate",
            "PublishFirmware",
            "RequestStartTransaction",
            "RequestStopTransaction",
            "ReserveNow",
            "Reset",
            "SendLocalList",
            "SetChargingProfile",
            "SetDisplayMessage",
            "SetMonitoringBase",
            "SetMonitoringLevel",
            "SetNetworkProfile",
            "SetVariableMonitoring",
            "SetVariables",
            "TriggerMessage",
            "UnlockConnector",
            "UnpublishFirmware",
            "UpdateFirmware",
        ]
    ),
}
ACTIONS = {
    version: {"from station": FROM_STATION[version], "to station": TO_STATION[version]}
    for version in ("1.6", "2.0.1")
}
"""Every action by version and direction. Source: OCPP 1.6, 4 and 5; whitepaper, 5; 2.0.1 part 2."""


@cache
def _validator(version: str, name: str) -> Any:
    file = resources.files("ocpp") / _FOLDERS[version] / "schemas" / f"{name}.json"
    schema = json.loads(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    # Draft 6 (2.0.1) counts 1.0 as an integer, which firmware does not; formats are checked.
    return jsonschema_rs.Draft4Validator(schema, validate_formats=True)


def request_fault(version: str, action: str, payload: Any) -> str | None:
    """Returns what is wrong with a request, None if nothing is."""
    return _fault(version, action + _REQUESTS[version], payload)


def response_fault(version: str, action: str, payload: Any) -> str | None:
    """Returns what is wrong with a response, None if nothing is."""
    return _fault(version, f"{action}Response", payload)


def has_status(version: str, action: str) -> bool:
    """Whether the response to an action has a plain `status` that may be Accepted."""
    return response_fault(version, action, {"status": "Accepted"}) is None


def _fault(version: str, name: str, payload: Any) -> str | None:
    try:
        validator = _validator(version, name)
    except FileNotFoundError:
        return f"there is no {name} in OCPP {version}"
    error = next(iter(validator.iter_errors(payload)), None)
    if error is None:
        return None
    return f"{name}/{'/'.join(map(str, error.instance_path))}: {error.message:.300}"
