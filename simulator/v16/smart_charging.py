"""Charging profiles as a central system sets, clears and asks for them in 1.6.

Source: OCPP 1.6 edition 2, 5.5, 5.7 and 5.16.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v16 import call_result, enums

from profiles import ClearCriteria, CompositeQuery, RateUnit
from simulator.station.refusals import effects, refusal
from simulator.v16.profiles import PURPOSES, decode_profile, encode_composite, nonsense_schedule
from simulator.wire import to_payload, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command


def _clear_charging_profile(station: Station, payload: Payload, now: float) -> object:
    purpose = payload.get("chargingProfilePurpose")
    criteria = ClearCriteria(
        profile_id=payload.get("id"),
        evse=payload.get("connectorId"),
        purpose=PURPOSES[purpose] if purpose else None,
        stack_level=payload.get("stackLevel"),
    )
    found = station.book.clear(criteria)
    station.profiles_changed(now)
    status = enums.ClearChargingProfileStatus
    return call_result.ClearChargingProfile(status.accepted if found else status.unknown)


def _get_composite_schedule(station: Station, payload: Payload, now: float) -> object:
    connector = payload["connectorId"]
    status = enums.GetCompositeScheduleStatus
    if connector not in (0, *station.bays) or payload["duration"] <= 0:
        return call_result.GetCompositeSchedule(status.rejected)
    if effects(station, now).tells_nonsense:
        nonsense = to_payload(nonsense_schedule())
        return call_result.GetCompositeSchedule(status.accepted, charging_schedule=nonsense)
    unit = RateUnit(
        payload.get("chargingRateUnit") or station.bays[connector or 1].supply.model.unit
    )
    query = CompositeQuery(connector, station.at(now), payload["duration"], unit)
    running = {
        number: bay.limit_transaction
        for number, bay in station.bays.items()
        if bay.limit_transaction is not None
    }
    schedule = station.book.composite(query, running)
    encoded = encode_composite(schedule, station.book.hardware(connector, unit))
    return call_result.GetCompositeSchedule(
        status.accepted,
        connector_id=connector,
        schedule_start=to_text(schedule.start),
        charging_schedule=to_payload(encoded),
    )


def _set_charging_profile(station: Station, payload: Payload, now: float) -> object:
    status = enums.ChargingProfileStatus
    connector = payload["connectorId"]
    profile = decode_profile(payload["csChargingProfiles"])
    reason = refusal(station, connector, profile, now)
    if reason is not None:
        station.report(now, "profile.refused", evse=connector, profile=profile.id, reason=reason)
        return call_result.SetChargingProfile(status.rejected)
    station.book.install(connector, profile, station.at(now))
    station.report(
        now, "profile.installed", evse=connector, profile=profile.id, purpose=profile.purpose.value
    )
    station.profiles_changed(now)
    return call_result.SetChargingProfile(status.accepted)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "ClearChargingProfile": _clear_charging_profile,
        "GetCompositeSchedule": _get_composite_schedule,
        "SetChargingProfile": _set_charging_profile,
    }
)
