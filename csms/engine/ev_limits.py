"""What a vehicle can take at most, and schedules cut down to that.

Source: OCPP 2.0.1 part 2, ACChargingParametersType and DCChargingParametersType: currents of AC are
per phase.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from csms.domain.ending import NOMINAL_V
from profiles import Adapted, Capabilities, RateUnit, adapt
from profiles.units import truncate

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.ending import Needs
    from csms.engine.state import LiveSession
    from profiles import ChargingProfile, Period, Schedule

_ALL_PHASES: Final = 3


def fitted(live: LiveSession, profile: ChargingProfile, now: datetime) -> Adapted:
    """Returns a profile with no more than its vehicle takes, in as many periods as it takes."""
    needs = live.session.needs
    if needs is None:
        return Adapted(profile)
    within = replace(profile, schedule=_within(profile.schedule, needs))
    begun = live.session.started_at
    takes = Capabilities(max_periods=needs.max_periods)
    return adapt(within, takes, transaction_start=begun, now=now)


def allowed_at(schedule: Schedule, at_s: float) -> float | None:
    """Returns what a schedule allows that long after its start, None where it says nothing.

    Before its start it allows what it does then.
    """
    if schedule.duration_s is not None and at_s >= schedule.duration_s:
        return None
    begun = [each for each in schedule.periods if each.start_s <= max(at_s, 0)]
    return begun[-1].lowest if begun else None


def in_unit_of(
    unit: RateUnit, period: Period, given_in: RateUnit, limit: float, needs: Needs | None
) -> float | None:
    """Returns a limit in the unit of a vehicle's period, None where that cannot be told."""
    if unit is given_in:
        return limit
    if needs is None or (needs.is_dc and not needs.max_voltage_v):
        return None
    across = volts_of(needs) * (1 if needs.is_dc else period.number_phases or phases_of(needs))
    return limit * across if unit is RateUnit.W else limit / across


def _within(schedule: Schedule, needs: Needs) -> Schedule:
    return replace(
        schedule, periods=tuple(_cut(each, schedule.unit, needs) for each in schedule.periods)
    )


def _cut(period: Period, unit: RateUnit, needs: Needs) -> Period:
    own = own_limit(needs, unit, period.number_phases or phases_of(needs))
    if own is None or period.limit is None or period.limit <= own:
        return period
    return replace(period, limit=truncate(own))


def own_limit(needs: Needs, unit: RateUnit, phases: int) -> float | None:
    """Returns the most that a vehicle takes, in amperes per phase or in watts over all."""
    across = volts_of(needs) * (1 if needs.is_dc else phases)
    amps, watts = needs.max_current_a, needs.max_power_w
    if unit is RateUnit.A:
        given = [amps, None if watts is None else watts / across]
    else:
        given = [watts, None if amps is None else amps * across]
    return min((each for each in given if each is not None), default=None)


def volts_of(needs: Needs) -> float:
    """Returns the voltage of a vehicle's battery at most, or nominally of a phase."""
    return needs.max_voltage_v if needs.is_dc and needs.max_voltage_v else NOMINAL_V


def phases_of(needs: Needs) -> int:
    """Returns on how many phases a vehicle charges; as a current of DC counts once, one."""
    return 1 if needs.is_dc else needs.phases or _ALL_PHASES
