"""Recorded sessions that take less than they may: both versions, the whole stack."""

from __future__ import annotations

from datetime import datetime
from math import exp
from typing import Any

import pytest

from tests.builders import START
from tests.scenarios import VERSIONS, Scenario, replay

HOUR = 3600.0
CHARGING = [(2, "Charging")]
ONLY = {name: frozenset({name}) for name in ("currents", "power", "register")}


def held(to_a: float, since_s: float = HOUR, rated_a: float = 16.0):
    """A car that is held down from some time on."""

    def currents(second: float, limit: float | None) -> list[float]:
        amps = min(rated_a, 32.0 if limit is None else limit)
        return [min(amps, to_a) if second >= since_s else amps] * 3 if amps >= 6 else [0.0] * 3

    return currents


def full(second: float, limit: float | None) -> list[float]:
    return [min(16.0, limit or 16.0) * exp(-max(second - HOUR, 0) / 900)] * 3


def heating(second: float, limit: float | None) -> list[float]:
    return [7.0 if second > 1800 and int(second / 240) % 2 else min(16.0, limit or 16.0)] * 3


STOPPED = [*CHARGING, (HOUR, "SuspendedEV")]

FAULTY = {
    "derated to 6 A": (Scenario(held(6), says=CHARGING, lasts_s=2 * HOUR), "UNDER_DELIVERY", 1200),
    "derated, nothing said": (Scenario(held(6), lasts_s=2 * HOUR), "UNDER_DELIVERY", 1200),
    "derated, power only": (
        Scenario(held(6), says=CHARGING, lasts_s=2 * HOUR, tells=ONLY["power"]),
        "UNDER_DELIVERY",
        1200,
    ),
    "derated, register only, 5 min": (
        Scenario(held(6), says=CHARGING, lasts_s=2 * HOUR, tells=ONLY["register"], every_s=300),
        "UNDER_DELIVERY",
        1800,
    ),
    "stale cap of 10 A": (
        Scenario(held(10), [(5, 32)], says=CHARGING, lasts_s=2 * HOUR),
        "UNDER_DELIVERY",
        1200,
    ),
    "stops and says Charging": (Scenario(held(0), says=CHARGING, lasts_s=2 * HOUR), "STALLED", 900),
}

NOMINAL = {
    "battery full": Scenario(held(0), says=STOPPED, lasts_s=2 * HOUR),
    "decline": Scenario(full, says=CHARGING, lasts_s=HOUR + 1500),
    "decline, currents every 5 min": Scenario(
        full, says=CHARGING, lasts_s=HOUR + 1500, tells=ONLY["currents"], every_s=300
    ),
    "heating": Scenario(heating, says=CHARGING, lasts_s=3 * HOUR),
    "never more than 10 A": Scenario(held(10, 0), [(5, 32)], says=CHARGING, lasts_s=2 * HOUR),
    "limit back and forth": Scenario(
        held(16), [(5, 16), (1200, 8), (2400, 16), (3600, 0), (4800, 16)], lasts_s=2 * HOUR
    ),
}


def second_of(text: str) -> float:
    return (datetime.fromisoformat(text) - START).total_seconds()


def deviations(tmp_path, scenario: Scenario, version: str) -> list[dict[str, Any]]:
    return replay(scenario.log(version).write(tmp_path / "log.jsonl")).deviations


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", FAULTY)
def test_what_is_held_down_is_found_and_nothing_else(tmp_path, version, name):
    scenario, kind, within_s = FAULTY[name]
    (found,) = deviations(tmp_path, scenario, version)
    assert (found["kind"], found["severity"]) == (kind, "minor")
    assert found["cleared_because"] == "session_ended"
    assert HOUR <= second_of(found["opened_at"]) <= HOUR + 2 * scenario.every_s
    assert second_of(found["confirmed_at"]) <= HOUR + within_s


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NOMINAL)
def test_what_the_car_does_by_itself_is_no_alert(tmp_path, version, name):
    assert deviations(tmp_path, NOMINAL[name], version) == []
