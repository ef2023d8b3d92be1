"""The benchmark of limits: it runs, both sides agree, and cost follows from periods."""

import importlib
from random import Random

import pytest


@pytest.fixture
def limits():
    return importlib.import_module("limits")


def a_random(seed):
    return Random(seed)  # noqa: S311 - repeatable draws, no secrets


def test_figures_of_a_small_run(limits):
    found = limits.measure(sessions=60, seed=3)
    assert found["sessions"] == 60
    assert found["naive_to_ours"] > 0
    assert set(found["us_by_periods"]) == {1, 4, 16, 64, 256}
    limits.show(found)


@pytest.mark.parametrize("seed", range(3))
def test_steps_follow_from_periods_whatever_the_seconds(limits, seed):
    profile = limits._of_session(a_random(seed), 16, limits._START)
    transaction = limits.Transaction("T", limits._START)
    profiles = limits.ProfileSet().install(1, profile, limits.Rules.V201)
    drawn = limits.Drawn(profiles, transaction)
    assert len(limits.day_of(drawn, 86_400)) == len(limits.day_of(drawn, 7 * 86_400)) == 16


def test_naive_reading_agrees_before_the_transaction_too(limits):
    drawn = limits.draw(a_random(1))
    assert limits.naive_at(drawn, 0) == limits.day_of(drawn).steps[0].limit_a


def test_difference_between_the_two_ends_the_run(limits, monkeypatch):
    monkeypatch.setattr(limits, "naive_at", lambda drawn, second: 1.0)
    with pytest.raises(SystemExit, match="session 0, second 0"):
        limits.measure(sessions=1, seed=1)
