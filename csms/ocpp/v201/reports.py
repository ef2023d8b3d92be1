"""Reports of the device model. Source: OCPP 2.0.1 part 2, B07, B08 and N02."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.domain.device_model import MonitorTold
from csms.domain.device_model_facts import MonitorsReported, VariablesReported
from csms.domain.follow import Asked, Follow, Subject
from csms.ocpp.reading import Notes, present, time_of
from csms.ocpp.v201.device_model import encode_place, key_in, read_reported

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.operations.diagnostics import GetMonitoringReport
    from csms.domain.operations.provisioning import GetBaseReport, GetReport
    from csms.ocppj.frames import Payload


def encode_base(operation: GetBaseReport) -> tuple[str, Payload]:
    """Writes a GetBaseReport."""
    return "GetBaseReport", {
        "requestId": operation.request_id,
        "reportBase": operation.report_base,
    }


def encode_report(operation: GetReport) -> tuple[str, Payload]:
    """Writes a GetReport. Raises: CannotCarry for a connector without its EVSE."""
    return "GetReport", present(
        requestId=operation.request_id,
        componentCriteria=operation.criteria or None,
        componentVariable=[encode_place(each) for each in operation.variables or ()] or None,
    )


def encode_monitoring_report(operation: GetMonitoringReport) -> tuple[str, Payload]:
    """Writes a GetMonitoringReport. Raises: CannotCarry for a connector without its EVSE."""
    return "GetMonitoringReport", present(
        requestId=operation.request_id,
        monitoringCriteria=operation.criteria or None,
        componentVariable=[encode_place(each) for each in operation.variables or ()] or None,
    )


def asked_by_report(request: Payload) -> Asked:
    """Reads which report will follow. Raises: KeyError."""
    return Asked(Follow(Subject.REPORT, request["requestId"]), frozenset({"NotifyReport"}))


def asked_by_monitoring_report(request: Payload) -> Asked:
    """Reads which report will follow. Raises: KeyError."""
    follow = Follow(Subject.MONITORING_REPORT, request["requestId"])
    return Asked(follow, frozenset({"NotifyMonitoringReport"}))


def decode_report(payload: Payload, received_at: datetime) -> VariablesReported:
    """Reads a part of a report; an attribute without a type is Actual."""
    del received_at
    notes = Notes()
    return VariablesReported(
        request_id=payload["requestId"],
        sequence=payload["seqNo"],
        is_last=not payload.get("tbc", False),
        at=time_of(payload, "generatedAt", notes),
        variables=tuple(read_reported(each) for each in payload.get("reportData") or ()),
        anomalies=notes.all(),
    )


def decode_monitoring_report(payload: Payload, received_at: datetime) -> MonitorsReported:
    """Reads a part of a report of monitors."""
    del received_at
    notes = Notes()
    monitors = tuple(
        _monitor(each, monitor)
        for each in payload.get("monitor") or ()
        for monitor in each["variableMonitoring"]
    )
    return MonitorsReported(
        request_id=payload["requestId"],
        sequence=payload["seqNo"],
        is_last=not payload.get("tbc", False),
        at=time_of(payload, "generatedAt", notes),
        monitors=monitors,
        anomalies=notes.all(),
    )


def _monitor(entry: Payload, monitor: dict[str, Any]) -> MonitorTold:
    return MonitorTold(
        monitor["id"],
        key_in(entry),
        monitor["type"],
        monitor["value"],
        monitor["severity"],
        monitor["transaction"],
    )
