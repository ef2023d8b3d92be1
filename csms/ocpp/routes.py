"""The table of translators: which message of which version is read and written where.

Also the way back: commands as calls. What a station's answer means is in `effects`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from csms.domain.commands import (
    AskCapabilities,
    AskComposite,
    AskProfiles,
    AskTransaction,
    ChangeCredentials,
    ClearProfiles,
    Command,
    InstallProfile,
    StartRemotely,
    StopRemotely,
    Trigger,
)
from csms.ocpp import v16, v201
from csms.ocpp.certificate_forms import decode_security_event
from csms.ocpp.kept import encode_nothing, kept
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from csms.domain.facts import Fact
    from csms.ocppj.frames import Payload


@dataclass(frozen=True, slots=True)
class Route:
    """How one action of a station is read, and how it is answered.

    `decode` takes the payload and when it was received, which stands in for the times of
    samples that cannot be read. Where `keeps` is true, a payload that violates its schema goes
    to `decode` all the same: it reads what is clear, adds an anomaly for each repair, and raises
    `Unreadable` only if the meaning is not clear. Every other `decode` trusts the schema.
    `encode` takes the one kind of answer that belongs to the fact.
    """

    action: str
    decode: Callable[[Payload, datetime], Fact]
    encode: Callable[[Any], Payload]
    keeps: bool = False


def encode_command(version: Version, command: Command) -> tuple[str, Payload]:
    """Returns the action and the payload that carry a command.

    Raises: CannotCarry, with a sentence for the operator, if the version has no words for it.
    """
    return _ENCODERS[version][type(command)](command)


def _table(*routes: Route) -> Mapping[str, Route]:
    return MappingProxyType({route.action: route for route in routes})


def _note(action: str, time_member: str | None = None) -> Route:
    return Route(action, kept(action, time_member), encode_nothing)


ROUTES: Final[Mapping[Version, Mapping[str, Route]]] = MappingProxyType(
    {
        Version.V16: _table(
            Route(
                "Authorize", v16.authorization.decode_authorize, v16.authorization.encode_authorize
            ),
            Route("BootNotification", v16.provisioning.decode_boot, v16.provisioning.encode_boot),
            Route(
                "DataTransfer", v16.data_transfer.decode_transfer, v16.data_transfer.encode_transfer
            ),
            Route(
                "Heartbeat", v16.provisioning.decode_heartbeat, v16.provisioning.encode_heartbeat
            ),
            Route(
                "DiagnosticsStatusNotification",
                v16.logs.decode_diagnostics_status,
                encode_nothing,
            ),
            Route("FirmwareStatusNotification", v16.firmware.decode_status, encode_nothing),
            Route("LogStatusNotification", v16.logs.decode_log_status, encode_nothing),
            Route(
                "SignedFirmwareStatusNotification",
                v16.firmware.decode_signed_status,
                encode_nothing,
            ),
            Route("MeterValues", v16.metering.decode_meter_values, encode_nothing, keeps=True),
            Route(
                "StartTransaction",
                v16.transactions.decode_start,
                v16.transactions.encode_start,
                keeps=True,
            ),
            Route("StatusNotification", v16.availability.decode_status, encode_nothing),
            Route("SecurityEventNotification", decode_security_event, encode_nothing),
            Route("SignCertificate", v16.certificates.decode_sign, v16.certificates.encode_sign),
            Route(
                "StopTransaction",
                v16.transactions.decode_stop,
                v16.transactions.encode_stop,
                keeps=True,
            ),
        ),
        Version.V201: _table(
            Route(
                "Authorize",
                v201.authorization.decode_authorize,
                v201.authorization.encode_authorize,
            ),
            Route("BootNotification", v201.provisioning.decode_boot, v201.provisioning.encode_boot),
            Route(
                "DataTransfer",
                v201.data_transfer.decode_transfer,
                v201.data_transfer.encode_transfer,
            ),
            Route("FirmwareStatusNotification", v201.firmware.decode_status, encode_nothing),
            Route(
                "Heartbeat", v201.provisioning.decode_heartbeat, v201.provisioning.encode_heartbeat
            ),
            Route("LogStatusNotification", v201.logs.decode_status, encode_nothing),
            Route(
                "NotifyCustomerInformation",
                v201.customer_information.decode_part,
                encode_nothing,
            ),
            Route("NotifyDisplayMessages", v201.display.decode_messages, encode_nothing),
            Route(
                "PublishFirmwareStatusNotification",
                v201.firmware.decode_publish_status,
                encode_nothing,
            ),
            Route("MeterValues", v201.metering.decode_meter_values, encode_nothing, keeps=True),
            Route(
                "ClearedChargingLimit",
                v201.external_limits.decode_cleared,
                encode_nothing,
            ),
            Route(
                "NotifyChargingLimit",
                v201.external_limits.decode_limit,
                encode_nothing,
            ),
            Route(
                "NotifyEVChargingNeeds",
                v201.ev_needs.decode_needs,
                v201.ev_needs.encode_needs,
            ),
            Route(
                "NotifyEVChargingSchedule",
                v201.ev_needs.decode_schedule,
                v201.ev_needs.encode_needs,
            ),
            Route("NotifyEvent", v201.monitoring.decode_events, encode_nothing),
            Route("NotifyMonitoringReport", v201.reports.decode_monitoring_report, encode_nothing),
            Route("NotifyReport", v201.reports.decode_report, encode_nothing),
            Route(
                "ReportChargingProfiles",
                v201.external_limits.decode_report,
                encode_nothing,
            ),
            Route(
                "GetCertificateStatus",
                v201.certificates.decode_status,
                v201.certificates.encode_status,
            ),
            Route(
                "Get15118EVCertificate",
                v201.certificates.decode_ev_certificate,
                v201.certificates.encode_ev_certificate,
            ),
            Route("SecurityEventNotification", decode_security_event, encode_nothing),
            Route("SignCertificate", v201.certificates.decode_sign, v201.certificates.encode_sign),
            Route("ReservationStatusUpdate", v201.reservation.decode_update, encode_nothing),
            Route("StatusNotification", v201.availability.decode_status, encode_nothing),
            Route(
                "TransactionEvent",
                v201.transactions.decode_event,
                v201.transactions.encode_event,
                keeps=True,
            ),
        ),
    }
)
"""The actions of stations that are understood; every other one is answered NotSupported."""

_ENCODERS: Final[Mapping[Version, Mapping[type[Command], Callable[[Any], tuple[str, Payload]]]]] = {
    Version.V16: {
        InstallProfile: v16.smart_charging.encode_install,
        ClearProfiles: v16.smart_charging.encode_clear,
        AskComposite: v16.composite_schedule.encode_ask,
        AskProfiles: v16.smart_charging.encode_ask,
        AskCapabilities: v16.configuration.encode_ask,
        ChangeCredentials: v16.security.encode_credentials,
        StartRemotely: v16.remote_control.encode_start,
        StopRemotely: v16.remote_control.encode_stop,
        Trigger: v16.remote_control.encode_trigger,
        AskTransaction: v16.transactions.encode_ask,
    },
    Version.V201: {
        InstallProfile: v201.smart_charging.encode_install,
        ClearProfiles: v201.smart_charging.encode_clear,
        AskComposite: v201.composite_schedule.encode_ask,
        AskProfiles: v201.smart_charging.encode_ask,
        AskCapabilities: v201.variables.encode_ask,
        ChangeCredentials: v201.security.encode_credentials,
        StartRemotely: v201.remote_control.encode_start,
        StopRemotely: v201.remote_control.encode_stop,
        Trigger: v201.remote_control.encode_trigger,
        AskTransaction: v201.transactions.encode_ask,
    },
}
