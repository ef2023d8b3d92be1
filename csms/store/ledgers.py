"""What the ledgers of a station's connectors are made of, read back for operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.registers import Stay, reading_stay
from csms.domain.stored_ledger import load_ledger

if TYPE_CHECKING:
    import asyncpg

    from csms.store.postgres import PostgresStore


async def load_stays(store: PostgresStore, station_id: str) -> list[Stay]:
    """Returns every session of a station, and its meters' first and last word outside of them.

    Raises:
        DatabaseUnavailable: if the database is away.
    """
    sessions = await store.look_up("session_registers", station_id)
    outside = await store.look_up("outside_registers", station_id)
    stays = [_session(row) for row in sessions]
    for row in outside:
        stays.append(reading_stay(row["evse"], row["first_at"], row["first_milliwh"]))
        stays.append(reading_stay(row["evse"], row["last_at"], row["last_milliwh"]))
    return stays


def _session(row: asyncpg.Record) -> Stay:
    ledger = load_ledger(row["ledger"])
    return Stay(
        row["id"],
        row["evse"],
        row["started_at"],
        row["ended_at"],
        ledger.span,
        ledger.energy_milliwh or 0,
        row["energy_milliwh"] or 0,
        (*row["flags"], *ledger.flags),
    )
