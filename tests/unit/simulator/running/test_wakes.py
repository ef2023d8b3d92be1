"""Appointments of a fleet: in order, and none of the past in the way."""

import math
from random import Random

from simulator.running.wakes import Wakes


def test_those_due_at_one_instant_come_in_the_order_of_their_numbers():
    wakes = Wakes(3)
    for number in (2, 0, 1):
        wakes.set(number, 5.0)
    assert [wakes.pop() for _ in range(3)] == [0, 1, 2]
    assert wakes.next_at == math.inf


def test_appointments_that_are_moved_again_and_again_take_no_room():
    wakes, random = Wakes(4), Random(1)  # noqa: S311 - no secrets
    last = {}
    for moved in range(20_000):
        number, at = moved % 4, 1e6 + random.random()
        wakes.set(number, at)
        last[number] = at
    assert len(wakes._heap) < 2_000
    order = sorted(last, key=last.get)
    assert [(wakes.next_at, wakes.pop()) for _ in order] == [(last[each], each) for each in order]
