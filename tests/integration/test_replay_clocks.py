"""Stations whose clock is hours off, in both versions: nothing is hidden, nothing made up."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.builders import START
from tests.integration.test_replay_deviations import obedient
from tests.scenarios import VERSIONS, Scenario, replay

OFF_S = [-5 * 3600, -3600, -300, 300, 3600, 9 * 3600]


def anomaly_of(clock_s: float) -> list[str]:
    """A clock that is off by more than 10 minutes is told of."""
    return ["METER_ANOMALY"] if abs(clock_s) > 600 else []


def disobedient(_second: float, _limit: float | None) -> list[float]:
    return [25.0] * 3


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("clock_s", OFF_S)
def test_a_wrong_clock_hides_no_deviation(version, clock_s, tmp_path):
    scenario = Scenario(disobedient, [(5, 16)], clock_s=clock_s)
    result = replay(scenario.log(version).write(tmp_path / "log.jsonl"))
    found = {each["kind"]: each for each in result.deviations}
    assert set(found) == {"OVER_LIMIT", *anomaly_of(clock_s)}
    assert found["OVER_LIMIT"]["severity"] == "major"
    opened = datetime.fromisoformat(found["OVER_LIMIT"]["opened_at"])
    assert abs(opened - START) < timedelta(minutes=10)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("clock_s", OFF_S)
def test_a_wrong_clock_makes_no_deviation_but_its_own_and_keeps_the_times(
    version, clock_s, tmp_path
):
    scenario = Scenario(obedient(32), [(5, 32), (1800, 16)], clock_s=clock_s)
    result = replay(scenario.log(version).write(tmp_path / "log.jsonl"))
    assert [each["kind"] for each in result.deviations] == anomaly_of(clock_s)
    session = result.sessions[0]
    assert "clock_suspect" in session["flags"]
    assert abs(datetime.fromisoformat(session["started_at"]) - START) < timedelta(seconds=10)
    assert abs(session["duration_s"] - 3600) < 60
    told = datetime.fromisoformat(session["started_at_station"]) - START
    assert told == timedelta(seconds=clock_s)
