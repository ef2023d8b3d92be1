"""What is borne with on a clock that runs fast."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from csms.domain.station_clock import Basis, StationClock
from csms.engine.haste import REAL_TIME, Haste, hasten
from csms.engine.policy import Policy

START = datetime(2026, 3, 2, tzinfo=UTC)


def heard(delays_s, late_s=0.0):
    """Return a clock that heard a message each minute, late by these times."""
    clock = StationClock(late_s=late_s)
    for minute, delay_s in enumerate(delays_s):
        at = START + timedelta(minutes=minute)
        clock.hear(at, at + timedelta(seconds=delay_s))
    return clock


def test_real_time_bears_with_nothing_more():
    assert Haste.of(1.0) == REAL_TIME == Haste()


@pytest.mark.parametrize("speed", [30, 100, 720, 1000, 10_000])
def test_an_hour_is_never_taken_for_slowness(speed):
    haste = Haste.of(speed)
    assert 0 < haste.skew_s < haste.waited_s <= haste.late_s < 3600


def test_slowness_on_a_fast_clock_is_no_wrong_clock():
    late = [200.0, 210.0, 205.0, 199.0, 202.0]
    assert heard(late).was_wrong
    fast = heard(late, Haste.of(400).late_s)
    assert not fast.was_wrong
    at = START + timedelta(minutes=9)
    placed = fast.place(at, at + timedelta(seconds=300))
    assert (placed.at, placed.is_suspect, placed.basis) == (at, False, Basis.CLOCK)


def test_an_hour_is_a_wrong_clock_on_a_fast_one_too():
    assert heard([3600.0, 3612.0, 3604.0, 3608.0], Haste.of(400).late_s).was_wrong


def test_a_policy_in_haste_waits_longer_for_meters_at_each_site():
    policy = Policy(site_thresholds={"depot": {"meter_missing_s": 900.0, "tolerance_a": 2.0}})
    hasten(policy, 401)
    assert policy.thresholds.meter_missing_s == 700
    assert policy.thresholds.skew_known_s == 45
    assert policy.site_thresholds["depot"] == {"meter_missing_s": 1300.0, "tolerance_a": 2.0}
