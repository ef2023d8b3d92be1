"""What operators ask about charging profiles.

Source: OCPP 2.0.1 part 2, K01, K08, K09 and K10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.follow import Asked, Follow, Subject
from csms.domain.operations import smart_charging as wanted
from csms.ocpp.profile_requests import clear_of, composite_of, install_of
from csms.ocpp.reading import present
from csms.ocpp.v201.composite_schedule import encode_ask
from csms.ocpp.v201.smart_charging import encode_clear, encode_install

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.operations import Operation
    from csms.domain.operations.smart_charging import (
        ClearChargingProfile,
        GetChargingProfiles,
        GetCompositeSchedule,
        SetChargingProfile,
    )
    from csms.ocppj.frames import Payload

_SOURCES: Final = ["CSO", "EMS", "Other", "SO"]


def encode_set(operation: SetChargingProfile) -> tuple[str, Payload]:
    """Writes a SetChargingProfile. Raises: CannotCarry for what only 2.1 has."""
    return encode_install(install_of(operation))


def encode_clearing(operation: ClearChargingProfile) -> tuple[str, Payload]:
    """Writes a ClearChargingProfile. Raises: CannotCarry without any criterion."""
    return encode_clear(clear_of(operation))


def encode_get(operation: GetChargingProfiles) -> tuple[str, Payload]:
    """Writes a GetChargingProfiles; without a criterion it asks for those of all sources.

    Source: OCPP 2.0.1 part 2, K09.FR.03.
    """
    criteria = present(
        chargingProfilePurpose=operation.purpose,
        stackLevel=operation.stack_level,
        chargingProfileId=operation.profile_ids,
        chargingLimitSource=operation.sources,
    )
    return "GetChargingProfiles", present(
        requestId=operation.request_id,
        evseId=operation.evse,
        chargingProfile=criteria or {"chargingLimitSource": _SOURCES},
    )


def encode_composite(operation: GetCompositeSchedule) -> tuple[str, Payload]:
    """Writes a GetCompositeSchedule."""
    return encode_ask(composite_of(operation))


def asked_by_get(request: Payload) -> Asked:
    """Reads that reports of this request will follow."""
    return Asked(Follow(Subject.CHARGING_PROFILES, request["requestId"]))


ENCODERS: Final[Mapping[type[Operation], Any]] = {
    wanted.SetChargingProfile: encode_set,
    wanted.ClearChargingProfile: encode_clearing,
    wanted.GetChargingProfiles: encode_get,
    wanted.GetCompositeSchedule: encode_composite,
}
ASKED: Final[Mapping[str, Any]] = {"GetChargingProfiles": asked_by_get}
