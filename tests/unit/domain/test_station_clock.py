"""How wrong a station's clock is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from csms.domain.station_clock import StationClock
from tests.builders import after


def observed(*pairs: tuple[float, float]) -> StationClock:
    """A clock that has seen messages of (station's second, our second)."""
    clock = StationClock()
    for at_s, received_s in pairs:
        clock.observe(after(at_s), after(received_s))
    return clock


@pytest.mark.parametrize(
    ("behind_s", "offset_s"), [(0, 0), (4, 0), (-4, 0), (45, 45), (-45, -45), (3600, 3600)]
)
def test_a_steady_error_is_learned(behind_s, offset_s):
    clock = observed(*((second - behind_s, second) for second in range(0, 300, 60)))
    assert clock.offset_s == offset_s
    at, is_suspect = clock.correct(after(1000 - behind_s), after(1000))
    assert abs((at - after(1000)).total_seconds()) <= 4
    assert is_suspect is bool(offset_s)


def test_two_messages_prove_nothing():
    assert observed((0, 100), (60, 160)).offset_s == 0


def test_a_queue_that_waited_for_hours_is_no_wrong_clock():
    hours = 10 * 3600
    clock = observed(*((900 * index, hours + index) for index in range(5)))
    assert clock.offset_s == 0
    assert clock.correct(after(4500), after(hours + 6)) == (after(4500), False)


def test_a_message_of_the_past_is_believed():
    assert StationClock().correct(after(-7200), after(0)) == (after(-7200), False)


@pytest.mark.parametrize(
    "at",
    [None, datetime(1970, 1, 1, tzinfo=UTC), after(0) + timedelta(hours=1), after(121)],
)
def test_no_time_an_absurd_one_and_one_ahead_of_us_give_the_time_of_receipt(at):
    assert StationClock().correct(at, after(0)) == (after(0), True)


def test_a_clock_a_little_ahead_is_cut_to_the_time_of_receipt():
    assert StationClock().correct(after(45), after(0)) == (after(0), False)


def test_a_clock_in_1970_gives_the_time_of_receipt():
    clock = StationClock()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for second in range(0, 300, 60):
        clock.observe(epoch + timedelta(seconds=second), after(second))
    assert clock.correct(epoch + timedelta(seconds=400), after(400)) == (after(400), True)
