"""The expected end: how far off it is on many cars, and what is said where nobody can tell."""

from __future__ import annotations

import csv
import math
import random
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from csms.domain.ending import EndMemory, load_end_memory
from csms.domain.sample import Sample
from csms.monitor.expected_end import Estimate, estimate, has_moved, is_at_risk, legs_of
from csms.monitor.expected_end_course import Leg
from csms.monitor.expected_end_energy import Grounds, Wishes, remaining
from csms.monitor.expected_end_habits import Habits
from csms.monitor.expected_end_memory import note
from csms.monitor.expected_end_tail import find_tail
from profiles import LimitStep
from tests.unit.monitor.cars import START, a_dc_car, a_plan, after, an_ac_car, drive

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.monitor.cars import Car, Drive

SHARES = (0.25, 0.5, 0.75)
FREE = [Leg(math.inf, math.inf)]
EPFL = Path(__file__).parents[2] / "fixtures" / "sessions" / "epfl_level3.csv"
NOW_S = START.timestamp()


def scored(
    make: Callable[[random.Random], Car],
    wishes_of: Callable[[random.Random, Car], Wishes],
    seed: int,
    count: int,
) -> list[list[tuple[float, float, bool]]]:
    """Errors at 25, 50 and 75 % of the charging time, of as many drawn sessions."""
    draw = random.Random(seed)  # noqa: S311 - cars, no secrets
    found: list[list[tuple[float, float, bool]]] = [[], [], []]
    for _ in range(count):
        car = make(draw)
        if car.target <= car.soc + 5:
            continue
        plan = a_plan(draw, car)
        driven = drive(draw, car, plan, wishes_of(draw, car))
        _collect(found, driven)
    return found


def _collect(found: list[list[tuple[float, float, bool]]], driven: Drive) -> None:
    for errors, share in zip(found, SHARES, strict=True):
        error = driven.error(share)
        if error is not None:
            errors.append(error)


def target_only(draw: random.Random, car: Car) -> Wishes:
    del draw
    return Wishes(target_percent=car.target)


def capacity(draw: random.Random, car: Car) -> Wishes:
    return Wishes(target_percent=car.target, capacity_wh=car.capacity_wh * draw.gauss(1, 0.04))


@pytest.mark.parametrize("wishes_of", [target_only, capacity])
@pytest.mark.parametrize(
    ("make", "aims"), [(an_ac_car, (0.15, 0.10, 0.10)), (a_dc_car, (0.20, 0.20, 0.25))]
)
def test_the_error_and_the_spread_are_what_is_aimed_at(make, aims, wishes_of):
    count = 40 if make is an_ac_car else 120
    found = scored(make, wishes_of, 20, count)
    assert min(len(errors) for errors in found) > 0.8 * count
    for errors, aim in zip(found, aims, strict=True):
        assert mean(error for error, _, _ in errors) <= aim
    covered = [is_covered for errors in found for _, _, is_covered in errors]
    assert 0.72 <= mean(covered) <= 0.92


def test_real_sessions_are_nearer_than_energy_by_peak_power():
    lines = [line for line in EPFL.read_text().splitlines() if not line.startswith("#")]
    ours, naive, covered = [], [], []
    for row in csv.DictReader(lines):
        memory = EndMemory(at_s=0.0, wh=0.0, soc=float(row["soc_arrival"]), is_dc=True)
        wishes = Wishes(
            target_percent=float(row["soc_departure"]),
            capacity_wh=float(row["capacity_wh"]),
            max_power_w=float(row["peak_w"]),
            is_dc=True,
        )
        told = estimate(Grounds(memory, wishes), FREE, 0.0)
        stay_s = float(row["stay_min"]) * 60
        assert told is not None
        ours.append(abs(told.p50_s - stay_s) / max(stay_s, 600))
        by_peak_s = float(row["energy_wh"]) / float(row["peak_w"]) * 3600
        naive.append(abs(by_peak_s - stay_s) / max(stay_s, 600))
        covered.append(told.p10_s <= stay_s <= told.p90_s)
    assert mean(ours) < 0.30 < mean(naive)
    assert 0.70 <= mean(covered) <= 0.90


def a_memory(**values: Any) -> EndMemory:
    """A car that draws 11 kW of an unlimited station, and has drawn 5 kWh."""
    known = {"at_s": NOW_S, "wh": 5_000.0, "watts": 11_000.0, "phases": 3, "peak_w": 11_000.0}
    return EndMemory(**{**known, "free_w": 11_000.0, "is_free": True, **values})


def told_of(
    memory: EndMemory | None = None,
    wishes: Wishes | None = None,
    habits: Habits | None = None,
    legs: list[Leg] | None = None,
) -> Estimate:
    grounds = Grounds(memory or a_memory(), wishes or Wishes(), habits or Habits())
    told = estimate(grounds, legs or FREE, NOW_S)
    assert told is not None
    return told


def test_without_any_ground_there_is_no_estimate():
    told = told_of()
    assert (told.is_number, told.basis, told.because) == (False, "none", "energy_unknown")


def test_a_window_that_closes_for_good_ends_it_at_the_latest():
    told = told_of(legs=[Leg(7_200, 11_000), Leg(math.inf, 0)])
    assert (told.basis, told.bound, told.p50_s) == ("window", "window", 7_200)


def test_a_window_that_opens_again_says_nothing():
    legs = [Leg(7_200, 11_000), Leg(9_000, 0), Leg(math.inf, 11_000)]
    assert not told_of(legs=legs).is_number


def test_what_was_asked_for_is_run_through_the_limits():
    legs = [Leg(3_600, 5_500), Leg(7_200, 0), Leg(math.inf, 11_000)]
    told = told_of(wishes=Wishes(energy_wh=5_000 + 11_000), legs=legs)
    assert told.basis == "request"
    # Nobody knows whether it ends full: the slow last percent count by half.
    slow_s = 1_200 / 11_000 * 3_600 * (math.log(5) / 0.8 - 1)
    assert told.p50_s == pytest.approx(7_200 + 30 + 1_800 + slow_s, abs=5)
    assert told.p10_s < 7_200 + 30 + 1_800
    assert told.p90_s > 7_200 + 30 + 1_800 + 2 * slow_s


def test_drivers_ask_for_more_than_they_take_so_the_level_counts_first():
    memory = a_memory(soc=80.0, soc_edge=[80.0, 5_000.0])
    wishes = Wishes(energy_wh=60_000, capacity_wh=50_000)
    wanted = remaining(Grounds(memory, wishes))
    assert wanted is not None
    assert wanted.basis == "soc"
    assert wanted.mid_wh == pytest.approx(20 * 500 / 0.9)


def test_what_is_usual_counts_before_what_was_asked_for():
    habits = Habits(energies_wh=[8_000, 9_000, 10_000, 11_000])
    wanted = remaining(Grounds(a_memory(), Wishes(energy_wh=60_000), habits))
    assert wanted is not None
    assert (wanted.basis, wanted.mid_wh) == ("history", 4_500)


def test_one_session_before_is_better_than_nothing_and_worse_than_a_request():
    habits = Habits(energies_wh=[9_000])
    assert told_of(habits=habits).basis == "history"
    assert told_of(wishes=Wishes(energy_wh=60_000), habits=habits).basis == "request"


def test_who_has_taken_more_than_ever_before_leaves_no_ground():
    assert not told_of(a_memory(wh=20_000.0), habits=Habits(energies_wh=[9_000] * 5)).is_number
    assert not told_of(a_memory(wh=20_000.0), Wishes(energy_wh=9_000)).is_number


def test_a_profile_that_ends_at_an_energy_bounds_it():
    memory = a_memory(soc=20.0, soc_edge=[20.0, 5_000.0])
    told = told_of(memory, Wishes(capacity_wh=50_000, cap_wh=16_000))
    assert (told.basis, told.p50_s) == ("target", pytest.approx(3_600))


def test_the_capacity_follows_from_five_moves_of_the_level():
    memory = a_memory(soc=26.0, soc_base=[20.0, 1_000.0], soc_edge=[26.0, 5_000.0])
    memory.soc_points = 4
    assert not told_of(memory).is_number
    memory.soc_points = 6
    wanted = remaining(Grounds(memory))
    assert wanted is not None
    assert wanted.mid_wh == pytest.approx(74 * 4_000 / 6)


def test_a_departure_is_only_a_bound():
    wishes = Wishes(energy_wh=5_000 + 22_000, departs_s=NOW_S + 3_600)
    told = told_of(wishes=wishes)
    assert (told.bound, told.p50_s) == ("departure", 3_600)
    assert told.short_wh == pytest.approx(11_000, rel=0.01)
    later = told_of(wishes=Wishes(energy_wh=16_000, departs_s=NOW_S + 86_400))
    assert (later.bound, later.p50_s) == ("energy", pytest.approx(3_996, abs=5))
    past = told_of(wishes=Wishes(energy_wh=16_000, departs_s=NOW_S - 60))
    assert past.bound == "energy"


def test_a_pause_for_good_has_no_end():
    told = told_of(wishes=Wishes(energy_wh=16_000), legs=[Leg(math.inf, 0)])
    assert (told.is_number, told.because) == (False, "paused_for_good")


def test_a_window_too_short_ends_it_short():
    legs = [Leg(1_800, 11_000), Leg(math.inf, 0)]
    told = told_of(wishes=Wishes(energy_wh=16_000), legs=legs)
    assert (told.bound, told.p50_s) == ("window", 1_800)
    assert told.short_wh == pytest.approx(5_500)


def test_the_last_percent_of_an_ac_charge_are_slow():
    memory = a_memory(soc=90.0, soc_edge=[90.0, 5_000.0])
    told = told_of(memory, habits=Habits(wh_per_percent=550.0))
    flat_s, tail_s = 6 * 550 / 11_000 * 3_600, 4 * 550 / (0.8 * 11_000) * 3_600 * math.log(5)
    assert told.p50_s == pytest.approx(flat_s + tail_s, rel=0.01)


def test_a_dc_charge_follows_the_curve_that_the_car_has_shown():
    memory = a_memory(soc=40.0, soc_edge=[40.0, 0.0], wh=0.0, is_free=False, is_dc=True)
    memory.free_w = 0.0
    shown = [[40.0, 100_000.0], [60.0, 50_000.0], [80.0, 25_000.0]]
    habits = Habits(wh_per_percent=800.0, ceiling_w=100_000.0)
    guessed = told_of(memory, Wishes(target_percent=80), habits)
    habits.curve = shown
    known = told_of(memory, Wishes(target_percent=80), habits)
    # Each level stands for the middle of five percent: 42.5 to 62.5, 62.5 to 82.5.
    falls_s = 20 * 800 / 50_000 * math.log(2) + 20 * 800 / 25_000 * math.log(50_000 / 28_125)
    assert known.p50_s == pytest.approx(3_600 * (2.5 * 800 / 100_000 + falls_s), rel=0.01)
    assert known.p50_s > guessed.p50_s


def tail_of(tau_s: float, count: int = 6) -> list[list[float]]:
    return [[60.0 * each, 7_000 * math.exp(-60.0 * each / tau_s)] for each in range(count)]


def test_a_charge_that_runs_out_ends_at_a_twentieth_of_its_ceiling():
    tail = find_tail(tail_of(900), 7_400)
    assert tail is not None
    assert tail.tau_s == pytest.approx(900)
    assert tail.likely_s == pytest.approx(900 * math.log(7_000 / 370) - 300)
    assert tail.early_s < tail.likely_s < tail.late_s


@pytest.mark.parametrize(
    "tail",
    [
        tail_of(900, 2),
        tail_of(10**6),
        [[0.0, 7_000], [60.0, 6_000], [120.0, 6_500]],
        [[0.0, 7_400], [60.0, 7_300], [120.0, 7_200]],
        [[0.0, 0.0], [60.0, 0.0], [120.0, 0.0]],
    ],
)
def test_what_is_no_fall_is_no_end(tail):
    assert find_tail(tail, 7_400) is None


def step(limit_a: float | None, start_s: float = 0, end_s: float = 172_800) -> LimitStep:
    return LimitStep(after(start_s), after(end_s), limit_a, None, 3, ambiguous=False, causes=())


def play(
    memory: EndMemory, watts: list[float], limit_a: float | None = None, start_s: float = 0
) -> float:
    """Hands in a sample each minute; returns the second of the last one."""
    at_s = start_s
    for index, power in enumerate(watts):
        at_s = start_s + 60 * index
        each = power / 690
        sample = Sample(after(at_s), power_w=power, currents_a=(each, each, each))
        note(memory, sample, after(at_s).timestamp(), None, step(limit_a))
    return at_s


def test_a_fall_that_the_limit_explains_is_none():
    memory = EndMemory()
    play(memory, [11_000] * 5)
    for index, limit_a in enumerate((14.0, 12.0, 10.0, 8.0)):
        play(memory, [limit_a * 690], limit_a, 300 + 60 * index)
    assert memory.tail == []
    play(memory, [5_400, 5_000, 4_500, 4_000, 3_500], 8.0, 700)
    assert [watts for _, watts in memory.tail[-3:]] == [4_500, 4_000, 3_500]


def test_the_tail_ends_a_session_that_nothing_else_is_known_of():
    memory = EndMemory()
    last_s = play(memory, [7_400] * 10 + [7_400 * math.exp(-each / 10) for each in range(1, 8)])
    told = estimate(Grounds(memory), FREE, after(last_s).timestamp())
    assert told is not None
    assert told.basis == "tail"
    assert told.p50_s == pytest.approx(600 * math.log(20) - 420, rel=0.1)


def test_a_full_car_has_ended_when_it_stopped():
    memory = a_memory(wh=16_000.0, watts=0.0, idle_since=NOW_S - 300)
    told = told_of(memory, Wishes(energy_wh=16_100))
    assert (told.basis, told.p50_s) == ("finished", -300)


def test_a_car_that_waits_for_what_only_it_knows_has_no_end():
    memory = a_memory(watts=0.0, idle_since=NOW_S - 60)
    assert estimate(Grounds(memory, Wishes(energy_wh=40_000)), FREE, NOW_S) is None
    memory.idle_since = NOW_S - 700
    told = told_of(memory, Wishes(energy_wh=40_000))
    assert (told.is_number, told.because) == (False, "paused_by_vehicle")


def test_only_what_moves_is_news():
    told = Estimate(3_000, 3_600, 4_000, "soc")
    assert has_moved(None, told, 0)
    assert not has_moved((0, told), Estimate(2_950, 3_540, 3_900, "soc"), 60)
    assert not has_moved((0, told), Estimate(3_000, 3_650, 4_000, "soc"), 60)
    assert has_moved((0, told), Estimate(3_000, 3_670, 4_000, "soc"), 60)
    near = Estimate(500, 600, 700, "soc")
    assert has_moved((0, near), Estimate(500, 575, 700, "soc"), 60)
    nothing = Estimate(None, None, None, "none", "energy_unknown")
    assert has_moved((0, told), nothing, 60)
    assert not has_moved((0, nothing), nothing, 60)
    assert has_moved((0, told), Estimate(-60, -60, -60, "finished"), 3_660)


@pytest.mark.parametrize(
    ("wishes", "legs", "at_risk"),
    [
        (Wishes(energy_wh=27_000, departs_s=NOW_S + 3_600), FREE, True),
        (Wishes(energy_wh=15_000, departs_s=NOW_S + 3_600), FREE, False),
        (Wishes(energy_wh=27_000), [Leg(3_600, 11_000), Leg(math.inf, 0)], True),
        (Wishes(energy_wh=16_500), [Leg(3_600, 11_000), Leg(math.inf, 0)], False),
        (Wishes(energy_wh=27_000, departs_s=NOW_S + 86_400), [Leg(math.inf, 0)], True),
        (Wishes(), [Leg(3_600, 11_000), Leg(math.inf, 0)], None),
    ],
)
def test_a_deadline_is_at_risk_if_something_was_asked_for(wishes, legs, at_risk):
    grounds = Grounds(a_memory(), wishes)
    told = estimate(grounds, legs, NOW_S)
    assert told is not None
    assert is_at_risk(told, grounds, legs, NOW_S) is at_risk


def test_limits_ahead_become_watts_of_the_phases_in_use():
    steps = [step(16, 0, 600), step(16, 600, 900), step(5.9, 900, 1_200), step(None, 1_200, 9_000)]
    memory = EndMemory(follows=1.0)
    legs = legs_of(steps, after(60), memory, 1)
    assert [(leg.end_s, leg.watts) for leg in legs] == [
        (840, 16 * 230),
        (1_140, 0),
        (math.inf, math.inf),
    ]
    assert legs_of([], after(0), memory, 0) == FREE
    assert legs_of(steps[:1], after(0), memory, 0) == [Leg(math.inf, 16 * 690)]


def test_power_is_known_of_meters_that_only_count():
    memory = EndMemory()
    for minute in range(10):
        sample = Sample(after(60 * minute), register_milliwh=minute * 100_000)
        note(memory, sample, sample.at.timestamp(), minute * 110.0, step(10))
    assert memory.watts == pytest.approx(6_600)
    assert (memory.phases, memory.is_free) == (3, False)


def test_energy_is_known_of_meters_that_never_count():
    memory = EndMemory()
    play(memory, [6_000] * 11)
    assert memory.wh == pytest.approx(1_000)


@pytest.mark.parametrize(("watts", "phases"), [(3_680, 1), (7_360, 2), (11_040, 3), (2_000, 1)])
def test_phases_follow_from_power_where_nobody_counts_them(watts, phases):
    memory = EndMemory()
    for minute in range(3):
        sample = Sample(after(60 * minute), power_w=float(watts))
        note(memory, sample, sample.at.timestamp(), None, step(16))
    assert memory.phases == phases


def test_the_memory_stays_small_and_comes_back_as_it_was():
    memory = EndMemory()
    draw = random.Random(5)  # noqa: S311 - powers, no secrets
    for minute in range(2_000):
        soc = float(min(minute // 20, 100))
        sample = Sample(after(60 * minute), power_w=draw.uniform(0, 90_000), soc_percent=soc)
        note(memory, sample, sample.at.timestamp(), minute * 100.0, step(None))
    dumped = orjson.dumps(asdict(memory))
    assert len(dumped) < 1_500
    assert load_end_memory(orjson.loads(dumped)) == memory
    assert load_end_memory(None) == EndMemory()
    assert load_end_memory({"watts": 5.0, "of_a_newer_version": 1}).watts == 5.0


def test_impossible_values_stop_nothing():
    memory = EndMemory()
    for minute, (watts, soc) in enumerate([(-5.0, -3.0), (1e12, 250.0), (0.0, 0.0), (11_000.0, 5)]):
        sample = Sample(after(60 * minute), power_w=watts, soc_percent=soc)
        note(memory, sample, sample.at.timestamp(), None, step(16))
        estimate(Grounds(memory), FREE, sample.at.timestamp())
    assert memory.soc == 5
    older = Sample(after(-60), power_w=1.0)
    note(memory, older, older.at.timestamp(), None, step(16))
    assert memory.watts == 11_000


def test_a_level_that_the_car_told_once_moves_on_with_the_energy():
    memory = a_memory(soc=40.0, soc_edge=[40.0, 0.0])
    wanted = remaining(Grounds(memory, Wishes(capacity_wh=45_000, target_percent=80)))
    assert wanted is not None
    assert wanted.soc == pytest.approx(50)
    memory.is_soc_metered = True
    wanted = remaining(Grounds(memory, Wishes(capacity_wh=45_000, target_percent=80)))
    assert wanted is not None
    assert wanted.soc == 41


def test_a_register_that_leaps_does_not_make_a_huge_battery():
    memory = EndMemory()
    for minute in range(120):
        leap = 50_000.0 if minute >= 60 else 0.0
        wh = minute * 184.0 + leap
        sample = Sample(after(60 * minute), power_w=11_040.0, soc_percent=20.0 + percent_of(minute))
        note(memory, sample, sample.at.timestamp(), wh, step(None))
    wanted = remaining(Grounds(memory))
    assert wanted is not None
    assert wanted.wh_per_percent == pytest.approx(600, rel=0.05)


def percent_of(minute: int) -> int:
    return int(minute * 184 // 600)


@pytest.mark.parametrize(
    ("values", "is_dc"),
    [
        ({"power_w": 22_640.0, "current_a": 94.2}, False),
        ({"power_w": 24_000.0, "current_a": 66.0}, True),
        ({"power_w": 60_000.0}, True),
        ({"current_a": 94.2}, False),
        ({"power_w": 11_000.0, "currents_a": (16.0, 16.0, 16.0)}, False),
    ],
)
def test_direct_current_shows_in_what_alternating_current_cannot_be(values, is_dc):
    memory = EndMemory()
    for minute in range(3):
        sample = Sample(after(60 * minute), **values)
        note(memory, sample, sample.at.timestamp(), None, step(None))
    assert memory.is_dc is is_dc
