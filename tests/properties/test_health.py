"""What holds of every station's health, whatever its figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.incidents import Incident
from csms.monitor.health import assess
from csms.monitor.health_days import Happened, Served, Standing, walk
from csms.monitor.health_rules import FAMILIES, RULES
from csms.monitor.health_trend import chance_of

DAY_S = 86_400
BAD = sorted({name for rule in RULES for name in rule.figures} - {"silent"})
counts = st.integers(0, 400)
seconds = st.integers(0, 14 * DAY_S)
station = st.fixed_dictionaries({
    "online_s": seconds, "offline_s": seconds, "calls": counts, "messages": counts,
    "clock_looks": counts, "drops": counts, "reboots": counts, "takeovers": counts,
    "timeouts": counts, "late": counts, "call_errors": counts, "refused": counts,
    "clock_wrong": counts,
})  # fmt: skip
evse = st.fixed_dictionaries({
    "operative_s": seconds, "offline_s": seconds, "faulted_s": seconds, "planned_s": seconds,
    "unavailable_s": seconds, "sessions": counts, "failed_starts": counts, "zero_energy": counts,
    "aborted": counts, "meter_silent": counts, "meter_doubtful": counts, "profile_refused": counts,
    "profile_ignored": counts, "under_delivered": counts, "faults": counts, "faults_told": counts,
    "start_without_session": counts, "charging_without_session": counts,
})  # fmt: skip
stations = st.fixed_dictionaries({0: station, 1: evse}, optional={2: evse})


@settings(max_examples=60)
@given(stations, st.integers(0, 2))
def test_the_points_add_up_to_the_score_and_stay_within_their_bounds(figures, silent):
    found = assess(figures, silent)
    if found.score is not None:
        assert 0 <= found.score <= 100
        assert found.score == round(100 - found.points, 1)
    assert found.points <= 100
    for name, points in found.families.items():
        assert points <= FAMILIES[name]
    assert all(0 <= each.points <= each.alone <= each.rule.most for each in found.findings)


@settings(max_examples=100)
@given(stations, st.sampled_from(BAD), st.integers(1, 50))
def test_more_of_what_is_bad_never_raises_a_score(figures, name, more):
    before = assess(figures)
    place = 0 if name in figures[0] and name != "offline_s" else 1
    own = dict(figures[place])
    own[name] = own.get(name, 0) + more
    if name.endswith("_s"):
        moved = min(more, own["operative_s"])
        own["operative_s"] -= moved
        own[name] += moved - more
    after = assess({**figures, place: own})
    if before.score is not None:
        assert after.score is not None
        assert after.score <= before.score


kinds = st.sampled_from([each for each in Incident if each is not Incident.CLOCK_CHANGED])
MIDNIGHT = datetime(2026, 3, 28, tzinfo=UTC)
happenings = st.lists(
    st.builds(
        lambda minute, kind, evse, ours: Happened(
            MIDNIGHT + timedelta(minutes=minute), kind, evse, evse, ours
        ),
        st.integers(0, 3 * 1440),
        kinds,
        st.integers(0, 2),
        st.booleans(),
    ),
    max_size=25,
).map(sorted)


@settings(max_examples=60)
@given(happenings, st.integers(1, 4000), st.integers(0, 600))
def test_every_second_of_a_station_is_spent_once(happened, down_at, down_min):
    begin = MIDNIGHT - timedelta(days=1)
    end = MIDNIGHT + timedelta(minutes=down_at)
    again = end + timedelta(minutes=down_min)
    runs = [Served(begin, end), Served(again, MIDNIGHT + timedelta(days=9))]
    for day in walk(Standing(), happened, runs, MIDNIGHT, MIDNIGHT + timedelta(days=3)):
        own = day.figures[0]
        parts = [own.get(name, 0) for name in ("online_s", "offline_s", "unknown_s")]
        assert round(sum(parts), 3) == DAY_S
        for evse_id in set(day.figures) - {0}:
            each = day.figures[evse_id]
            names = ("operative_s", "offline_s", "faulted_s", "unavailable_s", "planned_s")
            assert sum(each.get(name, 0) for name in (*names, "unknown_s")) <= DAY_S + 0.001
            assert each.get("unknown_s", 0) <= own.get("unknown_s", 0) + 0.001


@settings(max_examples=50)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 30), st.integers(1, 90))
def test_the_chance_of_a_difference_is_one_and_sinks_as_it_grows(count, past, days, days_past):
    chance = chance_of(count, days, past, days_past)
    assert 0 < chance <= 1
    if count / days >= past / days_past:
        assert chance_of(count + 5, days, past, days_past) <= chance + 1e-9
