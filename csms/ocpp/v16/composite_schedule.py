"""GetCompositeSchedule. Source: OCPP 1.6, 5.7, 6.21 and 6.22."""

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
        connectorId=command.evse,
        duration=command.duration_s,
        chargingRateUnit=None if command.unit is None else command.unit.value,
    )


def evse_asked(request: Payload) -> int:
    """Returns which connector was asked about. Raises: TypeError if none was."""
    return required_integer_in(request, "connectorId")


def effect_of_ask(request: Payload, response: Payload) -> CompositeTold:
    """Reads an accepted answer, of which all but the status may be missing."""
    schedule = response.get("chargingSchedule")
    inner = schedule.get("startSchedule") if isinstance(schedule, dict) else None
    return read_composite(
        CompositeAnswer(
            evse=evse_asked(request),
            told_evse=("connectorId", response.get("connectorId")),
            schedule=schedule,
            schedule_name="chargingSchedule",
            starts=(("scheduleStart", response.get("scheduleStart")), ("startSchedule", inner)),
            fallback_unit=request.get("chargingRateUnit"),
            fallback_duration=request.get("duration"),
        )
    )
