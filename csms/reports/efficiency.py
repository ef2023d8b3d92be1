"""The report `efficiency`: time and energy lost to waiting, limits, idling; what could be saved.

What the figures mean is in docs/demand.md.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from csms.domain.usage import CAR, NONE, PROFILE, SITE, STATION
from csms.reports.costs import TIMES, time_name, vehicle_name
from csms.reports.filters import SESSION_FILTERS, session_values
from csms.reports.report import Chart, Column, Option, QueryInvalid, Table, rows_of
from csms.reports.savings import Comparison, percent_saved, rounded

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    import asyncpg

    from csms.billing import Tariff
    from csms.reports.report import Database, Query, Row

_THINGS: Final = ("site", "station", "evse", "model", "vehicle", "account")
_CAUSES: Final = (CAR, STATION, PROFILE, SITE, NONE)
_SHARES: Final = 1 << 20
_AT_ONCE: Final = 500
_MOST_PRICED: Final = 100_000
_ABOUT_ENERGY: Final = (
    "Energy is held back while a limit of profile, site or station binds, against what the car has "
    "shown that it takes; where that is unknown, only the time counts."
)
_ABOUT_CAUSES: Final = (
    "Who bound the charging: the car (its own limit, the end of its charge, or a pause of its own),"
    " the station (it gave less than it could), a profile of ours, the site (a limit of the whole "
    "station or from outside), or nothing that is known."
)
_ABOUT_SAVINGS: Final = (
    "Sessions are priced anew by their newest tariffs: as they were, with their energy evenly "
    "between waiting and idling; and moved, at most with their own peak power, to the cheapest "
    "quarters of an hour of the same stay. One that this makes dearer stays as it was."
)
_FIGURES: Final = (
    Column("sessions", "integer", "sessions"),
    Column("energy_wh", "energy_wh", "energy", "Wh"),
    Column("stay_s", "duration_s", "plugged in"),
    Column("waiting_s", "duration_s", "waiting"),
    Column("charging_s", "duration_s", "charging"),
    Column("paused_s", "duration_s", "paused"),
    Column("idle_s", "duration_s", "full but plugged in"),
    Column("unknown_s", "duration_s", "unknown"),
    Column("charging", "percent", "charging", "%"),
    Column("idle", "percent", "full but plugged in", "%"),
    Column("empty", "integer", "sessions without energy"),
    Column("empty_s", "duration_s", "time that they took"),
    Column("held_wh", "energy_wh", "held back by limits", "Wh"),
    Column("missing_wh", "energy_wh", "of it missing at departure", "Wh"),
)
_BY_CAUSE: Final = (
    Column("cause", "text", "held back by"),
    Column("sessions", "integer", "sessions mostly"),
    Column("held_s", "duration_s", "time"),
    Column("held_wh", "energy_wh", "energy held back", "Wh"),
    Column("missing_wh", "energy_wh", "of it missing at departure", "Wh"),
)
_SAVINGS: Final = (
    Column("currency", "text", "currency"),
    Column("sessions", "integer", "sessions compared"),
    Column("energy_wh", "energy_wh", "energy", "Wh"),
    Column("was", "money", "as it was"),
    Column("moved", "money", "at the cheapest hours of the stay"),
    Column("moved_saves", "percent", "saves", "%"),
    Column("cheaper", "integer", "sessions that it makes cheaper"),
    Column("other", "money", "under the other tariff"),
    Column("other_saves", "percent", "saves", "%"),
)
_OPTIONS: Final = (
    Option("other_tariff", "The ID of another tariff, to compare with"),
    Option("savings", "How many sessions are priced anew at most; 0 for none", "500"),
)


@dataclass(frozen=True, slots=True)
class EfficiencyReport:
    """Where the time and the energy went that could have been used better."""

    name: str = "efficiency"
    about: str = "Time and energy lost to waiting, limits and idling; what could be saved"
    groups: tuple[str, ...] = (*_THINGS, *TIMES)
    default_group: tuple[str, ...] = ("site",)
    filters: tuple[str, ...] = SESSION_FILTERS
    options: tuple[Option, ...] = field(default=_OPTIONS)

    async def tables(self, db: Database, query: Query) -> AsyncGenerator[Table]:
        """Yields the groups, what held them back, and the savings."""
        other, most = _read_options(db, query)
        spans = [name for name in query.group if name in TIMES]
        if len(spans) > 1:
            raise QueryInvalid("group", f"{' and '.join(spans)} are both spans of time; give one")
        things = [name for name in query.group if name in _THINGS]
        values = await session_values(db, query)
        span = spans[0] if spans else None
        rows = await db.fetch("efficiency_groups", *values, things, span, query.zone.key, db.now)
        columns = [_column(name) for name in query.group]
        named = [(tuple(_cell(db, query, name, row) for name in query.group), row) for row in rows]
        yield _main(columns, named)
        yield _causes(columns, named)
        if most:
            yield await _savings(db, values, other, most)


def _read_options(db: Database, query: Query) -> tuple[Tariff | None, int]:
    text = query.options.get("savings") or "500"
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) <= _MOST_PRICED):  # noqa: PLR2004 - digits
        raise QueryInvalid(
            "savings", f"{text!r} is no number of sessions; give one from 0 to {_MOST_PRICED}"
        )
    tariff_id = query.options.get("other_tariff")
    if not tariff_id:
        return None, int(text)
    known = db.engine.policy.tariffs.newest(tariff_id)
    if known is None:
        there = ", ".join(db.engine.policy.tariffs.ids()) or "none"
        raise QueryInvalid("other_tariff", f"there is no tariff {tariff_id!r}; there are: {there}")
    return known.tariff, int(text)


def _column(name: str) -> Column:
    return Column(name, "integer" if name == "evse" else "text", "EVSE" if name == "evse" else name)


def _cell(db: Database, query: Query, name: str, row: asyncpg.Record) -> Any:  # noqa: ANN401 - a cell
    if name in TIMES:
        return time_name(name, row["since"], query.zone)
    if name == "vehicle":
        return vehicle_name(db, row[name]) or row[name]
    return row[name]


def _main(columns: Sequence[Column], named: Sequence[tuple[Row, asyncpg.Record]]) -> Table:
    rows = [(*names, *_figures(row)) for names, row in named]
    charts = []
    if len(named) > 1 and columns:
        axis = [" ".join(str(each) for each in names) for names, _ in named[:_CHARTED]]
        lines = {
            told: [round((row[f"{told}_s"] or 0) / 3600, 2) for _, row in named[:_CHARTED]]
            for told in ("waiting", "charging", "paused", "idle")
        }
        charts.append(Chart("bar", "Hours plugged in", axis, lines, "h"))
    notes = [_ABOUT_ENERGY]
    return Table("efficiency", "Efficiency", (*columns, *_FIGURES), rows_of(rows), notes, charts)


_CHARTED: Final = 60


def _figures(row: asyncpg.Record) -> Row:
    times = [row[f"{name}_s"] or 0.0 for name in ("waiting", "charging", "paused", "idle")]
    stay_s = row["stay_s"] or 0.0
    return (
        row["sessions"],
        row["energy_milliwh"],
        round(stay_s),
        *(round(each) for each in times),
        round(max(stay_s - sum(times), 0.0)),
        _percent(times[1], stay_s) if any(times) else None,
        _percent(times[3], stay_s) if any(times) else None,
        row["empty"],
        round(row["empty_s"] or 0.0),
        _whole(row, "milliwh"),
        _whole(row, "missing"),
    )


def _whole(row: asyncpg.Record, of: str) -> int | None:
    known = [row[f"{cause}_{of}"] for cause in (STATION, PROFILE, SITE)]
    there = [each for each in known if each is not None]
    return sum(there) if there else None


def _percent(part: float, whole: float) -> float | None:
    return round(part / whole * 100, 1) if whole else None


def _causes(columns: Sequence[Column], named: Sequence[tuple[Row, asyncpg.Record]]) -> Table:
    rows = [(*names, *cells) for names, row in named for cells in _cause_rows(row)]
    notes = [_ABOUT_CAUSES]
    return Table("causes", "What held back", (*columns, *_BY_CAUSE), rows_of(rows), notes)


_COUNTS: Final = {CAR: CAR, STATION: "station_sessions", PROFILE: PROFILE, SITE: "site_sessions"}


def _cause_rows(row: asyncpg.Record) -> list[Row]:
    found: list[Row] = []
    for cause in _CAUSES:
        has_energy = cause in {STATION, PROFILE, SITE}
        found.append(
            (
                cause,
                row[_COUNTS.get(cause, cause)],
                round(row[f"{cause}_s"] or 0.0),
                row[f"{cause}_milliwh"] if has_energy else None,
                row[f"{cause}_missing"] if has_energy else None,
            )
        )
    return [*found, ("unknown", row["unknown"], None, None, None)]


async def _savings(db: Database, values: tuple[Any, ...], other: Tariff | None, most: int) -> Table:
    """Returns what would have been saved, by a sample of the sessions if there are too many."""
    (counted,) = await db.fetch("efficiency_priced_count", *values)
    there: int = counted["sessions"]
    share = _SHARES if there <= most else max(most * _SHARES // there, 1)
    comparison = Comparison(db.engine.policy, other)
    batch: list[asyncpg.Record] = []
    async for row in db.stream("efficiency_priced", *values, share):
        batch.append(row)
        if len(batch) >= _AT_ONCE:
            await asyncio.to_thread(comparison.take, batch)
            batch = []
    await asyncio.to_thread(comparison.take, batch)
    rows: list[Row] = [
        (
            each.currency,
            each.sessions,
            each.energy_milliwh,
            rounded(each.was, each.currency),
            rounded(each.moved, each.currency),
            percent_saved(each.was, each.moved),
            each.could,
            rounded(each.other, each.currency),
            None if each.other is None else percent_saved(each.was, each.other),
        )
        for each in sorted(comparison.sums.values(), key=lambda one: one.currency)
    ]
    return Table("savings", "Savings", _SAVINGS, rows_of(rows), _notes(there, comparison))


def _notes(there: int, comparison: Comparison) -> list[str]:
    compared = sum(each.sessions for each in comparison.sums.values())
    notes = [_ABOUT_SAVINGS]
    if compared + comparison.left_out < there:
        notes.append(f"Of {there} sessions with a tariff {compared} were compared, by chance.")
    if comparison.left_out:
        notes.append(
            f"{comparison.left_out} were left out: their tariff is gone or in another currency, or "
            "they took longer than a week."
        )
    return notes
