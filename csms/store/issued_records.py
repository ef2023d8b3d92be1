"""Charge records that were issued, as CDRs and receipts are made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    import asyncpg

    from csms.store.postgres import PostgresStore

_PAGE: Final = 100

Issued = dict[str, Any]
"""A record: number, session_id, issued_at, replaces, doc (all that it says)."""


class IssuedRecords:
    """The charge records of a PostgreSQL store."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    async def numbered(self, number: str) -> Issued | None:
        """Returns the record of that number."""
        return _first(await self._store.look_up("charge_records_numbered", [number]))

    async def of_session(self, session_id: str) -> Issued | None:
        """Returns the newest record of a session."""
        return _first(await self._store.look_up("newest_charge_record", session_id))

    async def replacing(self, record: Issued) -> Issued | None:
        """Returns the record that has replaced one."""
        asked = (record["session_id"], record["number"])
        return _first(await self._store.look_up("charge_record_that_replaces", *asked))

    async def between(
        self, since: datetime, until: datetime
    ) -> AsyncIterator[tuple[Issued, Issued | None]]:
        """Yields each record issued in that time, the oldest first, with the one it replaces.

        They are read in pages of 100, however many there are.
        """
        after: tuple[datetime | None, str | None] = (None, None)
        while True:
            asked = (since, until, *after, _PAGE)
            rows = [
                dict(each) for each in await self._store.look_up("charge_records_issued", *asked)
            ]
            replaced = await self._all({each["replaces"] for each in rows} - {None})
            for row in rows:
                yield row, replaced.get(row["replaces"])
            if len(rows) < _PAGE:
                return
            after = (rows[-1]["issued_at"], rows[-1]["number"])

    async def _all(self, numbers: set[str]) -> dict[str | None, Issued]:
        if not numbers:
            return {}
        rows = await self._store.look_up("charge_records_numbered", sorted(numbers))
        return {each["number"]: dict(each) for each in rows}


def _first(rows: Sequence[asyncpg.Record]) -> Issued | None:
    return dict(rows[0]) if rows else None
