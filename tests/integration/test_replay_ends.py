"""The expected end through the whole stack: recorded levels, needs and earlier sessions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from csms.domain.times import format_time
from csms.engine.policy import Policy
from tests.builders import START, after
from tests.scenarios import VERSIONS, FrameLog, replay

if TYPE_CHECKING:
    from pathlib import Path

WATTS = 11_040.0
REGISTER = ("Energy.Active.Import.Register", None, "Wh")
POWER = ("Power.Active.Import", None, "W")
LEVEL = ("SoC", None, "Percent")


def seconds(text: str) -> float:
    return (datetime.fromisoformat(text) - START).total_seconds()


def charge(
    log: FrameLog, start_s: float, wh: float, wh_per_percent: float | None = None
) -> tuple[float, float]:
    """A session of so much energy at 11 kW from 50 %; returns its end and its register."""
    log.start(start_s, "TAG1", 0)
    lasts_s = wh / WATTS * 3_600
    at_s = start_s + 60
    while at_s < start_s + lasts_s:
        drawn = WATTS * (at_s - start_s) / 3_600
        values: dict[Any, float] = {REGISTER: drawn, POWER: WATTS}
        values |= {("Current.Import", f"L{phase}", "A"): 16.0 for phase in (1, 2, 3)}
        if wh_per_percent:
            values[LEVEL] = 50 + drawn // wh_per_percent
        log.values(at_s, values)
        at_s += 60
    log.stop(start_s + lasts_s, wh)
    return start_s + lasts_s, wh


def numbers(estimates: list[dict[str, Any]], basis: str) -> list[dict[str, Any]]:
    return [each for each in estimates if each["basis"] == basis]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_level_gives_the_end(version, tmp_path: Path):
    log = FrameLog(version)
    log.boot(-30)
    charge(log, 0, 20_000, wh_per_percent=600)
    found = numbers(replay(log.write(tmp_path / "log.jsonl")).estimates, "soc")
    assert found
    full_s = 46 * 600 / WATTS * 3_600 + 4 * 600 / (0.8 * WATTS) * 3_600 * 1.609
    assert all(abs(seconds(each["p50"]) - full_s) < 0.08 * full_s for each in found)
    assert all(each["p10"] < each["p50"] < each["p90"] for each in found)
    assert {each["session_id"] for each in found} == {"LS-2026-11-21-001"}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_earlier_session_of_the_token_in_the_log_gives_the_end(version, tmp_path: Path):
    log = FrameLog(version)
    log.boot(-30)
    for number in range(4):
        ended_s, _ = charge(log, number * 20_000, 11_040)
    path = log.write(tmp_path / "log.jsonl")
    found = numbers(replay(path).estimates, "history")
    assert seconds(found[-1]["p10"]) < ended_s < seconds(found[-1]["p90"])
    assert seconds(found[-1]["p50"]) == pytest.approx(ended_s, abs=500)
    known = {each["session_id"] for each in found}
    assert (len(known), "LS-2026-11-21-001" in known) == (3, False)
    forgetful = Policy(accept_unknown_tokens=True, learn_habits=False)
    assert numbers(replay(path, forgetful).estimates, "history") == []


def test_what_the_vehicle_asks_for_gives_the_end_and_the_risk(tmp_path: Path):
    log = FrameLog("2.0.1")
    log.boot(-30)
    parameters = {
        "energyAmount": 22_080,
        "evMinCurrent": 6,
        "evMaxCurrent": 16,
        "evMaxVoltage": 230,
    }
    wishes = {
        "requestedEnergyTransfer": "AC_three_phase",
        "departureTime": format_time(after(5_400)),
        "acChargingParameters": parameters,
    }
    log.call(
        20, "NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": wishes}, {"status": "Accepted"}
    )
    charge(log, 0, 16_560)
    result = replay(log.write(tmp_path / "log.jsonl"))
    found = numbers(result.estimates, "request")
    assert {each["bound"] for each in found} == {"departure"}
    assert all(seconds(each["p50"]) == 5_400 for each in found)
    ((kind, severity),) = [(each["kind"], each["severity"]) for each in result.deviations]
    assert (kind, severity) == ("DEADLINE_RISK", "minor")


@pytest.mark.parametrize("version", VERSIONS)
def test_without_ground_there_is_no_number(version, tmp_path: Path):
    log = FrameLog(version)
    log.boot(-30)
    charge(log, 0, 11_040)
    result = replay(log.write(tmp_path / "log.jsonl"))
    assert [(each["basis"], each["p50"]) for each in result.estimates] == [("none", None)]
    assert result.deviations == []
