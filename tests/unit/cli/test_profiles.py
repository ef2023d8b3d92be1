"""`csms profiles`: the list, and the findings of `check`."""

import pytest
from typer.testing import CliRunner

from csms.__main__ import app
from csms.errors import SettingsError

RUN = CliRunner()
PAUSE = """
description = "never"
charging_rate_unit = "A"
stack_level = 5
[[periods]]
start_period = 0
limit = 3
[[periods]]
start_period = 60
limit = 0
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "never.toml").write_text(PAUSE)
    return tmp_path


def run(*words):
    return RUN.invoke(app, ["profiles", *map(str, words)])


def test_shipped_profiles_are_listed_and_have_no_finding():
    assert "night-window" in run().output
    assert "Findings: none" in run("check").output


def test_folder_is_listed(folder):
    assert "never" in run(folder).output


def test_warnings_are_listed_and_are_no_failure(folder):
    found = run("check", folder)
    assert found.exit_code == 0
    assert "warning" in found.output
    assert "below 6 A" in found.output
    assert "let no car charge at any time" in found.output


def test_what_a_station_cannot_take_is_an_error(folder):
    found = run("check", folder, "--max-stack-level", 2, "--max-periods", 1, "--units", "W")
    assert isinstance(found.exception, SettingsError)
    assert "3 of these" in str(found.exception)
    for words in ("stack_level", "the station takes 1", "only in W"):
        assert words in found.output


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rules.txt", "rules.txt: is not read; its name must end in .toml or .json"),
        ("rules.toml", "rules.toml: cannot be read"),
    ],
)
def test_rules_that_cannot_be_read_are_named(folder, name, said):
    found = run("check", folder, "--assignments", folder / name)
    assert isinstance(found.exception, SettingsError)
    assert said in str(found.exception)


def test_rule_that_never_decides_is_told(tmp_path, folder):
    rules = tmp_path / "sub"
    rules.mkdir()
    file = rules / "assign.toml"
    file.write_text('[[rule]]\nprofile = "never"\n[[rule]]\nprofile = "unlimited"\n')
    found = run("check", folder, "--assignments", file)
    assert "never decides" in found.output
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "--ocpp", "3"), "write 1.6 or 2.0.1"),
        (("check", "--units", "V"), "write A, W or A,W"),
        (("check", "a", "b"), "one folder at a time"),
        (("nowhere",), "is no folder"),
    ],
)
def test_wrong_words_are_named(words, said):
    found = run(*words)
    assert isinstance(found.exception, SettingsError)
    assert said in str(found.exception)


@pytest.mark.parametrize("words", [(), ("check",)])
def test_thresholds_that_the_server_would_not_take_are_named(tmp_path, words):
    text = PAUSE.replace("stack_level = 5", "deviations = { tolerance = 1, confirm_samples = 1.5 }")
    (tmp_path / "odd.toml").write_text(text)
    found = run(*words, tmp_path)
    assert isinstance(found.exception, SettingsError)
    assert "odd: deviations.tolerance: there is no such threshold" in str(found.exception)
    assert "odd: deviations.confirm_samples: " in str(found.exception)
