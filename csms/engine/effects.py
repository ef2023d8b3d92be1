"""What a station agreed to, or told in an answer: which block takes it over into our records.

One table for what we asked ourselves, one for what differs when somebody else did, by a relayed
call or before our time.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from csms.domain import commands as told
from csms.domain.availability_effects import AvailabilityAgreed, ResetAgreed
from csms.domain.certificate_effects import (
    CertificateDeleted,
    CertificateInstalled,
    CertificatesTold,
    CertificateTaken,
)
from csms.domain.local_list import ListAnswered, ListVersionTold
from csms.domain.reservation import ReservationAnswered, ReservationCancelled
from csms.engine import (
    capabilities,
    certificates,
    confirm,
    customer_information,
    device_model,
    display,
    firmware,
    incidents,
    local_list,
    monitoring,
    passwords,
    refusals,
    remote_control,
    reservations,
    security_profiles,
    smart_charging,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.domain.commands import Command
    from csms.engine.engine import Engine
    from csms.engine.work import Work

    Take = Callable[[Engine, Work, Any], object]


def apply(engine: Engine, work: Work, command: Command) -> None:
    """Takes over what a station agreed to when we asked it."""
    take = _TAKES.get(type(command))
    if take is not None:
        take(engine, work, command)


def take_from_other(engine: Engine, work: Work, command: Command) -> None:
    """Takes over what a station agreed to, refused or told when somebody else asked it."""
    if isinstance(command, told.Several):
        for each in command.commands:
            take_from_other(engine, work, each)
        return
    take = _TAKES_FROM_OTHER.get(type(command)) or _TAKES.get(type(command))
    if take is not None:
        take(engine, work, command)


def _alone(take: Callable[[Work, Any], object]) -> Take:
    """Returns what needs no engine as what is given one."""
    return lambda _, work, command: take(work, command)


_TAKES: Final[Mapping[type[Command], Take]] = MappingProxyType(
    {
        told.InstallProfile: smart_charging.installed,
        told.ClearProfiles: smart_charging.cleared,
        CertificateTaken: certificates.take,
        CertificatesTold: certificates.take,
        CertificateInstalled: certificates.take,
        CertificateDeleted: certificates.take,
        AvailabilityAgreed: _alone(incidents.availability_agreed),
        ResetAgreed: _alone(incidents.reset_agreed),
        told.StartRemotely: _alone(remote_control.awaited),
        ListAnswered: local_list.answered,
        ListVersionTold: local_list.version_told,
        ReservationAnswered: _alone(reservations.answered),
        ReservationCancelled: _alone(reservations.cancelled),
        told.JobReplaced: _alone(firmware.replaced),
        told.DisplayMessageSet: _alone(display.shown),
        told.DisplayMessageCleared: _alone(display.cleared),
        told.CustomerCleared: customer_information.cleared,
        told.ChangeCredentials: passwords.accepted,
        told.CredentialsRefused: _alone(passwords.refused),
        told.RaiseSecurityProfile: _alone(security_profiles.asked),
        told.NetworkProfileStored: _alone(security_profiles.stored),
        told.NetworkProfilesChosen: _alone(security_profiles.chosen),
    }
)

_TAKES_FROM_OTHER: Final[Mapping[type[Command], Take]] = MappingProxyType(
    {
        told.InstallProfile: smart_charging.installed_by_other,
        told.InstallRefused: _alone(refusals.refused_to_other),
        told.CompositeTold: confirm.told_to_other,
        told.CapabilitiesTold: _alone(lambda work, told: capabilities.told(work, told, None)),
        told.VariablesTold: device_model.told,
        told.MonitorsSet: _alone(monitoring.were_set),
        told.MonitorsCleared: _alone(monitoring.were_cleared),
    }
)
