"""What light chargers say: plain payloads of both versions, with registers in whole Wh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

V16, V201 = "ocpp1.6", "ocpp2.0.1"
BOOTS: dict[str, dict[str, Any]] = {
    V16: {"chargePointVendor": "Chaos", "chargePointModel": "Light"},
    V201: {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "Chaos", "model": "Light"},
    },
}


def stamp(at: datetime) -> str:
    """A time as most stations write it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def status(version: str, at: str) -> dict[str, Any]:
    """The StatusNotification of a connector in use."""
    if version == V16:
        return {"connectorId": 1, "errorCode": "NoError", "status": "Charging", "timestamp": at}
    where = {"evseId": 1, "connectorId": 1}
    return {"timestamp": at, "connectorStatus": "Occupied", **where}


def start_16(token: str, register_wh: int, at: str) -> dict[str, Any]:
    """A StartTransaction."""
    return {"connectorId": 1, "idTag": token, "meterStart": register_wh, "timestamp": at}


def stop_16(transaction: int, register_wh: int, at: str) -> dict[str, Any]:
    """A StopTransaction."""
    return {"transactionId": transaction, "meterStop": register_wh, "timestamp": at}


def meter_16(transaction: int | None, register_wh: int, at: str) -> dict[str, Any]:
    """MeterValues with one register."""
    value = {"value": str(register_wh), "unit": "Wh"}
    found = {"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": [value]}]}
    return found if transaction is None else {**found, "transactionId": transaction}


def event_201(
    kind: str, transaction: str, number: int, register_wh: int, at: str
) -> dict[str, Any]:
    """A TransactionEvent with one register."""
    contexts = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}
    value = {"value": register_wh, "context": contexts.get(kind, "Sample.Periodic")}
    triggers = {"Started": "Authorized", "Ended": "StopAuthorized"}
    found = {
        "eventType": kind,
        "timestamp": at,
        "triggerReason": triggers.get(kind, "MeterValuePeriodic"),
        "seqNo": number,
        "transactionInfo": {"transactionId": transaction},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [{"timestamp": at, "sampledValue": [value]}],
    }
    if kind == "Started":
        found["idToken"] = {"idToken": f"T-{transaction}"[:36], "type": "ISO14443"}
    return found
