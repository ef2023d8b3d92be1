"""What a change of the limit asks for: NO_RESPONSE down and up, beside OVER_LIMIT."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csms.monitor.episodes import Change, Severity
from profiles import Purpose
from tests.builders import Bench, after

OVER, OUTSIDE, NO_RESPONSE, UNDER = (
    "OVER_LIMIT",
    "OUTSIDE_WINDOW",
    "NO_RESPONSE",
    "UNDER_DELIVERY",
)
HOUR = 3600


def kinds(bench: Bench) -> list[str]:
    return [each.kind.value for each in bench.episodes]


def a_drop(after_a: float, to_a: float = 16, was_a: float = 32, **limit) -> Bench:
    bench = Bench(a=was_a)
    bench.run(60, HOUR, amps=was_a)
    bench.limit(HOUR, a=to_a, **limit)
    bench.run(HOUR, HOUR + 900, amps=after_a)
    return bench


@pytest.mark.parametrize(
    ("after_a", "to_a", "expected"),
    [
        (32.0, 16, NO_RESPONSE),
        (24.5, 16, NO_RESPONSE),
        (23.5, 16, OVER),
        (18.0, 16, OVER),
        (16.9, 16, None),
        (32.0, 29, NO_RESPONSE),
        (33.8, 31, OVER),
        (32.0, 0, OUTSIDE),
        (32.0, 5, OUTSIDE),
    ],
)
def test_less_than_half_of_the_drop_is_no_response(after_a, to_a, expected):
    assert kinds(a_drop(after_a, to_a)) == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("purpose", "severity"),
    [(Purpose.TX, Severity.MAJOR), (Purpose.EXTERNAL_CONSTRAINTS, Severity.CRITICAL)],
)
def test_no_response_is_major_and_critical_for_the_grid(purpose, severity):
    bench = a_drop(32, purpose=purpose)
    assert [each.severity for each in bench.episodes] == [severity]


def test_what_follows_late_is_cleared():
    bench = a_drop(32)
    bench.run(HOUR + 900, HOUR + 1200, amps=16)
    assert bench.times(Change.CLEARED, NO_RESPONSE) == [HOUR + 960]


def test_a_session_that_had_followed_and_forgets_its_limit_is_over():
    bench = a_drop(16)
    bench.run(HOUR + 900, HOUR + 1500, amps=32)
    assert kinds(bench) == [OVER]


def test_a_session_that_never_had_another_limit_is_over():
    bench = Bench()
    bench.run(0, 600, amps=32)
    bench.limit(600, a=16)
    bench.run(600, 1800, amps=32)
    assert kinds(bench) == [OVER]


def test_a_car_that_takes_more_only_after_the_change_is_over():
    bench = Bench(a=32)
    bench.run(60, HOUR, amps=10)
    bench.limit(HOUR, a=16)
    bench.run(HOUR, HOUR + 600, amps=25)
    assert kinds(bench) == [OVER]


def test_a_row_that_begins_with_no_response_and_has_half_followed_is_over():
    bench = Bench(a=32)
    bench.run(60, HOUR, amps=32)
    bench.limit(HOUR, a=16)
    bench.run(HOUR, HOUR + 180, amps=32)
    bench.run(HOUR + 180, HOUR + 600, amps=20)
    assert kinds(bench) == [OVER]


def test_the_name_stays_when_the_session_comes_half_way():
    bench = a_drop(32)
    bench.run(HOUR + 900, HOUR + 1500, amps=20)
    assert kinds(bench) == [NO_RESPONSE]
    assert len(bench.times(Change.RAISED, NO_RESPONSE)) == 1


@pytest.mark.parametrize(
    "measured",
    [{"power_w": 22_080.0}, {"power_w": 22_080.0, "current_a": 32.0}, {"amps": 32.0}],
)
def test_every_form_of_data_tells_no_response(measured):
    bench = Bench(a=32)
    bench.run(60, HOUR, **measured)
    bench.limit(HOUR, a=16)
    bench.run(HOUR, HOUR + 600, **measured)
    assert kinds(bench) == [NO_RESPONSE]


def raised(amps: float, ceiling_a: float | None, was_a: float = 10, to_a: float = 16, **known):
    bench = Bench(a=was_a)
    bench.known = replace(bench.known, ceiling_a=ceiling_a, charging_state="Charging", **known)
    bench.run(60, HOUR, amps=min(was_a, 32))
    bench.limit(HOUR, a=to_a)
    bench.run(HOUR, HOUR + 1800, amps=amps)
    return bench


def test_a_raised_limit_that_a_known_car_does_not_follow_is_no_response():
    bench = raised(10, 16.0)
    assert kinds(bench) == [NO_RESPONSE]
    (episode,) = bench.episodes
    assert episode.severity is Severity.MINOR
    (raised_at,) = bench.times(Change.RAISED, NO_RESPONSE)
    assert HOUR + 900 <= raised_at <= HOUR + 960
    assert episode.opened_at <= after(HOUR + 360)
    assert episode.evidence["old_limit"] == 10
    assert episode.evidence["ceiling_a"] == 16


@pytest.mark.parametrize(
    ("amps", "ceiling_a", "was_a", "to_a"),
    [
        (10.0, None, 10, 16),
        (10.0, 11.0, 10, 16),
        (12.0, 16.0, 10, 16),
        (16.0, 16.0, 10, 16),
        (10.0, 16.0, 10, 11.5),
    ],
)
def test_a_raised_limit_is_no_matter_without_a_car_that_takes_it(amps, ceiling_a, was_a, to_a):
    bench = raised(amps, ceiling_a, was_a, to_a)
    assert NO_RESPONSE not in kinds(bench)


def test_a_car_that_has_followed_and_comes_down_in_the_end_is_no_matter():
    bench = raised(16, 16.0)
    for step in range(30):
        bench.sample(HOUR + 1800 + 60 * step, amps=16 - 0.5 * step)
    bench.run(HOUR + 3600, HOUR + 7200, amps=10)
    assert NO_RESPONSE not in kinds(bench)


def test_a_car_that_holds_back_itself_is_no_matter():
    bench = Bench(a=10)
    bench.known = replace(bench.known, ceiling_a=16.0, charging_state="SuspendedEV")
    bench.run(60, HOUR, amps=10)
    bench.limit(HOUR, a=16)
    bench.run(HOUR, HOUR + 1800, amps=10)
    assert bench.log == []


def test_a_session_that_rises_in_the_end_is_cleared():
    bench = raised(10, 16.0)
    bench.run(HOUR + 1800, HOUR + 2100, amps=16)
    assert bench.times(Change.CLEARED, NO_RESPONSE) == [HOUR + 1860]
    assert bench.episodes[0].cleared_because == "limit_followed"


@pytest.mark.parametrize(("state", "expected"), [("SuspendedEVSE", [NO_RESPONSE]), (None, [])])
def test_after_a_pause_only_the_station_itself_is_meant(state, expected):
    bench = Bench(a=0)
    bench.known = replace(bench.known, ceiling_a=16.0, charging_state=state)
    bench.run(60, HOUR, amps=0)
    bench.limit(HOUR, a=16)
    bench.run(HOUR, HOUR + 1800, amps=0)
    assert kinds(bench) == expected


@pytest.mark.parametrize("every_s", [10, 60, 300, 900])
def test_a_decrease_in_steps_that_is_followed_is_fine_at_every_interval(every_s):
    bench = Bench(a=32)
    bench.run(0, 1800, every_s, amps=32)
    for number, amps in enumerate((28, 20, 10, 6)):
        begins = 1800 * (number + 1)
        bench.limit(begins, a=amps)
        bench.run(begins + every_s, begins + 1800, every_s, amps=amps)
    assert bench.log == []


@pytest.mark.parametrize(("to_amps", "expected"), [(15.8, []), (5.9, [NO_RESPONSE])])
def test_a_car_of_one_phase_under_watts_is_judged_by_the_phase_that_it_uses(to_amps, expected):
    """15.8 A on one phase are 5.3 A on three, which is nearly what 4.2 kW allow on each."""
    bench = Bench(w=4200, phases=3)
    bench.known = replace(bench.known, ceiling_a=15.8, charging_state="Charging")
    bench.run(60, HOUR, amps=(5.9, 0, 0), power_w=1357)
    bench.limit(HOUR, w=11_000, phases=3)
    bench.run(HOUR, HOUR + 1800, amps=(to_amps, 0, 0), power_w=230 * to_amps)
    assert kinds(bench) == expected
