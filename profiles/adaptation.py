"""A profile fitted to what a station can take, with every change named.

What is sent never allows more than was meant: limits are cut down, periods are joined to the
lower one. What cannot be fitted so is refused in a sentence. Source: OCPP 1.6, 3.13.5 and 9.4;
OCPP 2.0.1 part 2, K01.FR.20, K01.FR.26, K01.FR.34 and K01.FR.50.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from profiles.conversion import convert
from profiles.kinds import NotFitting, as_kind
from profiles.model import ChargingProfile, Kind, Purpose, RateUnit, Schedule
from profiles.periods import without_periods_beyond
from profiles.units import MAX_PHASES, NOMINAL_VOLTAGE, truncate

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a station takes; None where that is not known, and then nothing is changed for it.

    `max_stack_level` is the highest level itself. `kinds` are the profile kinds, `takes_phases`
    False where numberPhases makes it refuse, `takes_phase_to_use` where it may choose the phase.
    `voltage` is nominal, `phases` what a period without numberPhases means.
    """

    max_stack_level: int | None = None
    units: frozenset[RateUnit] | None = None
    max_periods: int | None = None
    kinds: frozenset[Kind] | None = None
    takes_phases: bool = True
    takes_phase_to_use: bool = True
    takes_min_charging_rate: bool = True
    voltage: float = NOMINAL_VOLTAGE
    phases: int = MAX_PHASES


@dataclass(frozen=True, slots=True)
class Adapted:
    """A profile as it can be sent, None with the `problem` if it cannot.

    `changes` are sentences, in the order in which they were made; empty if it fits as it is.
    `silent_from_s` is set where it had to end before the one that was meant: the seconds from
    the schedule's start at which the rest must have been sent.
    """

    profile: ChargingProfile | None
    changes: tuple[str, ...] = ()
    problem: str | None = None
    silent_from_s: int | None = None


def adapt(
    profile: ChargingProfile,
    station: Capabilities,
    *,
    transaction_start: datetime | None = None,
    now: datetime | None = None,
) -> Adapted:
    """Return the profile fitted to the station.

    `transaction_start` is what Relative counts from; without it no kind is changed to or from
    that. With `now`, periods that are over need not be carried.
    """
    fitting = _Fitting(profile, station, transaction_start, now)
    try:
        for step in _STEPS:
            step(fitting)
    except NotFitting as problem:
        return Adapted(None, tuple(fitting.changes), str(problem))
    return Adapted(fitting.profile, tuple(fitting.changes), None, fitting.silent_from_s)


@dataclass(slots=True)
class _Fitting:
    """A profile on its way, and what was changed so far."""

    profile: ChargingProfile
    station: Capabilities
    transaction_start: datetime | None
    now: datetime | None
    silent_from_s: int | None = None
    changes: list[str] = field(default_factory=list)

    def change(self, profile: ChargingProfile, sentence: str) -> None:
        """Take the profile over, and name the change, if it is one."""
        if profile != self.profile:
            self.profile = profile
            self.changes.append(sentence)

    def each_schedule(self, fit: Callable[[Schedule], Schedule]) -> ChargingProfile:
        """Return the profile with each of its schedules fitted."""
        first, *others = (fit(each) for each in self.profile.schedules)
        return replace(self.profile, schedule=first, other_schedules=tuple(others))


def _fit_level(fitting: _Fitting) -> None:
    level, most = fitting.profile.stack_level, fitting.station.max_stack_level
    if most is not None and level > most:
        fitting.change(
            replace(fitting.profile, stack_level=most), f"stack level {level} became {most}"
        )


def _fit_kind(fitting: _Fitting) -> None:
    profile, kinds = fitting.profile, fitting.station.kinds
    if kinds is None or profile.kind in kinds:
        return
    wanted = [
        each
        for each in (Kind.ABSOLUTE, Kind.RELATIVE)
        if each in kinds and not (each is Kind.RELATIVE and profile.purpose is Purpose.STATION_MAX)
    ]
    if not wanted:
        raise NotFitting(f"the station takes no profile of kind {profile.kind}")
    fitted = as_kind(profile, wanted[0], fitting.transaction_start, fitting.now)
    fitting.change(fitted.profile, f"{profile.kind} became {wanted[0]}{fitted.remark}")
    fitting.silent_from_s = fitted.silent_from_s


def _fit_unit(fitting: _Fitting) -> None:
    station, unit = fitting.station, fitting.profile.schedule.unit
    units = station.units
    if not units or all(each.unit in units for each in fitting.profile.schedules):
        return
    wanted = min(units)
    fitting.change(
        convert(fitting.profile, wanted, station.voltage, station.phases),
        f"limits in {unit} became {wanted} at {station.voltage:g} V, cut down to one decimal",
    )


def _fit_decimals(fitting: _Fitting) -> None:
    fitting.change(fitting.each_schedule(_cut_down), "limits were cut down to one decimal")


def _cut_down(schedule: Schedule) -> Schedule:
    rate = schedule.min_charging_rate
    return replace(
        schedule,
        min_charging_rate=None if rate is None else truncate(rate),
        periods=tuple(
            each if each.limit is None else replace(each, limit=truncate(each.limit))
            for each in schedule.periods
        ),
    )


def _fit_phases(fitting: _Fitting) -> None:
    if not fitting.station.takes_phase_to_use:
        fitting.change(
            fitting.each_schedule(_without_phase_to_use),
            "phaseToUse was left out: the station cannot choose the phase",
        )
    if fitting.station.takes_phases:
        return
    count = fitting.station.phases
    for schedule in fitting.profile.schedules:
        _check_silent_phases(schedule, count)
    fitting.change(
        fitting.each_schedule(_without_phases),
        f"numberPhases was left out, which the station reads as {count} phases",
    )


def _check_silent_phases(schedule: Schedule, count: int) -> None:
    """Raise NotFitting where a schedule would allow more if it did not say its phases."""
    given = [each.number_phases for each in schedule.periods if each.number_phases is not None]
    if schedule.unit is RateUnit.A and any(each < count for each in given):
        raise NotFitting(
            f"a current on fewer than {count} phases cannot be sent without numberPhases"
        )
    if schedule.unit is RateUnit.W and any(each > count for each in given):
        raise NotFitting(
            f"a power over more than {count} phases cannot be sent without numberPhases"
        )


def _without_phase_to_use(schedule: Schedule) -> Schedule:
    periods = tuple(replace(each, phase_to_use=None) for each in schedule.periods)
    return replace(schedule, periods=periods)


def _without_phases(schedule: Schedule) -> Schedule:
    periods = tuple(
        replace(each, number_phases=None, phase_to_use=None) for each in schedule.periods
    )
    return replace(schedule, periods=periods)


def _fit_min_rate(fitting: _Fitting) -> None:
    if not fitting.station.takes_min_charging_rate:
        fitting.change(
            fitting.each_schedule(lambda each: replace(each, min_charging_rate=None)),
            "minChargingRate was left out: the station lifts limits to it",
        )


def _fit_periods(fitting: _Fitting) -> None:
    most = fitting.station.max_periods
    if most is None:
        return
    for index, schedule in enumerate(fitting.profile.schedules):
        if len(schedule.periods) <= most:
            continue
        fitted = without_periods_beyond(
            most, schedule, fitting.profile, fitting.now, fitting.transaction_start
        )
        schedules = list(fitting.profile.schedules)
        schedules[index] = fitted.schedule
        changed = replace(
            fitting.profile, schedule=schedules[0], other_schedules=tuple(schedules[1:])
        )
        fitting.change(changed, fitted.sentence)
        if fitted.silent_from_s is not None:
            fitting.silent_from_s = fitted.silent_from_s


_STEPS: tuple[Callable[[_Fitting], None], ...] = (
    _fit_level,
    _fit_kind,
    _fit_unit,
    _fit_decimals,
    _fit_phases,
    _fit_min_rate,
    _fit_periods,
)
