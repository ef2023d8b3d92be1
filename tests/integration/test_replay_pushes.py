"""What a recorded system sent to its stations, and what they made of it, played again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.scenarios import VERSIONS, FrameLog, replay

if TYPE_CHECKING:
    from pathlib import Path

    from csms.link.replay import ReplayResult

ERROR = "an error"
SILENCE = "no answer"


def log_of(version: str) -> FrameLog:
    log = FrameLog(version)
    log.boot(0)
    log.start(10, "TAG1")
    return log


def play(log: FrameLog, folder: Path) -> ReplayResult:
    return replay(log.write(folder / "log.jsonl"))


def push(log: FrameLog, at_s: float, answer: Any, limit: float = 16) -> None:
    """A TxProfile that the station answers with a status, an error, or not at all."""
    before = len(log.lines)
    log.limit(at_s, limit)
    called, answered = log.lines[before:]
    if answer == SILENCE:
        log.lines.remove(answered)
    elif answer == ERROR:
        message_id = answered[2]["frame"][1]
        answered[2]["frame"] = [4, message_id, "NotSupported", "", {}]
    else:
        answered[2]["frame"][2] = {"status": answer}
    assert called[2]["frame"][2] == "SetChargingProfile"


def beats(log: FrameLog, upto_s: int) -> None:
    for at_s in range(30, upto_s, 10):
        log.heartbeat(at_s)


def refusals(log: FrameLog, tmp_path) -> list[tuple[str, float, str | None]]:
    result = play(log, tmp_path)
    return [
        (each["severity"], each["evidence"]["refusals"], each["cleared_because"])
        for each in result.deviations
        if each["kind"] == "PROFILE_REFUSED"
    ]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("answer", ["Rejected", "NotSupported", ERROR, SILENCE])
def test_a_refusal_that_nothing_follows_counts_after_half_a_minute(version, answer, tmp_path):
    if version == "2.0.1" and answer == "NotSupported":
        pytest.skip("2.0.1 knows no such status")
    log = log_of(version)
    push(log, 20, answer)
    beats(log, 120)
    assert refusals(log, tmp_path) == [("major", 1, None)]


@pytest.mark.parametrize("version", VERSIONS)
def test_three_refusals_in_a_row_count_at_once(version, tmp_path):
    log = log_of(version)
    for at_s in (20, 22, 24):
        push(log, at_s, "Rejected")
    log.heartbeat(25)
    assert refusals(log, tmp_path) == [("major", 3, None)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_refusal_that_an_accepted_push_follows_in_time_is_none(version, tmp_path):
    log = log_of(version)
    push(log, 20, "Rejected")
    push(log, 45, "Accepted")
    beats(log, 200)
    assert refusals(log, tmp_path) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_an_accepted_push_ends_the_refusals(version, tmp_path):
    log = log_of(version)
    push(log, 20, "Rejected")
    push(log, 100, "Accepted")
    beats(log, 200)
    assert refusals(log, tmp_path) == [("major", 1, "accepted")]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_lost_connection_leaves_unanswered_is_no_refusal(version, tmp_path):
    log = log_of(version)
    push(log, 20, SILENCE)
    log.event(30, "disconnected")
    log.event(100, "connected")
    beats(log, 200)
    assert refusals(log, tmp_path) == []


def composite(log: FrameLog, at_s: float, limit: Any) -> None:
    periods = [{"startPeriod": 0, "limit": limit}]
    schedule = {"duration": 3600, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}
    if log.is_v16:
        ask = {"connectorId": 1, "duration": 3600, "chargingRateUnit": "A"}
        told = {"status": "Accepted", "connectorId": 1, "chargingSchedule": schedule}
    else:
        ask = {"evseId": 1, "duration": 3600, "chargingRateUnit": "A"}
        start = log._time(at_s)
        told = {"status": "Accepted", "schedule": {"evseId": 1, "scheduleStart": start, **schedule}}
    log.command(at_s, "GetCompositeSchedule", ask, told)


def mismatches(log: FrameLog, tmp_path) -> list[tuple[str, str, str | None]]:
    return [
        (each["severity"], each["opened_at"][11:19], each["cleared_because"])
        for each in play(log, tmp_path).deviations
        if each["kind"] == "COMPOSITE_MISMATCH"
    ]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("limit", "severity"), [(32, "major"), (10, "minor")])
def test_another_limit_that_a_station_states_is_a_mismatch(version, limit, severity, tmp_path):
    log = log_of(version)
    push(log, 20, "Accepted")
    composite(log, 30, limit)
    beats(log, 120)
    composite(log, 600, 16)
    assert mismatches(log, tmp_path) == [(severity, "08:00:30", "agrees")]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_between_two_changes_is_none(version, tmp_path):
    log = log_of(version)
    push(log, 20, "Accepted")
    composite(log, 30, 32)
    push(log, 31, "Accepted", limit=32)
    beats(log, 120)
    assert mismatches(log, tmp_path) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("limit", [-7, "many", None, 1e400, True, [16]])
def test_an_answer_that_makes_no_sense_is_named_and_stops_nothing(version, limit, tmp_path):
    log = log_of(version)
    push(log, 20, "Accepted")
    composite(log, 30, limit)
    log.stop(60, 100_000)
    result = play(log, tmp_path)
    assert [each["kind"] for each in result.anomalies] == ["composite.unreadable"]
    assert result.sessions[0]["state"] == "ended"
