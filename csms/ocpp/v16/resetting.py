"""Reset. Source: OCPP 1.6, 5.14."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.availability_effects import ResetAgreed
from csms.domain.follow import Asked, Follow, Subject
from csms.ocpp.unreadable import CannotCarry

if TYPE_CHECKING:
    from csms.domain.operations.provisioning import Reset
    from csms.ocppj.frames import Payload

_TYPES: Final = {"OnIdle": "Soft", "Immediate": "Hard"}


def encode_reset(operation: Reset) -> tuple[str, Payload]:
    """Writes a Reset. Raises: CannotCarry for a single EVSE."""
    if operation.evse is not None:
        raise CannotCarry("OCPP 1.6 can only reset a whole station: leave evse out.")
    return "Reset", {"type": _TYPES.get(operation.type, operation.type)}


def asked_by_reset(request: Payload) -> Asked:
    """Reads that a boot will follow."""
    del request
    return Asked(Follow(Subject.BOOT))


def effect_of_reset(request: Payload, response: Payload) -> ResetAgreed:
    """Reads that a boot was asked for."""
    del request
    return ResetAgreed(waits=response.get("status") == "Scheduled")
