"""The store on PostgreSQL: loads by name, writes in groups."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

from csms.domain.readings import reading_at
from csms.engine.ports import START_KEYS_KEPT, StoredSession, StoredStation
from csms.engine.writes import QuarantineWrite
from csms.errors import DatabaseUnavailable
from csms.store.group_commit import GroupCommit
from csms.store.migrations import migrate
from csms.store.partitions import prepare_partitions
from csms.store.queries import queries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from csms.domain.ledger import Reading
    from csms.engine.writes import Write

_JSONB_VERSION = b"\x01"
_CONNECT_TIMEOUT_S = 10.0
_COMMAND_TIMEOUT_S = 30.0


class PostgresStore:
    """Records in PostgreSQL. Make one with `connect`, keep `writer.run` going as a task."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.writer = GroupCommit(pool)
        self.is_behind = self.refuses_newcomers = False
        self.on_back: list[Callable[[], None]] = []

    @classmethod
    async def connect(cls, dsn: str, now: datetime) -> PostgresStore:
        """Opens the database and brings its tables up to date.

        Raises:
            DatabaseUnavailable: saying why, and what to look at.
        """
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=2,
                max_size=10,
                timeout=_CONNECT_TIMEOUT_S,
                command_timeout=_COMMAND_TIMEOUT_S,
                init=_prepare,
            )
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError) as error:
            why = str(error) or type(error).__name__
            raise DatabaseUnavailable(
                f"cannot reach the database: {why}. Check --database-url and that PostgreSQL runs."
            ) from error
        async with pool.acquire() as connection:
            await migrate(connection)
            await prepare_partitions(connection, now)
        return cls(pool)

    async def close(self) -> None:
        """Closes all connections; what was submitted must be written by then."""
        try:
            await asyncio.wait_for(self.pool.close(), 5)
        except TimeoutError:
            self.pool.terminate()

    def submit(self, unit: Sequence[Write]) -> Awaitable[None]:
        """Queues a unit, and returns what is done when the unit is durable."""
        return self.writer.submit(unit)

    async def fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:  # noqa: ANN401 - SQL values
        """Returns the rows of a named statement.

        Raises:
            DatabaseUnavailable: if the database is away.
        """
        try:
            return await self.pool.fetch(queries()[name], *values)
        except (OSError, TimeoutError, asyncpg.InterfaceError) as error:
            raise DatabaseUnavailable(f"the database is away: {error}") from error
        except asyncpg.PostgresConnectionError as error:
            raise DatabaseUnavailable(f"the database is away: {error}") from error

    async def load_station(self, station_id: str) -> StoredStation | None:
        """Returns the station with its running sessions, or None if it is unknown."""
        rows = await self.fetch("station", station_id)
        if not rows:
            return None
        sessions = [
            await self._with_limits(row) for row in await self.fetch("active_sessions", station_id)
        ]
        row = rows[0]
        return StoredStation(row["doc"], row["installed"], row["last_start_at"], sessions)

    async def load_all(self) -> dict[str, StoredStation]:
        """Returns every station by its ID."""
        rows = {row["id"]: row for row in await self.fetch("all_stations")}
        limits: dict[str, list[tuple[datetime, Any]]] = defaultdict(list)
        for row in await self.fetch("all_active_limits"):
            limits[row["session_id"]].append((row["since"], row["doc"]))
        sessions: dict[str, list[StoredSession]] = defaultdict(list)
        for row in await self.fetch("all_active_sessions"):
            session = StoredSession(row["doc"], row["watch"], limits[row["id"]])
            sessions[row["station_id"]].append(session)
        keys: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in await self.fetch("all_start_keys", START_KEYS_KEPT):
            keys[row["station_id"]].append((row["key"], row["session_id"]))
        return {
            name: StoredStation(
                row["doc"], row["installed"], row["last_start_at"], sessions[name], keys[name]
            )
            for name, row in rows.items()
        }

    async def find_by_transaction(
        self, station_id: str, transaction_id: str
    ) -> StoredSession | None:
        """Returns the station's newest session with that transaction ID."""
        return await self._one("session_by_transaction", station_id, transaction_id)

    async def find_by_event(self, station_id: str, key: str) -> StoredSession | None:
        """Returns the session that the event with this key belongs to."""
        return await self._one("session_by_event", station_id, key)

    async def find_session(self, session_id: str) -> StoredSession | None:
        """Returns the session with that ID."""
        return await self._one("session", session_id)

    async def find_around(
        self, station_id: str, earliest: datetime, latest: datetime
    ) -> list[StoredSession]:
        """Returns at most ten sessions of a station that ran in that time, the newest first."""
        rows = await self.fetch("sessions_around", station_id, latest, earliest)
        return [await self._with_limits(row) for row in rows]

    async def load_unresolved(self) -> list[QuarantineWrite]:
        """Returns all messages in quarantine that something is to be done about, oldest first."""
        return [QuarantineWrite(*row.values()) for row in await self.fetch("unresolved")]

    async def find_quarantined(self, quarantine_id: str) -> QuarantineWrite | None:
        """Returns the message in quarantine with that ID."""
        rows = await self.fetch("quarantined", quarantine_id)
        return QuarantineWrite(*rows[0].values()) if rows else None

    async def load_readings(self, session_id: str) -> list[Reading]:
        """Returns the register readings of all samples of a session."""
        return [
            reading
            for row in await self.fetch("readings", session_id)
            if (reading := reading_at(row["context"], row["at"], row["register_milliwh"]))
        ]

    async def load_records(self, collection: str) -> dict[str, dict[str, Any]]:
        """Returns an operator's records by name."""
        return {row["name"]: row["doc"] for row in await self.fetch("records", collection)}

    async def reserve(self, scope: str, count: int) -> int:
        """Returns the first of `count` numbers that nobody else gets."""
        rows = await self.fetch("reserve", scope, count)
        return int(rows[0]["first"])

    async def release(self, scope: str, first_unused: int, end: int) -> None:
        """Gives numbers back, if none was reserved after them."""
        await self.fetch("release", scope, first_unused, end)

    async def _one(self, name: str, *values: str) -> StoredSession | None:
        rows = await self.fetch(name, *values)
        return await self._with_limits(rows[0]) if rows else None

    async def _with_limits(self, row: asyncpg.Record) -> StoredSession:
        limits = await self.fetch("limits", row["id"])
        return StoredSession(
            row["doc"], row["watch"], [(limit["since"], limit["doc"]) for limit in limits]
        )


async def _prepare(connection: asyncpg.Connection) -> None:
    """Has JSON columns arrive parsed. What is written is text already.

    Rows travel in the binary format, in which a jsonb is its version and the text.
    """
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=str.encode, decoder=orjson.loads, format="binary"
    )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda text: _JSONB_VERSION + text.encode(),
        decoder=lambda sent: orjson.loads(sent.removeprefix(_JSONB_VERSION)),
        format="binary",
    )
