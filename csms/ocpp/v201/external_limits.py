"""Limits that others set, and reports of what is installed.

Source: OCPP 2.0.1 part 2, K09 (reports), K11 to K13 (external limits).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.facts import ChargingLimitCleared, ChargingLimitNotified, ProfilesReported
from csms.ocpp.charging_profiles import decode_reported_schedule
from csms.ocpp.reading import Notes
from csms.ocpp.v201.smart_charging import decode_reported_profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TypeVar

    from csms.ocppj.frames import Payload

    Read = TypeVar("Read")


def decode_limit(payload: Payload, received_at: datetime) -> ChargingLimitNotified:
    """Reads a NotifyChargingLimit; EVSE 0 is the station as a whole, as none is."""
    del received_at
    notes = Notes()
    limit = payload["chargingLimit"]
    return ChargingLimitNotified(
        source=limit["chargingLimitSource"],
        evse=payload.get("evseId") or None,
        is_grid_critical=limit.get("isGridCritical"),
        schedules=_readable(payload, "chargingSchedule", decode_reported_schedule, notes),
        payload=payload,
        anomalies=notes.all(),
    )


def decode_cleared(payload: Payload, received_at: datetime) -> ChargingLimitCleared:
    """Reads a ClearedChargingLimit; EVSE 0 is the station as a whole, as none is."""
    del received_at
    return ChargingLimitCleared(
        source=payload["chargingLimitSource"],
        evse=payload.get("evseId") or None,
        payload=payload,
    )


def decode_report(payload: Payload, received_at: datetime) -> ProfilesReported:
    """Reads a ReportChargingProfiles; profiles that make no sense are left out and named."""
    del received_at
    notes = Notes()
    return ProfilesReported(
        request_id=payload["requestId"],
        evse=payload["evseId"],
        source=payload["chargingLimitSource"],
        profiles=_readable(payload, "chargingProfile", decode_reported_profile, notes),
        is_partial=payload.get("tbc") is True,
        payload=payload,
        anomalies=notes.all(),
    )


def _readable(
    payload: Payload, name: str, read: Callable[[Payload], Read], notes: Notes
) -> tuple[Read, ...]:
    found: list[Read] = []
    for index, raw in enumerate(payload.get(name) or ()):
        try:
            found.append(read(raw))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            notes.add("payload.ignored", field=f"{name}[{index}]", raw=str(error)[:100])
    return tuple(found)
