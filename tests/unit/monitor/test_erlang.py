"""Erlang's loss formula: against printed tables, a sum of its terms, and a simulation."""

from __future__ import annotations

import heapq
import random
from fractions import Fraction
from math import exp, factorial, lgamma, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.monitor.erlang import loss, mean_loss, places_for


@pytest.mark.parametrize(
    ("places", "load", "share"),
    [
        (1, 1.0, 0.5),
        (2, 1.0, 0.2),
        (3, 1.0, 0.0625),
        (5, 1.361, 0.01),
        (10, 4.461, 0.01),
        (10, 6.216, 0.05),
        (20, 12.03, 0.01),
        (20, 15.25, 0.05),
        (50, 37.90, 0.01),
        (50, 44.53, 0.05),
        (100, 84.06, 0.01),
        (100, 95.24, 0.05),
    ],
)
def test_printed_tables(places, load, share):
    assert loss(places, load) == pytest.approx(share, rel=0.004)


@given(st.integers(1, 30), st.fractions(Fraction(1, 10), 40, max_denominator=10))
@settings(max_examples=40, deadline=None)
def test_the_recursion_is_the_formula(places, load):
    terms = [load**count / factorial(count) for count in range(places + 1)]
    assert loss(places, float(load)) == pytest.approx(float(terms[-1] / sum(terms)), rel=1e-9)


def test_it_is_stable_for_thousands_of_places():
    logs = [count * log(4800.0) - lgamma(count + 1) for count in range(5001)]
    whole = sum(exp(each - logs[-1]) for each in logs)
    assert loss(5000, 4800.0) == pytest.approx(1 / whole, rel=1e-6)
    assert loss(10_000, 20_000.0) == pytest.approx(0.5, abs=0.001)
    assert loss(10_000, 1.0) == 0.0


def test_nothing_offered_and_nowhere_to_stand():
    assert (loss(3, 0.0), loss(0, 2.0), loss(0, 0.0)) == (0.0, 1.0, 1.0)


def test_a_simulation_loses_as_many():
    chance = random.Random(7)  # noqa: S311 - a simulation
    at, lost, came, there = 0.0, 0, 60_000, []
    for _ in range(came):
        at += chance.expovariate(6.0)
        while there and there[0] <= at:
            heapq.heappop(there)
        if len(there) >= 8:
            lost += 1
        else:
            heapq.heappush(there, at + chance.uniform(0.5, 1.5))
    assert lost / came == pytest.approx(loss(8, 6.0), abs=0.006)


@given(
    st.lists(st.tuples(st.floats(0, 30), st.floats(0, 20)), min_size=1, max_size=12),
    st.sampled_from([0.5, 0.9, 0.95, 0.99]),
)
@settings(max_examples=40, deadline=None)
def test_as_many_as_needed_and_not_one_more(hours, target):
    loads, arrivals = [load for load, _ in hours], [count for _, count in hours]
    found = places_for(target, loads, arrivals)
    if sum(arrivals) <= 0:
        assert found is None
        return
    assert found is not None
    assert mean_loss(found, loads, arrivals) <= 1 - target + 1e-9
    if found > 1:
        assert mean_loss(found - 1, loads, arrivals) > 1 - target - 1e-9
