"""Diagnostics and logs. Source: OCPP 1.6, 4.4 and 5.9; OCPP 1.6 security whitepaper, N01."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.answered import Answered
from csms.domain.commands import JobReplaced
from csms.domain.firmware_facts import JobReported
from csms.domain.follow import Asked, Follow, Subject
from csms.domain.operations import diagnostics as wanted
from csms.domain.times import format_seconds
from csms.ocpp.jobs import number_in
from csms.ocpp.log_requests import asked_by_log, effect_of_log, encode_log
from csms.ocpp.plain_answers import read_plainly
from csms.ocpp.reading import present

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from csms.domain.operations import Operation
    from csms.domain.operations.diagnostics import GetLog
    from csms.ocppj.frames import Payload

_NOTHING_TO_UPLOAD: Final = "the station named no file: it has no diagnostics to upload"


def decode_diagnostics_status(payload: Payload, received_at: datetime) -> JobReported:
    """Reads a DiagnosticsStatusNotification; it names no request."""
    del received_at
    action = "DiagnosticsStatusNotification"
    return JobReported(Subject.DIAGNOSTICS, payload["status"], action=action, payload=payload)


def decode_log_status(payload: Payload, received_at: datetime) -> JobReported:
    """Reads a LogStatusNotification."""
    del received_at
    action, number = "LogStatusNotification", number_in(payload)
    return JobReported(Subject.LOG, payload["status"], number, action=action, payload=payload)


def encode_get(operation: GetLog) -> tuple[str, Payload]:
    """Writes a GetDiagnostics, or a GetLog for what only the whitepaper has words for."""
    if operation.extended or operation.log_type != "DiagnosticsLog":
        return encode_log(operation)
    return "GetDiagnostics", present(
        location=operation.location,
        startTime=None if operation.oldest_at is None else format_seconds(operation.oldest_at),
        stopTime=None if operation.latest_at is None else format_seconds(operation.latest_at),
        retries=operation.retries,
        retryInterval=operation.retry_interval_s,
    )


def read_get(operation: GetLog, answers: Sequence[Payload]) -> Answered:
    """Reads the name of the file; without one nothing will be uploaded.

    Source: OCPP 1.6, 6.26.
    """
    if operation.extended or operation.log_type != "DiagnosticsLog":
        return read_plainly(answers, goes_on=True)
    return read_diagnostics(operation, answers)


def read_diagnostics(operation: object, answers: Sequence[Payload]) -> Answered:
    """Reads the answer to a GetDiagnostics, whoever sent it."""
    del operation
    file_name = answers[-1].get("fileName")
    if not file_name:
        return Answered("Accepted", _NOTHING_TO_UPLOAD, is_agreed=True)
    return Answered("Accepted", is_agreed=True, goes_on=True, result={"file_name": file_name})


def asked_by_diagnostics(request: Payload) -> Asked:
    """Reads that statuses will follow, which name no request."""
    del request
    return Asked(Follow(Subject.DIAGNOSTICS))


def effect_of_diagnostics(request: Payload, response: Payload) -> JobReplaced:
    """Reads that a station turns to this upload, whatever it did before."""
    del request, response
    return JobReplaced(Subject.DIAGNOSTICS)


ENCODERS: Final[Mapping[type[Operation], Any]] = {wanted.GetLog: encode_get}
READERS: Final[Mapping[type[Operation], Any]] = {wanted.GetLog: read_get}
ASKED: Final[Mapping[str, Any]] = {
    "GetDiagnostics": asked_by_diagnostics,
    "GetLog": asked_by_log,
}
EFFECTS: Final[Mapping[str, Any]] = {
    "GetDiagnostics": effect_of_diagnostics,
    "GetLog": effect_of_log,
}
