import pytest

from simulator.errors import ScenarioError
from simulator.station.retries import RETRIES
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import load, parse, shipped

GOOD = 'name = "x"\n[[stations]]\nid = "A"\n'


def test_shipped_scenarios_load():
    assert {"default", "demo", "office-day"} <= set(shipped())
    for name in shipped():
        assert load(name).description


def test_demo_has_ten_stations_of_both_versions_and_three_that_disobey():
    scenario = load("demo")
    members = build(scenario, FleetOptions())
    assert [each.station.id for each in members] == [f"DEMO-{n:02}" for n in range(1, 11)]
    assert {each.station.dialect.version for each in members} == {"1.6", "2.0.1"}
    faults = sorted(fault.name for block in scenario.stations for fault in block.faults)
    assert faults == ["charge-through-pause", "ignore-limits", "silent-meter"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name = ", "is no TOML"),
        ('name = "x"', "stations"),
        (GOOD + "max_a = -3", "stations.0.max_a"),
        (GOOD + 'retries = "steve"', "there are no retries 'steve'"),
        (GOOD + "colour = 1", "stations.0.colour"),
        (GOOD + 'faults = [{ name = "naps" }]', "there is no fault 'naps'"),
        (GOOD + '[[stations.cars]]\ntoken = "T"\nvehicle = "boat"', "there is no vehicle 'boat'"),
        (
            GOOD + '[[stations.cars]]\ntoken = "T"\nwants_kwh = "lots"',
            "stations.0.cars.0.wants_kwh",
        ),
        (GOOD + "count = 3", "write {n}"),
        (
            GOOD + '[[stations.cars]]\ntoken = "T-{n:020}"',
            "stations.0.cars.0.token: a token of OCPP 1.6 has at most 20 characters",
        ),
        (GOOD.replace('"A"', '"A-{m}"'), "only {n}"),
    ],
)
def test_mistake_is_told_with_file_and_field(text, expected):
    with pytest.raises(ScenarioError) as caught:
        parse(text, "my.toml")
    assert "my.toml" in str(caught.value)
    assert expected in str(caught.value)


def test_missing_file_names_the_shipped_ones():
    with pytest.raises(ScenarioError, match="demo"):
        load("no-such-scenario.toml")


def test_retries_are_the_blocks_until_the_command_says_otherwise():
    text = GOOD + 'retries = "tfocpp"\n[[stations]]\nid = "B"\n'
    members = build(parse(text, "my.toml"), FleetOptions())
    assert [each.station.retries.name for each in members] == ["tfocpp", "default"]
    members = build(parse(text, "my.toml"), FleetOptions(retries="mixed", count=8))
    assert {each.station.retries.name for each in members} == set(RETRIES)


def test_count_goes_round_the_stations_and_version_and_prefix_are_overridden():
    members = build(
        load("demo"), FleetOptions(count=25, version="mixed", prefix="CP", password="s3cret")
    )
    assert [each.station.id for each in members][:2] == ["CP-0001", "CP-0002"]
    assert len({each.station.id for each in members}) == 25
    assert [each.station.dialect.version for each in members[:2]] == ["1.6", "2.0.1"]
    assert {each.password for each in members} == {"s3cret"}


def test_fewer_than_the_scenario_keep_their_own_ids():
    members = build(load("demo"), FleetOptions(count=2))
    assert [each.station.id for each in members] == ["DEMO-01", "DEMO-02"]
