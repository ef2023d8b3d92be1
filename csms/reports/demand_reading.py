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
    from collections.abc import AsyncIterator

    import asyncpg
    from numpy.typing import NDArray

    from csms.domain.station import Station
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
    _, _, *rest = await session_values(db, query)
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
    start, waited = _column(row["start_s"]), _column(row["waited_s"])
    end = np.maximum(_column(row["end_s"]), start)
    flow_start = np.minimum(start + np.maximum(waited, 0), end)
    return Stays(
        start=start,
        end=end,
        flow_start=flow_start,
        flow_end=np.maximum(end - _column(row["idled_s"]), flow_start),
        milliwh=_column(row["milliwh"]),
        evse=_column(row["place"]),
        is_known=waited >= 0,
    )


def _column(told: bytes) -> NDArray[np.int64]:
    """Reads integers of eight bytes each, as PostgreSQL sends them."""
    return np.frombuffer(told, dtype=">i8").astype(np.int64)


async def told_places(db: Database, query: Query) -> dict[Group, set[int]]:
    """Returns the places of each group that its stations have told of, by their numbers.

    With those of EVSEs comes the one that sessions have which name no EVSE of such a station.
    """
    only = {int(text) for text in query.filters.get("evse", ()) if text.isdecimal()}
    names = group_names(query)
    found: dict[Group, set[int]] = defaultdict(set)
    for row in await db.fetch("demand_connectors"):
        state = db.engine.stations.get(row["station"])
        if state is None or not _fits(query, state.record) or (only and row["evse"] not in only):
            continue
        record = state.record
        where = {"site": record.site, "station": record.id, "model": record.model}
        where["evse"] = row["evse"]
        found[tuple(where[name] for name in names)] |= {row["place"], row["whole"]}
    return found


def _fits(query: Query, record: Station) -> bool:
    """Tells whether a station is among those that are asked for."""
    wanted = {"site": record.site, "station": record.id, "model": record.model}
    sources = query.filters.get("source")
    if sources and "ocpp" not in sources:
        return False
    return all(wanted[name] in chosen for name, chosen in query.filters.items() if name in wanted)


def count_places(stays: Stays, told: set[int]) -> Places:
    """Returns how many EVSEs there are: those told of, and those at which there were sessions.

    A station of which no EVSE is known counts as one.
    """
    seen = set(np.unique(stays.evse).tolist()) - told
    known = {place for place in told if place >= 0}
    return Places(len(known) + len(seen) or None, bool(known) and not seen)
