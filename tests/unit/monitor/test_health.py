"""Scores, trends, peers and silence: by hand."""

from __future__ import annotations

import pytest

from csms.monitor.health import Assessment, assess, availability_of, told
from csms.monitor.health_rules import FAMILIES, RULES
from csms.monitor.health_trend import Usual, chance_of, peers_of, silence_of, trend_of

DAY_S = 86_400.0


def figures(days: float = 14, sessions: float = 100, station=None, **evse: float):
    well = {"online_s": days * DAY_S, "calls": 1000, "messages": 10_000, "clock_looks": 24 * days}
    own = {"operative_s": days * DAY_S, "sessions": sessions, "charged": sessions}
    return {0: {**well, **(station or {})}, 1: {**own, **evse}}


def test_a_station_without_a_fault_has_all_points():
    found = assess(figures())
    assert (found.score, found.grade, found.findings) == (100.0, "good", ())


def test_each_point_has_its_finding():
    """12 of 100 sessions: 7 above 5, at 1.5 each; 28 reboots in 14 days: 1.85 above, at 8."""
    found = assess(figures(failed_starts=12, station={"reboots": 28}))
    assert {each.rule.name: each.points for each in found.findings} == {
        "failed_starts": 10.5,
        "reboots": 14.8,
    }
    assert found.score == 74.7
    assert found.families == {"reboots": 14.8, "starts": 10.5}
    assert told(found.findings[1]) == (
        "sessions under 100 Wh that ended within 5 minutes: 12 of 100 sessions (12.0 %)"
    )


def test_three_sessions_are_not_enough_to_tell():
    found = assess(figures(sessions=3, failed_starts=2))
    assert (found.score, found.grade) == (None, "not_enough_data")
    assert "failed_starts" in found.unjudged


def test_an_idle_station_that_is_away_is_bad_whatever_its_sessions_would_say():
    away = {"online_s": 7 * DAY_S, "offline_s": 7 * DAY_S}
    found = assess(figures(sessions=0, station=away))
    assert found.score == 40.0
    assert [each.rule.name for each in found.findings] == ["offline"]


def test_an_idle_station_that_is_well_is_not_said_to_be_well():
    assert assess(figures(sessions=0)).score is None


def test_a_station_that_never_tells_of_its_sessions_is_judged_by_that():
    found = assess(figures(sessions=0, charging_without_session=12))
    assert found.findings[0].rule.name == "charging_without_session"
    assert found.score == 80.0


def test_a_family_takes_no_more_than_its_most():
    found = assess(figures(failed_starts=100, zero_energy=100))
    assert found.families["starts"] == FAMILIES["starts"]
    assert sum(each.alone for each in found.findings) > FAMILIES["starts"]


def test_every_rule_can_take_points_and_belongs_to_a_family():
    assert {rule.family for rule in RULES} == set(FAMILIES)
    for rule in RULES:
        assert rule.most > 0
        assert rule.slope > 0


def test_availability_by_hand():
    own = {
        "operative_s": 80.0,
        "planned_s": 10.0,
        "faulted_s": 6.0,
        "offline_s": 4.0,
        "unknown_s": 50.0,
        "breakdowns": 2,
        "repair_s": 9.0,
    }
    found = availability_of(own)
    assert found.known_s == 100
    assert found.operative_share == pytest.approx(0.8)
    assert found.uptime == pytest.approx(80 / 90)
    assert (found.mtbf_s, found.mttr_s) == (40.0, 4.5)


def test_nothing_known_has_no_share():
    found = availability_of({"unknown_s": 86_400.0})
    assert (found.operative_share, found.uptime, found.mtbf_s, found.mttr_s) == (None,) * 4


def test_a_trend_names_what_chance_does_not_explain():
    now, before = figures(failed_starts=20), figures(days=60, sessions=400, failed_starts=8)
    trend = trend_of(assess(now), assess(before))
    assert trend.direction == "worse"
    [change] = trend.changes
    assert (change.rule, change.events, change.events_before) == ("failed_starts", 20, 8)
    assert (change.of, change.of_before) == (100, 400)


def test_a_little_more_than_before_is_no_trend():
    now, before = figures(failed_starts=3), figures(days=60, sessions=400, failed_starts=8)
    assert trend_of(assess(now), assess(before)).direction == "steady"


def test_a_station_that_was_mended_is_better():
    now, before = figures(), figures(days=60, sessions=400, zero_energy=80)
    assert trend_of(assess(now), assess(before)).direction == "better"


def test_without_a_past_there_is_no_trend():
    assert trend_of(assess(figures()), assess({})).direction == "unknown"


def test_the_chance_of_a_difference_is_the_exact_binomial_one():
    """Ten events, all in the later half of the time: 2 to the minus 10."""
    assert chance_of(10, 14, 0, 14) == pytest.approx(2**-10)
    assert chance_of(0, 14, 10, 14) == pytest.approx(2**-10)
    assert chance_of(1, 1, 1, 1) == pytest.approx(0.75)


def test_peers_are_a_median_and_its_spread():
    found = peers_of(71.0, [93.0, 95.0, 91.0, 97.0, 89.0])
    assert found is not None
    assert (found.count, found.median, found.spread) == (5, 93.0, 3.0)
    assert found.spreads == pytest.approx(22 / 3, abs=0.01)
    assert found.is_outlier


def test_four_peers_are_too_few_and_alike_ones_make_no_outlier_of_two_points():
    assert peers_of(10.0, [95.0] * 4) is None
    near = peers_of(93.0, [95.0] * 9)
    assert near is not None
    assert not near.is_outlier


def test_an_evse_that_nobody_uses_any_more_while_others_are_is_silent():
    """Two sessions a day, four days without one: e to the minus 8."""
    usual = Usual(120, 60 * DAY_S, 4 * DAY_S, others=40, others_usual=40)
    found = silence_of(usual)
    assert found is not None
    assert (found.days, found.expected) == (4, 8)
    assert found.chance == pytest.approx(0.000335, rel=0.01)


@pytest.mark.parametrize(
    "usual",
    [
        Usual(120, 60 * DAY_S, 3 * DAY_S, 40, 40),
        Usual(120, 60 * DAY_S, 4 * DAY_S, 2, 40),
        Usual(120, 60 * DAY_S, 4 * DAY_S, 0, 40),
        Usual(19, 60 * DAY_S, 40 * DAY_S, 40, 40),
        Usual(0, 0, 4 * DAY_S),
    ],
    ids=["chance", "the whole site is quiet", "the site is closed", "rarely used", "never used"],
)
def test_no_silence(usual):
    assert silence_of(usual) is None


def test_silence_takes_points():
    found: Assessment = assess(figures(), silent=1)
    assert found.score == 85.0
