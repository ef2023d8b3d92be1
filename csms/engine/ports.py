"""What the engine needs of the world around it: a store, and numbers that never repeat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from csms.domain.ledger import Reading
    from csms.domain.sample import Sample
    from csms.engine.writes import AlertWrite, CommandWrite, DeliveryWrite, QuarantineWrite, Write

START_KEYS_KEPT = 32


class StoredSample(NamedTuple):
    """A sample as the store has it: when it came, and what was made of it then."""

    sample: Sample
    received_at: datetime
    evse: int
    verdict: str | None = None
    charging_state: str | None = None


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as the store has it: its state, its judge's memory, and its plans of limits."""

    doc: Mapping[str, Any]
    watch: Mapping[str, Any]
    limits: Sequence[tuple[datetime, Mapping[str, Any]]] = ()


@dataclass(frozen=True, slots=True)
class StoredStation:
    """All that the engine needs to go on with a station.

    `installed` are the profiles believed to be on it, `last_start_at` the newest start or first
    word of a session by the station's own clock, `sessions` those that run, `start_keys` the
    content keys of the last starts that arrived, with their session's ID, the newest last.
    """

    doc: Mapping[str, Any]
    installed: Mapping[str, Any] | None = None
    last_start_at: datetime | None = None
    sessions: Sequence[StoredSession] = field(default=())
    start_keys: Sequence[tuple[str, str]] = ()


class Companion(Protocol):
    """Adds to each unit what has to be as durable as the unit itself."""

    def of(self, unit: Sequence[Write]) -> Sequence[Write]:
        """Returns the writes that go with a unit, most often none."""
        ...

    def follow(self, added: Sequence[Write], durable: Future[None]) -> None:
        """Is told of what it has added, and when that will be durable."""
        ...


class Store(Protocol):
    """Where records live. Every call but `submit` may raise `DatabaseUnavailable`.

    `on_back` are called on the loop when everything that was submitted while the database was
    away is in it again. `companion` sees every unit.
    """

    on_back: list[Callable[[], None]]
    companion: Companion | None

    @property
    def is_behind(self) -> bool:
        """Whether something durable is not in the database yet; reads of history raise then."""
        ...

    @property
    def refuses_newcomers(self) -> bool:
        """Whether there is so little room for what waits that nobody new should connect."""
        ...

    def submit(self, unit: Sequence[Write]) -> Awaitable[None]:
        """Queues a unit at once, in the order of the calls; the result is done when durable.

        It does not fail because the database is away. Awaiting it raises `UnitRefused` if the
        database is there and cannot take what is in the unit.
        """
        ...

    async def load_station(self, station_id: str) -> StoredStation | None:
        """Returns the station, or None if it is unknown."""
        ...

    async def find_by_transaction(
        self, station_id: str, transaction_id: str
    ) -> StoredSession | None:
        """Returns the station's newest session with that transaction ID."""
        ...

    async def find_by_event(self, station_id: str, key: str) -> StoredSession | None:
        """Returns the session that the event with this key belongs to."""
        ...

    async def find_session(self, session_id: str) -> StoredSession | None:
        """Returns the session with that ID."""
        ...

    async def find_around(
        self, station_id: str, earliest: datetime, latest: datetime
    ) -> list[StoredSession]:
        """Returns at most ten sessions of a station that ran in that time, the newest first."""
        ...

    async def load_unresolved(self, since: datetime) -> list[QuarantineWrite]:
        """Returns the messages that wait, and those held that came later, oldest first."""
        ...

    async def find_quarantined(self, quarantine_id: str) -> QuarantineWrite | None:
        """Returns the message in quarantine with that ID."""
        ...

    async def load_readings(self, session_id: str) -> list[Reading]:
        """Returns the register readings of all samples of a session."""
        ...

    async def load_samples(self, session_id: str) -> list[StoredSample]:
        """Returns all samples of a session, in no order."""
        ...

    async def load_alerts(self, session_id: str) -> list[AlertWrite]:
        """Returns all alerts of a session."""
        ...

    async def load_open_alerts(self) -> list[tuple[str, str, str]]:
        """Returns ID, kind and severity of every alert that is open."""
        ...

    async def load_waiting(self, hooks: Collection[str], limit: int) -> list[DeliveryWrite]:
        """Returns the deliveries of some webhooks that wait, the oldest first."""
        ...

    async def load_open_operations(self) -> list[CommandWrite]:
        """Returns the operations of operators that are not over, the oldest first."""
        ...

    async def load_open_reservations(self) -> dict[str, dict[str, Any]]:
        """Returns the records of reservations that may still be used."""
        ...

    async def load_all(self) -> dict[str, StoredStation]:
        """Returns every station by its ID."""
        ...

    async def load_records(self, collection: str) -> dict[str, dict[str, Any]]:
        """Returns an operator's records by name."""
        ...


class Numbers(Protocol):
    """Numbers that are given out once, on every node and for ever."""

    async def next(self, scope: str) -> int:
        """Returns the next number of a scope; the first is 1."""
        ...

    async def some(self, scope: str, count: int) -> range:
        """Returns so many numbers of a scope at once, which follow each other."""
        ...
