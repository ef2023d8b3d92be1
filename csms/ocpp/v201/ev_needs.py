"""What a vehicle asks for. Source: OCPP 2.0.1 part 2, K15 and K17, ChargingNeedsType."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.ev_facts import EvScheduleReported
from csms.domain.facts import EvNeedsReported
from csms.ocpp.charging_profiles import decode_reported_schedule
from csms.ocpp.reading import Notes, clipped, instant_of

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.facts import EvNeedsAnswer
    from csms.ocppj.frames import Payload


def decode_needs(payload: Payload, received_at: datetime) -> EvNeedsReported:
    """Reads a NotifyEVChargingNeeds: the parameters for AC or for DC, whichever came.

    Negative numbers count as not given: vehicles send them for "unknown".
    """
    del received_at
    notes = Notes()
    needs = payload["chargingNeeds"]
    ac, dc = needs.get("acChargingParameters") or {}, needs.get("dcChargingParameters") or {}
    given = dc or ac
    return EvNeedsReported(
        evse=payload["evseId"],
        energy_transfer=needs["requestedEnergyTransfer"],
        departure_at=_time(needs, "departureTime", notes),
        energy_wh=_count(given, "energyAmount", notes),
        min_current_a=_count(ac, "evMinCurrent", notes),
        max_current_a=_count(given, "evMaxCurrent", notes),
        max_voltage_v=_count(given, "evMaxVoltage", notes),
        max_power_w=_count(dc, "evMaxPower", notes),
        soc_percent=_count(dc, "stateOfCharge", notes),
        full_soc_percent=_count(dc, "fullSoC", notes),
        bulk_soc_percent=_count(dc, "bulkSoC", notes),
        capacity_wh=_count(dc, "evEnergyCapacity", notes),
        max_periods=_count(payload, "maxScheduleTuples", notes),
        payload=payload,
        anomalies=notes.all(),
    )


def encode_needs(answer: EvNeedsAnswer) -> Payload:
    """Writes the answer to a NotifyEVChargingNeeds."""
    return {"status": answer.status}


def decode_schedule(payload: Payload, received_at: datetime) -> EvScheduleReported:
    """Reads a NotifyEVChargingSchedule."""
    del received_at
    notes = Notes()
    try:
        schedule = decode_reported_schedule(payload["chargingSchedule"])
    except (KeyError, TypeError, ValueError) as why:
        notes.add("profile.unreadable", action="NotifyEVChargingSchedule", why=clipped(str(why)))
        schedule = None
    at = _time(payload, "timeBase", notes)
    return EvScheduleReported(payload["evseId"], at, schedule, payload, notes.all())


def _count(raw: Payload, name: str, notes: Notes) -> int | None:
    number = raw.get(name)
    if number is not None and (type(number) is not int or number < 0):
        notes.ignored(name, number)
        return None
    return number


def _time(raw: Payload, name: str, notes: Notes) -> datetime | None:
    text = raw.get(name)
    at = instant_of(text)
    if text is not None and at is None:
        notes.add("time.unreadable", field=name, raw=clipped(text))
    return at
