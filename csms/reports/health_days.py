"""The days of stations, made of what is stored: incidents, sessions, alerts, and counts.

What is made of a day is stored, so that no figure of a past day is ever worked out from its
incidents again, and a score of 14 days is a sum of 14 rows.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.incidents import Incident
from csms.engine.health_writes import StationDayWrite
from csms.monitor.health_days import Day, Happened, Served, Standing, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import asyncpg

    from csms.store.postgres import PostgresStore

    Counts = Mapping[tuple[str, datetime], Mapping[int, Mapping[str, int]]]

DAY: Final = timedelta(days=1)
_FARTHEST: Final = timedelta(days=150)
_JUST_NOW: Final = timedelta(minutes=5)
_NOTHING: Final = frozenset({"unknown_s"})
_NO_ERROR: Final = frozenset({None, "", "NoError"})
_KINDS: Final = frozenset(each.value for each in Incident)


def midnight(at: datetime) -> datetime:
    """Returns the beginning of a day in UTC."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class _Found:
    """What is stored of some stations, from `since` on: for each where to begin, and from what."""

    begins: Mapping[str, tuple[datetime, Standing]]
    happened: Mapping[str, Sequence[Happened]]
    runs: Sequence[Served]
    counts: Counts


async def days_of(
    store: PostgresStore, stations: Sequence[str], redo: datetime, now: datetime
) -> list[StationDayWrite]:
    """Returns the days of some stations from `redo` (a midnight) to now, worked out anew.

    Days before that are added where they were never worked out. Today's is as it is so far.

    Raises:
        DatabaseUnavailable: if the store is away.
    """
    begins = await _begins(store, stations, redo, now)
    if not begins:
        return []
    since = min(begin for begin, _ in begins.values())
    names = list(begins)
    found = _Found(
        begins,
        _happened(await store.look_up("health_incidents", names, since, now)),
        _runs(await store.look_up("health_runs", since - DAY, now), now),
        _counts(
            [
                row
                for statement in _COUNTS
                for row in await store.look_up(statement, names, since, midnight(now) + DAY)
            ]
        ),
    )
    return await asyncio.to_thread(_writes, found, now)


_COUNTS: Final = ("health_session_counts", "health_alert_counts", "health_conduct_counts")


async def _begins(
    store: PostgresStore, stations: Sequence[str], redo: datetime, now: datetime
) -> dict[str, tuple[datetime, Standing]]:
    """Returns from which midnight on each station is walked, and how it stood then."""
    rows = await store.look_up("health_carries", list(stations), redo)
    begins = {row["station_id"]: (row["day"] + DAY, Standing.load(row["carry"])) for row in rows}
    fresh = [name for name in stations if name not in begins]
    if fresh:
        rows = await store.look_up("health_first_incidents", fresh, now - _FARTHEST)
        for row in rows:
            if row["at"] is not None:
                begins[row["station_id"]] = (midnight(row["at"]), Standing())
    return begins


def _happened(rows: Iterable[asyncpg.Record]) -> dict[str, list[Happened]]:
    found: dict[str, list[Happened]] = defaultdict(list)
    for row in rows:
        if row["kind"] not in _KINDS:
            continue
        doc = row["doc"]
        code = doc.get("error_code")
        found[row["station_id"]].append(
            Happened(
                row["at"],
                Incident(row["kind"]),
                row["evse"],
                row["connector"],
                bool(doc.get("is_ours")),
                None if code in _NO_ERROR else code,
            )
        )
    return found


def _runs(rows: Sequence[asyncpg.Record], now: datetime) -> list[Served]:
    """Returns when we served; whoever asks runs now. Runs that overlap are one."""
    found: list[Served] = []
    for row in rows:
        if found and row["started_at"] <= found[-1].until:
            found[-1] = Served(found[-1].since, max(found[-1].until, row["seen_at"]))
        else:
            found.append(Served(row["started_at"], row["seen_at"]))
    if found and now - found[-1].until < _JUST_NOW:
        found[-1] = Served(found[-1].since, now)
    return found


def _counts(rows: Iterable[asyncpg.Record]) -> Counts:
    found: dict[tuple[str, datetime], dict[int, dict[str, int]]] = {}
    for row in rows:
        own = found.setdefault((row["station_id"], row["day"].astimezone(UTC)), {})
        figures = own.setdefault(row["evse"], {})
        figures[row["figure"]] = figures.get(row["figure"], 0) + int(row["count"])
    return found


def _writes(found: _Found, now: datetime) -> list[StationDayWrite]:
    writes: list[StationDayWrite] = []
    for station_id, (begin, standing) in found.begins.items():
        happened = found.happened.get(station_id, ())
        for day in walk(standing, happened, found.runs, begin, now):
            counts = found.counts.get((station_id, day.day), {})
            writes += _of_day(station_id, day, counts, is_whole=day.day + DAY <= now)
    return writes


def _of_day(
    station_id: str, day: Day, counts: Mapping[int, Mapping[str, int]], *, is_whole: bool
) -> list[StationDayWrite]:
    """Returns the rows of a day; how the station stood counts only at the end of a whole one."""
    writes = []
    for evse in sorted({0, *day.figures, *counts}):
        figures: dict[str, Any] = {
            name: round(value, 3) for name, value in day.figures.get(evse, {}).items()
        }
        for name, count in counts.get(evse, {}).items():
            figures[name] = figures.get(name, 0) + count
        carry = day.standing.dump() if evse == 0 and is_whole else None
        if carry is not None or set(figures) - _NOTHING:
            writes.append(StationDayWrite(station_id, day.day, evse, figures, carry))
    return writes
