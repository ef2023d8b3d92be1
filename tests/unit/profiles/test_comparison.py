"""A station's composite schedule against ours: what counts as a difference, and what does not."""

from datetime import UTC, datetime, timedelta

import pytest

from profiles import (
    ChargingProfile,
    CompositePeriod,
    CompositeQuery,
    CompositeSchedule,
    Kind,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    Rules,
    Schedule,
    Station,
    Transaction,
    composite,
    evaluate,
)
from profiles.comparison import Reading, Sense, compare, loosened

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, W = RateUnit.A, RateUnit.W
TRANSACTION = Transaction("T", NOW)


def ours(*periods, unit=A, duration_s=None, hours=1):
    """Our limits from NOW on, of periods (start, limit, phases)."""
    schedule = Schedule(unit, tuple(Period(*each) for each in periods), NOW, duration_s)
    profile = ChargingProfile(1, 0, Purpose.TX, Kind.ABSOLUTE, schedule, transaction_id="T")
    return evaluate(
        ProfileSet().install(1, profile, Rules.V201),
        evse=1,
        transaction=TRANSACTION,
        start=NOW,
        end=NOW + timedelta(hours=hours),
        rules=Rules.V201,
    )


def theirs(*periods, unit=A, duration_s=3600, start=NOW):
    """A station's answer, of periods (start, limit, phases)."""
    whole = tuple(CompositePeriod(*each, *[None] * (3 - len(each))) for each in periods)
    return CompositeSchedule(start, duration_s, unit, whole)


def told(comparison):
    return [
        (
            (each.start - NOW).total_seconds(),
            (each.end - NOW).total_seconds(),
            each.ours,
            each.theirs,
            each.sense,
        )
        for each in comparison.differences
    ]


SAME = [
    (ours((0, 16.0, 3)), theirs((0, 16.0, 3))),
    (ours((0, 16.0, 3)), theirs((0, 16.1))),
    (ours((0, 6.1, 3)), theirs((0, 6.099999904632568, 3))),
    (ours((0, 16.0, 3), (600, 8.0, 3)), theirs((0, 16.0), (609, 8.0))),
    (ours((0, 16.0, 3), (600, 8.0, 3)), theirs((0, 16.0), (591, 8.0))),
    (ours((0, 16.0, 3)), theirs((0, 11040.0, 3), unit=W)),
    (ours((0, 16.0, 3)), theirs((0, 11065.0), unit=W)),
    (ours((0, 16.0, 1)), theirs((0, 3680.0), unit=W)),
    (ours((0, 16.0, 3)), theirs((0, 3680.0, 1), unit=W)),
    (ours((0, 16.0)), theirs((0, 11040.0), unit=W)),
    (ours((0, 16.0)), theirs((0, 3680.0), unit=W)),
    (ours((0, 11000.0, 3), unit=W), theirs((0, 15.9), unit=A)),
    (ours((0, 11000.0, 3), unit=W), theirs((0, 16.0), unit=A)),
    (ours((0, 0.0, 3)), theirs((0, 0.0))),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_equal_within_tolerance_at_borders_and_across_units(left, right):
    found = compare(left, right)
    assert found.differences == ()
    assert (found.is_equal, found.is_looser, found.is_silent) == (True, False, False)


DIFFERENT = [
    (ours((0, 16.0, 3)), theirs((0, 16.2)), [(0, 3600, 16.0, 16.2, Sense.LOOSER)]),
    (ours((0, 16.0, 3)), theirs((0, 10.0)), [(0, 3600, 16.0, 10.0, Sense.TIGHTER)]),
    (
        ours((0, 16.0, 3), (600, 8.0, 3)),
        theirs((0, 16.0), (610, 8.0)),
        [(600, 610, 8.0, 16.0, Sense.LOOSER)],
    ),
    (
        ours((0, 16.0, 3), (600, 8.0, 3), (605, 10.0, 3)),
        theirs((0, 16.0), (612, 10.0)),
        [(600, 605, 8.0, 16.0, Sense.LOOSER), (605, 612, 10.0, 16.0, Sense.LOOSER)],
    ),
    (
        ours((0, 16.0, 3)),
        theirs((0, 16.0), (100, 20.0), (200, 16.0), (300, 6.0)),
        [(100, 200, 16.0, 20.0, Sense.LOOSER), (300, 3600, 16.0, 6.0, Sense.TIGHTER)],
    ),
    (
        ours((0, 11040.0, 3), unit=W),
        theirs((0, 11066.0), unit=W),
        [(0, 3600, 11040.0, 11066.0, Sense.LOOSER)],
    ),
    (ours((0, 0.0, 3)), theirs((0, 6.0)), [(0, 3600, 0.0, 6.0, Sense.LOOSER)]),
    (
        ours((0, 16.0)),
        theirs((0, 12000.0), unit=W),
        [(0, 3600, 11040.0, 12000.0, Sense.LOOSER)],
    ),
    (
        ours((0, 16.0)),
        theirs((0, 3000.0), unit=W),
        [(0, 3600, 3680.0, 3000.0, Sense.TIGHTER)],
    ),
]


@pytest.mark.parametrize(("left", "right", "differences"), DIFFERENT)
def test_what_lasts_and_is_beyond_tolerance_is_told(left, right, differences):
    found = compare(left, right)
    assert told(found) == differences
    assert found.is_looser is any(each[-1] is Sense.LOOSER for each in differences)


GAPS = [
    theirs((0, None)),
    theirs((0, 48.0)),
    theirs((0, 33120.0), unit=W),
    theirs((0, 2_147_483_647.0)),
    theirs((0, 1e12), unit=W),
]


@pytest.mark.parametrize("answer", GAPS)
def test_value_that_fills_a_gap_is_no_limit_and_silence_is_told(answer):
    found = compare(ours((0, 16.0, 3)), answer)
    assert (found.differences, found.is_silent) == ((), True)


def test_limit_at_or_above_the_hardware_is_none():
    reading = Reading(hardware_a=32.0)
    assert compare(ours((0, 16.0, 3)), theirs((0, 32.0)), reading).is_silent
    assert compare(ours((0, 16.0, 3)), theirs((0, 22080.0), unit=W), reading).is_silent
    assert not compare(ours((0, 16.0, 3)), theirs((0, 31.0)), reading).is_silent
    by_power = Reading(hardware_w=22080.0)
    assert compare(ours((0, 16.0, 3)), theirs((0, 32.0)), by_power).is_silent


def test_value_that_a_model_is_known_to_fill_gaps_with_is_no_limit():
    assert compare(
        ours((0, 16.0, 3)), theirs((0, 20.0)), Reading(gap_values=((A, 20.0),))
    ).is_silent


def test_only_where_both_speak_is_compared():
    left = ours((0, 16.0, 3), duration_s=600)
    right = theirs((0, 16.0), (600, 10.0))
    assert compare(left, right).is_equal
    assert not compare(left, right).is_silent
    nothing = ours((0, 16.0, 3), duration_s=0)
    assert compare(nothing, theirs((0, 10.0))) == compare(nothing, theirs((0, None)))


def test_only_the_common_window_is_compared():
    late = theirs((0, 10.0), start=NOW + timedelta(hours=2))
    assert compare(ours((0, 16.0, 3)), late).is_equal
    early = theirs((0, 10.0), start=NOW - timedelta(minutes=59))
    assert told(compare(ours((0, 16.0, 3)), early)) == [(0, 60, 16.0, 10.0, Sense.TIGHTER)]


def test_schedule_of_the_whole_station_compares_too():
    profile = ChargingProfile(
        1,
        0,
        Purpose.STATION_MAX,
        Kind.ABSOLUTE,
        Schedule(A, (Period(0, 20.0, 3),), NOW),
    )
    mine = composite(
        ProfileSet().install(0, profile, Rules.V201),
        CompositeQuery(0, NOW, 3600, A),
        transactions={},
        station=Station(evses=(1, 2)),
        rules=Rules.V201,
    )
    assert compare(mine, theirs((0, 20.0))).is_equal
    assert told(compare(mine, theirs((0, 40.0)))) == [(0, 3600, 20.0, 40.0, Sense.LOOSER)]
    assert compare(mine, theirs((0, 13800.0, 3), unit=W)).is_equal


def test_ambiguous_limit_differs_from_neither_reading():
    station_max = ChargingProfile(
        2, 0, Purpose.STATION_MAX, Kind.ABSOLUTE, Schedule(W, (Period(0, 11040.0, 3),), NOW)
    )
    tx = ChargingProfile(
        1, 0, Purpose.TX, Kind.ABSOLUTE, Schedule(A, (Period(0, 32.0, 1),), NOW), transaction_id="T"
    )
    both = ProfileSet().install(0, station_max, Rules.V201).install(1, tx, Rules.V201)
    left = evaluate(
        both,
        evse=1,
        transaction=TRANSACTION,
        start=NOW,
        end=NOW + timedelta(hours=1),
        rules=Rules.V201,
    )
    assert left.at(NOW).range_in_a() == (16.0, 32.0)
    assert compare(left, theirs((0, 16.0))).is_equal
    assert compare(left, theirs((0, 32.0))).is_equal
    assert compare(left, theirs((0, 33.0))).is_looser


def test_looser_of_both_is_what_is_judged_by():
    left = ours((0, 16.0, 3), (1800, 8.0, 3))
    right = theirs((0, 10.0), (600, 20.0), (1200, None), (1800, 9.0), duration_s=2400)
    found = loosened(left, right)
    assert [
        ((step.start - NOW).total_seconds(), step.limit_a)
        for step in found
        if found.at(step.start) is step
    ] == [(0, 16.0), (600, 20.0), (1200, 16.0), (1800, 9.0), (2400, 8.0)]
    assert (found.start, found.end) == (left.start, left.end)
    assert all(step.causes for step in found)


def test_looser_limit_stands_in_the_stations_unit():
    found = loosened(ours((0, 16.0, 3)), theirs((0, 13800.0, 3), unit=W))
    step = found.at(NOW)
    assert (step.limit_a, step.limit_w, step.phases) == (None, 13800.0, 3)
    assert step.in_a() == 20.0


def test_station_that_agrees_loosens_nothing():
    left = ours((0, 16.0, 3))
    assert loosened(left, theirs((0, 16.0))) == left


@pytest.mark.parametrize(
    ("mine", "station", "is_same"),
    [
        (ours((0, 63, 3)), theirs((0, 32, 3)), True),
        (ours((0, 150_000, None), unit=W), theirs((0, 50_000), unit=W), True),
        (ours((0, 150_000, None), unit=W), theirs((0, 22_000, 3), unit=W), True),
        (ours((0, 63, 1)), theirs((0, 7_360, 1), unit=W), True),
        (ours((0, 63, 3), (600, 16, 3)), theirs((0, 32, 3), (600, 16, 3)), True),
        (ours((0, 32, 3)), theirs((0, 16, 3)), False),
        (ours((0, 32, 3)), theirs((0, 10, 3)), False),
        (ours((0, 63, 3), (600, 16, 3)), theirs((0, 32, 3), (600, 10, 3)), False),
        (ours((0, 80, 3)), theirs((0, 63, 3), (600, 40, 3)), False),
        (ours((0, 16, 3)), theirs((0, 32, 3)), False),
    ],
)
def test_what_the_hardware_can_give_at_most_is_no_other_limit(mine, station, is_same):
    assert compare(mine, station).is_equal is is_same
