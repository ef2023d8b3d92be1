"""GetCompositeSchedule. Source: OCPP 2.0.1 part 2, K08."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.ocpp.charging_profiles import required_integer_in
from csms.ocpp.composite_schedules import CompositeAnswer, read_composite
from csms.ocpp.reading import present

if TYPE_CHECKING:
    from csms.domain.commands import AskComposite, CompositeTold
    from csms.ocppj.frames import Payload


def encode_ask(command: AskComposite) -> tuple[str, Payload]:
    """Writes a GetCompositeSchedule."""
    return "GetCompositeSchedule", present(
        evseId=command.evse,
        duration=command.duration_s,
        chargingRateUnit=None if command.unit is None else command.unit.value,
    )


def evse_asked(request: Payload) -> int:
    """Returns which EVSE was asked about. Raises: TypeError if none was."""
    return required_integer_in(request, "evseId")


def effect_of_ask(request: Payload, response: Payload) -> CompositeTold:
    """Reads an accepted answer."""
    schedule = response.get("schedule")
    inner = schedule if isinstance(schedule, dict) else {}
    return read_composite(
        CompositeAnswer(
            evse=evse_asked(request),
            told_evse=("schedule.evseId", inner.get("evseId")),
            schedule=schedule,
            schedule_name="schedule",
            starts=(("scheduleStart", inner.get("scheduleStart")),),
            fallback_unit=request.get("chargingRateUnit"),
            fallback_duration=request.get("duration"),
        )
    )
