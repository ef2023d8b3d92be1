"""The report `demand`: arrivals, cars at once, occupancy, who found no room, and the next week.

What the figures mean is in docs/demand.md; they are reckoned in `csms.monitor.demand*`, away from
the event loop, one group at a time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from csms.monitor.demand import NO_STAYS, used, without_overlaps
from csms.monitor.demand_figures import Demand, Line, Places, demand
from csms.monitor.local_hours import LocalHours, local_hours
from csms.reports.demand_forecast import forecast_tables
from csms.reports.demand_reading import (
    GROUPS,
    Group,
    count_places,
    group_names,
    span_of,
    stays_of,
    told_places,
)
from csms.reports.report import Chart, Column, Option, QueryInvalid, Table, rows_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from csms.monitor.demand import Stays
    from csms.reports.report import Database, Query, Row

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST_PLACES, _MOST_WEEKS = 10_000, 104
_GROUP_COLUMNS: Final = {
    "site": Column("site", "text", "site"),
    "station": Column("station", "text", "station"),
    "evse": Column("evse", "integer", "EVSE"),
    "model": Column("model", "text", "model"),
}
_MAIN: Final = (
    Column("arrivals", "integer", "arrivals"),
    Column("per_day", "number", "arrivals a day"),
    Column("energy_wh", "energy_wh", "energy", "Wh"),
    Column("mean_stay_s", "duration_s", "mean stay"),
    Column("evses", "integer", "EVSEs"),
    Column("evses_told", "flag", "EVSEs told by stations"),
    Column("occupied", "percent", "occupied", "%"),
    Column("charging", "percent", "charging", "%"),
    Column("waiting", "percent", "waiting", "%"),
    Column("idle", "percent", "full but plugged in", "%"),
    Column("unknown", "percent", "occupied, unknown how", "%"),
    Column("most_at_once", "integer", "most at once"),
    Column("most_at", "time", "first at"),
    Column("p95_at_once", "integer", "at once 95 % of the time, at most"),
    Column("full_house_s", "duration_s", "every EVSE taken"),
    Column("blocked", "number", "blocked arrivals, estimated"),
    Column("blocked_low", "number", "at least (90 %)"),
    Column("blocked_high", "number", "at most (90 %)"),
    Column("loss", "percent", "arrivals without room (Erlang)", "%"),
    Column("evses_needed", "integer", "EVSEs needed"),
)
_HOURS: Final = (
    Column("weekday", "text", "weekday"),
    Column("hour", "integer", "hour"),
    Column("hours", "number", "hours of the period"),
    Column("arrivals", "integer", "arrivals"),
    Column("per_hour", "number", "arrivals per hour"),
    Column("occupied", "number", "EVSEs occupied"),
    Column("charging", "number", "EVSEs charging"),
    Column("waiting", "number", "EVSEs waiting"),
    Column("idle", "number", "EVSEs full but plugged in"),
    Column("full_house", "percent", "every EVSE taken", "%"),
    Column("energy_wh", "energy_wh", "energy per hour", "Wh"),
)
_OPTIONS: Final = (
    Option("target", "Share of arrivals, in percent, that is to find a free EVSE", "95"),
    Option("evses", "How many EVSEs each group has, where that is not known, or for a plan"),
    Option("history_weeks", "Weeks that the forecast looks back, where the period is shorter", "8"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The report's options, read: the share that is to find room, EVSEs, and the history."""

    target: float
    evses: int | None
    history: timedelta


@dataclass(slots=True)
class _Folded:
    """What the sessions came to: the figures of each group, and their sum by the hour."""

    groups: list[tuple[Group, Demand]]
    line: Line


@dataclass(frozen=True, slots=True)
class DemandReport:
    """When cars come, how long they stay and charge, and how many EVSEs they would need."""

    name: str = "demand"
    about: str = "Arrivals, occupancy, blocked arrivals, EVSEs needed, and next week's forecast"
    groups: tuple[str, ...] = GROUPS
    default_group: tuple[str, ...] = ("site",)
    filters: tuple[str, ...] = ("site", "station", "evse", "model", "source")
    options: tuple[Option, ...] = field(default=_OPTIONS)

    async def tables(self, db: Database, query: Query) -> AsyncGenerator[Table]:
        """Yields the groups, their hours of the week, the forecast, and how good it was."""
        asked = read_options(query)
        span = span_of(query, db.now, asked.history)
        told = await told_places(db, query)
        hours = local_hours(span.period_since, span.until, query.zone)
        longer = local_hours(span.since, span.until, query.zone)
        empty = np.zeros(len(longer))
        folded = _Folded([], Line(empty, empty.copy()))
        async for group, stays in stays_of(db, query, span):
            known = told.pop(group, set())
            figures = await asyncio.to_thread(
                _fold, stays, (hours, longer), (known, asked), folded.line
            )
            folded.groups.append((group, figures))
        folded.groups += [
            (group, demand(NO_STAYS, hours, _places(NO_STAYS, known, asked), asked.target))
            for group, known in sorted(told.items(), key=str)
        ]
        columns = tuple(_GROUP_COLUMNS[name] for name in group_names(query))
        yield _main(columns, folded.groups, hours, asked)
        yield _by_hour(columns, folded.groups)
        for table in await asyncio.to_thread(forecast_tables, folded.line, longer, query.zone):
            yield table


def read_options(query: Query) -> Asked:
    """Reads the report's options.

    Raises:
        QueryInvalid: naming the one that is wrong, and what there is.
    """
    target = _number(query, "target", "95", 1, 99)
    weeks = _number(query, "history_weeks", "8", 0, _MOST_WEEKS)
    evses = query.options.get("evses") or None
    return Asked(
        target / 100,
        None if evses is None else _number(query, "evses", "1", 1, _MOST_PLACES),
        timedelta(weeks=weeks),
    )


def _number(query: Query, name: str, default: str, least: int, most: int) -> int:
    text = query.options.get(name) or default
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and least <= int(text) <= most):  # noqa: PLR2004 - digits
        raise QueryInvalid(name, f"{text!r} is none; give a whole number from {least} to {most}")
    return int(text)


def _fold(
    stays: Stays, hours: tuple[LocalHours, LocalHours], about: tuple[set[int], Asked], line: Line
) -> Demand:
    period, longer = hours
    told, asked = about
    stays = without_overlaps(stays)
    line.add(used(stays, longer, None))
    return demand(stays, period, _places(stays, told, asked), asked.target)


def _places(stays: Stays, told: set[int], asked: Asked) -> Places:
    return count_places(stays, told) if asked.evses is None else Places(asked.evses)


def _main(
    columns: Sequence[Column],
    groups: Sequence[tuple[Group, Demand]],
    hours: LocalHours,
    asked: Asked,
) -> Table:
    days = float(hours.hours.sum()) / 24
    rows = [(*group, *_cells(figures, days)) for group, figures in groups]
    needed = (
        f"EVSEs needed: for {asked.target:.0%} of arrivals to find one free, by Erlang's loss "
        "formula with the load of each hour of the week."
    )
    notes = [needed]
    if any(not figures.places.are_told for _, figures in groups):
        notes.append(
            "Where stations have told of no EVSEs, those at which there were sessions are counted."
        )
    unknown_s = sum(each.blocked.unknown_s for _, each in groups if each.blocked is not None)
    if unknown_s:
        notes.append(
            f"For {unknown_s / 3600:.0f} hours nobody can say who was blocked: at those hours of "
            "the week there was hardly ever an EVSE free."
        )
    return Table("demand", "Demand", (*columns, *_MAIN), rows_of(rows), notes)


def _cells(one: Demand, days: float) -> Row:
    week, blocked = one.week, one.blocked
    whole = float(week.hours.sum()) * (one.places.count or 0)
    known = week.charging + week.waiting + week.idle
    used = (week.charging, week.waiting, week.idle) if known.any() else ()
    shares = [
        _percent(float(week.occupied.sum()), whole),
        *((_percent(float(part.sum()), whole) for part in used) if used else (None,) * 3),
        _percent(float((week.occupied - known).sum()), whole),
    ]
    return (
        one.arrivals,
        round(one.arrivals / days, 2) if days else None,
        one.energy_milliwh,
        None if one.stay_s is None else round(one.stay_s),
        one.places.count,
        one.places.are_told,
        *shares,
        one.most,
        None if one.most_at is None else datetime.fromtimestamp(one.most_at, UTC),
        one.often,
        round(float(week.full.sum()) * 3600) if one.places.count else None,
        *((None,) * 3 if blocked is None else _rounded(blocked.count, blocked.low, blocked.high)),
        None if one.loss is None else round(one.loss * 100, 2),
        one.needed,
    )


def _rounded(*figures: float) -> list[float]:
    return [round(each, 1) for each in figures]


def _percent(part: float, whole: float) -> float | None:
    return round(abs(part) / whole * 100, 1) if whole else None


def _by_hour(columns: Sequence[Column], groups: Sequence[tuple[Group, Demand]]) -> Table:
    rows = [
        (*group, WEEKDAYS[index // 24], index % 24, *cells)
        for group, figures in groups
        for index, cells in enumerate(_hour_cells(figures))
    ]
    charts = [chart for group, figures in groups[:_CHARTED] for chart in _charts(group, figures)]
    notes = ["Of hours of the wall clock: each is divided by how long it was there in the period."]
    columns = (*columns, *_HOURS)
    return Table("hours", "Hours of the week", columns, rows_of(rows), notes, charts)


_CHARTED: Final = 3


def _hour_cells(one: Demand) -> list[Row]:
    week = one.week
    return [_hour_cell(one, index) for index in range(len(week.hours))]


def _hour_cell(one: Demand, index: int) -> Row:
    week, hours = one.week, float(one.week.hours[index])
    if not hours:
        return (0.0, 0, *(None,) * 7)
    means = (week.charging, week.waiting, week.idle)
    is_known = bool((week.charging + week.waiting + week.idle).any())
    return (
        round(hours, 2),
        int(week.arrivals[index]),
        round(float(week.arrivals[index]) / hours, 3),
        round(float(week.occupied[index]) / hours, 3),
        *(round(float(part[index]) / hours, 3) if is_known else None for part in means),
        _percent(float(week.full[index]), hours) if one.places.count else None,
        round(float(week.energy_wh[index]) * 1000 / hours),
    )


def _charts(group: Group, one: Demand) -> list[Chart]:
    name = " ".join(str(each) for each in group if each is not None)
    of = f" ({name})" if name else ""
    week = one.week
    lasted = np.where(week.hours > 0, week.hours, np.nan)
    rates = week.arrivals / lasted
    lines = {
        day: [_or_none(each) for each in rates[24 * index : 24 * index + 24]]
        for index, day in enumerate(WEEKDAYS)
    }
    clock = [f"{hour:02}" for hour in range(24)]
    axis = [f"{day[:3]} {hour}" for day in WEEKDAYS for hour in clock]
    uses = {"occupied": week.occupied, "charging": week.charging, "full but plugged": week.idle}
    means = {told: [_or_none(each) for each in part / lasted] for told, part in uses.items()}
    return [
        Chart("heat", f"Arrivals per hour{of}", clock, lines),
        Chart("line", f"EVSEs over the week{of}", axis, means),
    ]


def _or_none(figure: float) -> float | None:
    return None if np.isnan(figure) else round(float(figure), 3)
