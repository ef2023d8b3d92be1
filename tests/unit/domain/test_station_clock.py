"""How wrong a station's clock is, and when a thing it reports really was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from csms.domain.station_clock import Basis, StationClock, place
from tests.builders import after

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def heard(*pairs: tuple[float, float]) -> StationClock:
    """A clock that has seen messages of (station's second, our second)."""
    clock = StationClock()
    for at_s, received_s in pairs:
        clock.hear(after(at_s), after(received_s))
    return clock


@pytest.mark.parametrize(
    ("behind_s", "offset_s"),
    [(0, 0), (4, 0), (-4, 0), (45, 45), (-45, -45), (3600, 3600), (-7200, -7200), (7e7, 7e7)],
)
def test_a_steady_error_is_learned(behind_s, offset_s):
    clock = heard(*((second - behind_s, second) for second in range(0, 300, 60)))
    assert clock.offset_s == offset_s
    at, is_suspect = clock.correct(after(1000 - behind_s), after(1000))
    assert abs((at - after(1000)).total_seconds()) <= 4
    assert is_suspect is bool(offset_s)


@pytest.mark.parametrize(
    ("behind_s", "messages"),
    [(3600, [0, 5]), (-3600, [0, 5]), (7200, [0, 1.5, 3]), (45, [0, 30, 60]), (7e7, [0, 5, 10])],
)
def test_so_many_messages_at_the_stations_pace_prove_an_error(behind_s, messages):
    pairs = [(second - behind_s, second) for second in messages]
    assert heard(*pairs[:-1]).offset_s == 0
    assert heard(*pairs).offset_s == behind_s


@pytest.mark.parametrize(
    "pairs",
    [
        [(0, 100), (0, 160), (0, 220)],
        [(900 * index, 36_000 + index) for index in range(5)],
        [(60 * index, 36_000 + index / 50) for index in range(500)],
        [(index / 4, 3600 + index) for index in range(8)],
        [(0, 3600), (60, 3660.1 + 7), (120, 3670)],
    ],
    ids=["one time", "quarters of an hour", "a long queue", "slowly", "irregular"],
)
def test_a_queue_that_waited_is_no_wrong_clock(pairs):
    clock = heard(*pairs)
    assert not clock.was_wrong
    at_s, received_s = pairs[-1]
    assert clock.correct(after(at_s), after(received_s)) == (after(at_s), False)


def test_a_queue_among_live_messages_is_no_wrong_clock():
    pairs = [(second, second) for second in range(0, 300, 10)]
    queued = [(60.0 * index - 36_000, 10 * index + 1.0) for index in range(30)]
    clock = heard(*sorted([*pairs, *queued], key=lambda pair: pair[1]))
    assert not clock.was_wrong
    assert clock.correct(after(-36_000), after(301)) == (after(-36_000), False)


def test_a_message_of_the_past_is_believed():
    assert StationClock().correct(after(-7200), after(0)) == (after(-7200), False)


@pytest.mark.parametrize("at", [None, EPOCH, after(0) + timedelta(hours=1), after(121)])
def test_no_time_an_absurd_one_and_one_ahead_of_us_give_the_time_of_receipt(at):
    assert StationClock().correct(at, after(0)) == (after(0), True)


@pytest.mark.parametrize("at", [datetime(year, 1, 1, tzinfo=UTC) for year in (1, 1600, 9999)])
@pytest.mark.parametrize("behind_s", [0, 3600, -3600, 7e7, -7e7])
def test_the_ends_of_the_calendar_are_only_when_they_arrived(at, behind_s):
    clock = heard(*((second - behind_s, second) for second in range(0, 300, 60)))
    assert clock.correct(at, after(400)) == (after(400), True)


def test_a_clock_a_little_ahead_is_cut_to_the_time_of_receipt():
    assert StationClock().correct(after(45), after(0)) == (after(0), False)


def test_a_clock_in_1970_gives_the_time_of_receipt():
    clock = StationClock()
    for second in range(0, 300, 60):
        clock.hear(EPOCH + timedelta(seconds=second), after(second))
    assert clock.correct(EPOCH + timedelta(seconds=400), after(400)) == (after(400), True)
    waited = clock.place(EPOCH + timedelta(seconds=350), after(400))
    assert (waited.at, waited.basis) == (after(350), Basis.CLOCK)


def test_a_boot_ends_what_is_known_of_a_clock_that_counts_from_1970():
    clock = StationClock()
    for second in range(0, 300, 60):
        clock.hear(EPOCH + timedelta(seconds=second), after(second))
    clock.boot(after(600))
    assert clock.place(EPOCH + timedelta(seconds=5), after(605)).at == after(605)


def test_a_clock_that_jumps_back_is_known_again_after_two_messages():
    clock = heard((0, 0), (60, 60), (60 - 3600, 120))
    assert clock.offset_s == 0
    clock.hear(after(120 - 3600), after(180))
    assert clock.offset_s == 3660
    assert clock.place(after(60 - 3600), after(120)).at == after(120)


def test_what_waited_goes_by_the_clock_as_it_was_then():
    """Two hours ahead until 8:20, right from 9:00 on; the message was made at 8:10."""
    pairs = [(second + 7200, second) for second in range(0, 1200, 60)]
    clock = heard(*pairs, *((second, second) for second in range(3600, 4000, 60)))
    assert not clock.offset_s
    made = clock.place(after(600 + 7200), after(4200))
    assert (made.at, made.is_suspect) == (after(600), True)
    assert clock.place(after(3900), after(4200)) == (after(3900), False, Basis.CLOCK, 0.0)


def test_drift_is_followed():
    clock = heard(*((second * (1 - 1 / 60), second) for second in range(0, 7200, 60)))
    assert clock.offset_s == pytest.approx(119, abs=3)
    at, is_suspect = clock.correct(after(7200 * (1 - 1 / 60)), after(7200))
    assert abs((at - after(7200)).total_seconds()) < 5
    assert is_suspect


def test_what_is_known_outlasts_a_restart():
    clock = heard(*((second - 3600, second) for second in range(0, 300, 60)))
    again = StationClock.load(clock.dump())
    assert again.offset_s == 3600
    assert again.correct(after(400 - 3600), after(400)) == (after(400), True)
    assert heard((0, 0), (60, 60), (120, 120)).dump() is None
    assert StationClock.load(None).offset_s == 0


def test_without_anything_known_a_time_is_placed_by_itself():
    assert place(after(-10), after(0)) == (after(-10), False, Basis.CLOCK, 0.0)
    assert place(after(-3), after(0)) == (after(-3), False, Basis.LIVE, 0.0)
