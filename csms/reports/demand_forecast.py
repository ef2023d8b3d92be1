"""The tables of the report `demand` that look ahead, and how right such a look was in the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from csms.monitor.demand_figures import Line
from csms.monitor.forecast import LEAST_WEEKS, WEEK, Forecast, forecast, week_trend
from csms.monitor.local_hours import LocalHours, local_hours
from csms.reports.report import Chart, Column, Table, rows_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

    from csms.reports.report import Row

    Floats = NDArray[np.float64]

_HOURS_A_DAY: Final = 24
_NEXT: Final = (
    Column("time", "time", "time"),
    Column("arrivals", "number", "arrivals"),
    Column("arrivals_low", "number", "at least (90 %)"),
    Column("arrivals_high", "number", "at most (90 %)"),
    Column("energy_wh", "energy_wh", "energy", "Wh"),
    Column("energy_low_wh", "energy_wh", "at least (90 %)", "Wh"),
    Column("energy_high_wh", "energy_wh", "at most (90 %)", "Wh"),
)
_SCORES: Final = (
    Column("figure", "text", "figure"),
    Column("model", "text", "model"),
    Column("is_used", "flag", "used"),
    Column("weeks", "integer", "weeks forecast in the past"),
    Column("mae", "number", "mean absolute error per hour"),
    Column("mase", "number", "against the baseline"),
    Column("coverage", "percent", "within the interval", "%"),
)
_WEEKS: Final = (
    Column("since", "time", "week of"),
    Column("arrivals", "integer", "arrivals"),
    Column("energy_wh", "energy_wh", "energy", "Wh"),
)


def forecast_tables(line: Line, hours: LocalHours, zone: tzinfo) -> list[Table]:
    """Returns the next week, how right its model was, and the weeks that it rests on.

    What was before the first arrival of all is no history of anything.
    """
    first = int(np.argmax(line.arrivals > 0))
    hours = hours.after(first)
    line = Line(line.arrivals[first:], line.energy_wh[first:])
    arrivals, energy = on_wall_clock(line.arrivals, hours), on_wall_clock(line.energy_wh, hours)
    found = forecast(arrivals), forecast(energy)
    return [
        _next_week(found, hours, zone),
        Table("accuracy", "How right the forecast was", _SCORES, rows_of(_scores(found))),
        _weeks(arrivals, energy, hours, zone),
    ]


def on_wall_clock(values: Floats, hours: LocalHours) -> Floats:
    """Returns the values per hour, one for each hour of the wall clock, up to the last whole one.

    NaN for an hour that did not exist, or was not whole; one that came twice is their mean.
    """
    if not len(hours):
        return np.zeros(0)
    place = (hours.day - hours.day[0]) * _HOURS_A_DAY + hours.of_day
    count = int(place[-1]) + 1
    lasted = np.bincount(place, weights=hours.hours, minlength=count)
    sums = np.bincount(place, weights=values, minlength=count)
    rates = np.full(count, np.nan)
    np.divide(sums, lasted, out=rates, where=lasted > 1 - 1e-9)
    if np.isnan(rates[-1]):
        rates = rates[:-1]
    return rates[int(place[0]) + bool(np.isnan(rates[int(place[0])])) :] if len(rates) else rates


def _next_week(
    found: tuple[Forecast | None, Forecast | None], hours: LocalHours, zone: tzinfo
) -> Table:
    arrivals, energy = found
    if arrivals is None or energy is None:
        note = f"A forecast needs {LEAST_WEEKS} weeks of sessions at least."
        return Table("forecast", "The next week", _NEXT, rows_of([]), [note])
    rows: list[Row] = []
    for at, place, lasts in _coming(hours, zone):
        counts = [round(float(each[place]) * lasts, 2) for each in _three(arrivals)]
        sums = [round(float(each[place]) * lasts * 1000) for each in _three(energy)]
        rows.append((at, *counts, *sums))
    axis = [row[0].astimezone(zone).strftime("%a %H") for row in rows]
    lines = {name: [row[index] for row in rows] for index, name in enumerate(_DRAWN, 1)}
    notes = [f"{name}: {_told(each)}" for name, each in _named(found)]
    chart = Chart("line", "Arrivals, the next week", axis, lines)
    return Table("forecast", "The next week", _NEXT, rows_of(rows), notes, [chart])


_DRAWN: Final = ("arrivals", "at least (90 %)", "at most (90 %)")


def _three(one: Forecast) -> tuple[Floats, Floats, Floats]:
    return one.values, one.low, one.high


def _coming(hours: LocalHours, zone: tzinfo) -> list[tuple[datetime, int, float]]:
    """Returns the hours of the coming week: since when, the place in the forecast, how long."""
    end = datetime.fromtimestamp(int(hours.edges[-1]), UTC)
    is_cut = hours.hours[-1] < 1 - 1e-9
    if is_cut:
        end = datetime.fromtimestamp(int(hours.edges[-2]), UTC)
    ahead = local_hours(end, end + timedelta(days=8), zone)
    first = int(ahead.day[0]) * _HOURS_A_DAY + int(ahead.of_day[0])
    coming = []
    for index in range(len(ahead)):
        place = int(ahead.day[index]) * _HOURS_A_DAY + int(ahead.of_day[index]) - first
        if place < WEEK:
            at = datetime.fromtimestamp(int(ahead.edges[index]), UTC)
            coming.append((at, place, float(ahead.hours[index])))
    return coming


def _named(found: tuple[Forecast | None, Forecast | None]) -> list[tuple[str, Forecast]]:
    return [(name, one) for name, one in zip(_FIGURES, found, strict=True) if one is not None]


_FIGURES: Final = ("arrivals", "energy_wh")


def _told(one: Forecast) -> str:
    ours, naive = one.scores
    if one.model == ours.model:
        return (
            f"a mean of the weeks before, which was wrong by {ours.mae:.3g} per hour on the last "
            f"{ours.origins} weeks; the same hour of the last week would have been by "
            f"{naive.mae:.3g}."
        )
    return (
        "the same hour of the last week; a mean of the weeks before was no better on the last "
        f"{ours.origins} weeks ({ours.mae:.3g} against {naive.mae:.3g} per hour)."
    )


def _scores(found: tuple[Forecast | None, Forecast | None]) -> list[Row]:
    return [
        (
            name,
            score.model,
            score.model == one.model,
            score.origins,
            round(score.mae, 4),
            round(score.mase, 3),
            None if score.coverage is None else round(score.coverage * 100, 1),
        )
        for name, one in _named(found)
        for score in one.scores
    ]


def _weeks(arrivals: Floats, energy: Floats, hours: LocalHours, zone: tzinfo) -> Table:
    """Returns whole weeks back from the end, the oldest first, and how they grow."""
    count = len(arrivals) // WEEK
    counts, sums = (
        np.nansum(each[len(each) - count * WEEK :].reshape(count, WEEK), axis=1)
        for each in (arrivals, energy)
    )
    end = datetime.fromtimestamp(int(hours.edges[-1]), UTC).astimezone(zone)
    end = end.replace(minute=0, second=0, microsecond=0)
    rows = [
        (
            (end - timedelta(weeks=count - index)).astimezone(UTC),
            round(float(counts[index])),
            round(float(sums[index]) * 1000),
        )
        for index in range(count)
    ]
    trend = week_trend(counts)
    notes = ["Weeks of seven days back from the end of the period; holidays are not known."]
    if trend is not None:
        notes.append(f"From week to week arrivals change by {trend:+.1%} of their mean.")
    chart = Chart(
        "bar",
        "Arrivals by week",
        [f"{row[0]:%Y-%m-%d}" for row in rows],
        {"arrivals": [row[1] for row in rows]},
    )
    return Table("weeks", "Weeks", _WEEKS, rows_of(rows), notes, [chart])
