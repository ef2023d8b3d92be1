"""What a station's answer to a call means for our records.

One table per version of which answer is read where: ours, those of relayed calls, and those of a
log. Nothing here raises on any payload.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from csms.domain.commands import Command, InstallProfile, InstallRefused, Several
from csms.ocpp import v16, v201
from csms.ocpp.composite_schedules import refused_composite
from csms.ocpp.plain_answers import answer_status, status_reason
from csms.ocppj.version import Version

__all__ = ["answer_status", "effect_of", "effect_of_error", "status_reason"]

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.ocppj.frames import CallError, Payload

    _Effect = Callable[[Payload, Payload], Command | None]
    _Refusal = Callable[[Payload, str | None, str | None], Command | None]


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


def _all(*reads: _Effect) -> _Effect:
    """Returns the reading of an answer that may mean several things; one may be unreadable."""

    def read_all(request: Payload, response: Payload) -> Command | None:
        found = [_or_none(partial(read, request, response)) for read in reads]
        meant = tuple(each for each in found if each is not None)
        return Several(meant) if len(meant) > 1 else next(iter(meant), None)

    return read_all


def _or_none(read: Callable[[], Command | None]) -> Command | None:
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _if_accepted(read: _Effect) -> _Effect:
    def read_accepted(request: Payload, response: Payload) -> Command | None:
        return read(request, response) if answer_status(response) == "Accepted" else None

    return read_accepted


def _if_agreed(read: _Effect) -> _Effect:
    """Scheduled: it is done as soon as no transaction stands in its way."""

    def read_agreed(request: Payload, response: Payload) -> Command | None:
        agreed = answer_status(response) in {"Accepted", "Scheduled"}
        return read(request, response) if agreed else None

    return read_agreed


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


_REFUSALS: Final[Mapping[Version, Mapping[str, _Refusal]]] = {
    Version.V16: {
        **v16.certificates.REFUSALS,
        **v16.reservation.REFUSALS,
        **v16.local_list.REFUSALS,
        "SetChargingProfile": _install_refused(v16.smart_charging.effect_of_install),
        "GetCompositeSchedule": _composite_refused(v16.composite_schedule.evse_asked),
        "ChangeConfiguration": v16.security.refusal_of_configuration,
    },
    Version.V201: {
        **v201.certificates.REFUSALS,
        **v201.reservation.REFUSALS,
        **v201.local_list.REFUSALS,
        "SetChargingProfile": _install_refused(v201.smart_charging.effect_of_install),
        "GetCompositeSchedule": _composite_refused(v201.composite_schedule.evse_asked),
        "SetVariables": v201.security.refusal_of_variables,
    },
}

_EFFECTS: Final[Mapping[Version, Mapping[str, _Effect]]] = {
    Version.V16: {
        **v16.certificates.EFFECTS,
        **v16.reservation.EFFECTS,
        **v16.local_list.EFFECTS,
        "SetChargingProfile": _or_refusal(
            v16.smart_charging.effect_of_install, _REFUSALS[Version.V16]["SetChargingProfile"]
        ),
        "ClearChargingProfile": _if_gone(v16.smart_charging.effect_of_clear),
        "GetCompositeSchedule": _or_refusal(
            v16.composite_schedule.effect_of_ask, _REFUSALS[Version.V16]["GetCompositeSchedule"]
        ),
        "GetConfiguration": v16.configuration.effect_of_ask,
        "ChangeConfiguration": v16.security.effect_of_configuration,
        "ChangeAvailability": _if_agreed(v16.availability.effect_of_change),
        "Reset": _if_agreed(v16.resetting.effect_of_reset),
        "RemoteStartTransaction": _if_accepted(v16.remote_control.effect_of_start),
        **v16.firmware.EFFECTS,
        **v16.logs.EFFECTS,
    },
    Version.V201: {
        **v201.certificates.EFFECTS,
        **v201.reservation.EFFECTS,
        **v201.local_list.EFFECTS,
        "SetChargingProfile": _or_refusal(
            v201.smart_charging.effect_of_install, _REFUSALS[Version.V201]["SetChargingProfile"]
        ),
        "ClearChargingProfile": _if_gone(v201.smart_charging.effect_of_clear),
        "GetChargingProfiles": v201.smart_charging.effect_of_ask,
        "GetCompositeSchedule": _or_refusal(
            v201.composite_schedule.effect_of_ask, _REFUSALS[Version.V201]["GetCompositeSchedule"]
        ),
        "GetTransactionStatus": v201.transactions.effect_of_ask,
        "SetNetworkProfile": v201.security.effect_of_network_profile,
        "GetVariables": v201.variables.effect_of_ask,
        "SetVariables": _all(v201.security.effect_of_password, v201.security.effect_of_priority),
        "ChangeAvailability": _if_agreed(v201.availability.effect_of_change),
        "Reset": _if_agreed(v201.resetting.effect_of_reset),
        "RequestStartTransaction": _if_accepted(v201.remote_control.effect_of_start),
        **v201.firmware.EFFECTS,
        **v201.logs.EFFECTS,
        **v201.display.EFFECTS,
        **v201.customer_information.EFFECTS,
    },
}
