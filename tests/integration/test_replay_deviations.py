"""Made-up sessions of both versions through peer, translators, engine and monitor."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.builders import START
from tests.scenarios import VERSIONS, Scenario, replay

HOUR = 3600.0
ONLY_POWER, ONLY_CURRENTS = frozenset({"power"}), frozenset({"currents"})
ONLY_REGISTER = frozenset({"register"})


def obedient(rated_a: float = 16, phases: int = 3, wobble_a: float = 0.0, standby_a: float = 0.0):
    """A car that takes what it may, up to its rating; below 6 A it pauses."""

    def currents(second: float, limit: float | None) -> list[float]:
        amps = rated_a if limit is None else min(rated_a, limit)
        amps = standby_a if amps < 6 else amps + wobble_a * (-1) ** int(second / 7)
        return [amps if index < phases else 0.0 for index in range(3)]

    return currents


def tapering(second: float, limit: float | None) -> list[float]:
    fallen = max(0.0, (second - 1800) / 100)
    return [max(0.0, min(16.0 if limit is None else limit, 16.0) - fallen)] * 3


def watts_as_amps(second: float, limit: float | None) -> list[float]:
    return obedient(32)(second, None if limit is None else limit / 690)


def preconditioning(second: float, limit: float | None) -> list[float]:
    return [16.0 if int(second / 240) % 2 else 7.0] * 3 if limit else [0.0] * 3


NOMINAL = {
    "constant": Scenario(obedient()),
    "32 to 16": Scenario(obedient(32), [(5, 32), (1800, 16)]),
    "10 to 16": Scenario(obedient(32), [(5, 10), (1800, 16)]),
    "pause and resume": Scenario(obedient(standby_a=0.4), [(5, 16), (1200, 0), (2400, 16)]),
    "slow to follow": Scenario(obedient(32), [(5, 32), (1800, 16)], follows_s=28),
    "taper": Scenario(tapering, lasts_s=3300),
    "one phase under three": Scenario(obedient(32, 1), [(5, 32)]),
    "one phase under watts": Scenario(obedient(32, 1), [(5, 11040)], unit="W"),
    "two phases": Scenario(obedient(16, 2)),
    "integer amperes": Scenario(obedient(wobble_a=0.6), rounds=True, tells=ONLY_CURRENTS),
    "wobbling": Scenario(obedient(wobble_a=0.9)),
    "10 s": Scenario(obedient(32), [(5, 32), (1200, 16), (1800, 32)], every_s=10),
    "300 s": Scenario(obedient(32), [(5, 32), (1800, 16)], every_s=300, lasts_s=2 * HOUR),
    "300 s, currents only": Scenario(
        obedient(), every_s=300, lasts_s=2 * HOUR, tells=ONLY_CURRENTS
    ),
    "limit of 3 A": Scenario(obedient(standby_a=0.4), [(5, 16), (1200, 3)]),
    "clock ahead": Scenario(obedient(32), [(5, 32), (1800, 16), (2400, 24)], clock_s=45),
    "clock behind": Scenario(obedient(32), [(5, 32), (1800, 16), (2400, 24)], clock_s=-45),
    "clock ahead, 10 s": Scenario(obedient(32), [(5, 32), (1800, 10)], clock_s=45, every_s=10),
    "clock behind, 10 s": Scenario(obedient(32), [(5, 32), (1800, 10)], clock_s=-45, every_s=10),
    "currents only": Scenario(obedient(32), [(5, 32), (1800, 16)], tells=ONLY_CURRENTS),
    "power only": Scenario(obedient(32), [(5, 32), (1800, 16)], tells=ONLY_POWER),
    "power only, a limit below and above what the car takes": Scenario(
        obedient(16), [(5, 32), (1565, 16), (2893, 24)], lasts_s=2 * HOUR, tells=ONLY_POWER
    ),
    "power only, watts": Scenario(
        watts_as_amps, [(5, 22080), (1800, 11040)], unit="W", tells=ONLY_POWER
    ),
    "grid dimming": Scenario(watts_as_amps, [(5, 22080), (1800, 4200)], unit="W", tells=ONLY_POWER),
    "register only, 60 s": Scenario(obedient(32), [(5, 32), (1800, 16)], tells=ONLY_REGISTER),
    "register only, 900 s": Scenario(
        obedient(32), [(5, 32), (6000, 16)], every_s=900, lasts_s=4 * HOUR, tells=ONLY_REGISTER
    ),
    "register only, 300 s, 100 Wh": Scenario(
        obedient(32),
        [(5, 32), (5000, 16)],
        every_s=300,
        lasts_s=4 * HOUR,
        tells=ONLY_REGISTER,
        step_wh=100,
    ),
    "register only, pause, 100 Wh": Scenario(
        obedient(standby_a=0.14),
        [(5, 16), (3600, 0)],
        every_s=300,
        lasts_s=6 * HOUR,
        tells=ONLY_REGISTER,
        step_wh=100,
    ),
    "a new limit every minute": Scenario(
        obedient(32),
        [(5, 32), *((60 * index, 8 + 7 * (index % 4)) for index in range(5, 55))],
    ),
    "limit lifted": Scenario(obedient(32), [(5, 16), (1800, None)]),
    "unlimited": Scenario(obedient(80), []),
    "preconditioning": Scenario(preconditioning),
    "one phase of a limit for one": Scenario(obedient(16, 1), [(5, 16)], phases=1),
    "follows at the last moment": Scenario(
        obedient(32), [(5, 32), (1800, 16), (2700, 24), (3000, 8)], follows_s=33, every_s=10
    ),
    "a minute's excess": Scenario(
        lambda second, limit: [18.0 if 1790 <= second < 1850 else 16.0] * 3
    ),
    "a limit that falls by an ampere each minute": Scenario(
        obedient(32), [(5, 32), *((600 + 60 * step, 32 - step) for step in range(1, 26))]
    ),
    "watts at high mains, currents only": Scenario(
        watts_as_amps, [(5, 11040)], unit="W", tells=ONLY_CURRENTS
    ),
    "offline for half an hour": Scenario(obedient(), offline=(1000, 2800), lasts_s=1.5 * HOUR),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NOMINAL)
def test_no_alarm_without_reason(name, version, tmp_path):
    result = replay(NOMINAL[name].log(version).write(tmp_path / "log.jsonl"))
    assert result.deviations == []
    assert result.anomalies == []
    assert len(result.sessions) == 1
    if version == "1.6" or "register" in NOMINAL[name].tells:
        assert result.sessions[0]["energy_wh"] > 0


def ignores(limit_from_s: float, amps: float, phases: int = 3):
    """A car that follows no limit that comes later than this."""

    def currents(second: float, limit: float | None) -> list[float]:
        drawn = amps if second >= limit_from_s else min(amps, limit or amps)
        return [drawn if index < phases else 0.0 for index in range(3)]

    return currents


# Scenario, kind, severity, when it begins, and within how many seconds it must be raised.
FAULTY: dict[str, tuple[Scenario, str, str, float, float]] = {
    "ignores the profile": (Scenario(ignores(0, 32)), "OVER_LIMIT", "major", 5, 240),
    "ignores the profile, 10 s": (
        Scenario(ignores(0, 32), every_s=10),
        "OVER_LIMIT",
        "major",
        5,
        180,
    ),
    "ignores the decrease": (
        Scenario(ignores(1800, 32), [(5, 32), (1800, 16)]),
        "NO_RESPONSE",
        "major",
        1800,
        240,
    ),
    "follows ten minutes late": (
        Scenario(obedient(32), [(5, 32), (1800, 16)], follows_s=600),
        "NO_RESPONSE",
        "major",
        1800,
        300,
    ),
    "loses the profile": (
        Scenario(lambda second, limit: [32.0 if second >= 1800 else min(16.0, limit or 16.0)] * 3),
        "OVER_LIMIT",
        "major",
        1800,
        240,
    ),
    "three phases under a limit for one": (
        Scenario(ignores(0, 16), [(5, 16)], phases=1),
        "WRONG_PHASES",
        "major",
        5,
        300,
    ),
    "loses a phase": (
        Scenario(
            lambda second, limit: [16.0, 16.0, 0.0 if second >= 1800 else 16.0],
            tells=ONLY_CURRENTS,
        ),
        "WRONG_PHASES",
        "minor",
        1800,
        300,
    ),
    "ignores the decrease, power only": (
        Scenario(ignores(1800, 32), [(5, 32), (1800, 16)], tells=ONLY_POWER),
        "NO_RESPONSE",
        "major",
        1800,
        300,
    ),
    "2 A too much for ten minutes": (
        Scenario(
            lambda second, limit: [18.0 if 1800 <= second < 2400 else 16.0] * 3,
        ),
        "OVER_LIMIT",
        "minor",
        1800,
        240,
    ),
    "10 % at 32 A": (
        Scenario(lambda second, limit: [35.2] * 3, [(5, 32)]),
        "OVER_LIMIT",
        "major",
        5,
        240,
    ),
    "charges through a pause": (
        Scenario(ignores(1200, 16), [(5, 16), (1200, 0)]),
        "OUTSIDE_WINDOW",
        "major",
        1200,
        240,
    ),
    "trickles 3 A in a pause": (
        Scenario(lambda second, limit: [3.0 if second > 1200 else 16.0] * 3, [(5, 16), (1200, 0)]),
        "OUTSIDE_WINDOW",
        "major",
        1200,
        240,
    ),
    "watts, power only": (
        Scenario(ignores(0, 32), [(5, 11040)], unit="W", tells=ONLY_POWER),
        "OVER_LIMIT",
        "major",
        5,
        240,
    ),
    "watts, currents only": (
        Scenario(ignores(0, 32), [(5, 11040)], unit="W", tells=ONLY_CURRENTS),
        "OVER_LIMIT",
        "major",
        5,
        240,
    ),
    "register only, 300 s": (
        Scenario(ignores(3600, 32), [(5, 32), (3600, 16)], 2 * HOUR, 300, ONLY_REGISTER),
        "NO_RESPONSE",
        "major",
        3600,
        840,
    ),
    "register only, 900 s": (
        Scenario(ignores(3600, 32), [(5, 32), (3600, 16)], 3 * HOUR, 900, ONLY_REGISTER),
        "NO_RESPONSE",
        "major",
        3600,
        2040,
    ),
    "register only, pause ignored, 900 s": (
        Scenario(ignores(3600, 16), [(5, 16), (3600, 0)], 3 * HOUR, 900, ONLY_REGISTER),
        "OUTSIDE_WINDOW",
        "major",
        3600,
        2040,
    ),
    "no values for 15 minutes": (
        Scenario(obedient(), silent=(1800, 2700)),
        "METER_MISSING",
        "minor",
        1800,
        960,
    ),
    "no values while the limit is lowered": (
        Scenario(obedient(), [(5, 16), (1900, 8)], silent=(1800, 2700)),
        "METER_MISSING",
        "major",
        1800,
        960,
    ),
    # Its limit came after the start, so that nobody knows whether it is kept.
    "never any values": (
        Scenario(obedient(), silent=(0, 3600)),
        "METER_MISSING",
        "major",
        0,
        960,
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", FAULTY)
def test_what_disobeys_is_found_in_time(name, version, tmp_path):
    scenario, kind, severity, begins_s, within_s = FAULTY[name]
    result = replay(scenario.log(version).write(tmp_path / "log.jsonl"))
    assert [each["kind"] for each in result.deviations] == [kind]
    found = result.deviations[0]
    assert found["severity"] == severity
    assert found["session_id"] == result.sessions[0]["id"]
    assert begins_s <= seconds(found["confirmed_at"]) <= begins_s + within_s
    assert found["cleared_at"] is not None
    assert found["state"] == "cleared"


@pytest.mark.parametrize("version", VERSIONS)
def test_silence_of_a_station_that_is_away_is_no_deviation(version, tmp_path):
    scenario = Scenario(obedient(), offline=(1000, 3000), lasts_s=1.5 * HOUR)
    log = scenario.log(version)
    log.event(1000.0, "disconnected")
    assert replay(log.write(tmp_path / "log.jsonl")).deviations == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_refused_profile_limits_nothing(version, tmp_path):
    log = Scenario(ignores(0, 32)).log(version)
    for *_, line in log.lines:
        match line.get("frame"):
            case [3, _, {"status": "Accepted"} as answer] if line["from"] == "station":
                answer["status"] = "Rejected"
    found = replay(log.write(tmp_path / "log.jsonl")).deviations
    assert {each["kind"] for each in found} <= {"PROFILE_REFUSED"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_record_of_a_deviation_says_what_happened(version, tmp_path):
    result = replay(Scenario(ignores(0, 32)).log(version).write(tmp_path / "log.jsonl"))
    found: dict[str, Any] = result.deviations[0]
    assert found["id"] == f"{result.sessions[0]['id']}-D1"
    assert found["evse"] == 1
    assert found["cleared_because"] == "session_ended"
    assert found["evidence"]["limit"] == 16
    assert found["evidence"]["measured"] == 32
    assert found["evidence"]["causes"][0]["purpose"] == "TxProfile"
    assert found["opened_at"] < found["confirmed_at"] < found["cleared_at"]


def seconds(stamp: str) -> float:
    return (datetime.fromisoformat(stamp) - START).total_seconds()
