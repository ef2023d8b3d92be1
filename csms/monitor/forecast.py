"""What the next week will bring, hour by hour, and how wrong that was in the past. PURE.

The forecast of an hour is a mean of the same hour of the weeks before, the newest counting most.
It has to beat the seasonal naive forecast (the same hour last week) on the past, from origins that
roll on week by week and know nothing of what followed; else the naive one is used. Intervals are
from the errors that it made then. Holidays are not known to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEEK: Final = 168
LEAST_WEEKS: Final = 3
MEAN_OF_WEEKS, SEASONAL_NAIVE = "mean_of_weeks", "seasonal_naive"
_LOW, _HIGH = 0.05, 0.95
_SHAPES: Final = tuple((fade, level) for fade in (0.6, 0.8, 0.92) for level in (0.0, 0.5, 1.0))
"""How fast older weeks fade, and how far the level of the newest one is followed."""
_USUAL: Final = (0.8, 0.5)
_MOST_FOLLOWED: Final = 2.0
_WEEKS_SEEN: Final = 12
_ORIGINS: Final = 26
_LEAST_ERRORS: Final = WEEK


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How wrong a model was on the past: over all origins, hour by hour.

    `mae` is the mean absolute error, in the values' unit; `mase` that divided by the one of the
    seasonal naive forecast at the same origins (below 1 is better); `coverage` is the share of
    hours that were within the interval of 90 %, None where there were too few origins to tell.
    """

    model: str
    origins: int
    mae: float
    mase: float
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The next week: 168 values from the hour after the last one, with 90 % of intervals.

    `scores` are the mean's and the baseline's; the better one on the past is `model`.
    """

    model: str
    values: Floats
    low: Floats
    high: Floats
    scores: tuple[Accuracy, ...]


def forecast(history: Floats) -> Forecast | None:
    """Returns the forecast of the week after a history of hours, NaN where an hour did not exist.

    The history ends where the forecast begins; it is cut at its beginning to whole weeks. None if
    there are less than three of them.
    """
    weeks = len(history) // WEEK
    if weeks < LEAST_WEEKS:
        return None
    table = history[len(history) - weeks * WEEK :].reshape(weeks, WEEK)
    first = max(weeks - _ORIGINS, 1)
    tried = {
        at: [_mean(table[:at], shape) for shape in _SHAPES]
        for at in range(max(first - _WEEKS_SEEN, 1), weeks + 1)
    }
    errors = {at: [_error(table[at], each) for each in tried[at]] for at in tried if at < weeks}
    chosen = {at: tried[at][_best(errors, at)] for at in range(first, weeks + 1)}
    ours = np.array([chosen[at] for at in range(first, weeks)])
    naive = np.array([_last(table[:origin]) for origin in range(first, weeks)])
    truth = table[first:]
    scores = tuple(
        _score(name, truth, found, naive)
        for name, found in ((MEAN_OF_WEEKS, ours), (SEASONAL_NAIVE, naive))
    )
    is_better = scores[0].mae < scores[1].mae
    past = ours if is_better else naive
    values = chosen[weeks] if is_better else _last(table)
    low, high = _interval(values, _scaled(truth, past).ravel(), _floor(truth))
    return Forecast(scores[0].model if is_better else scores[1].model, values, low, high, scores)


def _best(errors: Mapping[int, Sequence[float]], origin: int) -> int:
    """Returns which shape of the mean did best at the origins before this one."""
    known = [errors[at] for at in range(origin - _WEEKS_SEEN, origin) if at in errors]
    if len(known) < LEAST_WEEKS - 1:
        return _SHAPES.index(_USUAL)
    return int(np.argmin(np.sum(np.array(known), axis=0)))


def _error(truth: Floats, found: Floats) -> float:
    return float(np.nanmean(np.abs(truth - found)))


def _mean(table: Floats, shape: tuple[float, float]) -> Floats:
    """Returns the mean of each hour of the week, the newest week of the table counting most.

    It is raised or lowered towards the level of the newest week, at most to double or half.
    """
    fade, follows = shape
    recent = table[-_WEEKS_SEEN:]
    weights = fade ** np.arange(len(recent) - 1, -1, -1, dtype=np.float64)[:, None]
    is_there = ~np.isnan(recent)
    whole = np.sum(weights * is_there, axis=0)
    sums = np.sum(np.where(is_there, recent, 0.0) * weights, axis=0)
    means: Floats = np.divide(sums, whole, out=np.zeros(WEEK), where=whole > 0)
    mean, newest = float(np.sum(means)), float(np.nansum(recent[-1]))
    if not follows or mean <= 0:
        return means
    level = min(max(newest / mean, 1 / _MOST_FOLLOWED), _MOST_FOLLOWED)
    raised: Floats = means * level**follows
    return raised


def _last(table: Floats) -> Floats:
    """Returns the newest week; an hour that it lacked is that of the week before."""
    last: Floats = table[-1].copy()
    for week in table[::-1]:
        gaps = np.isnan(last)
        if not gaps.any():
            break
        last[gaps] = week[gaps]
    filled: Floats = np.nan_to_num(last)
    return filled


def _score(name: str, truth: Floats, found: Floats, naive: Floats) -> Accuracy:
    mae, baseline = _error(truth, found), _error(truth, naive)
    mase = mae / baseline if baseline else 1.0
    return Accuracy(name, len(truth), mae, mase, _coverage(truth, found))


def _coverage(truth: Floats, found: Floats) -> float | None:
    """Returns how much of each week was in the interval that the errors before it gave."""
    hits = total = 0
    scaled = _scaled(truth, found)
    for index in range(1, len(truth)):
        known = scaled[:index].ravel()
        if np.count_nonzero(~np.isnan(known)) < _LEAST_ERRORS:
            continue
        low, high = _interval(found[index], known, _floor(truth))
        is_there = ~np.isnan(truth[index])
        inside = (truth[index] >= low) & (truth[index] <= high) & is_there
        hits += int(np.count_nonzero(inside))
        total += int(np.count_nonzero(is_there))
    return hits / total if total else None


def _floor(truth: Floats) -> float:
    """Returns the least that an error is divided by the root of: of what hardly ever comes, too."""
    return max(float(np.nanmean(truth)) / 4.0, 1e-9)


def _scaled(truth: Floats, found: Floats) -> Floats:
    """Returns the errors by the root of what was expected, as those of counts grow."""
    scaled: Floats = (truth - found) / np.sqrt(found + _floor(truth))
    return scaled


def _interval(values: Floats, scaled: Floats, floor: float) -> tuple[Floats, Floats]:
    known = scaled[~np.isnan(scaled)]
    below, above = np.quantile(known, [_LOW, _HIGH])
    root = np.sqrt(values + floor)
    low: Floats = np.maximum(values + below * root, 0.0)
    high: Floats = np.maximum(values + above * root, values)
    return np.minimum(low, values), high


def week_trend(totals: Floats) -> float | None:
    """Returns by which share of the mean weekly totals grow from week to week; None if unknown.

    The median of the slopes between any two weeks, so that one holiday week does not matter much
    (Theil and Sen).
    """
    if len(totals) < LEAST_WEEKS or not totals.mean():
        return None
    later, earlier = np.triu_indices(len(totals), 1)[::-1]
    slopes = (totals[later] - totals[earlier]) / (later - earlier)
    return float(np.median(slopes) / totals.mean())
