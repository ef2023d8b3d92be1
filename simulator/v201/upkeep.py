"""What 2.0.1 tells of firmware, logs and security. Source: OCPP 2.0.1 part 2, A04, L01, N01."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocpp.v201 import call, enums

from simulator.station.firmware import FirmwareOrder, FirmwareStatus
from simulator.station.outbox import Outgoing
from simulator.wire import to_text

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.station.logs import LogOrder, LogStatus


def firmware_status(status: FirmwareStatus, order: FirmwareOrder | None) -> Outgoing:
    """Return a FirmwareStatusNotification; only Idle goes without a number (L01.FR.20)."""
    is_idle = status is FirmwareStatus.IDLE
    message = call.FirmwareStatusNotification(
        status=enums.FirmwareStatusEnumType(status.value),
        request_id=None if is_idle or order is None else order.request_id,
    )
    return Outgoing.of("FirmwareStatusNotification", message)


def log_status(status: LogStatus, order: LogOrder | None) -> Outgoing:
    """Return a LogStatusNotification (N01.FR.13)."""
    message = call.LogStatusNotification(
        status=enums.UploadLogStatusEnumType(status.value),
        request_id=None if order is None else order.request_id,
    )
    return Outgoing.of("LogStatusNotification", message)


def security_event(kind: str, at: datetime, told: str | None) -> Outgoing:
    """Return a SecurityEventNotification, which waits for the link (A04.FR.02)."""
    message = call.SecurityEventNotification(kind, to_text(at), told)
    return Outgoing("SecurityEventNotification", lambda: message, is_durable=True)
