"""Signs of life: any byte is one, silence is pinged, what is dead is dropped; nothing else is."""

from __future__ import annotations

import pytest

from csms.link.liveness import Liveness, Patience


class Time:
    """A clock that is set by hand."""

    now_s = 1000.25

    def __call__(self) -> float:
        return self.now_s


class FakeLink:
    def __init__(self, time: Time, patience: Patience, *, answers: bool = False) -> None:
        self.time, self.patience, self.answers = time, patience, answers
        self.heard_at = 0.0
        self.is_held = False
        self.pings: list[float] = []
        self.dropped: list[tuple[float, str]] = []

    def ping_now(self) -> None:
        self.pings.append(self.time.now_s)
        if self.answers:
            self.heard_at = self.time.now_s

    def drop(self, why: str) -> None:
        self.dropped.append((self.time.now_s, why))


USUAL = Patience(20, 20, 900)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def liveness(time):
    return Liveness(time)


def run(time, liveness, seconds, every_s=1.0):
    end = time.now_s + seconds
    while time.now_s < end:
        time.now_s += every_s
        liveness.sweep()


@pytest.mark.parametrize("spoke_after_s", [0, 0.4, 7.9, 19.99])
def test_f7_a_silent_station_is_pinged_and_found_dead_within_45_s(time, liveness, spoke_after_s):
    link = FakeLink(time, USUAL)
    liveness.add(link)
    run(time, liveness, spoke_after_s)
    link.heard_at = spoke = time.now_s
    run(time, liveness, 60)
    ((died, why),) = link.dropped
    assert 40 <= died - spoke <= 42
    assert 20 <= link.pings[0] - spoke <= 22
    assert len(link.pings) == 1
    assert "nothing came" in why


def test_a_station_that_answers_pings_lives_for_ever(time, liveness):
    link = FakeLink(time, USUAL, answers=True)
    liveness.add(link)
    run(time, liveness, 600)
    assert link.dropped == []
    assert 26 <= len(link.pings) <= 30


def test_traffic_of_any_kind_spares_the_pings(time, liveness):
    link = FakeLink(time, USUAL)
    liveness.add(link)
    for _ in range(100):
        run(time, liveness, 15)
        link.heard_at = time.now_s
    assert link.pings == link.dropped == []


def test_a_station_that_never_pongs_is_borne_with_for_longer(time, liveness):
    link = FakeLink(time, Patience(20, 0, 300))
    liveness.add(link)
    run(time, liveness, 298)
    assert link.dropped == []
    assert 13 <= len(link.pings) <= 15
    run(time, liveness, 5)
    assert len(link.dropped) == 1


def test_without_pings_only_the_idle_limit_ends_a_link(time, liveness):
    link = FakeLink(time, Patience(0, 20, 120))
    liveness.add(link)
    run(time, liveness, 118)
    assert link.pings == link.dropped == []
    run(time, liveness, 5)
    assert len(link.dropped) == 1


def test_with_no_limit_at_all_a_link_stays(time, liveness):
    link = FakeLink(time, Patience(0, 0, 0))
    liveness.add(link)
    run(time, liveness, 5000)
    assert link.pings == link.dropped == []


def test_a_link_that_is_not_read_is_not_silent(time, liveness):
    link = FakeLink(time, USUAL)
    liveness.add(link)
    link.is_held = True
    run(time, liveness, 200)
    assert link.dropped == []
    link.is_held = False
    run(time, liveness, 45)
    assert len(link.dropped) == 1


def test_f17_when_we_stood_still_ourselves_nobody_is_dropped_for_it(time, liveness):
    links = [FakeLink(time, USUAL) for _ in range(5)]
    for link in links:
        liveness.add(link)
    time.now_s += 3600
    liveness.sweep()
    assert [link.dropped for link in links] == [[]] * 5
    run(time, liveness, 38)
    assert [link.dropped for link in links] == [[]] * 5
    run(time, liveness, 6)
    assert [len(link.dropped) for link in links] == [1] * 5


def test_a_link_that_was_discarded_is_left_alone(time, liveness):
    link = FakeLink(time, USUAL)
    liveness.add(link)
    liveness.discard(link)
    run(time, liveness, 100)
    assert link.pings == link.dropped == []


def test_patience_that_changes_counts_from_the_next_look_on(time, liveness):
    link = FakeLink(time, USUAL, answers=True)
    liveness.add(link)
    run(time, liveness, 30)
    link.patience, link.answers = Patience(5, 5, 900), False
    run(time, liveness, 35)
    assert len(link.dropped) == 1
