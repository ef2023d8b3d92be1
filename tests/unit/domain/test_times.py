"""The times that stations write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from csms.domain.times import format_seconds, format_time, names_zone, parse_time

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T12:00:00Z",
        "2026-11-21T12:00:00z",
        "2026-11-21t12:00:00Z",
        "2026-11-21T12:00:00",
        "2026-11-21 12:00:00",
        "2026-11-21T12:00:00.000Z",
        "2026-11-21T12:00:00,000Z",
        "2026-11-21T12:00:00.000000000Z",
        "2026-11-21T13:00:00+01:00",
        "2026-11-21T13:00:00+0100",
        "2026-11-21T13:00:00+01",
        "2026-11-21T06:30:00-05:30",
        "2026-11-21T12:00:00 Z",
        " 2026-11-21T12:00:00Z ",
    ],
)
def test_one_instant_in_many_forms(text):
    assert parse_time(text) == NOON


@pytest.mark.parametrize(
    ("text", "micros"),
    [("12:00:00.1Z", 100_000), ("12:00:00.123456789Z", 123_456), ("12:00:00.1234567", 123_456)],
)
def test_fractions(text, micros):
    assert parse_time(f"2026-11-21T{text}") == NOON + timedelta(microseconds=micros)


def test_a_leap_second_is_the_one_before():
    assert parse_time("2026-12-31T23:59:60Z") == datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1763726400",
        "2026-02-30T12:00:00Z",
        "2026-11-21T24:01:00Z",
        "2026-11-21T12:00:00+99:00",
        "0000-01-01T00:00:00Z",
        "222222017-01-01T00:00:00Z",
        "2026-W47-6T12:00:00Z",
        "٢٠٢٦-11-21T12:00:00Z",
        "2026-11-21T12:00",
        "2026-11-21T12:00:00.Z",
        "0001-01-01T00:00:00+01:00",
        "2026-11-21T12:00:00Z; DROP TABLE sessions",
    ],
)
def test_what_is_no_time_is_none(text):
    assert parse_time(text) is None


def test_times_are_written_in_utc():
    moment = datetime(2026, 11, 21, 13, 0, 0, 987_654, tzinfo=timezone(timedelta(hours=1)))
    assert format_time(moment) == "2026-11-21T12:00:00.987Z"
    assert format_seconds(moment) == "2026-11-21T12:00:00Z"


@pytest.mark.parametrize("zone", ["Z", "z", " Z", "+02", "+0200", "-05:30", " +02:00"])
@pytest.mark.parametrize("fraction", ["", ".5", ",25"])
def test_a_zone_is_seen(zone, fraction):
    assert names_zone(f"2026-11-21T12:00:00{fraction}{zone}")
    assert not names_zone(f"2026-11-21T12:00:00{fraction}")
