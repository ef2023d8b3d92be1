"""The report `sessions`: one row for each, with all that is asked of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from csms.domain.session import SessionState
from csms.reports.costs import (
    Totals,
    account_name,
    amount,
    cost_columns,
    notes_of,
    sums,
    vehicle_name,
)
from csms.reports.filters import SESSION_FILTERS, session_values
from csms.reports.report import Chart, Column, Option, Table, rows_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import asyncpg

    from csms.reports.costs import Sums
    from csms.reports.report import Database, Query, Row

_MILLIWH_IN_KWH: Final = 1_000_000
_MOST_CHARTED: Final = 800
_COLUMNS: Final = (
    Column("id", "text", "session"),
    Column("started_at", "time", "start"),
    Column("ended_at", "time", "end"),
    Column("duration_s", "duration_s", "duration", is_detail=True),
    Column("running", "flag", "running"),
    Column("state", "text", "state", is_detail=True),
    Column("site", "text", "site", is_detail=True),
    Column("station", "text", "station"),
    Column("evse", "integer", "EVSE"),
    Column("connector", "integer", "connector", is_detail=True),
    Column("model", "text", "model", is_detail=True),
    Column("vehicle_id", "text", "vehicle record", is_detail=True),
    Column("vehicle_name", "text", "vehicle name", is_detail=True),
    Column("vehicle", "text", "vehicle"),
    Column("account", "text", "account", is_detail=True),
    Column("account_name", "text", "account name", is_detail=True),
    Column("token", "text", "token"),
    Column("soc_start", "percent", "level at start", "%"),
    Column("soc_end", "percent", "level at end", "%"),
    Column("energy_wh", "energy_wh", "energy", "Wh"),
    Column("peak_w", "number", "peak", "W", is_detail=True),
    Column("waiting_s", "duration_s", "waiting", is_detail=True),
    Column("charging_s", "duration_s", "charging", is_detail=True),
    Column("paused_s", "duration_s", "paused", is_detail=True),
    Column("idle_s", "duration_s", "idle", is_detail=True),
    Column("net", "money", "net", is_detail=True),
    Column("total", "money", "cost"),
    Column("currency", "text", "currency"),
    Column("estimated", "flag", "estimated", is_detail=True),
    Column("tariff", "text", "tariff", is_detail=True),
    Column("record", "text", "record", is_detail=True),
    Column("profile", "text", "profile", is_detail=True),
    Column("limits", "text", "limits", is_detail=True),
    Column("deviations", "integer", "deviations"),
    Column("kinds", "text", "kinds of deviations", is_detail=True),
    Column("held_back_by", "text", "held back by"),
    Column("stop_reason", "text", "stop reason", is_detail=True),
    Column("flags", "text", "flags", is_detail=True),
    Column("source", "text", "source", is_detail=True),
)


@dataclass(frozen=True, slots=True)
class SessionsReport:
    """One row for each session."""

    name: str = "sessions"
    about: str = (
        "Every session: when, where, which vehicle, charge level, energy, cost, limit, deviations"
    )
    groups: tuple[str, ...] = ()
    default_group: tuple[str, ...] = ()
    filters: tuple[str, ...] = SESSION_FILTERS
    options: tuple[Option, ...] = ()

    async def tables(self, db: Database, query: Query) -> AsyncGenerator[Table]:
        """Yields the sessions by their start, their totals, and those of each day."""
        days = [each async for each in sums(db, query, ("day",))]
        told = Totals()
        for each in days:
            told.take(each)
        count = sum(each.sessions for each in days)
        notes = notes_of(db, query, told.found)
        rows = _sessions(db, query)
        yield Table("sessions", "Sessions", _COLUMNS, rows, notes, expected_rows=count)
        rows = rows_of([each.row for each in told.found])
        yield Table("totals", "Totals", cost_columns(()), rows)
        rows = rows_of([each.row for each in days])
        yield Table("days", "Days", cost_columns(("day",)), rows, charts=_charts(days))


async def _sessions(db: Database, query: Query) -> AsyncIterator[Row]:
    values = await session_values(db, query)
    async for row in db.stream("report_sessions", *values):
        yield _row(db, row)


def _row(db: Database, row: asyncpg.Record) -> Row:
    is_running = row["state"] == SessionState.ACTIVE
    end = row["ended_at"] or (db.now if is_running else None)
    return (
        row["id"],
        row["started_at"],
        row["ended_at"],
        None if end is None else round((end - row["started_at"]).total_seconds()),
        is_running,
        row["state"],
        row["site"],
        row["station_id"],
        row["evse"],
        row["connector"],
        row["model"],
        row["vehicle_id"],
        vehicle_name(db, row["vehicle_id"]),
        row["vehicle"],
        row["account"],
        account_name(db, row["account"]),
        row["token"],
        row["soc_start"],
        row["soc_end"],
        row["energy_milliwh"],
        row["peak_w"],
        round(row["waiting_s"]),
        round(row["charging_s"]),
        round(row["paused_s"]),
        round(row["idle_s"]),
        amount(row["cost_net"], row["currency"]),
        amount(row["cost"], row["currency"]),
        row["currency"],
        row["is_estimated"],
        row["tariff"],
        row["record"],
        row["profile"],
        row["limits"],
        row["deviations"],
        " ".join(row["kinds"]),
        row["held_back_by"],
        row["stop_reason"],
        " ".join(row["flags"]),
        row["source"],
    )


def _charts(days: list[Sums]) -> list[Chart]:
    """Returns sessions and energy by day; of a day with several currencies there is one figure."""
    sessions: dict[str, int] = {}
    energies: dict[str, float] = {}
    for each in days:
        day = str(each.names[0])
        sessions[day] = sessions.get(day, 0) + each.sessions
        energies[day] = energies.get(day, 0.0) + (each.energy_milliwh or 0) / _MILLIWH_IN_KWH
    if not 0 < len(sessions) <= _MOST_CHARTED:
        return []
    return [
        Chart("bar", "Sessions by day", list(sessions), {"sessions": list(sessions.values())}),
        Chart("bar", "Energy by day", list(energies), {"energy": list(energies.values())}, "kWh"),
    ]
