"""A profile in the unit that a station takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from profiles.model import ChargingProfile, Period, RateUnit, Schedule
from profiles.units import MAX_PHASES, NOMINAL_VOLTAGE, amperes, truncate, watts

if TYPE_CHECKING:
    from collections.abc import Callable


def convert(
    profile: ChargingProfile,
    unit: RateUnit,
    voltage: float = NOMINAL_VOLTAGE,
    phases_default: int = MAX_PHASES,
) -> ChargingProfile:
    """Return the profile with its limits in `unit`, cut down to one decimal.

    Each period is converted with its own phase count, which it then always states, so that the
    station reads the limit as it was meant. Source: OCPP 2.0.1 part 2, K01.FR.49 to K01.FR.51.
    """
    first, *others = (_schedule(each, unit, voltage, phases_default) for each in profile.schedules)
    return replace(profile, schedule=first, other_schedules=tuple(others))


def _schedule(schedule: Schedule, unit: RateUnit, voltage: float, phases: int) -> Schedule:
    if schedule.unit is unit:
        return schedule
    change = amperes if unit is RateUnit.A else watts
    periods = tuple(_period(each, change, voltage, phases) for each in schedule.periods)
    lowest = schedule.min_charging_rate
    count = min((each.number_phases or phases for each in periods), default=phases)
    rate = None if lowest is None else truncate(change(lowest, voltage, count))
    return replace(schedule, unit=unit, periods=periods, min_charging_rate=rate)


def _period(
    period: Period, change: Callable[[float, float, int], float], voltage: float, phases: int
) -> Period:
    """Return the period in the other unit; a power over all phases names no single one."""
    told = period.number_phases
    count = phases if told is None or told < 1 else told
    lowest = period.lowest
    limit = None if lowest is None else truncate(change(lowest, voltage, count))
    return replace(period, limit=limit, number_phases=count, limit_l2=None, limit_l3=None)
