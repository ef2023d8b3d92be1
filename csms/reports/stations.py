"""The report `stations`: how stations did, what points were taken for, and how that went by day.

Days are whole ones in UTC, as they are stored; today's are as of the last round over the stations.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from csms.monitor.health import (
    assess,
    availability_of,
    availability_of_evses,
    online_share,
    told,
    total_of,
)
from csms.reports.health_days import DAY, midnight
from csms.reports.report import Chart, Column, Option, Table, rows_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping
    from datetime import datetime

    from csms.engine.state import StationState
    from csms.monitor.health import Assessment
    from csms.monitor.health_days import Figures
    from csms.reports.report import Database, Query, Row

GROUPS: Final = ("station", "evse", "site", "model")
_WORST_SHOWN: Final = 30
_NAMED: Final = {
    "station": ("station", "site", "vendor", "model"),
    "evse": ("station", "evse", "site", "vendor", "model"),
    "site": ("site",),
    "model": ("vendor", "model"),
}
_SHOWN: Final = {"station": 1, "evse": 2, "site": 1, "model": 2}
_OF_SEVERAL: Final = (Column("stations", "integer", "stations"),)
_OF_ONE: Final = (Column("grade", "text", "grade"),)
_COLUMNS: Final = (
    Column("score", "number", "score"),
    Column("online", "percent", "online", "%"),
    Column("uptime", "percent", "uptime", "%"),
    Column("operative", "percent", "operative", "%"),
    Column("planned_s", "duration_s", "planned downtime"),
    Column("unknown_s", "duration_s", "unknown"),
    Column("breakdowns", "integer", "breakdowns"),
    Column("mtbf_s", "duration_s", "MTBF"),
    Column("mttr_s", "duration_s", "MTTR"),
)
_COUNTS: Final = (
    ("sessions", "sessions"),
    ("failed_starts", "failed starts"),
    ("zero_energy", "without energy"),
    ("aborted", "aborted"),
    ("meter_silent", "meter silent"),
    ("meter_doubtful", "meter doubtful"),
    ("profile_refused", "profile refused"),
    ("profile_ignored", "profile ignored"),
    ("faults", "faults"),
    ("reboots", "reboots"),
    ("drops", "connections lost"),
    ("takeovers", "takeovers"),
    ("timeouts", "calls unanswered"),
)
_FINDINGS: Final = (
    Column("station", "text", "station"),
    Column("family", "text", "family"),
    Column("rule", "text", "rule"),
    Column("says", "text", "what"),
    Column("points", "number", "points"),
)
_DAYS: Final = (
    Column("day", "text", "day"),
    Column("online", "percent", "online", "%"),
    Column("uptime", "percent", "uptime", "%"),
    Column("score_median", "number", "median score"),
    Column("score_worst", "number", "worst score"),
    Column("breakdowns", "integer", "breakdowns"),
    Column("sessions", "integer", "sessions"),
    Column("failed", "integer", "failed or without energy"),
)
_DAILY: Final = (
    "online_s",
    "offline_s",
    "operative_s",
    "faulted_s",
    "unavailable_s",
    "planned_s",
    "breakdowns",
    "sessions",
    "failed_starts",
    "zero_energy",
)


@dataclass(slots=True)
class _Group:
    """The stations of a row: their figures, and the scores of those that have one."""

    names: tuple[Any, ...]
    figures: Figures = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    scores: list[float] = field(default_factory=list)
    stations: int = 0

    def add(self, figures: Figures, found: Assessment) -> None:
        """Adds a station; its EVSEs count each with its own time."""
        for evse, own in figures.items():
            into = self.figures[min(evse, 1)]
            for name, value in own.items():
                into[name] += value
        self.stations += 1
        if found.score is not None:
            self.scores.append(found.score)


@dataclass(frozen=True, slots=True)
class StationsReport:
    """How stations did."""

    name: str = "stations"
    about: str = "Health of stations: availability, scores with what was deducted, trends by day"
    groups: tuple[str, ...] = GROUPS
    default_group: tuple[str, ...] = ("station",)
    filters: tuple[str, ...] = ("site", "station", "model")
    options: tuple[Option, ...] = ()

    async def tables(self, db: Database, query: Query) -> AsyncGenerator[Table]:
        """Yields the stations (or sites, or models), what points were taken for, and the days."""
        group = query.group[0] if query.group else "station"
        span = midnight(query.since), _after(query.until)
        stations = {
            each.id: each for each in db.engine.stations.values() if _is_asked(each, query, span[1])
        }
        notes = [f"Days in UTC, from {span[0]:%Y-%m-%d} until before {span[1]:%Y-%m-%d}."]
        findings: list[Row] = []
        rows: list[Row] = []
        groups: dict[tuple[Any, ...], _Group] = {}
        async for station_id, figures in _figures(db, list(stations), span):
            station, found = stations[station_id], assess(figures)
            findings += [
                (station_id, each.rule.family, each.rule.name, told(each), each.points)
                for each in found.findings
            ]
            if group == "station":
                named = _names(group, station, None)
                rows.append((*named, found.grade, *_row(figures, found.score)))
            elif group == "evse":
                rows += [
                    (*_names(group, station, evse), None, *_row({0: {}, 1: own}, None))
                    for evse, own in sorted(figures.items())
                    if evse
                ]
            else:
                key = _names(group, station, None)
                groups.setdefault(key, _Group(key)).add(figures, found)
        for key, each in sorted(groups.items(), key=lambda item: str(item[0])):
            score = round(median(each.scores), 1) if each.scores else None
            rows.append((*key, each.stations, *_row(each.figures, score)))
        place = len(_NAMED[group]) + 1
        rows.sort(key=lambda row: (row[place] is None, row[place] or 0, str(row[:2])))
        charts = _worst(rows, place, _SHOWN[group])
        yield Table("stations", "Stations", _columns(group), rows_of(rows), notes, charts)
        yield Table("findings", "What points were taken for", _FINDINGS, rows_of(findings))
        days = await _days(db, list(stations), span)
        yield Table("days", "Days", _DAYS, rows_of(days), charts=_by_day(days))


def _is_asked(station: StationState, query: Query, until: datetime) -> bool:
    record = station.record
    if record.created_at is not None and record.created_at >= until:
        return False
    of = {"site": record.site, "station": record.id, "model": record.model}
    return all(of[name] in wanted for name, wanted in query.filters.items())


def _after(until: datetime) -> datetime:
    day = midnight(until)
    return day if day == until else day + DAY


async def _figures(
    db: Database, names: list[str], span: tuple[datetime, datetime]
) -> AsyncIterator[tuple[str, Figures]]:
    """Yields the figures of each station, added up by EVSE, one station after the other.

    Stations come last of which nothing is known in that time.
    """
    name = ""
    figures: Figures = {}
    unseen = dict.fromkeys(names)
    async for row in db.stream("report_station_figures", names, *span):
        if row["station_id"] != name:
            if name:
                yield name, figures
            name, figures = row["station_id"], {}
            del unseen[name]
        figures[row["evse"]] = row["figures"]
    if name:
        yield name, figures
    for name in unseen:
        yield name, {}


def _names(group: str, station: StationState, evse: int | None) -> tuple[Any, ...]:
    record = station.record
    of = {
        "station": record.id,
        "evse": evse,
        "site": record.site,
        "vendor": record.vendor,
        "model": record.model,
    }
    return tuple(of[name] for name in _NAMED[group])


def _columns(group: str) -> tuple[Column, ...]:
    named = tuple(
        Column(name, "integer" if name == "evse" else "text", "EVSE" if name == "evse" else name)
        for name in _NAMED[group]
    )
    counts = tuple(Column(name, "integer", label) for name, label in _COUNTS)
    several = _OF_SEVERAL if group in {"site", "model"} else _OF_ONE
    return (*named, *several, *_COLUMNS, *counts)


def _row(figures: Figures, score: float | None) -> Row:
    spent, totals = availability_of_evses(figures), total_of(figures)
    return (
        score,
        _percent(online_share(figures)),
        _percent(spent.uptime),
        _percent(spent.operative_share),
        round(spent.planned_s),
        round(spent.unknown_s),
        spent.breakdowns,
        None if spent.mtbf_s is None else round(spent.mtbf_s),
        None if spent.mttr_s is None else round(spent.mttr_s),
        *(int(totals.get(name, 0)) for name, _ in _COUNTS),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 3)


def _worst(rows: list[Row], place: int, shown: int) -> list[Chart]:
    """Returns the chart of the worst scores."""
    scored = [row for row in rows if row[place] is not None][:_WORST_SHOWN]
    if not scored:
        return []
    names = [" ".join(str(each) for each in row[:shown]) for row in scored]
    return [Chart("bar", "Worst scores", names, {"score": [row[place] for row in scored]})]


async def _days(db: Database, names: list[str], span: tuple[datetime, datetime]) -> list[Row]:
    """Returns a row for each day that anything is known of."""
    figures: dict[datetime, Mapping[bool, dict[str, float]]] = defaultdict(
        lambda: {False: {}, True: {}}
    )
    for row in await db.fetch("report_station_daily", names, *span, list(_DAILY)):
        figures[row["day"]][row["is_evse"]][row["figure"]] = row["sum"]
    scores = {
        row["day"]: row["scores"] for row in await db.fetch("report_station_scores", names, *span)
    }
    rows: list[Row] = []
    for day, parts in sorted(figures.items()):
        worst, middle = scores.get(day, (None, None))
        totals = total_of({0: parts[False], 1: parts[True]})
        failed = totals.get("failed_starts", 0) + totals.get("zero_energy", 0)
        online = _percent(online_share({0: parts[False]}))
        uptime = _percent(availability_of(parts[True]).uptime)
        breakdowns, sessions = (int(totals.get(name, 0)) for name in ("breakdowns", "sessions"))
        named = f"{midnight(day):%Y-%m-%d}"
        rows.append((named, online, uptime, middle, worst, breakdowns, sessions, int(failed)))
    return rows


def _by_day(days: list[Row]) -> list[Chart]:
    if not days:
        return []
    names = [row[0] for row in days]
    shares = {"online": [row[1] for row in days], "uptime": [row[2] for row in days]}
    scores = {"median": [row[3] for row in days], "worst": [row[4] for row in days]}
    return [
        Chart("line", "Uptime by day", names, shares, "%"),
        Chart("line", "Scores by day", names, scores),
    ]
