"""GetLog, which both versions write alike.

Source: OCPP 1.6 security whitepaper, N01; OCPP 2.0.1 part 2, N01.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.commands import JobReplaced
from csms.domain.follow import Asked, Follow, Subject
from csms.domain.times import format_seconds
from csms.ocpp.reading import present

if TYPE_CHECKING:
    from csms.domain.operations.diagnostics import GetLog
    from csms.ocppj.frames import Payload


def encode_log(operation: GetLog) -> tuple[str, Payload]:
    """Writes a GetLog."""
    log = present(
        remoteLocation=operation.location,
        oldestTimestamp=None
        if operation.oldest_at is None
        else format_seconds(operation.oldest_at),
        latestTimestamp=None
        if operation.latest_at is None
        else format_seconds(operation.latest_at),
    )
    return "GetLog", present(
        logType=operation.log_type,
        requestId=operation.request_id,
        retries=operation.retries,
        retryInterval=operation.retry_interval_s,
        log=log,
    )


def asked_by_log(request: Payload) -> Asked:
    """Reads that statuses of this request will follow."""
    return Asked(Follow(Subject.LOG, request["requestId"]))


def effect_of_log(request: Payload, response: Payload) -> JobReplaced | None:
    """Reads whether a station has given up another upload for this one."""
    if response.get("status") != "AcceptedCanceled":
        return None
    return JobReplaced(Subject.LOG, request["requestId"])
