"""The ten commonest messages of a station in each version, as text, and what answers them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from csms.domain.facts import (
    Acknowledged,
    AuthorizationAnswer,
    BootAnswer,
    DataTransferAnswer,
    HeartbeatAnswer,
    Registration,
    TransactionAnswer,
)
from csms.domain.token import Authorization, TokenStatus
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.facts import Answer

_AT: Final = "2026-11-21T10:00:00Z"
NOW: Final = datetime(2026, 11, 21, 10, 0, 1, tzinfo=UTC)
_ACCEPTED: Final = Authorization(TokenStatus.ACCEPTED)


def _values(*, is_v16: bool) -> list[dict[str, Any]]:
    """Ten values of one moment: register, power, three currents and voltages, SoC, frequency."""

    def value(measurand: str, number: float, unit: str, phase: str | None = None) -> dict[str, Any]:
        told: dict[str, Any] = {"measurand": measurand, "context": "Sample.Periodic"}
        told |= {"value": str(number), "unit": unit} if is_v16 else {"value": number}
        if not is_v16:
            told["unitOfMeasure"] = {"unit": unit}
        return told | ({} if phase is None else {"phase": phase})

    phases = [("L1", 15.9), ("L2", 16.0), ("L3", 15.8)]
    return [
        value("Energy.Active.Import.Register", 123456.0, "Wh"),
        value("Power.Active.Import", 10980.0, "W"),
        *(value("Current.Import", amps, "A", phase) for phase, amps in phases),
        *(value("Voltage", 230.1, "V", f"{phase}-N") for phase, _ in phases),
        value("SoC", 54.0, "Percent"),
        value("Current.Offered", 16.0, "A"),
    ]


def _meter_value(*, is_v16: bool) -> list[dict[str, Any]]:
    return [{"timestamp": _AT, "sampledValue": _values(is_v16=is_v16)}]


V16: Final[Mapping[str, dict[str, Any]]] = {
    "MeterValues": {
        "connectorId": 1,
        "transactionId": 4711,
        "meterValue": _meter_value(is_v16=True),
    },
    "Heartbeat": {},
    "StatusNotification": {
        "connectorId": 1,
        "errorCode": "NoError",
        "status": "Charging",
        "timestamp": _AT,
    },
    "Authorize": {"idTag": "04A2B3C4D5E6F7"},
    "StartTransaction": {
        "connectorId": 1,
        "idTag": "04A2B3C4D5E6F7",
        "meterStart": 123000,
        "timestamp": _AT,
    },
    "StopTransaction": {
        "transactionId": 4711,
        "idTag": "04A2B3C4D5E6F7",
        "meterStop": 145000,
        "timestamp": _AT,
        "reason": "Local",
    },
    "BootNotification": {
        "chargePointVendor": "Vendor",
        "chargePointModel": "Model",
        "chargePointSerialNumber": "SN123456",
        "firmwareVersion": "1.2.3",
    },
    "DataTransfer": {"vendorId": "com.example", "messageId": "State", "data": "on"},
    "FirmwareStatusNotification": {"status": "Downloading"},
    "DiagnosticsStatusNotification": {"status": "Uploading"},
}
_EVENT: Final[dict[str, Any]] = {
    "eventType": "Updated",
    "timestamp": _AT,
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 7,
    "transactionInfo": {"transactionId": "tx-0123456789", "chargingState": "Charging"},
    "evse": {"id": 1, "connectorId": 1},
    "meterValue": _meter_value(is_v16=False),
}
_COMPONENT: Final = {"component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}}}
V201: Final[Mapping[str, dict[str, Any]]] = {
    "TransactionEvent": _EVENT,
    "MeterValues": {"evseId": 1, "meterValue": _meter_value(is_v16=False)},
    "Heartbeat": {},
    "StatusNotification": {
        "timestamp": _AT,
        "connectorStatus": "Occupied",
        "evseId": 1,
        "connectorId": 1,
    },
    "Authorize": {"idToken": {"idToken": "04A2B3C4D5E6F7", "type": "ISO14443"}},
    "BootNotification": {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "Vendor", "model": "Model", "serialNumber": "SN1"},
    },
    "NotifyEvent": {
        "generatedAt": _AT,
        "seqNo": 0,
        "eventData": [
            {
                "eventId": 1,
                "timestamp": _AT,
                "trigger": "Delta",
                "actualValue": "Available",
                "eventNotificationType": "HardWiredNotification",
                "variable": {"name": "AvailabilityState"},
                **_COMPONENT,
            }
        ],
    },
    "DataTransfer": {"vendorId": "com.example", "messageId": "State", "data": "on"},
    "FirmwareStatusNotification": {"status": "Downloading", "requestId": 1},
    "LogStatusNotification": {"status": "Uploading", "requestId": 1},
}
MESSAGES: Final = {Version.V16: V16, Version.V201: V201}

_ANSWERS: Final[Mapping[str, Answer]] = {
    "Authorize": AuthorizationAnswer(_ACCEPTED),
    "BootNotification": BootAnswer(Registration.ACCEPTED, 300, NOW),
    "DataTransfer": DataTransferAnswer("UnknownVendorId"),
    "Heartbeat": HeartbeatAnswer(NOW),
    "StartTransaction": TransactionAnswer("4711", _ACCEPTED),
    "StopTransaction": TransactionAnswer("4711", _ACCEPTED),
    "TransactionEvent": TransactionAnswer(),
}


def answer_to(action: str) -> Answer:
    """Returns what our engine would answer."""
    return _ANSWERS.get(action, Acknowledged())


def texts(version: Version, action: str, count: int) -> list[str]:
    """Returns that many calls, each with an ID of its own."""
    payload = MESSAGES[version][action]
    return [
        json.dumps([2, f"message-{number}", action, payload], separators=(",", ":"))
        for number in range(count)
    ]
