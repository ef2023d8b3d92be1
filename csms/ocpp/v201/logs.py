"""Logs. Source: OCPP 2.0.1 part 2, N01."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.firmware_facts import JobReported
from csms.domain.follow import Subject
from csms.domain.operations import diagnostics as wanted
from csms.ocpp.jobs import number_in
from csms.ocpp.log_requests import asked_by_log, effect_of_log, encode_log

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.operations import Operation
    from csms.ocppj.frames import Payload


def decode_status(payload: Payload, received_at: datetime) -> JobReported:
    """Reads a LogStatusNotification."""
    del received_at
    action, number = "LogStatusNotification", number_in(payload)
    return JobReported(Subject.LOG, payload["status"], number, action=action, payload=payload)


ENCODERS: Final[Mapping[type[Operation], Any]] = {wanted.GetLog: encode_log}
ASKED: Final[Mapping[str, Any]] = {"GetLog": asked_by_log}
EFFECTS: Final[Mapping[str, Any]] = {"GetLog": effect_of_log}
