"""Monitors and what they report. Source: OCPP 2.0.1 part 2, N03 to N08."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.answered import Answered
from csms.domain.commands import MonitorsCleared, MonitorsSet
from csms.domain.device_model import EventTold, MonitorTold
from csms.domain.device_model_facts import EventsReported
from csms.ocpp.reading import Notes, present, time_of
from csms.ocpp.statuses import info_text, one_status
from csms.ocpp.v201.device_model import encode_place, key_in, named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from csms.domain.operations.diagnostics import (
        ClearVariableMonitoring,
        Monitor,
        SetMonitoringBase,
        SetMonitoringLevel,
        SetVariableMonitoring,
    )
    from csms.ocppj.frames import Payload


def encode_base(operation: SetMonitoringBase) -> tuple[str, Payload]:
    """Writes a SetMonitoringBase."""
    return "SetMonitoringBase", {"monitoringBase": operation.monitoring_base}


def encode_level(operation: SetMonitoringLevel) -> tuple[str, Payload]:
    """Writes a SetMonitoringLevel."""
    return "SetMonitoringLevel", {"severity": operation.severity}


def encode_set(operation: SetVariableMonitoring) -> tuple[str, Payload]:
    """Writes a SetVariableMonitoring. Raises: CannotCarry for a variable without a component."""
    wanted = [_encode_monitor(each) for each in operation.monitors]
    return "SetVariableMonitoring", {"setMonitoringData": wanted}


def _encode_monitor(monitor: Monitor) -> Payload:
    return {
        **present(id=monitor.id, transaction=monitor.transaction),
        "value": monitor.value,
        "type": monitor.type,
        "severity": monitor.severity,
        **encode_place(monitor),
    }


def encode_clear(operation: ClearVariableMonitoring) -> tuple[str, Payload]:
    """Writes a ClearVariableMonitoring."""
    return "ClearVariableMonitoring", {"id": list(operation.ids)}


def read_set(operation: SetVariableMonitoring, answers: Sequence[Payload]) -> Answered:
    """Reads what became of each monitor; one refusal refuses all."""
    del operation
    results = [each for said in answers for each in said.get("setMonitoringResult") or ()]
    shown = [
        {
            **named(key_in(each)),
            "type": each.get("type"),
            "severity": each.get("severity"),
            "status": each.get("status"),
            **present(id=each.get("id"), reason=info_text(each.get("statusInfo"))),
        }
        for each in results
    ]
    status, is_agreed = one_status([each["status"] for each in shown], all_must_agree=True)
    reason = next((each["reason"] for each in shown if "reason" in each), None)
    return Answered(status, reason, is_agreed=is_agreed, result={"monitors": shown})


def read_clear(operation: ClearVariableMonitoring, answers: Sequence[Payload]) -> Answered:
    """Reads which monitors are gone; one that is not there counts as refused, as told."""
    del operation
    results = [each for said in answers for each in said.get("clearMonitoringResult") or ()]
    shown = [
        {
            "id": each.get("id"),
            "status": each.get("status"),
            **present(reason=info_text(each.get("statusInfo"))),
        }
        for each in results
    ]
    status, is_agreed = one_status([each["status"] for each in shown], all_must_agree=True)
    reason = next((each["reason"] for each in shown if "reason" in each), None)
    return Answered(status, reason, is_agreed=is_agreed, result={"monitors": shown})


def set_by(request: Payload, response: Payload) -> MonitorsSet:
    """Reads which monitors were accepted. Results come in any order, each with its variable.

    Source: N04.FR.02. Raises: KeyError, TypeError, AttributeError.
    """
    wanted = list(request["setMonitoringData"])
    monitors = []
    for each in response["setMonitoringResult"]:
        key, kind, severity = key_in(each), each["type"], each["severity"]
        asked = next(
            (
                entry
                for entry in wanted
                if key_in(entry).folded() == key.folded()
                and (entry["type"], entry["severity"]) == (kind, severity)
            ),
            None,
        )
        if asked is not None:
            wanted.remove(asked)
        monitor_id = each.get("id")
        if each.get("status") == "Accepted" and asked is not None and isinstance(monitor_id, int):
            is_of_transaction = bool(asked.get("transaction", False))
            told = MonitorTold(monitor_id, key, kind, asked["value"], severity, is_of_transaction)
            monitors.append(told)
    return MonitorsSet(tuple(monitors))


def cleared_by(request: Payload, response: Payload) -> MonitorsCleared:
    """Reads which monitors are gone: cleared now, or not there. Raises: KeyError, TypeError."""
    del request
    gone = {"Accepted", "NotFound"}
    return MonitorsCleared(
        tuple(
            each["id"] for each in response["clearMonitoringResult"] if each.get("status") in gone
        )
    )


def decode_events(payload: Payload, received_at: datetime) -> EventsReported:
    """Reads a NotifyEvent; a value may be empty."""
    del received_at
    notes = Notes()
    return EventsReported(
        sequence=payload["seqNo"],
        is_last=not payload.get("tbc", False),
        at=time_of(payload, "generatedAt", notes),
        events=tuple(_event(each, notes) for each in payload["eventData"]),
        anomalies=notes.all(),
    )


def _event(entry: Payload, notes: Notes) -> EventTold:
    return EventTold(
        event_id=entry["eventId"],
        key=key_in(entry),
        at=time_of(entry, "timestamp", notes),
        trigger=entry["trigger"],
        value=entry["actualValue"],
        notification=entry["eventNotificationType"],
        is_cleared=bool(entry.get("cleared", False)),
        cause=entry.get("cause"),
        monitor_id=entry.get("variableMonitoringId"),
        transaction_id=entry.get("transactionId"),
        tech_code=entry.get("techCode"),
        tech_info=entry.get("techInfo"),
    )
