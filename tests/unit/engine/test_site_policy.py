"""Policy files of remedies: what they leave of a ladder, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from csms.engine.site_policy import Ladder, Remedies, Step, doubts, load_remedies, shipped
from csms.errors import SettingsError
from csms.monitor.episodes import Kind, Severity

if TYPE_CHECKING:
    from pathlib import Path

ASKING = (Step.TRIGGER, Step.ASK, Step.REPUSH, Step.CLEAR_STALE)


def ladder(
    remedies: Remedies,
    kind: Kind = Kind.OVER_LIMIT,
    severity: Severity = Severity.MAJOR,
    place: tuple[str, str] = ("default", "CP1"),
) -> Ladder:
    return remedies.ladder(place, kind, severity)


@pytest.fixture
def loaded(tmp_path: Path):
    def load(text: str) -> Remedies:
        return load_remedies(written(tmp_path, text))

    return load


def written(folder: Path, text: str) -> Path:
    file = folder / "remedies.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_by_default_nothing_beyond_step_3_changes_a_station():
    assert ladder(shipped()) == Ladder((*ASKING, Step.ALERT), 300, 3)
    for kind in Kind:
        for severity in Severity:
            steps = ladder(shipped(), kind, severity).steps
            assert all(step.number <= 3 or step is Step.ALERT for step in steps)


def test_a_critical_alert_goes_to_an_operator_at_once():
    assert ladder(shipped(), severity=Severity.CRITICAL).steps == (Step.ALERT, *ASKING)


def test_nothing_is_changed_because_of_a_meter():
    for kind in (Kind.METER_MISSING, Kind.METER_ANOMALY):
        assert ladder(shipped(), kind).steps == (Step.TRIGGER, Step.ALERT)


def test_a_session_is_stopped_only_if_asked_for_and_only_when_critical(loaded):
    text = "up_to_step = 7\nstop = true\n"
    assert ladder(loaded(text), severity=Severity.CRITICAL).steps[-1] is Step.STOP
    assert Step.STOP not in ladder(loaded(text)).steps
    for less in ("up_to_step = 6\nstop = true\n", "up_to_step = 7\n"):
        assert Step.STOP not in ladder(loaded(less), severity=Severity.CRITICAL).steps


def test_the_steps_of_a_critical_alert_can_be_their_own(loaded):
    text = 'up_to_step = 7\nstop = true\n[kinds.OVER_LIMIT]\ncritical = ["alert", "stop"]\n'
    assert ladder(loaded(text), severity=Severity.CRITICAL).steps == (Step.ALERT, Step.STOP)
    assert Step.REPUSH in ladder(loaded(text)).steps


def test_a_file_changes_what_it_names_and_leaves_the_rest(loaded):
    remedies = loaded('cooldown_s = 60\n[kinds.STALLED]\nsteps = ["ask"]\n')
    assert ladder(remedies, Kind.STALLED) == Ladder((Step.ASK,), 60, 3)
    assert ladder(remedies).steps == (*ASKING, Step.ALERT)


def test_places_are_named_by_patterns_and_the_last_table_that_fits_counts(loaded):
    remedies = loaded(
        "[[where]]\nsites = ['depot-*']\nup_to_step = 5\n"
        "[[where]]\nstations = ['CP9?']\nenabled = false\n"
        "[[where]]\nsites = ['depot-north']\nstations = ['CP1']\nup_to_step = 0\n"
    )
    assert ladder(remedies).steps == (*ASKING, Step.ALERT)
    at_depot = ladder(remedies, place=("depot-south", "CP1")).steps
    assert at_depot == (*ASKING, Step.PUSH_LOWER, Step.DEFAULT_AND_MAX, Step.ALERT)
    assert ladder(remedies, place=("depot-south", "CP91")).steps == ()
    assert ladder(remedies, place=("depot-north", "CP1")).steps == (Step.TRIGGER, Step.ALERT)


def test_a_later_table_outweighs_what_an_earlier_one_said_of_a_kind(loaded):
    remedies = loaded(
        "[kinds.OVER_LIMIT]\nup_to_step = 5\n[[where]]\nsites = ['depot']\nup_to_step = 1\n"
    )
    assert Step.DEFAULT_AND_MAX in ladder(remedies).steps
    careful = ladder(remedies, place=("depot", "CP1")).steps
    assert careful == (Step.TRIGGER, Step.ASK, Step.ALERT)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[kinds.OVER_LIMIT]\nsteps = ['ask', 'repsh']\n",
            ["[kinds.OVER_LIMIT] steps[1]: 'repsh' is no step; there are trigger, ask"],
        ),
        ("up_to_steps = 3\n", ["up_to_steps: there is no such field; there are enabled, up_to"]),
        ("[kinds.OVER]\nsteps = []\n", ["[kinds] OVER: 'OVER' is no kind with remedies; there"]),
        (
            "[kinds.STALLED]\nstep = []\n",
            ["[kinds.STALLED] step: there is no such field; there are steps, critical"],
        ),
        (
            "[[where]]\nsite = ['a']\n",
            ["[where 1] site: there is no such field", "sites, stations"],
        ),
        (
            "[[where]]\nup_to_step = 1\n[[where]]\nsites = 'a'\n",
            ["[where 2] sites: must be a list"],
        ),
        ("up_to_step = 8\n", ["up_to_step: ", "less than or equal to 7"]),
        ("cooldown_s = 0\nstop = 'x'\n", ["cooldown_s: ", "stop: "]),
        ("up_to_step = \n", ["is no TOML"]),
    ],
)
def test_a_mistake_is_named_with_file_table_field_and_what_there_is(loaded, text, told):
    with pytest.raises(SettingsError) as error:
        loaded(text)
    for part in ("remedies.toml", *told):
        assert part in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"cannot read .*gone\.toml"):
        load_remedies(tmp_path / "gone.toml")


def test_a_stop_that_can_never_come_is_doubted(tmp_path):
    text = "up_to_step = 7\n[kinds.OVER_LIMIT]\nsteps = ['stop']\n[[where]]\nstop = true\n"
    (doubt,) = doubts(written(tmp_path, text))
    assert "the file lists the step stop for OVER_LIMIT" in doubt
    assert len(doubts(written(tmp_path, "stop = true\n"))) == 1
    assert doubts(written(tmp_path, "stop = true\nup_to_step = 7\n")) == []
