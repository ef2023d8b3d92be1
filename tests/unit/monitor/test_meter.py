"""METER_MISSING in virtual time."""

from __future__ import annotations

import pytest

from csms.monitor.episodes import Change, Severity
from csms.monitor.meter import due_at, excuse
from tests.builders import Bench, after

MISSING = "METER_MISSING"


def heard_every(bench: Bench, every_s: float, upto_s: float) -> None:
    """Has values arrive, the last one at `upto_s`."""
    at_s = 0.0
    while at_s <= upto_s:
        bench.hear(at_s)
        at_s += every_s


@pytest.mark.parametrize(
    ("every_s", "patience_s"), [(10, 300), (60, 300), (75, 300), (120, 390), (300, 975)]
)
def test_silence_is_three_intervals_and_five_minutes_at_least(every_s, patience_s):
    bench = Bench(a=16)
    heard_every(bench, every_s, 3000)
    assert due_at(bench.watch, after(0), bench.thresholds) == after(3000 + patience_s)
    assert bench.silence(3000 + patience_s - 1) == []
    assert bench.silence(3000 + patience_s) == [("raised", MISSING)]
    assert bench.episodes[0].severity is Severity.MINOR
    assert bench.episodes[0].opened_at == after(3000)


@pytest.mark.parametrize("every_s", [300, 600, 900])
def test_the_first_value_may_take_an_interval_that_is_not_known_yet(every_s):
    bench = Bench(a=16)
    assert bench.silence(every_s + 20) == []
    heard_every(bench, every_s, every_s)
    assert bench.silence(2 * every_s + 20) == []


@pytest.mark.parametrize("first_s", [20, 270, 880])
def test_the_time_until_the_first_value_is_no_interval(first_s):
    bench = Bench(a=16)
    bench.hear(first_s)
    assert bench.silence(first_s + 1080) == []
    bench.hear(first_s + 1080)
    assert bench.silence(first_s + 1980) == []
    assert bench.silence(first_s + 5000) == [("raised", MISSING)]


def test_a_session_that_never_says_a_value_is_found():
    bench = Bench(a=16)
    assert bench.silence(960) == [("raised", MISSING)]
    assert bench.episodes[0].evidence["last_value_at"] is None


@pytest.mark.parametrize("every_s", [300, 900])
def test_values_in_bursts_tell_the_interval_between_bursts(every_s):
    bench = Bench(a=16)
    for burst_s in range(0, 4 * every_s, every_s):
        for within_s in (0, 0.1, 0.3):
            bench.hear(burst_s + within_s)
    assert bench.silence(4 * every_s + 30) == []


def test_one_late_value_does_not_change_what_is_usual():
    bench = Bench(a=16)
    heard_every(bench, 60, 3600)
    bench.hear(3880)
    bench.hear(3940)
    assert bench.silence(4240) == [("raised", MISSING)]


def test_it_is_raised_once_and_cleared_by_the_next_value():
    bench = Bench(a=16)
    heard_every(bench, 60, 600)
    assert bench.silence(900) == [("raised", MISSING)]
    assert bench.silence(930) == []
    assert bench.hear(2000) == [("cleared", MISSING)]
    assert bench.episodes[0].cleared_because == "value_received"
    assert bench.silence(2200) == []
    assert bench.silence(2300) == [("raised", MISSING)]
    assert len(bench.episodes) == 2


@pytest.mark.parametrize(
    ("limits", "severity"),
    [
        ([(700, {"a": 10})], Severity.MAJOR),
        ([(700, {"a": 0})], Severity.MAJOR),
        ([(700, {"w": 4200})], Severity.MAJOR),
        ([(700, {"a": 32})], Severity.MINOR),
        ([(700, {})], Severity.MINOR),
        ([(500, {"a": 10})], Severity.MINOR),
        ([(700, {"a": 10}), (800, {"a": 16})], Severity.MINOR),
    ],
)
def test_it_is_major_if_the_limit_was_lowered_meanwhile(limits, severity):
    bench = Bench(a=16)
    heard_every(bench, 60, 600)
    for since_s, limit in limits:
        bench.limit(since_s, **limit)
    bench.silence(900)
    assert bench.episodes[0].severity is severity


def test_it_becomes_major_when_the_limit_is_lowered_later():
    bench = Bench(a=16)
    heard_every(bench, 60, 600)
    bench.silence(900)
    bench.limit(1000, a=6)
    assert bench.silence(1030) == [("changed", MISSING)]
    assert bench.silence(1060) == []
    assert bench.times(Change.CHANGED, MISSING) == [1030]


def test_patience_begins_anew_when_the_station_is_back():
    bench = Bench(a=16)
    heard_every(bench, 60, 600)
    assert bench.silence(5000, online_since_s=4800) == []
    assert bench.silence(5100, online_since_s=4800) == [("raised", MISSING)]


def test_the_end_of_the_session_clears_it():
    bench = Bench(a=16)
    heard_every(bench, 60, 600)
    bench.silence(900)
    assert bench.end(950) == [("cleared", MISSING)]


@pytest.mark.parametrize(("every_s", "patience_s"), [(60, 600), (300, 1500), (10, 300)])
def test_a_link_that_loses_values_is_given_more_time(every_s, patience_s):
    bench = Bench(a=16)
    came = [number * every_s for number in range(60) if number % 5 != 3]
    for at_s in came:
        bench.hear(at_s)
    assert due_at(bench.watch, after(0), bench.thresholds) == after(came[-1] + patience_s)


def test_a_link_that_no_longer_loses_is_given_less():
    bench = Bench(a=16)
    for number in range(100):
        if number > 50 or number % 5 != 3:
            bench.hear(number * 60)
    assert due_at(bench.watch, after(0), bench.thresholds) == after(99 * 60 + 300)


def test_a_car_at_rest_need_not_be_measured():
    bench = Bench(a=16)
    heard_every(bench, 60, 600)
    excuse(bench.watch, after(660), is_quiet=True)
    assert bench.silence(5000) == []
    excuse(bench.watch, after(5030), is_quiet=False)
    assert bench.silence(5030) == []
    assert bench.silence(5330) == [("raised", MISSING)]


def test_a_session_that_nothing_limits_may_say_no_value_at_all():
    bench = Bench()
    assert bench.silence(9000) == []
    heard_every(bench, 60, 600)
    assert bench.silence(900) == [("raised", MISSING)]
