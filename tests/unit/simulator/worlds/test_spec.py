from datetime import UTC, datetime
from random import Random

import pytest

from simulator.errors import ScenarioError
from simulator.worlds.calendar import CalendarSpec
from simulator.worlds.scenario import load, parse, shipped
from simulator.worlds.spec import bounds, draw
from simulator.worlds.stations import dealt

STATION = 'name = "x"\n[[stations]]\nid = "A"\nsite = "Garage"\n'
POPULATION = (
    STATION
    + """
[[populations]]
name = "staff"
site = "Garage"
token = "T{n}"
cars = 3
stays_min = 30
%s
[populations.arrivals]
kind = "rates"
per_hour = [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]
"""
)
EVENT = STATION + '[[events]]\nkind = "dimming"\nlength_min = 60\n'


def amount(text):
    text = f'{STATION}[[stations.cars]]\ntoken = "T"\nwants_kwh = {text}\n'
    return parse(text, "x").stations[0].cars[0].wants_kwh


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("7", 7, 7),
        ("[3, 9]", 3, 9),
        ("{ normal = [10, 4], least = 5, most = 12 }", 5, 12),
        ("{ lognormal = [10, 0.6], most = 30 }", 0, 30),
        ("{ one_of = [2, 4, 8], weights = [1, 0, 1] }", 2, 8),
    ],
)
def test_numbers_are_drawn_within_their_bounds(text, least, most):
    given = amount(text)
    drawn = [draw(given, Random(seed)) for seed in range(300)]  # noqa: S311 - no secrets
    assert all(least <= each <= most for each in drawn)
    assert bounds(given) == (least, most)
    assert (len(set(drawn)) > 1) == (least != most)
    assert 4 not in drawn


def test_distributions_have_the_middle_that_was_asked_for():
    random = Random(4)  # noqa: S311 - no secrets
    normal = sorted(draw(amount("{ normal = [50, 10] }"), random) for _ in range(2000))
    lognormal = sorted(draw(amount("{ lognormal = [20, 0.5] }"), random) for _ in range(2000))
    assert normal[1000] == pytest.approx(50, abs=1.5)
    assert lognormal[1000] == pytest.approx(20, abs=1.5)


def test_shares_are_dealt_as_exactly_as_numbers_allow():
    names = dealt({"a": 2, "b": 1, "c": 0}, 10, Random(1))  # noqa: S311 - no secrets
    assert sorted(names) == ["a"] * 7 + ["b"] * 3


def test_a_night_on_which_clocks_are_changed_has_25_hours():
    calendar = CalendarSpec(start="2026-10-25T00:00", time_zone="Europe/Berlin", length_h=25)
    assert calendar.start_at == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert calendar.second(datetime(2026, 10, 25, 12)) == 13 * 3600  # noqa: DTZ001 - local
    assert calendar.local(4.5 * 3600).hour == 3
    assert [each.day for each in calendar.days()] == [25]


def test_holidays_are_like_sundays():
    calendar = CalendarSpec(start="2026-12-24T00:00", length_h=72, holidays=["2026-12-25"])
    assert [calendar.weekday(day) for day in calendar.days()] == ["thu", "sun", "sat"]


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("name = ", None, "is no TOML"),
        ('name = "x"', None, "stations: this must be there"),
        (STATION + "max_a = -3", 5, "stations.0.max_a: Input should be greater than 0"),
        (STATION + "colour = 1", 5, "stations.0.colour: there is no such field"),
        (STATION + "maxa = 1", 5, "did you mean max_a?"),
        (STATION + 'faults = [{ name = "ignore-limit" }]', 5, "did you mean ignore-limits"),
        (STATION + '[[stations.cars]]\ntoken = "T"\nvehicle = "boat"', 7, "there is no vehicle"),
        (STATION + '[[stations.cars]]\ntoken = "T"\nvehicle = "sedan-dc-150kw"', 7, "with AC"),
        (STATION + '[[stations.cars]]\ntoken = "T"\nwants_kwh = "lots"', 7, "write a number, [low"),
        (STATION + '[[stations.cars]]\ntoken = "T"\nwants_kwh = { normal = [3] }', 7, "wants_kwh"),
        (STATION + '[[stations]]\nid = "A"', 6, "the ID 'A' is there in stations.0 too"),
        (STATION + '[calendar]\nstart = "tomorrow"', 6, "a local date and time is written"),
        (STATION + '[calendar]\ntime_zone = "Europe/Bern"', 6, "there is no time zone"),
        (POPULATION % "habits = { sleeps = 1 }", 12, "populations.0.habits"),
        (POPULATION.replace('site = "Garage"\ntoken', 'site = "Garge"\ntoken') % "", 8, "Garage?"),
        (POPULATION % "vehicles = { city-dc-50kw = 1 }", 12, "cannot charge at 'Garage': no DC"),
        (POPULATION % 'token = "T"', None, "is no TOML"),
        (POPULATION.replace("T{n}", "T") % "", 6, "write {n} where the number goes"),
        (POPULATION.replace("stays_min = 30", "") % "", 6, "they would never leave"),
        (POPULATION.replace("rates", "shift") % "", 13, "'shift'"),
        (POPULATION.replace("0,1]", "1]") % "", 15, "24 are needed, there are 23"),
        (EVENT + 'at = "25:00"', 8, '"HH:MM"'),
        (EVENT + 'at = "2027-01-01T00:00"', 8, "never within the calendar"),
        (EVENT + 'at = "10:00"\nsites = ["Park"]', 9, "there is no site 'Park'"),
        (
            EVENT + 'at = "10:00"\n[[events]]\nkind = "dimming"\nlength_min = 1\nat = "10:59"',
            12,
            "overlaps with events.0",
        ),
        (STATION + "[[faults]]\nshare = 1", 5, "say which faults"),
        (STATION + '[[faults]]\nnames = ["naps"]', 6, "there is no fault 'naps'"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_field(text, line, expected):
    with pytest.raises(ScenarioError) as caught:
        parse(text, "my.toml")
    told = str(caught.value)
    assert told.startswith(f"my.toml:{line}: " if line else "my.toml")
    assert expected in told


def test_every_mistake_is_told_in_the_order_of_the_file():
    text = STATION + "max_a = -3\nphases = 5\n[[stations]]\nevses = 99\n"
    with pytest.raises(ScenarioError) as caught:
        parse(text, "my.toml")
    lines = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in lines] == ["5", "6", "7", "8"]


def test_each_shipped_scenario_says_what_it_shows():
    assert len(shipped()) >= 14
    for name in shipped():
        scenario = load(name)
        assert scenario.name == name
        assert len(scenario.description) > 20
