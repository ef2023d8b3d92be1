from collections import Counter
from itertools import pairwise

import pytest

from simulator.errors import ScenarioError
from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import Span
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.plan import planned
from simulator.worlds.scenario import load, parse

STATIONS = """
name = "x"
[calendar]
start = "2026-11-23T00:00"
length_h = {hours}
[[stations]]
id = "S{{n}}"
count = {count}
site = "P"
[[populations]]
name = "all"
site = "P"
token = "T{{n}}"
{more}
[populations.arrivals]
{arrivals}
"""
BUSY = 'kind = "rates"\nper_hour = [6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6]'
SHIFT = """kind = "shifts"
[[populations.arrivals.shifts]]
at = "22:00"
until = "06:00"
spread_min = 5
"""


def plan_of(more, arrivals=BUSY, *, count=10, hours=24, seed=1):
    text = STATIONS.format(hours=hours, count=count, more=more, arrivals=arrivals)
    scenario = parse(text, "x")
    models = [block.evse() for block in scenario.stations for _ in range(block.count)]
    return planned(scenario, "P", models, seed)


def visits(plan):
    return [visit for slot in plan.slots for visit in slot.visits]


def test_random_arrivals_come_at_their_rate():
    plan = plan_of("stays_min = 20", count=40, hours=240)
    assert len(visits(plan)) == pytest.approx(6 * 240, rel=0.1)
    assert not plan.turned_away


def test_nobody_is_planned_where_somebody_is():
    plan = plan_of("stays_min = 60\nwaits_min = 5", count=3)
    for slot in plan.slots:
        assert all(first.until_s <= second.until_s for first, second in pairwise(slot.visits))
        assert all(
            first.until_s <= second.at_s + second.waits_s for first, second in pairwise(slot.visits)
        )
    assert len(plan.turned_away) > 20
    assert all(each.waited_s == 300 for each in plan.turned_away)


def test_a_pool_comes_again_with_its_tokens_and_batteries():
    plan = plan_of("cars = 8\nstays_min = 60\nvehicles = { compact-11kw = 1, city-7kw = 1 }")
    met = {}
    for visit in visits(plan):
        met.setdefault(visit.token.text, set()).add((visit.vehicle.name, id(visit.battery)))
    assert set(met) == {f"T{n}" for n in range(1, 9)}
    assert all(len(cars) == 1 for cars in met.values())
    assert all(visit.driven_wh > 0 for visit in visits(plan))


def test_one_of_a_pool_is_never_at_two_places():
    plan = plan_of("cars = 4\nstays_min = 90", hours=72)
    by_car = {}
    for visit in sorted(visits(plan), key=lambda each: each.at_s):
        assert visit.at_s >= by_car.get(visit.token.text, 0)
        by_car[visit.token.text] = visit.until_s


def test_without_a_pool_it_is_always_another():
    tokens = [visit.token.text for visit in visits(plan_of("stays_min = 10", count=30))]
    assert len(set(tokens)) == len(tokens)


def test_shifts_come_and_go_around_their_times_over_midnight():
    plan = plan_of("cars = 10\nown_evse = true", SHIFT, hours=96)
    evenings = Counter(int(visit.at_s // 86_400) for visit in visits(plan))
    assert evenings == {0: 10, 1: 10, 2: 10, 3: 10}
    assert all(21.5 < visit.at_s % 86_400 / 3600 < 22.5 for visit in visits(plan))
    assert all(5.5 < visit.until_s % 86_400 / 3600 < 6.5 for visit in visits(plan))
    assert [{visit.token.text for visit in slot.visits} for slot in plan.slots] == [
        {f"T{n}"} for n in range(1, 11)
    ]


def test_a_timetable_is_kept_to_the_minute():
    arrivals = (
        'kind = "timetable"\nentries = [{ at = "18:30", until = "04:00", cars = 3, apart_min = 7 },'
        ' { at = "20:00", until = "05:00", days = ["tue"] }]'
    )
    plan = plan_of("cars = 4", arrivals, hours=48)
    told = sorted((visit.at_s / 60 - 18 * 60, visit.token.text) for visit in visits(plan))
    assert told == [
        (30, "T1"), (37, "T2"), (44, "T3"),
        (1470, "T1"), (1477, "T2"), (1484, "T3"), (1560, "T4"),
    ]  # fmt: skip


def test_habits_decide_who_leaves_when():
    goes = visits(plan_of("habits = { leaves-when-done = 1 }\nleaves_after_min = [1, 2]"))
    assert all(60 <= visit.leaves_after_s <= 120 for visit in goes)
    stays = visits(plan_of("stays_min = 50"))
    assert all(visit.leaves_after_s == float("inf") for visit in stays)
    early = visits(plan_of("stays_min = 50\nhabits = { unplugs-early = 1 }"))
    assert all(590 < visit.until_s - visit.at_s < 2410 for visit in early)


def test_equal_seeds_give_equal_plans_and_others_do_not():
    first, again, other = (plan_of("stays_min = 20", seed=seed) for seed in (5, 5, 6))
    assert visits(first) == visits(again)
    assert visits(first) != visits(other)


def test_a_larger_fleet_plays_the_scenario_side_by_side_with_other_cars():
    members = build(load("home"), FleetOptions(count=24, version="1.6"))
    own = [next(member.station.bays[1].driver._visits, None) for member in members]
    tokens = [visit.token.text for visit in own if visit]
    assert len(set(tokens)) == len(tokens) > 15
    assert members[12].station.id == "SIM-0013"


def test_versions_and_retries_are_dealt_in_their_shares():
    members = build(load("mixed-week"), FleetOptions())
    office = [each.station for each in members if each.site == "Office"]
    assert Counter(each.dialect.version.value for each in office) == {"1.6": 30, "2.0.1": 30}
    assert Counter(each.retries.name for each in office) == {
        "default": 40, "libocpp": 10, "microocpp": 10,
    }  # fmt: skip


def test_the_mixed_week_holds_every_fault_and_spares_most_sessions():
    members = build(load("mixed-week"), FleetOptions())
    assert len(members) == 200
    given, expected = Counter(), 0.0
    for member in members:
        bays = list(member.station.bays.values())
        known = member.station.dialect.version.value
        for plan in (*member.station.faults.plans, *bays[0].faults.plans):
            given[plan.fault.name] += 1
            if plan.fault.name in FAULTS:
                assert known in plan.fault.versions
        visits = sum(len(list(bay.driver._visits)) for bay in bays)
        chances = [each.chance for each in bays[0].faults.plans]
        expected += visits * sum(chances)
        assert len(given) > 0
    assert set(FAULTS) <= set(given)
    assert 200 < expected < 800
    windows = [
        plan
        for member in members
        for plan in member.station.faults.plans
        if plan.fault.name in FAULTS and FAULTS[plan.fault.name].span is Span.STATION
    ]
    assert all(plan.length_s is not None for plan in windows)


def test_a_part_of_a_scenario_is_no_more_eventful_than_all_of_it():
    full = build(load("mixed-week"), FleetOptions())
    part = build(load("mixed-week"), FleetOptions(count=20))
    names = [[plan.fault.name for plan in each.station.faults.plans] for each in (*part, *full)]
    assert names[:20] == names[20:40]
    assert len(full) == 200
    assert sum(map(len, names[20:])) / 200 < 8


def test_faults_of_transactions_come_about_so_often_as_is_said():
    more = '\n[[faults]]\nnames = ["ignore-limits"]\nshare = 0.5\ntimes = 9\n'
    text = STATIONS.format(hours=24, count=10, more="stays_min = 20", arrivals=BUSY)
    members = build(parse(text + more, "x"), FleetOptions())
    visits_of = [len(list(each.station.bays[1].driver._visits)) for each in members]
    chances = [sum(p.chance for p in each.station.bays[1].faults.plans) for each in members]
    assert sum(chance > 0 for chance in chances) == 5
    expected = sum(c * v for c, v in zip(chances, visits_of, strict=True))
    assert expected == pytest.approx(9, rel=0.01)


def test_passwords_are_each_stations_own():
    text = STATIONS.format(hours=24, count=2, more="stays_min = 20", arrivals=BUSY)
    numbered = text.replace('site = "P"', 'site = "P"\npassword = "p-{n}"', 1)
    members = build(parse(numbered, "x"), FleetOptions())
    assert [each.password for each in members] == ["p-1", "p-2"]
    plain = text.replace('site = "P"', 'site = "P"\npassword = "{x}"', 1)
    assert build(parse(plain, "x"), FleetOptions())[0].password == "{x}"
    assert [m.password for m in build(parse(plain, "x"), FleetOptions(password="q"))] == ["q", "q"]


@pytest.mark.parametrize(
    "given", ["{x}", "{n[0]}", "{n.real}", "{n!r}", "{n:q}", "{n", "{}", "{n:999}", "{n:{n}}"]
)
def test_only_the_number_stands_in_braces(given):
    with pytest.raises(ScenarioError, match=r"stations\.0: .*only \{n\} may stand in braces"):
        parse(f'name = "x"\n[[stations]]\nid = "A-{given}"\n', "x")
