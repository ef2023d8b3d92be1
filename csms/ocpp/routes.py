"""The table of translators: which message of which version is read and written where.

Also the way back: commands as calls, and what a station's answer to a call means.
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
    InstallRefused,
    StartRemotely,
    StopRemotely,
    Trigger,
)
from csms.ocpp import v16, v201
from csms.ocpp.composite_schedules import refused_composite
from csms.ocpp.kept import encode_accepted, encode_nothing, kept
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from csms.domain.facts import Fact
    from csms.ocppj.frames import CallError, Payload

    _Effect = Callable[[Payload, Payload], Command | None]
    _Refusal = Callable[[Payload, str | None, str | None], Command | None]


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


def effect_of(version: Version, action: str, request: Payload, response: Payload) -> Command | None:
    """Returns what a call and a station's answer mean for our records, None for nothing.

    It takes any call, ours, a relayed one or one from a log, and raises on no payload.
    """
    read = _EFFECTS[version].get(action)
    return None if read is None else _or_none(lambda: read(request, response))


def effect_of_error(
    version: Version, action: str, request: Payload, error: CallError
) -> Command | None:
    """Returns what it means that a station answered a call with an error, None for nothing.

    The error's code stands in for the status.
    """
    read = _REFUSALS[version].get(action)
    reason = error.error_description or None
    return None if read is None else _or_none(lambda: read(request, error.error_code, reason))


def _or_none(read: Callable[[], Command | None]) -> Command | None:
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def answer_status(response: Payload) -> str | None:
    """Returns the status in a station's answer, None if it has none."""
    status = response.get("status")
    return status if isinstance(status, str) else None


def status_reason(response: Payload) -> str | None:
    """Returns why a station answered so, None if it does not say. Source: StatusInfoType."""
    info = response.get("statusInfo")
    if not isinstance(info, dict):
        return None
    said = [info.get(name) for name in ("reasonCode", "additionalInfo")]
    return ": ".join(each for each in said if isinstance(each, str) and each) or None


def _table(*routes: Route) -> Mapping[str, Route]:
    return MappingProxyType({route.action: route for route in routes})


def _note(action: str, time_member: str | None = None) -> Route:
    return Route(action, kept(action, time_member), encode_nothing)


def _if_accepted(read: _Effect) -> _Effect:
    def read_accepted(request: Payload, response: Payload) -> Command | None:
        return read(request, response) if answer_status(response) == "Accepted" else None

    return read_accepted


def _if_gone(read: _Effect) -> _Effect:
    """Unknown: the station has no such profile, so that it is as gone as if it was cleared."""

    def read_gone(request: Payload, response: Payload) -> Command | None:
        gone = answer_status(response) in {"Accepted", "Unknown"}
        return read(request, response) if gone else None

    return read_gone


def _or_refusal(read: _Effect, refuse: _Refusal) -> _Effect:
    def read_either(request: Payload, response: Payload) -> Command | None:
        status = answer_status(response)
        if status == "Accepted":
            return read(request, response)
        return refuse(request, status, status_reason(response))

    return read_either


def _install_refused(read: _Effect) -> _Refusal:
    def refuse(request: Payload, status: str | None, reason: str | None) -> Command | None:
        wanted = read(request, {})
        if not isinstance(wanted, InstallProfile):
            return None
        return InstallRefused(wanted.evse, wanted.profile, status or "Unknown", reason)

    return refuse


def _composite_refused(evse_asked: Callable[[Payload], int]) -> _Refusal:
    def refuse(request: Payload, status: str | None, reason: str | None) -> Command | None:
        return refused_composite(evse_asked(request), status, reason)

    return refuse


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
            Route("MeterValues", v16.metering.decode_meter_values, encode_nothing, keeps=True),
            Route(
                "StartTransaction",
                v16.transactions.decode_start,
                v16.transactions.encode_start,
                keeps=True,
            ),
            Route("StatusNotification", v16.availability.decode_status, encode_nothing),
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
            _note("FirmwareStatusNotification"),
            Route(
                "Heartbeat", v201.provisioning.decode_heartbeat, v201.provisioning.encode_heartbeat
            ),
            _note("LogStatusNotification"),
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
            Route("NotifyEVChargingSchedule", kept("NotifyEVChargingSchedule"), encode_accepted),
            _note("NotifyEvent", "generatedAt"),
            _note("NotifyReport", "generatedAt"),
            Route(
                "ReportChargingProfiles",
                v201.external_limits.decode_report,
                encode_nothing,
            ),
            _note("SecurityEventNotification", "timestamp"),
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

_REFUSALS: Final[Mapping[Version, Mapping[str, _Refusal]]] = {
    Version.V16: {
        "SetChargingProfile": _install_refused(v16.smart_charging.effect_of_install),
        "GetCompositeSchedule": _composite_refused(v16.composite_schedule.evse_asked),
    },
    Version.V201: {
        "SetChargingProfile": _install_refused(v201.smart_charging.effect_of_install),
        "GetCompositeSchedule": _composite_refused(v201.composite_schedule.evse_asked),
    },
}

_EFFECTS: Final[Mapping[Version, Mapping[str, _Effect]]] = {
    Version.V16: {
        "SetChargingProfile": _or_refusal(
            v16.smart_charging.effect_of_install, _REFUSALS[Version.V16]["SetChargingProfile"]
        ),
        "ClearChargingProfile": _if_gone(v16.smart_charging.effect_of_clear),
        "GetCompositeSchedule": _or_refusal(
            v16.composite_schedule.effect_of_ask, _REFUSALS[Version.V16]["GetCompositeSchedule"]
        ),
        "GetConfiguration": v16.configuration.effect_of_ask,
        "ChangeConfiguration": _if_accepted(v16.security.effect_of_configuration),
        "RemoteStartTransaction": _if_accepted(v16.remote_control.effect_of_start),
    },
    Version.V201: {
        "SetChargingProfile": _or_refusal(
            v201.smart_charging.effect_of_install, _REFUSALS[Version.V201]["SetChargingProfile"]
        ),
        "ClearChargingProfile": _if_gone(v201.smart_charging.effect_of_clear),
        "GetChargingProfiles": v201.smart_charging.effect_of_ask,
        "GetCompositeSchedule": _or_refusal(
            v201.composite_schedule.effect_of_ask, _REFUSALS[Version.V201]["GetCompositeSchedule"]
        ),
        "GetTransactionStatus": v201.transactions.effect_of_ask,
        "GetVariables": v201.variables.effect_of_ask,
        "SetVariables": v201.security.effect_of_variables,
        "RequestStartTransaction": _if_accepted(v201.remote_control.effect_of_start),
    },
}
