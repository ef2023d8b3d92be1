"""Charging profiles on request of the central system. Source: OCPP 2.0.1 part 2, K01 to K10."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call, call_result, datatypes, enums

from profiles import ClearCriteria, CompositeQuery, Purpose, RateUnit
from profiles import Transaction as LimitTransaction
from simulator.station.outbox import Outgoing
from simulator.station.refusals import effects, refusal
from simulator.v201.access import dialect_of, model_of
from simulator.v201.charging_needs import tell_choice
from simulator.v201.profiles import (
    decode_profile,
    encode_composite,
    encode_profile,
    nonsense_composite,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from profiles import ChargingProfile, InstalledProfile
    from simulator.station.core import Station
    from simulator.station.dialect import Command


_OURS: Final = "CSO"


def _set_charging_profile(station: Station, payload: Payload, now: float) -> object:
    status = enums.ChargingProfileStatusEnumType
    if not model_of(station).flag("SmartChargingCtrlr", "Enabled"):
        off = datatypes.StatusInfoType(reason_code="NotEnabled")
        return call_result.SetChargingProfile(status.rejected, status_info=off)
    evse = payload["evseId"]
    profile = decode_profile(payload["chargingProfile"])
    told = dialect_of(station).told.get(evse)
    running = None if told is None else LimitTransaction(told.id, station.at(now))
    reason = refusal(station, evse, profile, now, running)
    if reason is not None:
        station.report(now, "profile.refused", evse=evse, profile=profile.id, reason=reason)
        info = datatypes.StatusInfoType(reason_code="InvalidProfile", additional_info=reason)
        return call_result.SetChargingProfile(status.rejected, status_info=info)
    station.book.install(evse, profile, station.at(now))
    station.report(
        now, "profile.installed", evse=evse, profile=profile.id, purpose=profile.purpose.value
    )
    station.profiles_changed(now)
    if evse in station.bays:
        tell_choice(station, station.bays[evse], profile, now)
    return call_result.SetChargingProfile(status.accepted)


def _clear_charging_profile(station: Station, payload: Payload, now: float) -> object:
    criteria = payload.get("chargingProfileCriteria") or {}
    purpose = criteria.get("chargingProfilePurpose")
    found = station.book.clear(
        ClearCriteria(
            profile_id=payload.get("chargingProfileId"),
            evse=criteria.get("evseId"),
            purpose=Purpose(purpose) if purpose else None,
            stack_level=criteria.get("stackLevel"),
        )
    )
    station.profiles_changed(now)
    status = enums.ClearChargingProfileStatusEnumType
    return call_result.ClearChargingProfile(status.accepted if found else status.unknown)


def _get_composite_schedule(station: Station, payload: Payload, now: float) -> object:
    status = enums.GenericStatusEnumType
    evse = payload["evseId"]
    if evse not in (0, *station.bays) or payload["duration"] <= 0:
        return call_result.GetCompositeSchedule(status.rejected)
    if effects(station, now).tells_nonsense:
        return call_result.GetCompositeSchedule(status.accepted, schedule=nonsense_composite(evse))
    # Without a wish it is the unit of the hardware: amperes on AC, watts on DC.
    natural = station.bays[evse or min(station.bays)].supply.model.unit
    unit = RateUnit(payload.get("chargingRateUnit", natural))
    query = CompositeQuery(evse, station.at(now), payload["duration"], unit)
    running = {
        number: bay.limit_transaction
        for number, bay in station.bays.items()
        if bay.limit_transaction is not None
    }
    schedule = station.book.composite(query, running)
    encoded = encode_composite(schedule, evse, station.book.hardware(evse, unit))
    return call_result.GetCompositeSchedule(status.accepted, schedule=encoded)


def _get_charging_profiles(station: Station, payload: Payload, _now: float) -> object:
    status = enums.GetChargingProfileStatusEnumType
    criterion, evse = payload["chargingProfile"], payload.get("evseId")
    sources = criterion.get("chargingLimitSource")
    chosen = [
        each
        for each in station.book.profiles
        if evse in (None, each.evse)
        and _is_meant(each.profile, criterion)
        and (not sources or _source(each) in sources)
    ]
    if not chosen:
        return call_result.GetChargingProfiles(status.no_profiles)
    _report(station, payload["requestId"], chosen)
    return call_result.GetChargingProfiles(status.accepted)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "ClearChargingProfile": _clear_charging_profile,
        "GetChargingProfiles": _get_charging_profiles,
        "GetCompositeSchedule": _get_composite_schedule,
        "SetChargingProfile": _set_charging_profile,
    }
)
"""The commands of functional block K."""


def _report(station: Station, request_id: int, chosen: list[InstalledProfile]) -> None:
    """Queue one report per EVSE and source, the last without "to be continued" (K09.FR.02)."""
    groups = sorted({(each.evse, _source(each)) for each in chosen})
    for evse, source in groups:
        message = call.ReportChargingProfiles(
            request_id=request_id,
            charging_limit_source=enums.ChargingLimitSourceEnumType(source),
            charging_profile=[
                encode_profile(each.profile)
                for each in chosen
                if (each.evse, _source(each)) == (evse, source)
            ],
            evse_id=evse,
            tbc=(evse, source) != groups[-1],
        )
        station.say(Outgoing.of("ReportChargingProfiles", message))


def _source(installed: InstalledProfile) -> str:
    return installed.source or _OURS


def _is_meant(profile: ChargingProfile, criterion: Payload) -> bool:
    ids = criterion.get("chargingProfileId")
    return (
        (ids is None or profile.id in ids)
        and criterion.get("chargingProfilePurpose") in (None, profile.purpose.value)
        and criterion.get("stackLevel") in (None, profile.stack_level)
    )
