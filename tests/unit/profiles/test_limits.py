"""Steps and timelines of limits: lookups, conversions, readings, causes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from profiles import (
    ChargingProfile,
    InstalledProfile,
    Kind,
    LimitTimeline,
    MixedUnits,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Rules,
    Schedule,
    Transaction,
    evaluate,
    limit_at,
)

START = datetime(2025, 6, 10, tzinfo=UTC)
RUNNING = Transaction("T", START)


def a_profile(
    profile_id: int, purpose: Purpose, *periods: Period, **changes: Any
) -> ChargingProfile:
    schedule = Schedule(
        changes.pop("unit", RateUnit.A), periods, START, changes.pop("duration_s", None)
    )
    return ChargingProfile(
        profile_id, changes.pop("stack_level", 0), purpose, Kind.ABSOLUTE, schedule, **changes
    )


def a_timeline(*installed: tuple[int, ChargingProfile], hours: int = 1) -> LimitTimeline:
    return evaluate(
        ProfileSet.of(InstalledProfile(*each) for each in installed),
        evse=1,
        transaction=RUNNING,
        start=START,
        end=START + timedelta(hours=hours),
        rules=Rules.V201,
    )


def minutes(count: float) -> datetime:
    return START + timedelta(minutes=count)


def test_no_profile_is_one_step_without_limit() -> None:
    timeline = a_timeline()
    (step,) = timeline.steps
    assert (step.limit_a, step.limit_w, step.phases, step.causes) == (None, None, None, ())
    assert not step.is_limited
    assert step.in_a() is None
    assert step.in_w() is None
    assert step.range_in_a() is None


def test_steps_are_gapless_and_name_their_causes() -> None:
    default = a_profile(1, Purpose.TX_DEFAULT, Period(0, 8.0, 3))
    wanted = a_profile(2, Purpose.TX, Period(0, 20.0, 3), Period(600, 10.0, 3), duration_s=1200)
    highest = a_profile(3, Purpose.STATION_MAX, Period(0, 16.0, 3))
    timeline = a_timeline((0, default), (1, wanted), (0, highest))
    assert [(each.start, each.limit_a) for each in timeline] == [
        (START, 16.0),
        (minutes(10), 10.0),
        (minutes(20), 8.0),
    ]
    assert all(earlier.end == later.start for earlier, later in pairwise(timeline))
    first = timeline.at(START)
    assert [(each.profile_id, each.purpose, each.binding) for each in first.causes] == [
        (3, Purpose.STATION_MAX, True),
        (2, Purpose.TX, False),
    ]
    assert timeline.at(minutes(10)).causes[0].period_index == 1


def test_lookup_by_instant_is_inclusive_at_the_start_of_a_step() -> None:
    default = a_profile(1, Purpose.TX_DEFAULT, Period(0, 8.0), Period(600, 9.0))
    timeline = a_timeline((1, default))
    assert timeline.at(minutes(10) - timedelta(microseconds=1)).limit_a == 8.0
    assert timeline.at(minutes(10)).limit_a == 9.0


@pytest.mark.parametrize("at", [START - timedelta(seconds=1), START + timedelta(hours=1)])
def test_lookup_outside_the_window_raises(at: datetime) -> None:
    timeline = a_timeline()
    assert not timeline.covers(at)
    with pytest.raises(ValueError, match="outside"):
        timeline.at(at)


def test_between_cuts_the_outer_steps() -> None:
    periods = [Period(600 * index, float(index + 6)) for index in range(6)]
    timeline = a_timeline((1, a_profile(1, Purpose.TX_DEFAULT, *periods)))
    found = timeline.between(minutes(5), minutes(25))
    assert [(each.start, each.end, each.limit_a) for each in found] == [
        (minutes(5), minutes(10), 6.0),
        (minutes(10), minutes(20), 7.0),
        (minutes(20), minutes(25), 8.0),
    ]


def test_between_ends_before_the_next_step_and_within_the_window() -> None:
    timeline = a_timeline((1, a_profile(1, Purpose.TX_DEFAULT, Period(0, 8.0), Period(600, 9.0))))
    assert [each.limit_a for each in timeline.between(START, minutes(10))] == [8.0]
    assert timeline.between(minutes(-9), minutes(999)) == timeline.steps
    assert timeline.between(minutes(5), minutes(5)) == ()
    assert timeline.between(minutes(60), minutes(70)) == ()


def test_watts_become_amperes_over_the_phases_in_use() -> None:
    profile = a_profile(1, Purpose.TX_DEFAULT, Period(0, 11040.0), unit=RateUnit.W)
    (step,) = a_timeline((1, profile)).steps
    assert step.in_a() == pytest.approx(16.0)
    assert step.in_a(phases_default=1) == pytest.approx(48.0)
    assert step.in_a(voltage=120.0) == pytest.approx(30.667, abs=1e-3)
    assert step.in_w() == 11040.0


def test_site_with_fewer_phases_caps_what_a_profile_gives() -> None:
    profile = a_profile(1, Purpose.TX_DEFAULT, Period(0, 16.0, 3))
    (step,) = a_timeline((1, profile)).steps
    assert step.in_w(phases_default=1) == pytest.approx(3680.0)


def test_mixed_units_with_different_phases_are_ambiguous_and_give_two_readings() -> None:
    highest = a_profile(1, Purpose.STATION_MAX, Period(0, 5000.0, 3), unit=RateUnit.W)
    wanted = a_profile(2, Purpose.TX, Period(0, 16.0, 1))
    (step,) = a_timeline((0, highest), (1, wanted)).steps
    assert (step.limit_a, step.limit_w, step.phases, step.ambiguous) == (16.0, 5000.0, 1, True)
    assert step.in_a() == 16.0
    assert step.in_a(mixed_units=MixedUnits.OWN) == pytest.approx(7.246, abs=1e-3)
    assert step.range_in_a() == (pytest.approx(7.246, abs=1e-3), 16.0)
    assert step.range_in_w() == (3680.0, 3680.0)


@pytest.mark.parametrize("count", [3, None])
def test_mixed_units_with_the_same_phases_are_not_ambiguous(count: int | None) -> None:
    highest = a_profile(1, Purpose.STATION_MAX, Period(0, 5000.0, 3), unit=RateUnit.W)
    wanted = a_profile(2, Purpose.TX, Period(0, 16.0, count))
    (step,) = a_timeline((0, highest), (1, wanted)).steps
    assert not step.ambiguous
    tighter, looser = step.range_in_a() or (0.0, 1.0)
    assert tighter == looser


def test_min_charging_rate_never_raises_a_limit() -> None:
    schedule = Schedule(RateUnit.A, (Period(0, 0.0),), START, min_charging_rate=10.0)
    profile = ChargingProfile(1, 0, Purpose.TX_DEFAULT, Kind.ABSOLUTE, schedule)
    assert a_timeline((1, profile)).at(START).limit_a == 0.0


def test_without_transaction_only_station_wide_limits_bind() -> None:
    installed = ProfileSet.of(
        [
            InstalledProfile(0, a_profile(1, Purpose.TX_DEFAULT, Period(0, 6.0))),
            InstalledProfile(1, a_profile(2, Purpose.TX, Period(0, 7.0))),
            InstalledProfile(0, a_profile(3, Purpose.STATION_MAX, Period(0, 40.0))),
        ]
    )
    step = limit_at(installed, evse=1, transaction=None, at=START, rules=Rules.V201)
    assert step.limit_a == 40.0


def test_external_limit_reported_for_one_evse_binds_there_only() -> None:
    limit = a_profile(-1, Purpose.EXTERNAL_CONSTRAINTS, Period(0, 10.0))
    installed = ProfileSet.of([InstalledProfile(1, limit)])
    first = limit_at(installed, evse=1, transaction=None, at=START, rules=Rules.V201)
    second = limit_at(installed, evse=2, transaction=None, at=START, rules=Rules.V201)
    assert (first.limit_a, second.limit_a) == (10.0, None)


def test_absolute_without_start_counts_from_the_transaction_else_from_receipt() -> None:
    schedule = Schedule(RateUnit.A, (Period(0, 6.0), Period(60, 7.0)))
    profile = ChargingProfile(1, 0, Purpose.STATION_MAX, Kind.ABSOLUTE, schedule)
    received = ProfileSet().install(0, profile, Rules.V16, received_at=minutes(10))
    unknown = ProfileSet().install(0, profile, Rules.V16)
    running = Transaction("T", minutes(20))
    at = minutes(20.5)
    assert limit_at(received, evse=1, transaction=running, at=at, rules=Rules.V16).limit_a == 6.0
    assert limit_at(received, evse=1, transaction=None, at=at, rules=Rules.V16).limit_a == 7.0
    assert not limit_at(unknown, evse=1, transaction=None, at=at, rules=Rules.V16).is_limited


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        evaluate(ProfileSet(), evse=1, transaction=None, start=START, end=START, rules=Rules.V16)


def test_a_long_window_costs_periods_not_seconds() -> None:
    schedule = Schedule(RateUnit.A, (Period(0, 6.0), Period(28_800, 16.0)), START)
    profile = ChargingProfile(
        1, 0, Purpose.STATION_MAX, Kind.RECURRING, schedule, recurrency_kind=RecurrencyKind.WEEKLY
    )
    timeline = evaluate(
        ProfileSet().install(0, profile, Rules.V201),
        evse=1,
        transaction=None,
        start=START,
        end=START + timedelta(weeks=520),
        rules=Rules.V201,
    )
    assert len(timeline) == 2 * 520
