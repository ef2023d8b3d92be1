"""Whose the sessions of the past are, in PostgreSQL; and what in them may belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.engine.suggestions import Pair, Pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from csms.engine.joining import Ownership
    from csms.engine.suggestions import Rejection
    from csms.store.postgres import PostgresStore

_MOST_PAIRS = 5000


class PeopleHistory:
    """The past of a store. Every call may raise `DatabaseUnavailable`."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    async def identity_sets(self, refs: Sequence[str]) -> list[tuple[str, ...]]:
        """Returns every set of identities that sessions have which hold one of these."""
        rows = await self._store.look_up("identity_sets", list(refs))
        return [tuple(row["identities"]) for row in rows]

    async def assign_vehicles(
        self, refs: Sequence[str], whose: Mapping[tuple[str, ...], str | None]
    ) -> int:
        """Gives sessions with one of some identities to vehicles, by all that each shows.

        Returns how many have changed.
        """
        sets = ["\n".join(each) for each in whose]
        rows = await self._store.look_up("assign_vehicles", list(refs), sets, list(whose.values()))
        return int(rows[0]["sessions"])

    async def assign_accounts(
        self,
        refs: Sequence[str],
        vehicles: Sequence[str],
        owned: Sequence[Ownership],
        since: datetime | None,
    ) -> int:
        """Gives sessions to whom their token or vehicle belonged when they began.

        Those that are somebody's already only if they began at `since` or later; None: none of
        them. Returns how many have changed.
        """
        columns = [[each[place] for each in owned] for place in range(4)]
        rows = await self._store.look_up(
            "assign_accounts", list(refs), list(vehicles), *columns, since
        )
        return int(rows[0]["sessions"])

    async def pairs(self, since: datetime, rejected: Sequence[Rejection]) -> Pairs:
        """Returns what was seen together since an instant; of what was rejected, since then."""
        given = (since, *_columns(rejected), _MOST_PAIRS)
        found = [
            [_pair(dict(row)) for row in await self._store.look_up(name, *given)]
            for name in ("pairs_told_together", "pairs_hinted", "pairs_in_succession")
        ]
        return Pairs(*found)


def _columns(rejected: Sequence[Rejection]) -> list[list[Any]]:
    return [[each[place] for each in rejected] for place in range(3)]


def _pair(row: Mapping[str, Any]) -> Pair:
    seen = row["sessions"], row["first_at"], row["last_at"]
    return Pair(row["one"], row["other"], *seen, tuple(row["ids"]))
