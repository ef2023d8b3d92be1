"""RequestStartTransaction. Source: OCPP 2.0.1 part 2, F01 and F02."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from csms.domain.commands import StartRemotely
from csms.ocpp.charging_profiles import integer_in
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v201.smart_charging import decode_profile

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload


def encode_start(command: StartRemotely) -> NoReturn:
    """Refuses: the command knows neither the remoteStartId nor the type of its token.

    Raises: CannotCarry.
    """
    del command
    raise CannotCarry(
        "A start on an OCPP 2.0.1 station needs a remoteStartId: "
        "relay RequestStartTransaction as it shall be sent."
    )


def effect_of_start(request: Payload, response: Payload) -> StartRemotely:
    """Reads which start a station has agreed to. Raises: KeyError, TypeError, ValueError."""
    del response
    profile = request.get("chargingProfile")
    return StartRemotely(
        token=str(request["idToken"]["idToken"]),
        evse=integer_in(request, "evseId"),
        profile=None if profile is None else decode_profile(profile),
    )
