"""What the report on demand reads: stays as columns, and how many EVSEs there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from csms.monitor.demand import Stays
from csms.monitor.demand_figures import Places
from csms.reports.filters import session_values

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import asyncpg
    from numpy.typing import NDArray

    from csms.reports.report import Database, Query

GROUPS: Final = ("site", "station", "evse", "model")
LONGEST_STAY: Final = timedelta(days=3)
"""Stays that began so long before a period are found in it."""

Group = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """What is read: from `since` on, for figures from `period_since` on, both until `until`."""

    since: datetime
    period_since: datetime
    until: datetime


def span_of(query: Query, now: datetime, history: timedelta) -> Span:
    """Returns what is to be read for a report whose forecast wants so much history."""
    until = max(min(query.until, now), query.since)
    return Span(min(query.since, until - history), query.since, until)


async def stays_of(db: Database, query: Query, span: Span) -> AsyncIterator[tuple[Group, Stays]]:
    """Yields the stays of each group, in the groups' order; one group at a time is in memory."""
    _, _, *rest = session_values(db, query)
    values = (span.since - LONGEST_STAY, span.until, *rest)
    async for row in db.stream("demand_stays", *values, _asked(query), db.now):
        yield _group(row, query), _stays(row)


def _asked(query: Query) -> list[str]:
    return list(query.group)


def _group(row: asyncpg.Record, query: Query) -> Group:
    return tuple(row[name] for name in group_names(query))


def group_names(query: Query) -> tuple[str, ...]:
    """Returns the columns that tell a group; an EVSE is told by its station as well."""
    return tuple(
        name
        for name in GROUPS
        if name in query.group or (name == "station" and "evse" in query.group)
    )


def _stays(row: asyncpg.Record) -> Stays:
    return Stays(
        start=_column(row["start_s"]),
        end=_column(row["end_s"]),
        flow_start=_column(row["flow_start_s"]),
        flow_end=_column(row["flow_end_s"]),
        milliwh=_column(row["milliwh"]),
        evse=_column(row["place"]),
        is_known=_column(row["is_known"]).astype(np.bool_),
    )


def _column(told: bytes) -> NDArray[np.int64]:
    """Reads integers of eight bytes each, as PostgreSQL sends them."""
    return np.frombuffer(told, dtype=">i8").astype(np.int64)


async def places_of(db: Database, query: Query, span: Span) -> dict[Group, Places]:
    """Returns how many EVSEs each group has.

    They are those that the stations have told of, and those at which there were sessions. Where no
    station of a group has told of any, the number is of those seen only.
    """
    _, _, *rest = session_values(db, query)
    told = {row["station"]: set(row["evses"]) for row in await db.fetch("demand_connectors")}
    seen: dict[str, tuple[str | None, str | None, set[int | None]]] = {}
    values = (span.since - LONGEST_STAY, span.until, *rest)
    for row in await db.fetch("demand_places", *values):
        seen[row["station"]] = (row["site"], row["model"], set(row["evses"]))
    for station, state in db.engine.stations.items():
        if station not in seen and station in told and _fits(query, state.record):
            seen[station] = (state.record.site, state.record.model, set())
    return _counted(query, seen, told)


def _fits(query: Query, record: Any) -> bool:  # noqa: ANN401 - a station's record
    """Tells whether a station without sessions is among those that are asked for."""
    wanted = {"site": record.site, "station": record.id, "model": record.model}
    if query.filters.get("source"):
        return False
    return all(wanted[name] in chosen for name, chosen in query.filters.items() if name in wanted)


def _counted(
    query: Query,
    seen: Mapping[str, tuple[str | None, str | None, set[int | None]]],
    told: Mapping[str, set[int]],
) -> dict[Group, Places]:
    counts: dict[Group, int] = defaultdict(int)
    are_told: dict[Group, bool] = {}
    names = group_names(query)
    only = {int(text) for text in query.filters.get("evse", ()) if text.isdecimal()}
    for station, (site, model, evses) in seen.items():
        known = {evse for evse in evses | told.get(station, set()) if not only or evse in only}
        # Sessions that name no EVSE tell of one at least.
        numbered = {evse for evse in known if evse is not None} or known
        for evse in numbered if "evse" in names else [None]:
            where = {"site": site, "station": station, "model": model, "evse": evse}
            group = tuple(where[name] for name in names)
            counts[group] += 1 if "evse" in names else len(numbered)
            are_told[group] = are_told.get(group, True) and station in told
    return {group: Places(counts[group] or None, are_told[group]) for group in counts}
