"""Stations that send each value of one moment in a message of its own, with the same timestamp."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, timedelta

import pytest

from csms.domain.times import format_time
from tests.scenarios import FrameLog, Scenario, replay


def steady(*amps: float):
    """A car that draws that on each phase, whatever the limit is; below 6 A it pauses."""
    return lambda second, limit: [0.0 if limit is not None and limit < 6 else each for each in amps]


def split(log: FrameLog) -> FrameLog:
    """Sends each sampled value in a MeterValues of its own, 30 ms apart."""
    lines, answers = [], {}
    for at_s, order, line in log.lines:
        match line.get("frame"):
            case [2, message_id, "MeterValues", payload]:
                (meter_value,) = payload["meterValue"]
                answers[message_id] = len(meter_value["sampledValue"])
                for index, sampled in enumerate(meter_value["sampledValue"]):
                    one = deepcopy(line)
                    one["frame"][1] = f"{message_id}-{index}"
                    one["frame"][3]["meterValue"][0]["sampledValue"] = [sampled]
                    lines.append((at_s + 0.03 * index, order, moved(one, 0.03 * index)))
            case [3, message_id, _] if message_id in answers:
                for index in range(answers[message_id]):
                    one = deepcopy(line)
                    one["frame"][1] = f"{message_id}-{index}"
                    lines.append((at_s + 0.03 * index, order, moved(one, 0.03 * index)))
            case _:
                lines.append((at_s, order, line))
    log.lines = lines
    return log


def moved(line: dict, by_s: float) -> dict:
    at = datetime.fromisoformat(line["at"]) + timedelta(seconds=by_s)
    return {**line, "at": format_time(at)}


SCENARIOS: dict[str, tuple[Scenario, list[tuple[str, str]]]] = {
    "obedient": (Scenario(steady(16, 16, 16)), []),
    "one phase": (Scenario(steady(16, 0, 0)), []),
    "pauses": (Scenario(steady(16, 16, 16), [(5, 16), (1200, 0), (2400, 16)]), []),
    "over on one phase": (Scenario(steady(16, 16, 24)), [("OVER_LIMIT", "major")]),
    "three phases for one": (
        Scenario(steady(16, 16, 16), phases=1),
        [("WRONG_PHASES", "major")],
    ),
    "ignores the decrease": (
        Scenario(steady(32, 32, 32), [(5, 32), (1800, 16)]),
        [("NO_RESPONSE", "major")],
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_moment_is_judged_as_a_whole(name, tmp_path):
    scenario, expected = SCENARIOS[name]
    result = replay(split(scenario.log("1.6")).write(tmp_path / "log.jsonl"))
    assert [(each["kind"], each["severity"]) for each in result.deviations] == expected


def test_an_alert_comes_no_sooner_than_from_whole_messages(tmp_path):
    scenario = SCENARIOS["ignores the decrease"][0]
    whole = replay(scenario.log("1.6").write(tmp_path / "whole.jsonl")).deviations[0]
    parts = replay(split(scenario.log("1.6")).write(tmp_path / "parts.jsonl")).deviations[0]
    for name in ("opened_at", "confirmed_at"):
        assert parts[name] == whole[name]
