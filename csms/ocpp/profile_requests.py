"""Operators' requests about charging profiles as the commands that both versions can write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.commands import AskComposite, ClearProfiles, InstallProfile
from profiles import ChargingProfile, RateUnit

if TYPE_CHECKING:
    from csms.domain.operations.smart_charging import (
        ClearChargingProfile,
        GetCompositeSchedule,
        SetChargingProfile,
    )


def install_of(operation: SetChargingProfile) -> InstallProfile:
    """Returns the command of an operation that holds the profile as it leaves."""
    return InstallProfile(
        operation.evse, ChargingProfile.from_dict(operation.charging_profile or {})
    )


def clear_of(operation: ClearChargingProfile) -> ClearProfiles:
    """Returns the command of an operation."""
    return ClearProfiles(
        operation.profile_id, operation.evse, operation.purpose, operation.stack_level
    )


def composite_of(operation: GetCompositeSchedule) -> AskComposite:
    """Returns the command of an operation."""
    unit = None if operation.unit is None else RateUnit(operation.unit)
    return AskComposite(operation.evse, operation.duration_s, unit)
