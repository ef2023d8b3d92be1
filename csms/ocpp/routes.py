"""The table of translators: which message of which version is read and written where.

Also the way back: commands as calls, and what a station's answer to a call means.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from csms.domain.commands import (
    AskTransaction,
    ChangeCredentials,
    ClearProfiles,
    Command,
    InstallProfile,
    StartRemotely,
)
from csms.ocpp import v16, v201
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


def effect_of(version: Version, action: str, request: Payload, response: Payload) -> Command | None:
    """Returns what a call and a station's answer mean for our records, None for nothing.

    It takes any call, ours, a relayed one or one from a log, and raises on no payload.
    """
    read = _EFFECTS[version].get(action)
    try:
        return None if read is None else read(request, response)
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


def _if_accepted(
    read: Callable[[Payload, Payload], Command | None],
) -> Callable[[Payload, Payload], Command | None]:
    def read_accepted(request: Payload, response: Payload) -> Command | None:
        return read(request, response) if answer_status(response) == "Accepted" else None

    return read_accepted


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
            _note("NotifyEvent", "generatedAt"),
            _note("NotifyReport", "generatedAt"),
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
        ChangeCredentials: v16.security.encode_credentials,
        StartRemotely: v16.remote_control.encode_start,
        AskTransaction: v16.transactions.encode_ask,
    },
    Version.V201: {
        InstallProfile: v201.smart_charging.encode_install,
        ClearProfiles: v201.smart_charging.encode_clear,
        ChangeCredentials: v201.security.encode_credentials,
        StartRemotely: v201.remote_control.encode_start,
        AskTransaction: v201.transactions.encode_ask,
    },
}

_EFFECTS: Final[Mapping[Version, Mapping[str, Callable[[Payload, Payload], Command | None]]]] = {
    Version.V16: {
        "SetChargingProfile": _if_accepted(v16.smart_charging.effect_of_install),
        "ClearChargingProfile": _if_accepted(v16.smart_charging.effect_of_clear),
        "ChangeConfiguration": _if_accepted(v16.security.effect_of_configuration),
        "RemoteStartTransaction": _if_accepted(v16.remote_control.effect_of_start),
    },
    Version.V201: {
        "SetChargingProfile": _if_accepted(v201.smart_charging.effect_of_install),
        "ClearChargingProfile": _if_accepted(v201.smart_charging.effect_of_clear),
        "GetTransactionStatus": v201.transactions.effect_of_ask,
        "SetVariables": v201.security.effect_of_variables,
        "RequestStartTransaction": _if_accepted(v201.remote_control.effect_of_start),
    },
}
