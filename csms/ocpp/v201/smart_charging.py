"""SetChargingProfile and ClearChargingProfile. Source: OCPP 2.0.1 part 2, K01 and K10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.commands import ClearProfiles, InstallProfile, ProfilesTold
from csms.ocpp.charging_profiles import (
    decode_common,
    decode_reported_schedule,
    decode_schedule,
    encode_common,
    encode_schedule,
    integer_in,
    required_integer_in,
    text_in,
)
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry
from profiles import ChargingProfile, Purpose

if TYPE_CHECKING:
    from collections.abc import Callable

    from csms.domain.commands import AskProfiles
    from csms.ocppj.frames import Payload
    from profiles import Schedule

_SOURCES: Final = ("CSO", "EMS", "Other", "SO")


def encode_install(command: InstallProfile) -> tuple[str, Payload]:
    """Writes a SetChargingProfile. Raises: CannotCarry for what only 2.1 has."""
    return "SetChargingProfile", {
        "evseId": command.evse,
        "chargingProfile": encode_profile(command.profile),
    }


def encode_clear(command: ClearProfiles) -> tuple[str, Payload]:
    """Writes a ClearChargingProfile: by ID, or by at least one criterion.

    Source: OCPP 2.0.1 part 2, K10.FR.02.

    Raises: CannotCarry for an ID along with criteria, and for neither.
    """
    criteria = present(
        evseId=command.evse,
        chargingProfilePurpose=command.purpose,
        stackLevel=command.stack_level,
    )
    if (command.profile_id is None) is not bool(criteria):
        raise CannotCarry(
            "OCPP 2.0.1 clears charging profiles either by ID or by EVSE, purpose and stack level."
        )
    if criteria:
        return "ClearChargingProfile", {"chargingProfileCriteria": criteria}
    return "ClearChargingProfile", {"chargingProfileId": command.profile_id}


def encode_profile(profile: ChargingProfile) -> Payload:
    """Writes a charging profile. Raises: CannotCarry for what only 2.1 has."""
    if profile.purpose is Purpose.LOCAL_GENERATION:
        raise CannotCarry("Charging profiles for LocalGeneration need OCPP 2.1.")
    return {
        "id": profile.id,
        **present(transactionId=profile.transaction_id),
        **encode_common(profile, profile.purpose.value),
        "chargingSchedule": [
            {"id": schedule.id, **encode_schedule(schedule)} for schedule in profile.schedules
        ],
    }


def effect_of_install(request: Payload, response: Payload) -> InstallProfile:
    """Reads which profile a station has agreed to. Raises: KeyError, TypeError, ValueError."""
    del response
    return InstallProfile(
        required_integer_in(request, "evseId"), decode_profile(request["chargingProfile"])
    )


def effect_of_clear(request: Payload, response: Payload) -> ClearProfiles:
    """Reads which profiles a station has cleared. Raises: KeyError, TypeError, ValueError."""
    del response
    criteria = request.get("chargingProfileCriteria") or {}
    purpose = text_in(criteria, "chargingProfilePurpose")
    return ClearProfiles(
        profile_id=integer_in(request, "chargingProfileId"),
        evse=integer_in(criteria, "evseId"),
        purpose=None if purpose is None else Purpose(purpose).value,
        stack_level=integer_in(criteria, "stackLevel"),
    )


def decode_profile(raw: Payload) -> ChargingProfile:
    """Reads a charging profile that was sent. Raises: KeyError, TypeError, ValueError."""
    return _decode(raw, decode_schedule)


def decode_reported_profile(raw: Payload) -> ChargingProfile:
    """Reads a charging profile that a station tells of. Raises: KeyError, TypeError, ValueError."""
    return _decode(raw, decode_reported_schedule)


def encode_ask(command: AskProfiles) -> tuple[str, Payload]:
    """Writes a GetChargingProfiles for all profiles: some criterion must be given.

    Source: OCPP 2.0.1 part 2, K09.FR.03.
    """
    return "GetChargingProfiles", present(
        requestId=command.request_id,
        evseId=command.evse,
        chargingProfile={"chargingLimitSource": list(_SOURCES)},
    )


def effect_of_ask(request: Payload, response: Payload) -> ProfilesTold | None:
    """Reads whether reports follow. Raises: TypeError without a request ID."""
    has_profiles = {"Accepted": True, "NoProfiles": False}.get(str(response.get("status")))
    if has_profiles is None:
        return None
    return ProfilesTold(required_integer_in(request, "requestId"), has_profiles)


def _decode(raw: Payload, read: Callable[[Payload], Schedule]) -> ChargingProfile:
    first, *others = [read(each) for each in raw["chargingSchedule"]]
    return ChargingProfile(
        id=required_integer_in(raw, "id"),
        purpose=Purpose(raw["chargingProfilePurpose"]),
        schedule=first,
        other_schedules=tuple(others),
        transaction_id=text_in(raw, "transactionId"),
        **decode_common(raw),
    )
