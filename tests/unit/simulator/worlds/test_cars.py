"""Cars of a scenario's own."""

import pytest

from simulator.errors import ScenarioError
from simulator.vehicles.vehicle import Vehicle
from simulator.worlds.scenario import parse

SCENARIO = """
name = "own"
[vehicles.own]
battery_kwh = 60
{fields}
[[stations]]
id = "A"
current = "{current}"
[[stations.cars]]
token = "T"
vehicle = "own"
"""


def own(fields, current="AC"):
    text = SCENARIO.format(fields=f'current = "{current}"\n{fields}', current=current)
    return parse(text, "here").vehicle("own")


def test_habits_of_an_own_car():
    model = own("resume_s = 300\nwaits_s = 60\nstandby_w = 40\nramp_s = 900\niso15118 = true")
    assert (model.resume_s, model.waits_s, model.standby_w, model.ramp_s) == (300, 60, 40, 900)
    assert model.speaks_iso15118


def test_taper_of_an_own_car_is_its_curve_and_a_cold_battery_takes_less():
    taper = "taper_percent = [[0, 50], [10, 100], [50, 100], [100, 20]]"
    warm = own(f"max_kw = 100\n{taper}", "DC")
    cold = own(f"max_kw = 100\nbattery_celsius = -10\n{taper}", "DC")
    levels = [0.0, 0.3, 0.75, 0.9]
    assert [round(Vehicle(warm, each).target(300_000)) for each in levels] == [
        50_000,
        100_000,
        60_000,
        36_000,
    ]
    assert Vehicle(cold, 0.3).target(300_000) < 50_000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("taper_percent = [[0, 100]]", "taper_percent"),
        ("taper_percent = [[50, 100], [20, 50]]", "must grow"),
        ("taper_percent = [[0, 100], [100, 0]]", "shares 1 to 100"),
        ("taper_percent = [[0, 100], [120, 10]]", "levels are 0 to 100"),
        ("knee_percent = 80\ntaper_percent = [[0, 100], [100, 10]]", "not both"),
        ("standby_w = -1", "standby_w"),
    ],
)
def test_a_mistake_is_told_with_its_place(fields, words):
    with pytest.raises(ScenarioError) as caught:
        own(fields)
    assert words in str(caught.value)
    assert "vehicles.own" in str(caught.value)
