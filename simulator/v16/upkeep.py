"""What 1.6 tells of firmware, logs and security.

The security extension has words for every state; what a plain UpdateFirmware or GetDiagnostics
started is told in the fewer words of the core. Source: OCPP 1.6 edition 2, 4.4 and 4.5; security
whitepaper edition 3, 5.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v16 import call, enums

from simulator.station.firmware import FirmwareOrder, FirmwareStatus
from simulator.station.logs import LogKind, LogOrder, LogStatus
from simulator.station.outbox import Outgoing
from simulator.wire import to_text

if TYPE_CHECKING:
    from datetime import datetime

_PLAIN: Final = MappingProxyType(
    {
        FirmwareStatus.IDLE: "Idle",
        FirmwareStatus.DOWNLOADING: "Downloading",
        FirmwareStatus.DOWNLOADED: "Downloaded",
        FirmwareStatus.DOWNLOAD_FAILED: "DownloadFailed",
        FirmwareStatus.INSTALLING: "Installing",
        FirmwareStatus.INSTALLED: "Installed",
        FirmwareStatus.INSTALLATION_FAILED: "InstallationFailed",
        FirmwareStatus.INSTALL_VERIFICATION_FAILED: "InstallationFailed",
    }
)
_DIAGNOSTICS: Final = MappingProxyType(
    {
        LogStatus.UPLOADING: "Uploading",
        LogStatus.UPLOADED: "Uploaded",
        LogStatus.UPLOAD_FAILURE: "UploadFailed",
        LogStatus.ACCEPTED_CANCELED: "UploadFailed",
    }
)


def firmware_status(status: FirmwareStatus, order: FirmwareOrder | None) -> Outgoing | None:
    """Return a (Signed)FirmwareStatusNotification, None where the plain one has no word."""
    if order is not None and order.request_id is not None:
        number = None if status is FirmwareStatus.IDLE else order.request_id
        signed = call.SignedFirmwareStatusNotification(
            status=enums.FirmwareStatus(status.value),
            request_id=number,  # optional on the wire
        )
        return Outgoing.of("SignedFirmwareStatusNotification", signed)
    if status not in _PLAIN:
        return None
    plain = call.FirmwareStatusNotification(enums.FirmwareStatus(_PLAIN[status]))
    return Outgoing.of("FirmwareStatusNotification", plain)


def log_status(status: LogStatus, order: LogOrder | None) -> Outgoing:
    """Return a LogStatusNotification, or a DiagnosticsStatusNotification."""
    if order is not None and order.kind is not LogKind.DIAGNOSTICS:
        told = "UploadFailure" if status is LogStatus.ACCEPTED_CANCELED else status.value
        log = call.LogStatusNotification(
            status=enums.UploadLogStatus(told),
            request_id=order.request_id,  # optional on the wire
        )
        return Outgoing.of("LogStatusNotification", log)
    plain = enums.DiagnosticsStatus(_DIAGNOSTICS.get(status, "Idle"))
    return Outgoing.of("DiagnosticsStatusNotification", call.DiagnosticsStatusNotification(plain))


def security_event(kind: str, at: datetime, told: str | None) -> Outgoing:
    """Return a SecurityEventNotification, which waits for the link (A04)."""
    message = call.SecurityEventNotification(kind, to_text(at), told)
    return Outgoing("SecurityEventNotification", lambda: message, is_durable=True)
