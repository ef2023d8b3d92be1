"""The store on PostgreSQL: loads by name, writes in groups."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from csms.domain.readings import reading_at
from csms.engine.ports import START_KEYS_KEPT, StoredSession, StoredStation
from csms.engine.writes import AlertWrite, CommandWrite, DeliveryWrite, QuarantineWrite
from csms.errors import DatabaseUnavailable
from csms.store.group_commit import GroupCommit
from csms.store.journal import Journal
from csms.store.migrations import migrate
from csms.store.partitions import prepare_partitions
from csms.store.queries import queries
from csms.store.reading_pool import Pools, ReadingPool
from csms.store.room import Room
from csms.store.samples import read_sample
from csms.store.trouble import TRANSIENT, why
from csms.store.waiting import opened

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection, Sequence
    from datetime import datetime

    import asyncpg

    from csms.domain.ledger import Reading
    from csms.engine.ports import Companion, StoredSample
    from csms.engine.writes import Write
    from csms.store.options import StoreOptions

_RESERVE_S, _READ_S, _PATIENT_S = 0.15, 1.0, 20.0
_BACK_S = 2.0
_PRELOAD_S = 120.0
_ROWS_AT_ONCE = 500
_DELIVERED_KEPT = timedelta(days=30)

log = structlog.get_logger("store")


class PostgresStore:
    """Records in PostgreSQL. Make one with `connect`, keep `writer.run` going as a task."""

    def __init__(self, writer: GroupCommit, pools: Pools, journal: Journal, room: Room) -> None:
        self.writer, self.journal = writer, journal
        self.pools, self._room = pools, room
        self._reading, self._looking_up, _ = pools
        self.on_back = writer.on_back
        self.companion: Companion | None = None

    @classmethod
    async def connect(cls, dsn: str, now: datetime, options: StoreOptions) -> PostgresStore:
        """Opens the database, brings its tables up to date, and what the journal holds into them.

        Raises:
            DatabaseUnavailable, JournalUnusable: saying why, and what to look at.
        """
        connection = await opened(dsn, options.database_wait_s)
        try:
            await migrate(connection.held)
            await prepare_partitions(connection.held, now)
            await connection.warm_up(_PATIENT_S)
            database = await connection.held.fetchval(queries()["database_identity"])
            journal = await asyncio.to_thread(Journal.open, options.journal_dir, database)
        except BaseException:
            connection.drop()
            raise
        pools = Pools(*(ReadingPool(dsn) for _ in Pools._fields))
        await pools.open()
        writer = GroupCommit(connection, journal, options.spill_after_s)
        writer.renew = pools.renew
        await writer.recover()
        return cls(writer, pools, journal, Room(writer, journal, options))

    @property
    def pool(self) -> asyncpg.Pool:
        """The engine's connections for reading, as they are now."""
        return self._reading.pool

    @property
    def is_behind(self) -> bool:
        """Whether something durable is not in the database yet; reads of history raise then."""
        return self.writer.is_behind

    @property
    def refuses_newcomers(self) -> bool:
        """Whether there is so little room for what waits that nobody new should connect."""
        return self._room.is_short

    async def close(self) -> None:
        """Closes all connections; what was submitted must be written by then."""
        await self.writer.end()
        await self.pools.close()

    def submit(self, unit: Sequence[Write]) -> Awaitable[None]:
        """Queues a unit, and returns what is done when the unit is durable."""
        added = () if self.companion is None else self.companion.of(unit)
        if not added or self.companion is None:
            return self.writer.submit(unit)
        durable = self.writer.submit([*unit, *added])
        self.companion.follow(added, durable)
        return durable

    async def fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:  # noqa: ANN401 - SQL values
        """Returns the rows of a named statement, for those who cannot wait.

        Raises:
            DatabaseUnavailable: if the database is away or behind.
        """
        if self.writer.is_behind:
            raise DatabaseUnavailable("the database is away, or not up to date yet")
        try:
            return await self._reading.fetch(_READ_S, name, *values)
        except DatabaseUnavailable as away:
            self.writer.suspect(str(away))
            raise

    async def look_up(self, name: str, *values: Any) -> list[asyncpg.Record]:  # noqa: ANN401 - SQL values
        """Returns the rows of a named statement, for those who can wait a little.

        Raises:
            DatabaseUnavailable: if the database is away, or behind for longer.
        """
        await self.until_back()
        return await self._looking_up.fetch(_PATIENT_S, name, *values)

    async def upkeep(self, now: datetime) -> None:
        """Makes partitions ahead; if the database is away that waits for the next time."""
        try:
            async with self.pool.acquire(timeout=_READ_S) as connection:
                await prepare_partitions(connection, now)
                await connection.execute(queries()["forget_deliveries"], now - _DELIVERED_KEPT)
        except TRANSIENT as error:
            log.warning("store.upkeep_failed", why=why(error))

    async def until_back(self) -> None:
        """Returns once what was submitted can be read back, after a short absence at most.

        Raises:
            DatabaseUnavailable: if the database is away, or behind for longer.
        """
        if not self.writer.is_behind:
            return
        back = asyncio.Event()
        self.on_back.append(back.set)
        try:
            async with asyncio.timeout(_BACK_S):
                await back.wait()
        except TimeoutError:
            raise DatabaseUnavailable("the database is away, or not up to date yet") from None
        finally:
            self.on_back.remove(back.set)

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
        rows = {row["id"]: row for row in await self._looking_up.fetch(_PRELOAD_S, "all_stations")}
        limits: dict[str, list[tuple[datetime, Any]]] = defaultdict(list)
        for row in await self._looking_up.fetch(_PRELOAD_S, "all_active_limits"):
            limits[row["session_id"]].append((row["since"], row["doc"]))
        sessions: dict[str, list[StoredSession]] = defaultdict(list)
        for row in await self._looking_up.fetch(_PRELOAD_S, "all_active_sessions"):
            session = StoredSession(row["doc"], row["watch"], limits[row["id"]])
            sessions[row["station_id"]].append(session)
        keys: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in await self._looking_up.fetch(_PRELOAD_S, "all_start_keys", START_KEYS_KEPT):
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

    async def load_unresolved(self, since: datetime) -> list[QuarantineWrite]:
        """Returns the messages that wait, and those held that came later, oldest first."""
        return [QuarantineWrite(*row.values()) for row in await self.fetch("unresolved", since)]

    async def find_quarantined(self, quarantine_id: str) -> QuarantineWrite | None:
        """Returns the message in quarantine with that ID."""
        rows = await self.fetch("quarantined", quarantine_id)
        return QuarantineWrite(*rows[0].values()) if rows else None

    async def load_readings(self, session_id: str) -> list[Reading]:
        """Returns the register readings of all samples of a session."""
        return [
            reading
            for row in await self.fetch("readings", session_id)
            if (reading := reading_at(*row))
        ]

    async def load_samples(self, session_id: str) -> list[StoredSample]:
        """Returns all samples of a session, in no order."""
        rows = await self.fetch("session_samples", session_id)
        samples = []
        for index, row in enumerate(rows, 1):
            samples.append(read_sample(row))
            if index % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return samples

    async def load_alerts(self, session_id: str) -> list[AlertWrite]:
        """Returns all alerts of a session."""
        return [AlertWrite(*row.values()) for row in await self.fetch("session_alerts", session_id)]

    async def load_open_alerts(self) -> list[tuple[str, str, str]]:
        """Returns ID, kind and severity of every alert that is open."""
        rows = await self._looking_up.fetch(_PRELOAD_S, "open_alerts")
        return [(row["id"], row["kind"], row["severity"]) for row in rows]

    async def load_open_operations(self) -> list[CommandWrite]:
        """Returns the operations of operators that are not over, the oldest first."""
        rows = await self._looking_up.fetch(_PRELOAD_S, "open_operations")
        return [CommandWrite(*row.values()) for row in rows]

    async def load_open_reservations(self) -> dict[str, dict[str, Any]]:
        """Returns the records of reservations that may still be used."""
        rows = await self._looking_up.fetch(_PRELOAD_S, "open_reservations")
        return {row["name"]: row["doc"] for row in rows}

    async def load_waiting(self, hooks: Collection[str], limit: int) -> list[DeliveryWrite]:
        """Returns the deliveries of some webhooks that wait, the oldest first."""
        rows = await self.look_up("waiting_deliveries", list(hooks), limit)
        return [DeliveryWrite(*row.values()) for row in rows]

    async def load_records(self, collection: str) -> dict[str, dict[str, Any]]:
        """Returns an operator's records by name."""
        return {row["name"]: row["doc"] for row in await self.look_up("records", collection)}

    async def load_numbers(self) -> dict[str, int]:
        """Returns the first number of each scope that is not in use."""
        rows = await self._looking_up.fetch(_PRELOAD_S, "numbers")
        return {row["scope"]: row["next"] for row in rows}

    async def reserve(self, scope: str, count: int) -> int:
        """Returns the first of `count` numbers that nobody else gets; soon, or not at all.

        Raises:
            DatabaseUnavailable: if there is none soon; some may be lost then.
        """
        rows = await self._reading.fetch(_RESERVE_S, "reserve", scope, count)
        return int(rows[0]["first"])

    async def release(self, scope: str, first_unused: int, end: int) -> None:
        """Gives numbers back, if none was reserved after them."""
        await self._reading.fetch(_READ_S, "release", scope, first_unused, end)

    async def _one(self, name: str, *values: str) -> StoredSession | None:
        rows = await self.fetch(name, *values)
        return await self._with_limits(rows[0]) if rows else None

    async def _with_limits(self, row: asyncpg.Record) -> StoredSession:
        limits = await self.fetch("limits", row["id"])
        return StoredSession(
            row["doc"], row["watch"], [(limit["since"], limit["doc"]) for limit in limits]
        )
