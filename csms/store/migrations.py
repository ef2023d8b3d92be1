"""Brings the database's tables up to date: numbered SQL files, each applied once, in order."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from csms.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from csms.store.queries import Connection

_LOCK = 0x4C41_4444  # any number that no other program uses for an advisory lock
_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text PRIMARY KEY,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


async def migrate(connection: Connection) -> list[str]:
    """Applies what has not been applied, and returns the names of it.

    Nodes that start at once wait for each other.

    Raises:
        DatabaseUnavailable: if a file that was applied has changed since, or the database is of
            a newer version of this program.
    """
    files = _files()
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_LEDGER)
        rows = await connection.fetch("SELECT name, sha256 FROM schema_migrations")
        applied = {row["name"]: row["sha256"] for row in rows}
        _check(files, applied)
        fresh = [name for name in files if name not in applied]
        for name in fresh:
            await connection.execute(files[name])
            await connection.execute(
                "INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)",
                name,
                _digest(files[name]),
            )
    return fresh


def _files() -> dict[str, str]:
    folder = resources.files("csms.store").joinpath("sql")
    found = {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    }
    return dict(sorted(found.items()))


def _check(files: dict[str, str], applied: dict[str, str]) -> None:
    for name, digest in applied.items():
        if name not in files:
            raise DatabaseUnavailable(
                f"the database has the migration {name}, which this version does not know; "
                "start the newer version of csms"
            )
        if _digest(files[name]) != digest:
            raise DatabaseUnavailable(
                f"the migration {name} was changed after it was applied; restore the file"
            )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
