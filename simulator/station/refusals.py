"""Why a station takes no profile: by the specification, or on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profiles import ChargingProfile, Transaction
    from simulator.faults.effects import Effects
    from simulator.station.core import Station


def refusal(
    station: Station,
    evse: int,
    profile: ChargingProfile,
    now: float,
    told: Transaction | None = None,
) -> str | None:
    """Return why a profile is refused, None when it is taken.

    `told` is a transaction of which the central system knows and in which no power flows.
    """
    on_purpose = _on_purpose(profile, effects(station, now))
    if on_purpose is not None:
        return on_purpose
    bay = station.bays.get(evse)
    running = bay.limit_transaction if bay else None
    return station.book.refusal(evse, profile, running or told)


def effects(station: Station, now: float) -> Effects:
    """Return the faults of all EVSEs as one: what is asked of the station is asked of all."""
    return station.effects(now)


def _on_purpose(profile: ChargingProfile, faulty: Effects) -> str | None:
    if faulty.refuses_profiles:
        return "this station refuses profiles on purpose"
    if profile.stack_level > faulty.highest_level:
        return f"this station takes levels up to {faulty.highest_level:g} only, on purpose"
    if profile.schedule.unit.value in faulty.refused_units:
        return f"this station takes no limits in {profile.schedule.unit} on purpose"
    return _shape_refused(profile, faulty)


def _shape_refused(profile: ChargingProfile, faulty: Effects) -> str | None:
    if profile.purpose.value in faulty.refused_purposes:
        return f"this station takes no {profile.purpose.value} on purpose"
    periods = profile.schedule.periods
    if len(periods) > faulty.most_periods:
        return f"this station takes {faulty.most_periods:g} period at most, on purpose"
    if faulty.refuses_pauses and any(each.limit == 0 for each in periods):
        return "this station takes no limit of 0 on purpose"
    return None
