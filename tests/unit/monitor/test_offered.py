"""OFFERED_MISMATCH in virtual time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csms.monitor.episodes import Change, Severity
from tests.builders import Bench

OFFERED = "OFFERED_MISMATCH"


def kinds(bench: Bench) -> list[str]:
    return [each.kind.value for each in bench.episodes]


@pytest.mark.parametrize(
    ("limit", "measured", "severity"),
    [
        ({"a": 10}, {"current_offered_a": 16.0, "amps": 9.9}, Severity.MAJOR),
        ({"a": 16}, {"current_offered_a": 18.0, "amps": 15.9}, Severity.MINOR),
        ({"a": 16}, {"current_offered_a": 16.5, "amps": 15.9}, None),
        ({"a": 32}, {"current_offered_a": 16.0, "amps": 15.9}, None),
        ({"a": 0}, {"current_offered_a": 0.0, "amps": 0.0}, None),
        ({"a": 0}, {"current_offered_a": 6.0, "amps": 0.0}, Severity.MAJOR),
        ({"a": 3}, {"current_offered_a": 3.0, "amps": 0.0}, None),
        ({"w": 11_040}, {"power_offered_w": 22_080.0, "power_w": 11_000.0}, Severity.MAJOR),
        ({"w": 11_040}, {"power_offered_w": 11_040.0, "power_w": 11_000.0}, None),
        ({"a": 16}, {"power_offered_w": 3_680.0, "power_w": 3_600.0}, None),
        ({"w": 7_360}, {"current_offered_a": 32.0, "power_w": 7_300.0}, None),
        # A set-point alone is enough: it needs nothing measured.
        ({"a": 10}, {"current_offered_a": 16.0}, Severity.MAJOR),
    ],
)
def test_more_than_the_limit(limit, measured, severity):
    bench = Bench(**limit)
    bench.run(600, 1200, **measured)
    assert [each.severity for each in bench.episodes] == ([] if severity is None else [severity])
    assert set(kinds(bench)) <= {OFFERED}


def test_it_takes_two_samples_and_a_minute():
    bench = Bench(a=10)
    bench.run(600, 1200, 20, amps=9.9, current_offered_a=16.0)
    assert bench.times(Change.RAISED, OFFERED) == [660]


def test_what_is_really_over_is_not_told_twice():
    bench = Bench(a=10)
    bench.run(600, 1200, amps=16.0, current_offered_a=16.0)
    assert kinds(bench) == ["OVER_LIMIT"]


def test_less_than_was_offered_before_is_missed_while_charging():
    charging, idle = Bench(a=16), Bench(a=16)
    for bench in (charging, idle):
        bench.run(60, 1800, amps=15.9, current_offered_a=16.0)
    charging.run(1800, 2400, amps=9.9, current_offered_a=10.0)
    idle.run(1800, 2400, amps=0.0, current_offered_a=0.0)
    assert OFFERED in kinds(charging)
    assert OFFERED not in kinds(idle)


def test_less_than_the_car_is_known_to_take_is_missed():
    bench = Bench(a=16)
    bench.known = replace(bench.known, ceiling_a=16.0)
    bench.run(600, 1200, amps=9.9, current_offered_a=10.0)
    assert kinds(bench) == [OFFERED]


def test_an_offer_that_follows_its_limit_is_fine():
    bench = Bench(a=32)
    bench.run(60, 1800, amps=31.9, current_offered_a=32.0)
    bench.limit(1800, a=16)
    bench.run(1800, 1880, 10, amps=31.9, current_offered_a=32.0)
    bench.run(1880, 3600, 10, amps=15.9, current_offered_a=16.0)
    bench.limit(3600, a=32)
    bench.run(3600, 3680, 10, amps=15.9, current_offered_a=16.0)
    bench.run(3680, 5400, 10, amps=31.9, current_offered_a=32.0)
    assert bench.log == []


def test_an_offer_that_matches_again_clears():
    bench = Bench(a=10)
    bench.run(600, 900, amps=9.9, current_offered_a=16.0)
    bench.run(900, 1200, amps=9.9, current_offered_a=10.0)
    assert bench.times(Change.CLEARED, OFFERED) == [960]
