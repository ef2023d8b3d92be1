"""One kind of profile written as another that allows the same at every instant.

Source: OCPP 2.0.1 part 2, K01.FR.13, K01.FR.30 and K01.FR.40 to K01.FR.42.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from profiles.model import DAY_S, ChargingProfile, Kind, Period, Schedule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_SECOND = timedelta(seconds=1)
_UNROLLED_S = 2 * DAY_S
_MOST_PERIODS = 1_000


class NotFitting(Exception):  # noqa: N818  # says what is the case
    """A profile that cannot be written so; the message says why."""


@dataclass(frozen=True, slots=True)
class OfKind:
    """A profile in its new kind, and what it lost: the seconds after which it falls silent."""

    profile: ChargingProfile
    remark: str = ""
    silent_from_s: int | None = None


def as_kind(
    profile: ChargingProfile,
    kind: Kind,
    transaction_start: datetime | None,
    now: datetime | None,
) -> OfKind:
    """Return the profile as Absolute or Relative.

    A Recurring one is written out for two days from `now`, or from its start. Raises: NotFitting
    where the schedule cannot be moved, and where the start of the transaction is not known.
    """
    if profile.kind is kind:
        return OfKind(profile)
    if profile.kind is Kind.DYNAMIC:
        raise NotFitting("a Dynamic profile cannot change its kind")
    if profile.other_schedules:
        raise NotFitting("a profile of several schedules cannot change its kind")
    if profile.kind is Kind.RECURRING:
        return _unrolled(profile, kind, transaction_start, now)
    if transaction_start is None:
        raise NotFitting(
            f"{profile.kind} cannot become {kind}: the start of the transaction is not known"
        )
    if kind is Kind.ABSOLUTE:
        return OfKind(_absolute(profile, transaction_start))
    return OfKind(_relative(profile, transaction_start))


def _absolute(profile: ChargingProfile, start: datetime) -> ChargingProfile:
    return replace(
        profile,
        kind=Kind.ABSOLUTE,
        recurrency_kind=None,
        schedule=replace(profile.schedule, start=start),
    )


def _relative(profile: ChargingProfile, transaction_start: datetime) -> ChargingProfile:
    schedule = profile.schedule
    start = schedule.start or transaction_start
    moved_s = (transaction_start - start) // _SECOND
    if moved_s < 0:
        raise NotFitting("Absolute cannot become Relative: it starts after the transaction")
    moved = _from_offset(schedule, moved_s)
    return replace(
        profile,
        kind=Kind.RELATIVE,
        recurrency_kind=None,
        schedule=replace(moved, start=None),
    )


def _from_offset(schedule: Schedule, offset_s: int) -> Schedule:
    """Return what is left of a schedule from `offset_s` on, counted from there."""
    duration_s = None if schedule.duration_s is None else schedule.duration_s - offset_s
    if duration_s is not None and duration_s <= 0:
        raise NotFitting("the schedule is over before the transaction starts")
    return replace(schedule, periods=cut_before(schedule.periods, offset_s), duration_s=duration_s)


def cut_before(periods: tuple[Period, ...], offset_s: int) -> tuple[Period, ...]:
    """Return the periods from `offset_s` on, the first of them at 0."""
    running = [each for each in periods if each.start_s <= offset_s]
    later = [
        replace(each, start_s=each.start_s - offset_s)
        for each in periods
        if each.start_s > offset_s
    ]
    return (*(replace(each, start_s=0) for each in running[-1:]), *later)


def _unrolled(
    profile: ChargingProfile,
    kind: Kind,
    transaction_start: datetime | None,
    now: datetime | None,
) -> OfKind:
    schedule, recurrency = profile.schedule, profile.recurrency_kind
    if recurrency is None or schedule.start is None:
        raise NotFitting("a Recurring profile without its cycle or start cannot be written out")
    cycle_s = recurrency.cycle_s
    if schedule.duration_s is not None and schedule.duration_s < cycle_s:
        raise NotFitting(
            f"Recurring cannot become {kind}: between its runs it says nothing, "
            "which one schedule cannot"
        )
    origin = transaction_start if kind is Kind.RELATIVE else now or schedule.start
    if origin is None:
        raise NotFitting(
            f"Recurring cannot become {kind}: the start of the transaction is not known"
        )
    offset_s = (origin - schedule.start) // _SECOND
    if offset_s < 0:
        raise NotFitting(f"Recurring cannot become {kind}: it starts only later")
    periods = tuple(_runs(schedule, cycle_s, offset_s % cycle_s))
    if len(periods) > _MOST_PERIODS:
        raise NotFitting("two days of the recurring schedule have too many periods")
    return OfKind(
        replace(
            profile,
            kind=kind,
            recurrency_kind=None,
            schedule=replace(
                schedule,
                start=None if kind is Kind.RELATIVE else origin,
                periods=periods,
                duration_s=_UNROLLED_S,
            ),
        ),
        remark=", written out for two days",
        silent_from_s=_UNROLLED_S,
    )


def _runs(schedule: Schedule, cycle_s: int, offset_s: int) -> Iterator[Period]:
    """Yield the periods of two days from `offset_s` into a cycle on."""
    within = tuple(each for each in schedule.periods if each.start_s < cycle_s)
    yield from (each for each in cut_before(within, offset_s) if each.start_s < _UNROLLED_S)
    for run_s in range(cycle_s - offset_s, _UNROLLED_S, cycle_s):
        for each in within:
            if run_s + each.start_s < _UNROLLED_S:
                yield replace(each, start_s=run_s + each.start_s)
