"""Profiles fitted to what stations take: what was changed is told, nothing is ever allowed more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles import (
    Capabilities,
    ChargingProfile,
    Kind,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Rules,
    Schedule,
    Transaction,
    adapt,
    evaluate,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, W = RateUnit.A, RateUnit.W


def a_profile(*periods, unit=A, kind=Kind.RELATIVE, start=None, duration_s=None, **members):
    recurrency = RecurrencyKind.DAILY if kind is Kind.RECURRING else None
    if start is None and kind is not Kind.RELATIVE:
        start = NOW
    return ChargingProfile(
        **{
            "id": 1,
            "stack_level": 3,
            "purpose": Purpose.TX,
            "kind": kind,
            "schedule": Schedule(unit, tuple(Period(*each) for each in periods), start, duration_s),
            "transaction_id": "T",
            "recurrency_kind": recurrency,
            **members,
        }
    )


def limits(profile, hours=30):
    """The limit in amperes of three phases, every minute from NOW on."""
    line = evaluate(
        ProfileSet().install(1, profile, Rules.V201),
        evse=1,
        transaction=Transaction("T", NOW),
        start=NOW,
        end=NOW + timedelta(hours=hours),
        rules=Rules.V201,
    )
    return [line.at(NOW + timedelta(minutes=each)).in_a() for each in range(hours * 60)]


def told(adapted):
    schedule = adapted.profile.schedule
    return [(each.start_s, each.limit, each.number_phases) for each in schedule.periods]


def test_what_fits_is_left_as_it_is():
    profile = a_profile((0, 16.0, 3), (600, 8.0, 3))
    station = Capabilities(8, frozenset({A}), 2, frozenset(Kind))
    assert adapt(profile, station).profile is profile
    assert adapt(profile, station).changes == ()
    assert adapt(profile, Capabilities()).profile is profile


def test_level_above_the_stations_becomes_its_highest():
    adapted = adapt(a_profile((0, 16.0, 3)), Capabilities(max_stack_level=1))
    assert adapted.profile.stack_level == 1
    assert adapted.changes == ("stack level 3 became 1",)


@pytest.mark.parametrize(
    ("unit", "limit", "phases", "station", "expected"),
    [
        (A, 16.0, 3, Capabilities(units=frozenset({W})), 11040.0),
        (A, 16.0, 1, Capabilities(units=frozenset({W})), 3680.0),
        (W, 11000.0, 3, Capabilities(units=frozenset({A})), 15.9),
        (W, 4200.0, None, Capabilities(units=frozenset({A})), 6.0),
        (W, 3700.0, None, Capabilities(units=frozenset({A}), phases=1), 16.0),
        (A, 16.0, 3, Capabilities(units=frozenset({W}), voltage=120.0), 5760.0),
        (A, 16.0, 3, Capabilities(units=frozenset({A, W})), 16.0),
        (A, 16.05, 3, Capabilities(), 16.0),
    ],
)
def test_k01_fr_50_other_unit_is_converted_and_never_rounded_up(
    unit, limit, phases, station, expected
):
    adapted = adapt(a_profile((0, limit, phases), unit=unit), station)
    assert adapted.profile.schedule.periods[0].limit == expected
    assert len(adapted.changes) == int(expected != limit)


def test_converted_limit_names_its_phases():
    adapted = adapt(a_profile((0, 16.0)), Capabilities(units=frozenset({W})))
    assert told(adapted) == [(0, 11040.0, 3)]


def test_equal_and_unreached_periods_go_first():
    profile = a_profile((0, 16.0, 3), (60, 16.0, 3), (120, 8.0, 3), (4000, 6.0, 3), duration_s=3600)
    adapted = adapt(profile, Capabilities(max_periods=2))
    assert told(adapted) == [(0, 16.0, 3), (120, 8.0, 3)]
    assert adapted.changes == ("4 periods became 2 that say the same",)
    assert limits(adapted.profile) == limits(profile)


def test_periods_that_are_over_go_before_others_are_joined():
    start = NOW - timedelta(hours=2)
    profile = a_profile(
        (0, 16.0, 3), (3600, 8.0, 3), (10800, 32.0, 3), kind=Kind.ABSOLUTE, start=start
    )
    adapted = adapt(profile, Capabilities(max_periods=2), now=NOW)
    assert told(adapted) == [(0, 8.0, 3), (7200, 32.0, 3)]
    assert adapted.profile.schedule.start == NOW - timedelta(hours=1)
    assert limits(adapted.profile) == limits(profile)


def test_what_is_left_of_a_relative_profile_is_sent_from_the_running_period_on():
    profile = a_profile(*((3600 * n, 0.0 if n % 2 else 16.0, 3) for n in range(6)))
    first = adapt(profile, Capabilities(max_periods=2), transaction_start=NOW, now=NOW)
    assert first.silent_from_s == 7200
    later = NOW + timedelta(seconds=7000)
    rest = adapt(profile, Capabilities(max_periods=2), transaction_start=NOW, now=later)
    assert told(rest) == [(0, 0.0, 3), (7200, 16.0, 3)]
    assert rest.silent_from_s == 10_800
    assert limits(rest.profile)[117:180] == limits(profile)[117:180]


def test_neighbours_are_joined_where_least_is_lost():
    profile = a_profile((0, 32.0, 3), (3600, 30.0, 3), (7200, 16.0, 3), duration_s=10800)
    adapted = adapt(profile, Capabilities(max_periods=2))
    assert told(adapted) == [(0, 30.0, 3), (7200, 16.0, 3)]
    assert adapted.changes == ("3 periods became 2, neighbours joined under the lower limit",)


def test_joining_never_pauses_a_car_that_should_charge():
    profile = a_profile((0, 0.0, 3), (3600, 16.0, 3), (7200, 0.0, 3))
    adapted = adapt(profile, Capabilities(max_periods=2))
    assert told(adapted) == [(0, 0.0, 3), (3600, 16.0, 3)]
    assert (adapted.profile.schedule.duration_s, adapted.silent_from_s) == (7200, 7200)
    assert adapted.changes == ("only the first 2 of 3 periods were kept, 7200 s long",)


def test_recurring_profile_that_would_leave_gaps_cannot_be_sent():
    profile = a_profile(
        (0, 0.0, 3), (3600, 16.0, 3), (7200, 0.0, 3), kind=Kind.RECURRING, duration_s=86_400
    )
    adapted = adapt(profile, Capabilities(max_periods=2))
    assert adapted.profile is None
    assert adapted.problem == "3 periods do not fit into 2 without pausing a car that should charge"


def test_relative_becomes_absolute_from_the_start_of_the_transaction():
    profile = a_profile((0, 16.0, 3), (600, 8.0, 3))
    station = Capabilities(kinds=frozenset({Kind.ABSOLUTE}))
    adapted = adapt(profile, station, transaction_start=NOW)
    assert (adapted.profile.kind, adapted.profile.schedule.start) == (Kind.ABSOLUTE, NOW)
    assert limits(adapted.profile) == limits(profile)
    assert "not known" in adapt(profile, station).problem


def test_absolute_becomes_relative_with_what_is_left_of_it():
    start = NOW - timedelta(hours=1)
    profile = a_profile(
        (0, 16.0, 3),
        (1800, 8.0, 3),
        (7200, 6.0, 3),
        kind=Kind.ABSOLUTE,
        start=start,
        duration_s=9000,
    )
    station = Capabilities(kinds=frozenset({Kind.RELATIVE}))
    adapted = adapt(profile, station, transaction_start=NOW)
    assert told(adapted) == [(0, 8.0, 3), (3600, 6.0, 3)]
    assert adapted.profile.schedule.start is None
    assert limits(adapted.profile) == limits(profile)


@pytest.mark.parametrize(
    ("profile", "kinds", "words"),
    [
        (
            a_profile((0, 16.0, 3), kind=Kind.ABSOLUTE, start=NOW + timedelta(hours=1)),
            {Kind.RELATIVE},
            "starts after the transaction",
        ),
        (
            a_profile(
                (0, 16.0, 3), kind=Kind.ABSOLUTE, start=NOW - timedelta(hours=1), duration_s=60
            ),
            {Kind.RELATIVE},
            "over before",
        ),
        (
            a_profile((0, 16.0, 3), kind=Kind.ABSOLUTE, purpose=Purpose.STATION_MAX),
            {Kind.RELATIVE},
            "takes no profile of kind Absolute",
        ),
        (a_profile((0, 16.0, 3)), {Kind.RECURRING}, "takes no profile of kind Relative"),
        (
            a_profile((0, 16.0, 3), kind=Kind.RECURRING, duration_s=3600),
            {Kind.ABSOLUTE},
            "says nothing",
        ),
        (
            a_profile(
                (0, 16.0, 3),
                kind=Kind.RECURRING,
                duration_s=86_400,
                start=NOW + timedelta(hours=1),
            ),
            {Kind.ABSOLUTE},
            "starts only later",
        ),
        (
            a_profile((0, 16.0, 3), kind=Kind.DYNAMIC, updated_at=NOW),
            {Kind.ABSOLUTE},
            "Dynamic",
        ),
    ],
)
def test_kind_that_cannot_be_changed_is_refused_in_a_sentence(profile, kinds, words):
    adapted = adapt(profile, Capabilities(kinds=frozenset(kinds)), transaction_start=NOW, now=NOW)
    assert adapted.profile is None
    assert words in adapted.problem


@pytest.mark.parametrize("kind", [Kind.ABSOLUTE, Kind.RELATIVE])
@pytest.mark.parametrize("hours_ago", [0, 5, 23, 50])
def test_recurring_is_written_out_for_two_days(kind, hours_ago):
    profile = a_profile(
        (0, 16.0, 3),
        (8 * 3600, 6.0, 3),
        (20 * 3600, 10.0, 3),
        kind=Kind.RECURRING,
        duration_s=86_400,
        start=NOW - timedelta(hours=hours_ago),
    )
    station = Capabilities(kinds=frozenset({kind}))
    adapted = adapt(profile, station, transaction_start=NOW, now=NOW)
    assert limits(adapted.profile, 47) == limits(profile, 47)
    assert adapted.silent_from_s == 2 * 86_400
    assert adapted.changes == (f"Recurring became {kind}, written out for two days",)


def test_k01_fr_20_phase_to_use_is_left_out_where_it_cannot_be_chosen():
    profile = a_profile((0, 16.0, 1, 2))
    adapted = adapt(profile, Capabilities(takes_phase_to_use=False))
    assert adapted.profile.schedule.periods[0].phase_to_use is None
    assert len(adapted.changes) == 1


@pytest.mark.parametrize(
    ("period", "unit", "phases", "is_sent"),
    [
        ((0, 16.0, 3), A, 3, True),
        ((0, 16.0, 1), A, 1, True),
        ((0, 16.0, 3), A, 1, True),
        ((0, 16.0, 1), A, 3, False),
        ((0, 4200.0, 1), W, 3, True),
        ((0, 11040.0, 3), W, 1, False),
    ],
)
def test_phases_are_left_out_unless_that_would_allow_more(period, unit, phases, is_sent):
    adapted = adapt(a_profile(period, unit=unit), Capabilities(takes_phases=False, phases=phases))
    assert (adapted.profile is not None) is is_sent
    if is_sent:
        assert adapted.profile.schedule.periods[0].number_phases is None
    else:
        assert "without numberPhases" in adapted.problem


def test_hint_is_left_out_where_a_station_lifts_limits_to_it():
    profile = a_profile((0, 0.0, 3))
    profile = replace(profile, schedule=replace(profile.schedule, min_charging_rate=6.0))
    adapted = adapt(profile, Capabilities(takes_min_charging_rate=False))
    assert adapted.profile.schedule.min_charging_rate is None


@st.composite
def drawn_profiles(draw):
    starts = draw(st.lists(st.integers(1, 90_000), max_size=12, unique=True))
    kind = draw(st.sampled_from([Kind.ABSOLUTE, Kind.RELATIVE, Kind.RECURRING]))
    unit = draw(st.sampled_from(RateUnit))
    top = 40 if unit is A else 27_000
    periods = [
        (each, draw(st.sampled_from([0.0, 6.0 * top / 40]) | st.floats(0, top)), 3)
        for each in [0, *sorted(starts)]
    ]
    duration_s = draw(st.none() | st.integers(60, 90_000))
    start = None
    if kind is not Kind.RELATIVE:
        start = NOW - timedelta(seconds=draw(st.integers(0, 100_000)))
    return a_profile(*periods, unit=unit, kind=kind, start=start, duration_s=duration_s)


@given(
    drawn_profiles(),
    st.builds(
        Capabilities,
        max_stack_level=st.none() | st.integers(0, 4),
        units=st.none() | st.sets(st.sampled_from(RateUnit), min_size=1).map(frozenset),
        max_periods=st.none() | st.integers(1, 8),
        kinds=st.none()
        | st.sets(st.sampled_from([Kind.ABSOLUTE, Kind.RELATIVE, Kind.RECURRING]), min_size=1).map(
            frozenset
        ),
        takes_phases=st.booleans(),
    ),
)
def test_what_is_sent_never_allows_more_and_always_fits(profile, station):
    adapted = adapt(profile, station, transaction_start=NOW, now=NOW)
    if adapted.profile is None:
        assert adapted.problem
        return
    fitted = adapted.profile
    assert station.max_periods is None or len(fitted.schedule.periods) <= station.max_periods
    assert station.units is None or fitted.schedule.unit in station.units
    assert station.kinds is None or fitted.kind in station.kinds
    assert bool(adapted.changes) is (fitted != profile)
    end_s = adapted.silent_from_s
    for meant, sent in zip(limits(profile), limits(fitted), strict=True):
        if sent is None and end_s is not None:
            continue
        assert (meant is None) is (sent is None)
        assert meant is None or sent <= meant + 1e-9
