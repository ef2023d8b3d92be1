"""Arrivals, crowds, occupancy and blocked arrivals: by hand, and against a count per minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.monitor.demand import NO_STAYS, Stays, blocked, crowd, used, without_overlaps
from csms.monitor.demand_figures import Places, demand
from csms.monitor.local_hours import LocalHours, local_hours

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MONDAY = datetime(2026, 11, 16, tzinfo=STOCKHOLM)
HOUR = 3600


def stays(*each: tuple[float, float] | tuple[float, float, float, float], evse: int = 1) -> Stays:
    """Stays in hours after Monday's midnight: from, to, and when it charged if not always."""
    full = [(one[0], one[1], *(one[2:] or one[:2])) for one in each]
    seconds = np.array(
        [[int(MONDAY.timestamp() + hour * HOUR) for hour in one] for one in full], np.int64
    ).reshape(-1, 4)
    count = len(full)
    return Stays(
        *seconds.T,
        np.full(count, 6_000_000, np.int64),
        np.arange(count, dtype=np.int64) if evse < 0 else np.full(count, evse, np.int64),
        np.ones(count, np.bool_),
    )


def a_day(days: int = 1) -> LocalHours:
    return local_hours(MONDAY, MONDAY + timedelta(days=days), STOCKHOLM)


def test_a_day_by_hand():
    # Three cars at two EVSEs; the second one is full at 11, and leaves at 12.
    day = stays((8, 10), (9.5, 12, 10, 11), (10, 10.5), evse=-1)
    found = demand(day, a_day(), Places(2), 0.95)
    week = found.week
    assert (found.arrivals, found.most, found.energy_milliwh) == (3, 2, 18_000_000)
    assert found.most_at == MONDAY.timestamp() + 9.5 * HOUR
    assert [week.occupied[hour] for hour in (8, 9, 10, 11)] == [1, 1.5, 1.5, 1]
    assert [week.charging[hour] for hour in (8, 9, 10, 11)] == [1, 1, 1.5, 0]
    assert (week.waiting[9], week.idle[11]) == (0.5, 1)
    assert [week.full[hour] for hour in (9, 10)] == [0.5, 0.5]
    assert [week.arrivals[hour] for hour in (8, 9, 10)] == [1, 1, 1]
    assert list(week.energy_wh[[8, 9, 10]]) == pytest.approx([3000, 3000, 12_000])
    assert found.stay_s == pytest.approx(5 / 3 * HOUR)


def test_a_stay_is_over_when_the_next_one_begins_at_its_evse():
    cut = without_overlaps(stays((8, 30), (9, 10), (12, 13)))
    assert list((cut.end - cut.start) / HOUR) == [1, 1, 1]
    # Where nobody knows which EVSE it was, two at once may both be there.
    apart = without_overlaps(stays((8, 30), (9, 10), evse=-5))
    assert list((apart.end - apart.start) / HOUR) == [22, 1]


def test_nobody_came():
    found = demand(NO_STAYS, a_day(), Places(2), 0.95)
    assert (found.arrivals, found.most, found.most_at, found.often) == (0, 0, None, 0)
    assert (found.stay_s, found.needed, found.loss) == (None, None, 0.0)


def test_nobody_knows_how_many_evses():
    found = demand(stays((8, 10)), a_day(), Places(None), 0.95)
    assert (found.blocked, found.loss, found.week.full.sum()) == (None, None, 0)


def test_how_many_at_once_for_most_of_the_time():
    at_once = crowd(*(np.array(each, np.int64) for each in ([0, 50, 90], [100, 60, 100])), 0, 100)
    assert [at_once.percentile(share) for share in (0.5, 0.8, 0.81, 1.0)] == [1, 1, 2, 2]


def test_at_the_hour_that_comes_twice_and_at_the_one_that_does_not():
    back = local_hours(
        datetime(2026, 10, 25, tzinfo=STOCKHOLM),
        datetime(2026, 10, 26, tzinfo=STOCKHOLM),
        STOCKHOLM,
    )
    assert (len(back), float(back.hours.sum())) == (25, 25)
    two = 6 * 24 + 2
    assert back.by_week(back.hours)[two] == 2
    forward = local_hours(
        datetime(2026, 3, 29, tzinfo=STOCKHOLM), datetime(2026, 3, 30, tzinfo=STOCKHOLM), STOCKHOLM
    )
    assert (len(forward), forward.by_week(forward.hours)[two]) == (23, 0)
    # One arrival in each of the two hours is one per hour, not two.
    first = int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp())
    start = np.array([first, first + HOUR], np.int64)
    assert [datetime.fromtimestamp(s, STOCKHOLM).hour for s in start] == [2, 2]
    nothing = np.zeros(2, np.int64)
    pair = Stays(start, start, start, start, nothing, nothing, nothing == 0)
    found = used(pair, back, None)
    assert back.by_week(found.arrivals)[two] / back.by_week(back.hours)[two] == 1


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Australia/Lord_Howe", (2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", (2026, 10, 4), 23.5),
        ("Asia/Kolkata", (2026, 10, 4), 24),
        ("America/St_Johns", (2026, 3, 8), 23),
        ("Pacific/Apia", (2026, 10, 4), 24),
    ],
)
def test_odd_zones_have_whole_days(zone, day, hours):
    place = ZoneInfo(zone)
    since = datetime(*day, tzinfo=place).astimezone(UTC)
    # By the wall clock, as arithmetic within a zone is.
    until = (datetime(*day, tzinfo=place) + timedelta(days=1)).astimezone(UTC)
    found = local_hours(since, until, place)
    assert float(found.hours.sum()) == hours
    assert set(found.of_day) <= set(range(24))
    assert (np.diff(found.edges) > 0).all()
    for edge, hour in zip(found.edges, found.of_day, strict=False):
        assert datetime.fromtimestamp(int(edge), place).hour == hour


def test_a_period_that_begins_within_an_hour():
    found = local_hours(MONDAY + timedelta(minutes=20), MONDAY + timedelta(hours=2), STOCKHOLM)
    assert list(found.hours) == pytest.approx([2 / 3, 1])


intervals = st.lists(
    st.tuples(st.integers(-300, 1500), st.integers(0, 600), st.integers(0, 600)), max_size=12
)


@given(intervals, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_sums_equal_a_count_minute_by_minute(each, places):
    zero = int(MONDAY.timestamp())
    rows = [(s, s + d, s + min(w, d), s + d) for s, d, w in each]
    columns = np.array(rows, np.int64).reshape(-1, 4).T * 60 + zero
    count = len(rows)
    start, end, flow_start, flow_end = columns
    energy = np.full(count, 60_000, np.int64)
    one = Stays(
        start, end, flow_start, flow_end, energy, np.arange(count), np.ones(count, np.bool_)
    )
    hours = a_day()
    found = used(one, hours, places)
    occupied, charging, full, arrivals = np.zeros(24), np.zeros(24), np.zeros(24), np.zeros(24)
    for minute in range(24 * 60):
        there = sum(a <= minute < b for a, b, _, _ in rows)
        occupied[minute // 60] += there / 60
        charging[minute // 60] += sum(a <= minute < b for _, _, a, b in rows) / 60
        full[minute // 60] += (there >= places) / 60
        arrivals[minute // 60] += sum(a == minute for a, _, _, _ in rows)
    assert list(found.occupied) == pytest.approx(list(occupied))
    assert list(found.charging) == pytest.approx(list(charging))
    assert list(found.full) == pytest.approx(list(full))
    assert list(found.arrivals) == list(arrivals)
    at_once = crowd(start, end, zero, zero + 86400)
    most = max((sum(a <= m < b for a, b, _, _ in rows) for m in range(24 * 60)), default=0)
    assert at_once.most()[0] == most


def test_blocked_arrivals_are_those_of_the_same_hours_with_room():
    hours, full, came = np.zeros(168), np.zeros(168), np.zeros(168)
    hours[8], full[8], came[8] = 4, 1, 12
    found = blocked(hours, full, came)
    # Twelve in three hours with room: four in the one without.
    assert (found.arrivals, found.count) == (12, 4)
    # Rate: (1/3)^2 * 12; what comes of it: 4; 90 % are 1.645 deviations.
    spread = 1.645 * (12 / 9 + 4) ** 0.5
    assert (found.low, found.high) == pytest.approx((max(4 - spread, 0), 4 + spread))


def test_an_hour_that_is_always_full_tells_nothing_of_who_was_blocked():
    hours, full, came = np.zeros(168), np.zeros(168), np.zeros(168)
    hours[8], full[8], came[8] = 4, 4, 3
    found = blocked(hours, full, came)
    assert (found.count, found.unknown_s) == (0, 4 * HOUR)


def test_waves_raise_what_is_needed_above_what_there_is():
    # Ten come at eight on each day to eight EVSEs, and stay an hour: chance alone would not do it.
    rng = np.random.default_rng(5)
    rows = [
        (24 * day + 8 + minute / 60, 24 * day + 9)
        for day in range(28)
        for minute in sorted(rng.uniform(0, 12, 8))
    ]
    found = demand(stays(*rows, evse=-1), a_day(28), Places(8), 0.95)
    assert found.blocked is not None
    assert found.blocked.count > 100
    assert found.needed is not None
    assert found.needed > 8
    assert found.loss == pytest.approx(
        found.blocked.count / (found.blocked.count + found.arrivals), abs=0.01
    )
