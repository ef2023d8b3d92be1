"""What there is to choose from, as the command lists it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from simulator.cli.app import app
from simulator.faults.catalogue import FAULTS
from simulator.vehicles.catalogue import VEHICLES
from simulator.worlds.scenario import shipped


def invoke(*arguments):
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    ("command", "names"), [("faults", FAULTS), ("cars", VEHICLES), ("scenarios", shipped())]
)
def test_all_are_listed_for_eyes_and_for_machines(command, names):
    text = invoke(command).stdout
    assert all(name in text for name in names)
    listed = json.loads(invoke(command, "--json").stdout)
    assert [each["name"] for each in listed] == list(names)


def test_one_fault_is_told_whole():
    text = invoke("faults", "silent-meter").stdout
    assert "length_s     900" in text
    assert "versions     1.6, 2.0.1" in text
    refused = invoke("faults", "silent-metre")
    assert refused.exit_code == 2
    assert "there is no fault 'silent-metre'; did you mean silent-meter" in refused.stderr


def test_scenario_is_shown_and_checked(tmp_path):
    assert "stations id=" in invoke("scenario", "show", "office-day").stdout
    assert json.loads(invoke("scenario", "show", "office-day", "--json").stdout)["stations"]
    fine = invoke("scenario", "check", "default")
    assert (fine.exit_code, fine.stdout) == (0, "default: fine, 4 stations\n")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('name = "wrong"\n[[stations]]\nid = "CP"\nphases = 7\n')
    checked = invoke("scenario", "check", str(wrong), "default", "nowhere.toml")
    assert checked.exit_code == 2
    assert "default: fine" in checked.stdout
    assert "phases" in checked.stderr
    assert "nowhere.toml" in checked.stderr
