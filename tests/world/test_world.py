"""A tiny world from end to end: server, fleet, truth log, score."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.world.scoring import scored
from tests.world.stage import Wish, play

TINY = Path(__file__).parent / "tiny.toml"
HALF_AN_HOUR = 1 / 48


@pytest.fixture(scope="module")
def report():
    wish = Wish(str(TINY), speed=60, days=HALF_AN_HOUR)
    return scored(wish, play(wish))


def test_every_session_is_on_record_to_the_wh(report):
    sessions = report.as_json()["sessions"]
    assert sessions["real"] == sessions["on_record"] == sessions["exact_wh"] == 3
    assert report.account.is_complete
    assert sum(each.drawn_wh for each in report.played.truth.sessions) > 1000


def test_who_disobeys_is_found_and_nobody_else(report):
    """Whether in time is not asked: the machine may be busy."""
    over = {"OVER_LIMIT", "NO_RESPONSE", "OUTSIDE_WINDOW"}
    labels = {(each.station, each.kind) for each in report.labels}
    assert {station for station, _ in labels} == {"DISOBEYS"}
    assert {kind for _, kind in labels} & over
    assert [label for label, late in report.score.missed if late is None] == []
    alarmed = {each.station for each in report.played.record.alerts if each.kind in over}
    assert alarmed == {"DISOBEYS"}


def test_the_world_lives_at_the_time_of_its_scenario(report):
    assert {each.started.date().isoformat() for each in report.played.record.sessions} == {
        "2026-03-02"
    }
    assert report.played.troubles == []


def test_what_is_told_of_it_can_be_read(report, tmp_path):
    text = "\n".join(report.lines())
    assert "sessions: 3 real, 3 on record, 0 missing" in text
    assert "Wh exact: 3 of 3" in text
    report.write_details(tmp_path / "details.jsonl")
    for line in (tmp_path / "details.jsonl").read_text().splitlines():
        assert json.loads(line)["what"]
