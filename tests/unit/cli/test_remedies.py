"""`csms remedies`: what a policy file comes to, or what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from csms.__main__ import app
from csms.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["remedies", *words])


def row(output: str, kind: str) -> str:
    return next(line for line in output.splitlines() if line.startswith(kind + " "))


def test_the_shipped_ladder_is_shown():
    shown = run("show")
    assert shown.exit_code == 0
    assert "trigger, ask, repush, clear_stale, alert" in row(shown.output, "OVER_LIMIT")


def test_a_file_is_shown_for_the_place_that_is_asked_about(tmp_path: Path):
    file = tmp_path / "remedies.toml"
    file.write_text("stop = true\n[[where]]\nsites = ['depot']\nup_to_step = 0\n")
    shown = run("check", str(file), "--site", "depot")
    assert shown.exit_code == 0
    assert "warning: " in shown.output
    assert "stop = true, which needs up_to_step = 7" in shown.output
    assert "ask" not in row(shown.output, "OVER_LIMIT")
    assert "ask" in row(run("check", str(file)).output, "OVER_LIMIT")


def test_a_mistake_in_a_file_is_told_in_a_sentence(tmp_path: Path):
    file = tmp_path / "remedies.toml"
    file.write_text("[kinds.STALLED]\nsteps = ['kick']\n")
    told = run("check", str(file))
    assert isinstance(told.exception, SettingsError)
    assert "[kinds.STALLED] steps[0]: 'kick' is no step; there are" in str(told.exception)
