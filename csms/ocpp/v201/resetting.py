"""Reset. Source: OCPP 2.0.1 part 2, B11 and B12."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.availability_effects import ResetAgreed
from csms.domain.follow import Asked, Follow, Subject
from csms.ocpp.reading import present

if TYPE_CHECKING:
    from csms.domain.operations.provisioning import Reset
    from csms.ocppj.frames import Payload

_TYPES: Final = {"Soft": "OnIdle", "Hard": "Immediate"}


def encode_reset(operation: Reset) -> tuple[str, Payload]:
    """Writes a Reset; without an EVSE it is the whole station."""
    return "Reset", present(type=_TYPES.get(operation.type, operation.type), evseId=operation.evse)


def asked_by_reset(request: Payload) -> Asked:
    """Reads whether a boot will follow: one of a single EVSE has none."""
    return Asked(None if request.get("evseId") else Follow(Subject.BOOT))


def effect_of_reset(request: Payload, response: Payload) -> ResetAgreed | None:
    """Reads that a boot was asked for; the reset of a single EVSE is none."""
    return None if request.get("evseId") else ResetAgreed(waits=_waits(response))


def _waits(response: Payload) -> bool:
    return bool(response.get("status") == "Scheduled")
