"""Durations, instants and speeds as they are typed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simulator.cli.spans import instant, seconds, speed
from simulator.errors import SimulatorError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90),
        ("1.5", 1.5),
        ("90s", 90),
        ("15m", 900),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("1w", 604_800),
    ],
)
def test_duration_is_read(text, expected):
    assert seconds("--for", text) == expected


@pytest.mark.parametrize("text", ["", "0", "-1", "1y", "m", "1h x", "inf", "nan", "1h-30m"])
def test_other_durations_are_refused_in_a_sentence(text):
    with pytest.raises(SimulatorError, match=r"--for .*write seconds, or a duration"):
        seconds("--for", text)


@pytest.mark.parametrize(
    "text", ["2026-11-21T08:00:00Z", "2026-11-21T09:00:00+01:00", "2026-11-21T08:00"]
)
def test_instant_is_in_utc(text):
    assert instant("--clock-start", text) == datetime(2026, 11, 21, 8, tzinfo=UTC)


def test_speed_is_a_number_or_as_fast_as_possible():
    assert speed("--speed", "30") == 30
    assert speed("--speed", "max") is None
    for text in ("0", "1e9", "quick", "nan"):
        with pytest.raises(SimulatorError, match=r"write 0\.1 to 10000, or max"):
            speed("--speed", text)
