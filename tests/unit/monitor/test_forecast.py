"""The next week: what is known of it, and that the past is not told anything of what followed."""

from __future__ import annotations

import numpy as np
import pytest

from csms.monitor.forecast import (
    MEAN_OF_WEEKS,
    SEASONAL_NAIVE,
    WEEK,
    forecast,
    week_trend,
)


def poisson_weeks(weeks: int, seed: int = 1) -> np.ndarray:
    hour = np.arange(WEEK) % 24
    profile = np.where((hour >= 7) & (hour < 19), 3.0, 0.4) * np.where(
        np.arange(WEEK) < 120, 1, 0.5
    )
    chance = np.random.default_rng(seed)
    return chance.poisson(np.tile(profile, weeks)).astype(float)


def test_of_arrivals_by_chance_the_mean_is_nearer_than_last_week():
    found = forecast(poisson_weeks(20))
    assert found is not None
    ours, naive = found.scores
    assert (found.model, naive.model, naive.mase) == (MEAN_OF_WEEKS, SEASONAL_NAIVE, 1.0)
    # A mean of many weeks leaves the chance of one week, last week that of two.
    assert ours.mase < 0.87
    assert ours.coverage == pytest.approx(0.9, abs=0.05)
    assert (found.low <= found.values).all()
    assert (found.values <= found.high).all()


def test_of_weeks_that_are_each_as_the_last_the_naive_one_is_used():
    # A walk: what was before the last week tells nothing.
    steps = np.random.default_rng(2).choice([-1.0, 1.0], size=(20, WEEK))
    found = forecast(np.abs(np.cumsum(steps, axis=0) + 40).ravel())
    assert found is not None
    assert found.model == SEASONAL_NAIVE
    assert found.scores[0].mase > 1


def test_a_history_of_equal_weeks_goes_on():
    week = np.arange(WEEK, dtype=float)
    found = forecast(np.tile(week, 5))
    assert found is not None
    assert list(found.values) == pytest.approx(list(week))
    assert found.scores[1].mae == 0


def test_too_little_history_gives_none():
    assert forecast(np.ones(3 * WEEK - 1)) is None
    assert forecast(np.ones(3 * WEEK)) is not None


def test_an_hour_that_did_not_exist_is_left_out():
    history = poisson_weeks(8)
    history[5 * WEEK + 6 * 24 + 2] = np.nan
    found = forecast(history)
    assert found is not None
    assert not np.isnan(found.values).any()
    assert not np.isnan(found.scores[0].mae)


def test_no_origin_knows_what_followed():
    history = poisson_weeks(12)
    longer = np.concatenate((history, 1000 + poisson_weeks(2, seed=9)))
    one, other = forecast(history), forecast(longer[: len(history)])
    assert one is not None
    assert other is not None
    assert list(one.values) == list(other.values)
    assert one.scores == other.scores


def test_the_trend_of_weeks():
    assert week_trend(np.array([100.0, 110.0, 120.0, 130.0])) == pytest.approx(10 / 115)
    assert week_trend(np.array([100.0, 110.0, 5.0, 130.0, 140.0])) == pytest.approx(10 / 97)
    assert week_trend(np.array([1.0, 2.0])) is None
    assert week_trend(np.zeros(5)) is None
