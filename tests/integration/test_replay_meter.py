"""Meters that lie and meters that are silent, played through the whole stack in both versions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.builders import START
from tests.integration.test_replay_deviations import obedient
from tests.scenarios import VERSIONS, FrameLog, Scenario, replay

if TYPE_CHECKING:
    from collections.abc import Callable

REGISTER = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"
ONSET_S = 1500
STEADY = Scenario(obedient(32), [(5, 16)], tells=frozenset({"currents", "power", "register"}))
POWER_ONLY = replace(STEADY, tells=frozenset({"power", "register"}))
REGISTER_ONLY = replace(STEADY, tells=frozenset({"register"}))


def sampled_of(frame: list[Any]) -> list[dict[str, Any]]:
    if frame[0] != 2 or "meterValue" not in frame[3]:
        return []
    return frame[3]["meterValue"][0]["sampledValue"]


def distorted(log: FrameLog, change: Callable[[str, float], float], from_s: float) -> FrameLog:
    """Changes what the meter says from then on; gets the measurand and its value."""
    for at_s, _, line in log.lines:
        for value in sampled_of(line.get("frame", [0])) if at_s >= from_s else ():
            number = change(value["measurand"], float(value["value"]))
            value["value"] = f"{number:.3f}" if log.is_v16 else round(number, 3)
    return log


def played(log: FrameLog, tmp_path) -> list[dict[str, Any]]:
    return replay(log.write(tmp_path / "log.jsonl")).deviations


def only(measurand: str, change: Callable[[float], float]) -> Callable[[str, float], float]:
    return lambda name, number: change(number) if name == measurand else number


FAULTS = {
    "register back": (STEADY, only(REGISTER, lambda wh: wh - 2000), "register_down", 90),
    "register to zero": (
        REGISTER_ONLY,
        only(REGISTER, lambda wh: wh - 90_000),
        "register_down",
        90,
    ),
    "register + 50 kWh": (STEADY, only(REGISTER, lambda wh: wh + 50_000), "register_jump", 90),
    "50 kWh, told alone": (
        REGISTER_ONLY,
        only(REGISTER, lambda wh: wh + 50_000),
        "register_jump",
        90,
    ),
    "register frozen": (STEADY, only(REGISTER, lambda _: 104_000), "register_frozen", 900),
    "power doubled": (STEADY, only(POWER, lambda w: 2 * w), "power_current_mismatch", 900),
    "power doubled, told with the register": (
        POWER_ONLY,
        only(POWER, lambda w: 2 * w),
        "energy_power_mismatch",
        900,
    ),
    "kW as W": (STEADY, only(POWER, lambda w: w / 1000), "unit_factor_1000", 90),
    "kW as W, told with the register": (
        POWER_ONLY,
        only(POWER, lambda w: w / 1000),
        "unit_factor_1000",
        90,
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_meter_that_lies_is_found_and_blamed_alone(version, fault, tmp_path):
    scenario, change, check, budget_s = FAULTS[fault]
    found = played(distorted(scenario.log(version), change, ONSET_S), tmp_path)
    assert [each["kind"] for each in found] == ["METER_ANOMALY"]
    evidence = found[0]["evidence"]
    assert evidence["check"] == check
    assert ONSET_S - 60 <= since_start(found[0]["confirmed_at"]) <= ONSET_S + budget_s


def since_start(text: str) -> float:
    return (datetime.fromisoformat(text) - START).total_seconds()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_clock_set_back_in_mid_session_is_one_episode(version, tmp_path):
    log = STEADY.log(version)
    for at_s, _, line in log.lines:
        if at_s >= ONSET_S and sampled_of(line.get("frame", [0])):
            set_back(line["frame"][3])
    found = played(log, tmp_path)
    assert [each["kind"] for each in found] == ["METER_ANOMALY"]
    assert found[0]["evidence"]["checks"][0] == "time_back"
    assert since_start(found[0]["confirmed_at"]) <= ONSET_S + 90


def set_back(payload: dict[str, Any]) -> None:
    text = orjson.dumps(payload).decode().replace("T08:", "T07:")
    payload.clear()
    payload.update(orjson.loads(text))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("clock_s", [-45, 45, 200])
def test_a_clock_that_is_a_little_off_is_no_anomaly(version, clock_s, tmp_path):
    assert played(replace(STEADY, clock_s=clock_s).log(version), tmp_path) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_queue_after_an_outage_is_no_anomaly(version, tmp_path):
    log, queue = STEADY.log(version), []
    for at_s, number, line in log.lines:
        if 1200 <= at_s < 2100:
            queue.append((2100 + 0.05 * number / 100, number, line))
    assert queue
    log.lines = [each for each in log.lines if not 1200 <= each[0] < 2100] + [
        (at_s, number, {**line, "at": "2026-11-21T08:35:00.500Z"}) for at_s, number, line in queue
    ]
    log.event(1200, "disconnected")
    log.event(2100, "connected")
    assert played(log, tmp_path) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("swap_wh", "is_told"), [(0, False), (700, True), (-88_000, True)])
def test_a_meter_swapped_between_two_sessions_is_told(version, swap_wh, is_told, tmp_path):
    log = FrameLog(version)
    log.boot(-30)
    wh = 100_000.0
    for begin_s in (0, 3600):
        log.start(begin_s, "TAG1", wh)
        log.limit(begin_s + 5, 16)
        for at_s in range(begin_s + 60, begin_s + 1800, 60):
            wh += 184
            log.values(at_s, {(REGISTER, None, "Wh"): wh, (POWER, None, "W"): 11_040.0})
        log.stop(begin_s + 1790, wh)
        wh += swap_wh
    found = played(log, tmp_path)
    assert [each["evidence"]["check"] for each in found] == ["register_start"] * is_told


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("value", ["NaN", "1e30", "", "-", "12,5", "Infinity"])
def test_a_value_that_is_none_is_named_and_stops_nothing(version, value, tmp_path):
    log = STEADY.log(version)
    for at_s, _, line in log.lines:
        for sampled in sampled_of(line.get("frame", [0])):
            if sampled["measurand"] == POWER and 1500 <= at_s < 1620:
                sampled["value"] = value
    result = replay(log.write(tmp_path / "log.jsonl"))
    assert [each["evidence"]["check"] for each in result.deviations] == ["impossible_value"]
    assert result.deviations[0]["cleared_because"] == "meter_plausible"
    assert {each["kind"] for each in result.anomalies} & {"value.unreadable", "value.implausible"}


@pytest.mark.parametrize("version", VERSIONS)
def test_no_value_for_15_minutes_is_missing(version, tmp_path):
    found = played(replace(STEADY, silent=(1200, 2100)).log(version), tmp_path)
    assert [(each["kind"], each["severity"]) for each in found] == [("METER_MISSING", "minor")]
    assert since_start(found[0]["confirmed_at"]) <= 1200 + 400


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("every_s", [10, 300, 900])
def test_any_usual_interval_is_no_silence(version, every_s, tmp_path):
    assert played(replace(STEADY, every_s=every_s, lasts_s=7200).log(version), tmp_path) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("seed", range(4))
def test_every_fifth_value_lost_is_no_silence(version, seed, tmp_path):
    log, random = replace(STEADY, lasts_s=7200).log(version), Random(seed)  # noqa: S311 - a draw, no secret
    values = [number for _, number, line in log.lines if sampled_of(line.get("frame", [0]))]
    gone = {number for number in values if random.random() < 0.2}
    log.lines = [each for each in log.lines if each[1] not in gone and each[1] - 1 not in gone]
    assert played(log, tmp_path) == []
