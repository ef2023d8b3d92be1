"""WRONG_PHASES in virtual time. Source: OCPP 2.0.1 part 2, J02.FR.07; K01.FR.49."""

from __future__ import annotations

import pytest

from csms.monitor.episodes import Change, Severity
from tests.builders import Bench

WRONG = "WRONG_PHASES"
ALL, ONE, ON_L3 = (16.0, 16.0, 16.0), (16.0, 0.0, 0.0), (0.0, 0.0, 16.0)


def kinds(bench: Bench) -> list[str]:
    return [each.kind.value for each in bench.episodes]


@pytest.mark.parametrize(
    ("phases", "amps", "is_wrong"),
    [
        (1, ALL, True),
        (1, (16.0, 1.2, 0.0), True),
        (1, (16.0, 0.9, 0.4), False),
        (1, ONE, False),
        (1, ON_L3, False),
        (2, ALL, True),
        (2, (16.0, 0.0, 16.0), False),
        (3, ALL, False),
        (None, ALL, False),
    ],
)
def test_more_phases_than_the_limit_allows(phases, amps, is_wrong):
    bench = Bench(a=16, phases=phases)
    bench.run(600, 1200, amps=amps)
    assert kinds(bench) == ([WRONG] if is_wrong else [])
    assert all(each.severity is Severity.MAJOR for each in bench.episodes)


@pytest.mark.parametrize("every_s", [10, 60])
def test_it_takes_two_minutes(every_s):
    bench = Bench(a=16, phases=1)
    bench.run(600, 1200, every_s, amps=ALL)
    assert bench.times(Change.RAISED, WRONG) == [720]


def test_a_power_limit_of_one_phase_on_three_is_told_once():
    """Each phase keeps its share, so that only their number is wrong."""
    bench = Bench(w=3680, phases=1)
    bench.run(600, 1200, amps=ALL, power_w=11_040.0)
    assert kinds(bench) == [WRONG]


def test_a_switch_to_one_phase_has_its_time_and_is_cleared():
    bench = Bench(a=16, phases=3)
    bench.run(60, 1800, amps=ALL)
    bench.limit(1800, a=16, phases=1)
    bench.run(1800, 1880, 10, amps=ALL)
    bench.run(1880, 3600, 10, amps=ONE)
    assert bench.log == []


def lost(amps, wait_s: float = 600, **limit) -> Bench:
    bench = Bench(a=16)
    bench.run(60, 1800, amps=ALL)
    if limit:
        bench.limit(1800, **limit)
    bench.run(1800, 1800 + wait_s, amps=amps)
    return bench


@pytest.mark.parametrize(
    ("amps", "is_wrong"),
    [
        ((16.0, 16.0, 0.0), True),
        ((16.0, 0.0, 0.0), True),
        ((2.9, 2.9, 0.0), False),
        ((3.1, 3.1, 0.5), True),
        ((0.0, 0.0, 0.0), False),
        (ALL, False),
    ],
)
def test_a_phase_that_the_session_has_used_is_missed(amps, is_wrong):
    bench = lost(amps)
    assert (WRONG in kinds(bench)) is is_wrong
    assert all(each.severity is Severity.MINOR for each in bench.episodes)


def test_a_lost_phase_is_missed_only_under_a_limit_that_lasts():
    assert WRONG not in kinds(lost((12.0, 12.0, 0.0), 360, a=12))
    assert WRONG in kinds(lost((12.0, 12.0, 0.0), 600, a=12))


def test_a_limit_that_cannot_feed_all_phases_lets_one_go():
    bench = Bench(w=11_040)
    bench.run(60, 1800, amps=ALL)
    bench.limit(1800, w=4_000)
    bench.run(1800, 3600, amps=(8.5, 8.5, 0.0))
    assert bench.log == []


def test_a_car_of_one_phase_never_loses_one():
    bench = Bench(a=16)
    bench.run(60, 3600, amps=ON_L3)
    assert bench.log == []


def test_a_phase_that_comes_back_clears():
    bench = lost((16.0, 16.0, 0.0))
    bench.run(2400, 2700, amps=ALL)
    assert bench.times(Change.CLEARED, WRONG) == [2460]
    assert bench.episodes[0].cleared_because == "phases_right"


def test_imbalance_is_told_in_the_verdict_and_is_no_alarm():
    bench = Bench(a=16)
    bench.run(60, 1800, amps=(16.0, 12.0, 16.0))
    assert bench.log == []
    assert bench.verdict == "ok:imbalance"
