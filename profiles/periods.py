"""A schedule in fewer periods, that never allows more than before.

First what says nothing goes: periods equal to the one before, after the duration, or over. Then
neighbours are joined under the lower of their limits, those first where least is lost, but never
so that charging becomes a pause. If that does not do, the schedule ends early.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from profiles.kinds import NotFitting, cut_before
from profiles.model import ChargingProfile, Kind, Period, RateUnit, Schedule
from profiles.units import MAX_PHASES, MIN_CHARGING_CURRENT_A, NOMINAL_VOLTAGE, watts

if TYPE_CHECKING:
    from datetime import datetime

_OPEN_END_S = 86_400
"""How long a last period that runs on counts when losses are weighed."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Fewer:
    """A schedule of fewer periods, how it came to them, and when it falls silent too early."""

    schedule: Schedule
    sentence: str
    silent_from_s: int | None = None


def without_periods_beyond(
    most: int,
    schedule: Schedule,
    profile: ChargingProfile,
    now: datetime | None,
    transaction_start: datetime | None = None,
) -> Fewer:
    """Return the schedule of a profile in at most `most` periods.

    What is over at `now` is left out first; of a Relative profile if `transaction_start` is known.

    Raises: NotFitting where a recurring schedule would have to end early, so that each of its
    runs would leave a gap.
    """
    count = len(schedule.periods)
    if profile.kind is Kind.RELATIVE and now is not None and transaction_start is not None:
        schedule = _begun_before(schedule, (now - transaction_start) // _SECOND)
    plain = _plain(schedule, profile, now)
    if len(plain.periods) <= most:
        return Fewer(plain, f"{count} periods became {len(plain.periods)} that say the same")
    joined = _joined(plain, most)
    if joined is not None:
        return Fewer(
            joined, f"{count} periods became {most}, neighbours joined under the lower limit"
        )
    if profile.kind is Kind.RECURRING or most < 1:
        raise NotFitting(
            f"{len(plain.periods)} periods do not fit into {most} without pausing a car that "
            "should charge"
        )
    end_s = plain.periods[most].start_s
    cut = replace(plain, periods=plain.periods[:most], duration_s=end_s)
    return Fewer(cut, f"only the first {most} of {count} periods were kept, {end_s} s long", end_s)


def _plain(schedule: Schedule, profile: ChargingProfile, now: datetime | None) -> Schedule:
    """Return the schedule without what makes no difference from now on."""
    schedule = _without_the_past(schedule, profile, now)
    end_s = _end_s(schedule, profile)
    kept: list[Period] = []
    for each in schedule.periods:
        if end_s is not None and each.start_s >= end_s and kept:
            continue
        if not kept or replace(kept[-1], start_s=0) != replace(each, start_s=0):
            kept.append(each)
    return replace(schedule, periods=tuple(kept))


def _without_the_past(
    schedule: Schedule, profile: ChargingProfile, now: datetime | None
) -> Schedule:
    if now is None or schedule.start is None or profile.kind is not Kind.ABSOLUTE:
        return schedule
    over_s = max((now - schedule.start) // _SECOND, 0)
    running = [each for each in schedule.periods if each.start_s <= over_s]
    is_over = schedule.duration_s is not None and schedule.duration_s <= over_s
    skipped_s = running[-1].start_s if running else 0
    if skipped_s <= 0 or is_over:
        return schedule
    return replace(
        schedule,
        start=schedule.start + skipped_s * _SECOND,
        periods=cut_before(schedule.periods, skipped_s),
        duration_s=None if schedule.duration_s is None else schedule.duration_s - skipped_s,
    )


def _begun_before(schedule: Schedule, over_s: int) -> Schedule:
    """Return a schedule whose first period is the one that runs after `over_s`.

    The others keep their starts, which count from where they did.
    """
    over = [each for each in schedule.periods if each.start_s <= over_s]
    is_over = schedule.duration_s is not None and schedule.duration_s <= over_s
    if len(over) < 2 or is_over:  # noqa: PLR2004 - nothing before the one that runs
        return schedule
    periods = (replace(over[-1], start_s=0), *schedule.periods[len(over) :])
    return replace(schedule, periods=periods)


def _end_s(schedule: Schedule, profile: ChargingProfile) -> int | None:
    cycle = profile.recurrency_kind.cycle_s if profile.recurrency_kind else None
    ends = [each for each in (schedule.duration_s, cycle) if each is not None]
    return min(ends, default=None)


def _joined(schedule: Schedule, most: int) -> Schedule | None:
    """Return the schedule with neighbours joined where least is lost; None if that would pause."""
    periods = list(schedule.periods)
    losses = [_loss(schedule, periods, index) for index in range(len(periods) - 1)]
    while len(periods) > most:
        least = min(losses, default=math.inf)
        if least == math.inf:
            return None
        index = losses.index(least)
        periods[index : index + 2] = [_lower(periods[index], periods[index + 1])]
        del losses[index]
        for near in (index - 1, index):
            if 0 <= near < len(losses):
                losses[near] = _loss(schedule, periods, near)
    return replace(schedule, periods=tuple(periods))


def _loss(schedule: Schedule, periods: list[Period], index: int) -> float:
    """Return limit times seconds that joining two neighbours costs, infinite if it may not be."""
    left, right = periods[index], periods[index + 1]
    if left.limit is None or right.limit is None:
        return math.inf
    if _is_pause(schedule, left) is not _is_pause(schedule, right):
        return math.inf
    end_s = periods[index + 2].start_s if index + 2 < len(periods) else schedule.duration_s
    lower = min(left.limit, right.limit)
    lost_left = (left.limit - lower) * _length(left, right.start_s)
    return lost_left + (right.limit - lower) * _length(right, end_s)


def _length(period: Period, end_s: int | None) -> int:
    return _OPEN_END_S if end_s is None else max(end_s - period.start_s, 0)


def _is_pause(schedule: Schedule, period: Period) -> bool:
    least = MIN_CHARGING_CURRENT_A
    if schedule.unit is RateUnit.W:
        least = watts(least, NOMINAL_VOLTAGE, period.number_phases or MAX_PHASES)
    return period.limit is not None and period.limit < least


def _lower(left: Period, right: Period) -> Period:
    """Return one period that allows what both do."""
    counts = [each.number_phases for each in (left, right) if each.number_phases is not None]
    limits = [each.limit for each in (left, right) if each.limit is not None]
    same_phase = left.phase_to_use == right.phase_to_use
    return Period(
        left.start_s,
        min(limits),
        min(counts, default=None),
        left.phase_to_use if same_phase else None,
    )
