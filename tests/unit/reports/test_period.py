"""Periods as people name them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from csms.reports.period import read_period
from csms.reports.report import QueryInvalid

NOW = datetime(2026, 10, 25, 12, 30, tzinfo=UTC)  # a Sunday, the day on which clocks are set back
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "begin", "end"),
    [
        ("today", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("yesterday", "2026-10-23T22:00", "2026-10-24T22:00"),
        ("this-week", "2026-10-18T22:00", "2026-10-25T23:00"),
        ("last-week", "2026-10-11T22:00", "2026-10-18T22:00"),
        ("this-month", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("last-month", "2026-08-31T22:00", "2026-09-30T22:00"),
        ("last-year", "2024-12-31T23:00", "2025-12-31T23:00"),
        ("2026-02", "2026-01-31T23:00", "2026-02-28T23:00"),
        ("2026-12", "2026-11-30T23:00", "2026-12-31T23:00"),
        ("2026", "2025-12-31T23:00", "2026-12-31T23:00"),
        ("2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("2026-W01", "2025-12-28T23:00", "2026-01-04T23:00"),
        ("36h", "2026-10-24T00:30", "2026-10-25T12:30"),
        ("1d", "2026-10-24T11:30", "2026-10-25T12:30"),
        ("2w", "2026-10-11T11:30", "2026-10-25T12:30"),
    ],
)
def test_a_name_is_a_period_in_the_zone(name, begin, end):
    since, until = read_period(None, None, name, BERLIN, NOW)
    assert (f"{since:%Y-%m-%dT%H:%M}", f"{until:%Y-%m-%dT%H:%M}") == (begin, end)


@pytest.mark.parametrize(
    "name", ["", "2026-13", "2026-W54", "2026-02-30", "0d", "7", "d", "-7d", "9999", "last-day"]
)
def test_what_is_no_period_is_told_with_those_there_are(name):
    with pytest.raises(QueryInvalid, match="yesterday"):
        read_period(None, None, name or "x", BERLIN, NOW)


def test_times_are_those_of_the_zone_unless_they_name_one():
    since, until = read_period("2026-10-25T02:30", "2026-10-25T02:30:00 01:00", None, BERLIN, NOW)
    assert (since.hour, until.hour) == (0, 1)  # the first half past two, and the second
    assert read_period("2026-10-25", None, None, BERLIN, NOW)[1] == NOW


def test_without_a_wish_it_is_the_last_thirty_days():
    since, until = read_period(None, None, None, BERLIN, NOW)
    assert (f"{since:%m-%d %H:%M}", until) == ("09-25 11:30", NOW)


@pytest.mark.parametrize(
    "zone", ["America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "America/Havana"]
)
def test_a_day_whose_midnight_is_left_out_still_begins_and_ends(zone):
    """In these zones clocks were or are set forward at midnight."""
    there = ZoneInfo(zone)
    for year in range(2010, 2027):
        for month in range(1, 13):
            begin, end = read_period(None, None, f"{year}-{month:02}", there, NOW)
            assert begin.astimezone(there).day == end.astimezone(there).day == 1
            before = (begin - timedelta(seconds=1)).astimezone(there)
            assert (before.year, before.month) != (year, month)
