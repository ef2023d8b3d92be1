"""The report `patterns`: when sessions start, by hour and weekday, and how they are spread.

Hours and weekdays are those of the report's zone. Sessions that still run count as arrivals; the
energy of an hour is that of the sessions that started in it, so far as they have it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from csms.reports.filters import SESSION_FILTERS, session_values
from csms.reports.report import Chart, Column, Option, Table, rows_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
    from datetime import datetime

    import asyncpg

    from csms.reports.report import Database, Query, Row

GROUPS: Final = ("site", "station", "model")
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS: Final = range(24)
_STEP: Final = timedelta(minutes=15)
_MILLIWH_IN_KWH: Final = 1_000_000
_SHARES: Final = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)

Place = tuple[int, int]
Group = tuple[Any, ...]

_ARRIVALS: Final = (
    Column("sessions", "integer", "sessions"),
    Column("running", "integer", "of them running"),
    Column("hours", "number", "hours of the period"),
    Column("per_hour", "number", "sessions per hour"),
    Column("energy_wh", "energy_wh", "energy", "Wh"),
)
_WEEKDAY: Final = Column("weekday", "text", "weekday")
_HOUR: Final = Column("hour", "integer", "hour")
_DISTRIBUTIONS: Final = (
    Column("measure", "text", "measure"),
    Column("unit", "text", "unit"),
    Column("sessions", "integer", "sessions"),
    Column("p10", "number", "one in ten is below"),
    Column("p25", "number", "one in four"),
    Column("median", "number", "median"),
    Column("p75", "number", "three in four"),
    Column("p90", "number", "nine in ten"),
    Column("most", "number", "most"),
    Column("mean", "number", "mean"),
)
# A column of the statement, its name for people, its unit, and what is one of it.
_MEASURES: Final = (
    ("duration_s", "duration", "s", 1),
    ("energy_milliwh", "energy", "Wh", 1000),
    ("idle_s", "idle", "s", 1),
    ("power_w", "mean power while charging", "W", 1),
)


class Arrivals(NamedTuple):
    """What started at some places of the week, and how many hours of them the period has."""

    sessions: int = 0
    running: int = 0
    hours: float = 0.0
    energy_milliwh: int = 0

    @property
    def per_hour(self) -> float | None:
        """Sessions per hour; None of a time that the period does not have."""
        return round(self.sessions / self.hours, 3) if self.hours else None

    @property
    def row(self) -> Row:
        """The figures as cells."""
        hours = round(self.hours, 2)
        return self.sessions, self.running, hours, self.per_hour, self.energy_milliwh


Week = dict[Place, Arrivals]
Folded = list[tuple[tuple[Any, ...], Arrivals]]


@dataclass(frozen=True, slots=True)
class PatternsReport:
    """When sessions start, and how long, how much and how fast they charge."""

    name: str = "patterns"
    about: str = "When sessions start, by hour and weekday; how long, how much, how fast they are"
    groups: tuple[str, ...] = GROUPS
    default_group: tuple[str, ...] = ()
    filters: tuple[str, ...] = SESSION_FILTERS
    options: tuple[Option, ...] = ()

    async def tables(self, db: Database, query: Query) -> AsyncGenerator[Table]:
        """Yields the hours of the week, of the day, the weekdays, and the distributions."""
        weeks = await _weeks(db, query)
        notes = _notes(weeks)
        for name, title, columns, fold in _TABLES:
            rows = [
                (*group, *place, *figures.row)
                for group, week in weeks.items()
                for place, figures in fold(week)
            ]
            charts = [_chart(name, title, fold(week)) for week in _only(weeks)]
            named = (*_columns(query), *columns, *_ARRIVALS)
            yield Table(name, title, named, rows_of(rows), notes, charts)
            notes = []
        named = (*_columns(query), *_DISTRIBUTIONS)
        told = ["Of sessions that are over; idle and power of those in which anything flowed."]
        spread = rows_of(await _distributions(db, query))
        yield Table("distributions", "Distributions", named, spread, told)


def hours_of_week(query: Query, now: datetime) -> dict[Place, float]:
    """Returns how many hours of a period are at each place of the week; what is to come has none.

    A place is (weekday from 1, hour). Where clocks are set forward there is one hour less of its
    name, where they are set back one more.
    """
    seconds: dict[Place, float] = defaultdict(float)
    at, end = query.since, min(query.until, now)
    while at < end:
        local = at.astimezone(query.zone)
        # To the next quarter of an hour: no zone's clock is set in between.
        into = timedelta(
            minutes=local.minute % 15, seconds=local.second, microseconds=local.microsecond
        )
        then = min(at + _STEP - into, end)
        seconds[local.isoweekday(), local.hour] += (then - at).total_seconds()
        at = then
    return {place: each / 3600 for place, each in seconds.items()}


async def _weeks(db: Database, query: Query) -> dict[Group, Week]:
    """Returns the week of each group, all of its 168 places."""
    hours = await asyncio.to_thread(hours_of_week, query, db.now)
    weeks: dict[Group, Week] = {} if query.group else {(): _empty(hours)}
    values = (*await session_values(db, query), list(query.group), query.zone.key)
    async for row in db.stream("report_arrivals", *values):
        week = weeks.setdefault(tuple(row[name] for name in query.group), _empty(hours))
        place = row["weekday"], row["hour"]
        week[place] = Arrivals(
            row["sessions"], row["running"], week[place].hours, row["energy_milliwh"] or 0
        )
    return weeks


def _empty(hours: Mapping[Place, float]) -> Week:
    return {
        (day, hour): Arrivals(hours=hours.get((day, hour), 0.0))
        for day in range(1, 8)
        for hour in _HOURS
    }


def _sum(parts: Iterable[Arrivals]) -> Arrivals:
    return Arrivals(*(sum(each) for each in zip(*parts, strict=True)))


def _by_place(week: Week) -> Folded:
    return [((WEEKDAYS[day - 1], hour), figures) for (day, hour), figures in week.items()]


def _by_hour(week: Week) -> Folded:
    return [((hour,), _sum(week[day, hour] for day in range(1, 8))) for hour in _HOURS]


def _by_weekday(week: Week) -> Folded:
    return [
        ((name,), _sum(week[day, hour] for hour in _HOURS)) for day, name in enumerate(WEEKDAYS, 1)
    ]


_TABLES: Final[tuple[tuple[str, str, tuple[Column, ...], Callable[[Week], Folded]], ...]] = (
    ("week", "Hours of the week", (_WEEKDAY, _HOUR), _by_place),
    ("hours", "Hours of the day", (_HOUR,), _by_hour),
    ("weekdays", "Weekdays", (_WEEKDAY,), _by_weekday),
)


def _only(weeks: Mapping[Group, Week]) -> list[Week]:
    """Returns the one week that a chart shows; of several groups there is none."""
    return list(weeks.values()) if len(weeks) == 1 else []


def _chart(name: str, title: str, found: Folded) -> Chart:
    if name == "week":
        series: dict[str, list[float | None]] = {day: [] for day in WEEKDAYS}
        for (day, _), figures in found:
            series[day].append(figures.per_hour)
        hours = [str(hour) for hour in _HOURS]
        return Chart("heat", "Sessions started per hour", hours, series)
    places = [str(place[0]) for place, _ in found]
    starts = {"sessions": [figures.per_hour for _, figures in found]}
    return Chart("bar", f"{title}: sessions started per hour", places, starts)


def _columns(query: Query) -> tuple[Column, ...]:
    return tuple(Column(name, "text", name) for name in query.group)


def _notes(weeks: Mapping[Group, Week]) -> list[str]:
    total = _sum([Arrivals(), *(each for week in weeks.values() for each in week.values())])
    notes = [f"{total.sessions} sessions started in this period."]
    if total.running:
        notes.append(
            f"{total.running} of them still run: they count as arrivals with the energy so far, "
            "and are in no distribution."
        )
    return notes


async def _distributions(db: Database, query: Query) -> list[Row]:
    """Returns a row for each group and measure that has a figure."""
    values = (*await session_values(db, query), list(query.group), list(_SHARES))
    return [
        (*(row[group] for group in query.group), *_spread(row, measure))
        async for row in db.stream("report_distributions", *values)
        for measure in _MEASURES
        if row[measure[0]] is not None
    ]


def _spread(row: asyncpg.Record, measure: tuple[str, str, str, int]) -> Row:
    name, label, unit, one = measure
    p10, p25, median, p75, p90, most = (round(each / one, 1) for each in row[name])
    mean = round(row[f"mean_{name}"] / one, 1)
    return label, unit, row[f"with_{name}"], p10, p25, median, p75, p90, most, mean
