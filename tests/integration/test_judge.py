"""The benchmark scores by its rules, its sessions are physics, and a small run goes through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.judge.book import ENDS, FAULTY, HOSTILE, NOMINAL, VERSIONS
from tests.judge.catalogue import SCENARIOS
from tests.judge.ends import End, Guess, guesses, is_met
from tests.judge.labels import BUDGETS_S, Truth, truth
from tests.judge.report import aims_met, lines
from tests.judge.runner import Job, Played, base_of, jobs, stages
from tests.judge.score import Episode, judge, tallied

BASE = datetime(2026, 10, 24, 15, tzinfo=UTC)
OVER = Truth(("OVER_LIMIT",), 1000, 1240)
FAMILY = Truth(("NO_RESPONSE", "OVER_LIMIT"), 1000, 1300)
FEW = {
    "1.6": ("from-32-to-16", "battery-full", "slow-link", "profile-lost", "charges-through-pause"),
    "2.0.1": ("pause-and-resume", "multiplier", "local-times", "every-10-s-over"),
}


def an_episode(at_s: float, kind: str = "OVER_LIMIT", severity: str = "minor") -> Episode:
    return Episode(kind, at_s, severity)


def played(name: str, truths: list[Truth], episodes: list[Episode], hours: float = 1) -> Played:
    return Played(SCENARIOS[name], "1.6", 1, truths, hours, judge(truths, episodes))


@pytest.mark.parametrize(
    ("truths", "episodes", "came"),
    [
        ([OVER], [an_episode(1100)], (1, 0, 0)),
        ([OVER], [an_episode(1240)], (1, 0, 0)),
        ([OVER], [an_episode(1300)], (0, 1, 0)),
        ([OVER], [an_episode(900)], (0, 1, 1)),
        ([OVER], [an_episode(1100), an_episode(1500)], (1, 0, 1)),
        ([OVER], [an_episode(1100, "UNDER_DELIVERY")], (0, 1, 1)),
        ([OVER], [], (0, 1, 0)),
        ([FAMILY], [an_episode(1100)], (1, 0, 0)),
        ([FAMILY], [an_episode(1100), an_episode(1100, "NO_RESPONSE")], (1, 0, 1)),
        ([], [an_episode(1100)], (0, 0, 1)),
        ([], [], (0, 0, 0)),
    ],
    ids=[
        "in time",
        "at the deadline",
        "late",
        "before the onset",
        "twice",
        "another kind",
        "not at all",
        "either of a family",
        "both of a family",
        "where nothing is",
        "nothing where nothing is",
    ],
)
def test_hits_misses_and_false_alarms(truths, episodes, came):
    verdict = judge(truths, episodes)
    assert (len(verdict.hits), len(verdict.missed), len(verdict.false)) == came
    assert verdict.is_right == (came[1:] == (0, 0))


def test_what_came_late_says_how_late():
    assert judge([OVER], [an_episode(1500)]).says([OVER]) == "OVER_LIMIT after 500 s"


def test_a_milder_severity_is_told_and_is_no_miss():
    verdict = judge([Truth(("OVER_LIMIT",), 0, 240, "critical")], [an_episode(60)])
    assert verdict.is_right
    assert len(verdict.mild) == 1


def test_slower_samples_give_two_intervals_more():
    assert truth("OVER_LIMIT", 100, 60).deadline_s == 340
    assert truth("OVER_LIMIT", 100, 300).deadline_s == 940
    assert truth("OVER_LIMIT", 100, 60, seen_s=500).deadline_s == 740


def test_a_label_says_the_plain_kind_with_the_budget_of_its_sort():
    soft = truth("METER_ANOMALY soft", 0, 60)
    assert soft.kind == "METER_ANOMALY"
    assert soft.deadline_s == BUDGETS_S["METER_ANOMALY soft"]


def test_figures_of_a_kind():
    verdicts = [
        judge([OVER], [an_episode(1100)]),
        judge([OVER], [an_episode(1200)]),
        judge([OVER], []),
        judge([], [an_episode(5)]),
    ]
    tally = tallied(verdicts)["OVER_LIMIT"]
    assert (tally.precision, tally.recall) == (2 / 3, 2 / 3)
    assert (tally.delay_s(0.5), tally.delay_s(0.95)) == (200, 200)


def test_alarms_are_counted_by_nominal_hours_and_scenarios_named():
    told = "\n".join(
        lines(
            [
                played("constant", [], [an_episode(70)], hours=100),
                played("profile-lost", [OVER], [an_episode(1100)], hours=900),
            ]
        )
    )
    assert "10.00 false alarms in 1,000 nominal hours (1 in 100 h" in told
    assert "constant (1.6): 0 of 1" in told
    assert "expected nothing; OVER_LIMIT at 70 s" in told
    assert "profile-lost (1.6)" not in told


def test_aims_are_missed_by_one_miss_among_few():
    hit, miss = [an_episode(1100)], []
    assert aims_met([played("profile-lost", [OVER], hit)])
    assert not aims_met([played("profile-lost", [OVER], miss)])
    assert not aims_met([played("profile-lost", [OVER], hit), played("constant", [], hit)])


def an_estimate(at_s: float, p50_s: float | None, spread_s: float = 300) -> dict:
    def text(seconds: float | None) -> str | None:
        return None if seconds is None else (BASE + timedelta(seconds=seconds)).isoformat()

    outer = [None if p50_s is None else p50_s + each for each in (-spread_s, spread_s)]
    return {"at": text(at_s), "p10": text(outer[0]), "p50": text(p50_s), "p90": text(outer[1])}


def test_the_newest_estimate_at_each_share_counts():
    told = [an_estimate(900, 7200), an_estimate(1700, 3900), an_estimate(3500, 3600)]
    quarter, half, late = guesses(End("1", "AC", 0, 3600), told, BASE)
    assert (quarter.p50_s, quarter.left_s) == (7200 - 900, 2700)
    assert (half.error_s, half.relative) == (300, 300 / 1800)
    assert half.is_covered
    assert late.error_s == 300
    assert not quarter.is_covered


def test_a_withdrawn_estimate_and_none_at_all_are_none():
    withdrawn = [an_estimate(100, 3000), an_estimate(800, None)]
    assert all(each.p50_s is None for each in guesses(End("1", "AC", 0, 3600), withdrawn, BASE))
    assert all(each.error_s is None for each in guesses(End("1", "AC", 0, 3600), [], BASE))


def test_aims_of_the_expected_end():
    assert is_met([Guess("AC", 0.5, 7200, 7000, 7800, 8000)])
    assert not is_met([Guess("AC", 0.5, 7200, 7000, 9000, 9800)])
    assert not is_met([Guess("none", 0.5, 7200, 7000, 7200, 9800)])
    assert is_met([Guess("none", 0.5, 7200)])


def test_every_sort_has_its_scenarios():
    sorts = [each.sort for each in SCENARIOS.values()]
    assert sorts.count(NOMINAL) + sorts.count(FAULTY) >= 52
    assert sorts.count(HOSTILE) >= 20
    assert sorts.count(ENDS) >= 6


@pytest.mark.parametrize("name", SCENARIOS)
def test_only_a_faulty_scenario_is_labelled_and_lines_are_in_order(name):
    version = SCENARIOS[name].versions[-1]
    (stage,) = stages([SCENARIOS[name]], version, 7)
    assert bool(stage.truths) == (SCENARIOS[name].sort == FAULTY)
    assert bool(stage.ends) == (SCENARIOS[name].sort == ENDS)
    times = [at_s for at_s, _ in stage.frames.dated()]
    assert times == sorted(times)
    last = max(each.at(each.lasts_s) for each in stage.sessions)
    assert all(0 <= each.onset_s < each.deadline_s <= last for each in stage.truths)


@pytest.mark.parametrize("name", ["slow-link", "reconnect-with-replay", "over-in-the-outage"])
def test_nothing_of_the_station_arrives_while_it_is_away(name):
    for seed in range(3):
        (stage,) = stages([SCENARIOS[name]], "1.6", seed)
        frames = [at_s for at_s, line in stage.frames.dated() if "frame" in line]
        for start, end in stage.frames.outages:
            assert not [at_s for at_s in frames if start <= at_s < end]
        assert len(frames) > 50


def test_the_same_seed_gives_the_same_lines_and_another_one_others():
    def drawn(seed: int) -> list[tuple[float, dict]]:
        (stage,) = stages([SCENARIOS["profile-lost"]], "2.0.1", seed)
        return stage.frames.dated()

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_a_log_begins_before_a_night_with_a_change_of_clocks():
    assert {base_of(seed).month for seed in range(20)} == {3, 10}


def test_what_is_declared_in_settings_is_a_log_of_its_own():
    chosen = [SCENARIOS["constant"], SCENARIOS["declared-random-delay"]]
    assert [len(job.scenarios) for job in jobs(chosen, VERSIONS, (1, 2))] == [1] * 8


@pytest.mark.parametrize("version", VERSIONS)
def test_a_small_run_through_the_whole_stack(tmp_path, version):
    chosen = [SCENARIOS[name] for name in FEW[version]]
    came = Job(chosen, version, 1, {}).run(tmp_path)
    assert [each.scenario.name for each in came] == list(FEW[version])
    assert [each.verdict.says(each.truths) for each in came if not each.verdict.is_right] == []
