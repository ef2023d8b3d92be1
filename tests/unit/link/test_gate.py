"""Admission at a bounded rate, half-open connections bounded, guesses bounded."""

from __future__ import annotations

import pytest

from csms.link.gate import Gate, Guesses, HalfOpen, prefix_of


class Time:
    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time():
    return Time()


def test_f11_a_storm_comes_in_as_a_burst_a_line_and_a_rest(time):
    gate = Gate(100, 50, time)
    waits = [gate.enter() for _ in range(1000)]
    admitted = [wait for wait in waits if wait is not None]
    assert admitted[:50] == [0] * 50
    assert sorted(admitted) == admitted
    assert 5.9 <= max(admitted) <= 6.02
    assert 640 <= len(admitted) <= 660
    assert waits[len(admitted) :] == [None] * (1000 - len(admitted))


def test_no_second_admits_more_than_the_rate(time):
    gate = Gate(100, 50, time)
    entered = []
    for _ in range(400):
        time.now_s += 0.005
        wait = gate.enter()
        if wait is not None:
            entered.append(time.now_s + wait)
    for begin in range(50, 56):
        assert sum(begin <= each < begin + 1 for each in entered) <= 151


def test_after_a_rest_a_burst_is_free_again_and_no_more(time):
    gate = Gate(10, 5, time)
    time.now_s += 3600
    assert [gate.enter() for _ in range(6)][:5] == [0] * 5
    assert gate.enter() > 0


def test_a_gate_without_a_rate_is_open(time):
    gate = Gate(0, 0, time)
    assert {gate.enter() for _ in range(10_000)} == {0}


def test_who_is_refused_comes_back_at_random_the_later_the_more_there_are(time):
    few, many = Gate(100, 1, time), Gate(100, 1, time)
    for _ in range(450):
        few.enter()
    for _ in range(3500):
        many.enter()
    soon = [few.retry_after_s() for _ in range(500)]
    late = [many.retry_after_s() for _ in range(500)]
    assert min(soon) >= 2
    assert max(soon) <= 7
    assert len(set(late)) > 15
    assert 25 <= max(late) <= 62


class Stranger:
    is_gone = False

    def give_up(self) -> None:
        self.is_gone = True


def test_t16_too_many_half_requests_end_the_oldest(time):
    half_open = HalfOpen(time, most=10, most_each=4)
    same = [Stranger() for _ in range(6)]
    for each in same:
        half_open.enter(each, "192.0.2.1")
    assert [each.is_gone for each in same] == [True, True, False, False, False, False]
    others = [Stranger() for _ in range(8)]
    for number, each in enumerate(others):
        half_open.enter(each, f"192.0.2.{number + 10}")
    assert [each.is_gone for each in same] == [True] * 4 + [False] * 2
    assert not any(each.is_gone for each in others)


def test_t16_a_request_that_takes_too_long_is_ended(time):
    half_open = HalfOpen(time)
    slow, quick, late = Stranger(), Stranger(), Stranger()
    half_open.enter(slow, "a")
    half_open.enter(quick, "a")
    half_open.leave(quick)
    time.now_s += 4.9
    half_open.enter(late, "a")
    half_open.sweep()
    assert not slow.is_gone
    time.now_s += 0.2
    half_open.sweep()
    assert [slow.is_gone, quick.is_gone, late.is_gone] == [True, False, False]


def test_t5_ten_guesses_in_a_minute_and_no_more(time):
    guesses = Guesses(time)
    assert [guesses.take("CP1", "a") for _ in range(12)] == [True] * 10 + [False] * 2
    assert guesses.take("CP1", "b")
    assert guesses.take("CP2", "a")
    time.now_s += 30
    assert not guesses.take("CP1", "a")
    assert guesses.retry_after_s("CP1", "a") == 30
    time.now_s += 31
    assert guesses.take("CP1", "a")


def test_a_right_guess_gives_its_place_back(time):
    guesses = Guesses(time)
    for _ in range(50):
        assert guesses.take("CP1", "a")
        guesses.give_back("CP1", "a")


def test_guesses_of_many_stations_take_no_more_room_than_there_is(time):
    guesses = Guesses(time, kept=100)
    for number in range(1000):
        assert guesses.take(f"CP{number}", "a")
    assert len(guesses._taken) == 100


@pytest.mark.parametrize(
    ("address", "net"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("?", "?"),
    ],
)
def test_guesses_are_counted_by_net_as_well(address, net):
    assert prefix_of(address) == net
