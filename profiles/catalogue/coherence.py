"""What must go together in a named profile, beyond each field's own form."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from profiles.model import DAY_S, WEEK_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.catalogue.schema import CatalogueProfile

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_RECURRING_ONLY = ("recurrency_kind", "start_time_of_day", "weekday")


def problems(profile: CatalogueProfile) -> list[tuple[str, str]]:
    """Return (field, sentence saying what to do) for all that does not go together."""
    return [
        *_unit(profile),
        *_order(profile),
        *_recurring(profile),
        *_start(profile),
        *_never(profile),
        *_lengths(profile),
        *_phases(profile),
    ]


def _unit(profile: CatalogueProfile) -> Iterator[tuple[str, str]]:
    if profile.periods and "charging_rate_unit" not in profile.model_fields_set:
        yield "charging_rate_unit", 'is missing; write "A" (per phase) or "W" (total)'


def _order(profile: CatalogueProfile) -> Iterator[tuple[str, str]]:
    starts = [period.start_period for period in profile.periods]
    if starts and starts[0] != 0:
        yield "periods[0].start_period", f"is {starts[0]}; the first period must start at 0"
    for index, (earlier, later) in enumerate(itertools.pairwise(starts), start=1):
        if earlier >= later:
            message = f"is {later}; it must be greater than the {earlier} before it"
            yield f"periods[{index}].start_period", message
    if profile.valid_from and profile.valid_to and profile.valid_from >= profile.valid_to:
        yield "valid_to", "must be later than valid_from"


def _recurring(profile: CatalogueProfile) -> Iterator[tuple[str, str]]:
    if profile.kind != "Recurring":
        for field in _RECURRING_ONLY:
            if getattr(profile, field) is not None:
                yield field, f"has no place in a {profile.kind} profile; remove it"
        return
    if profile.recurrency_kind is None:
        yield "recurrency_kind", 'is missing; a Recurring profile needs "Daily" or "Weekly"'
    if profile.start_time_of_day is None:
        yield "start_time_of_day", 'is missing; a Recurring profile needs one, such as "22:00"'
    if profile.recurrency_kind == "Weekly" and profile.weekday is None:
        yield "weekday", 'is missing; a Weekly profile needs one, such as "Monday"'
    if profile.recurrency_kind == "Daily" and profile.weekday is not None:
        yield "weekday", "has no place in a Daily profile; remove it or make it Weekly"


def _start(profile: CatalogueProfile) -> Iterator[tuple[str, str]]:
    if profile.start_time_of_day is not None and profile.start_time_of_day.tzinfo is not None:
        yield "start_time_of_day", "is local to the site; remove the time zone"
    if profile.kind == "Absolute" and profile.start_schedule is None and profile.periods:
        yield "start_schedule", "is missing; an Absolute profile needs its start, with time zone"
    if profile.kind != "Absolute" and profile.start_schedule is not None:
        yield "start_schedule", f"has no place in a {profile.kind} profile; remove it"


def _never(profile: CatalogueProfile) -> Iterator[tuple[str, str]]:
    """Yield what keeps a profile from ever speaking, and a hint above all that it allows."""
    start, until = profile.start_schedule, profile.valid_to
    if start is not None and until is not None and start >= until:
        yield "valid_to", "is not later than start_schedule; the profile would never speak"
    since, duration_s = profile.valid_from, profile.duration_s
    if start is not None and since is not None and duration_s:
        lasts_s = (since - start).total_seconds()
        if duration_s <= lasts_s:
            yield "valid_from", "is when the schedule is over; the profile would never speak"
    highest = max((period.limit for period in profile.periods), default=None)
    rate = profile.min_charging_rate
    if highest is not None and rate is not None and rate > highest:
        yield "min_charging_rate", f"is above the highest limit of all periods, {highest:g}"


def _lengths(profile: CatalogueProfile) -> Iterator[tuple[str, str]]:
    cycle_s = {"Daily": DAY_S, "Weekly": WEEK_S}.get(profile.recurrency_kind or "")
    if profile.duration_s == 0:
        yield "duration_s", "is 0 and would limit nothing; remove it to run on"
    if cycle_s and profile.duration_s is not None and profile.duration_s > cycle_s:
        yield "duration_s", f"is longer than the cycle; write at most {cycle_s}"
    ends = min((each for each in (cycle_s, profile.duration_s) if each), default=None)
    for index, period in enumerate(profile.periods):
        if ends is not None and period.start_period >= ends:
            message = f"is {period.start_period}; nothing runs after {ends} s"
            yield f"periods[{index}].start_period", message


def _phases(profile: CatalogueProfile) -> Iterator[tuple[str, str]]:
    counts = [("number_phases", profile.number_phases)]
    counts += [
        (f"periods[{index}].number_phases", period.number_phases)
        for index, period in enumerate(profile.periods)
    ]
    for field, count in counts:
        if count is not None and profile.current_type == "DC":
            yield field, "has no place in a DC profile; remove it"
        elif count not in (None, 1) and profile.current_type == "AC1":
            yield field, f"is {count}, but current_type AC1 has one phase"
