"""RemoteStartTransaction. Source: OCPP 1.6, 5.11."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.commands import StartRemotely
from csms.ocpp.charging_profiles import integer_in
from csms.ocpp.reading import present
from csms.ocpp.v16.smart_charging import decode_profile, encode_profile

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload


def encode_start(command: StartRemotely) -> tuple[str, Payload]:
    """Writes a RemoteStartTransaction. Raises: CannotCarry for a profile that only 2.x has."""
    profile = command.profile
    return "RemoteStartTransaction", present(
        idTag=command.token,
        connectorId=command.evse,
        chargingProfile=None if profile is None else encode_profile(profile),
    )


def effect_of_start(request: Payload, response: Payload) -> StartRemotely:
    """Reads which start a station has agreed to. Raises: KeyError, TypeError, ValueError."""
    del response
    profile = request.get("chargingProfile")
    return StartRemotely(
        token=str(request["idTag"]),
        evse=integer_in(request, "connectorId"),
        profile=None if profile is None else decode_profile(profile),
    )
