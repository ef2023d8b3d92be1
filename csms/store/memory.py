"""The store's twin in memory, for replays and tests. Behind the same port, without durability."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson

from csms.domain.session import reading_of
from csms.engine.device_model_writes import VariableWrite, ViolationWrite
from csms.engine.health_writes import StationDayWrite
from csms.engine.ports import START_KEYS_KEPT, StoredSample, StoredSession, StoredStation
from csms.engine.writes import (
    AlertWrite,
    ChargeRecordWrite,
    CommandWrite,
    ConnectorWrite,
    DeliveryWrite,
    EventWrite,
    InstalledWrite,
    LimitsWrite,
    NumbersWrite,
    QuarantineWrite,
    RecordWrite,
    SampleWrite,
    SessionWrite,
    StationWrite,
    Write,
)
from csms.errors import DatabaseUnavailable
from csms.store.rows import TABLES, to_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from csms.domain.ledger import Reading
    from csms.engine.ports import Companion


class MemoryStore:
    """Records in dicts, by the keys that the tables have.

    With `is_behind` set, reads raise as if the database were away; `come_back` ends that.
    """

    def __init__(self) -> None:
        self.is_behind = self.refuses_newcomers = False
        self.on_back: list[Callable[[], None]] = []
        self.companion: Companion | None = None
        self.tables: dict[type[Write], dict[Any, Any]] = defaultdict(dict)
        self._samples: dict[str, dict[Any, SampleWrite]] = defaultdict(dict)
        self._limits: dict[str, dict[datetime, LimitsWrite]] = defaultdict(dict)
        self._numbers: dict[str, int] = {}

    def submit(self, unit: Sequence[Write]) -> Awaitable[None]:
        """Applies the unit at once."""
        added = () if self.companion is None else self.companion.of(unit)
        for write in (*unit, *added):
            self._apply(write)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        if added and self.companion is not None:
            self.companion.follow(added, future)
        return future

    def come_back(self) -> None:
        """Lets reads work again, and says so to those who wait for it."""
        self.is_behind = False
        for call in self.on_back:
            call()

    def _require_all(self) -> None:
        if self.is_behind:
            raise DatabaseUnavailable("the database is away")

    def _apply(self, write: Write) -> None:
        kind = type(write)
        if isinstance(write, NumbersWrite):
            self._numbers[write.scope] = max(self._numbers.get(write.scope, 1), write.next)
            return
        row, key = TABLES[kind]
        values = row(write)
        name = tuple(values[index] for index in key)
        table = self.tables[kind]
        if isinstance(write, RecordWrite) and write.doc is None:
            table.pop(name, None)
            return
        table[name] = _joined(table[name], write) if name in table else write
        if isinstance(write, LimitsWrite):
            self._limits[write.session_id][write.since] = write
        if isinstance(write, SampleWrite) and write.session_id is not None:
            self._samples[write.session_id][name] = table[name]

    def rows(self, kind: type[Write]) -> list[Any]:
        """Returns all writes of one kind, each key once, in the order of their first coming."""
        return list(self.tables[kind].values())

    async def load_station(self, station_id: str) -> StoredStation | None:
        """Returns the station with its running sessions, or None if it is unknown."""
        self._require_all()
        station = self.tables[StationWrite].get((station_id,))
        if station is None:
            return None
        installed = self.tables[InstalledWrite].get((station_id,))
        started = [
            event
            for event in self.rows(EventWrite)
            if event.station_id == station_id and event.kind == "Started"
        ]
        starts = [event.at for event in started] + self._begun(station_id)
        sessions = [
            self.stored(session)
            for session in self.rows(SessionWrite)
            if session.station_id == station_id and session.state == "active"
        ]
        return StoredStation(
            _plain(station.doc),
            None if installed is None else _plain(installed.doc),
            max(starts, default=None),
            sessions,
            _newest_keys(started),
        )

    async def load_open_operations(self) -> list[CommandWrite]:
        """Returns the operations of operators that are not over, the oldest first."""
        self._require_all()
        found = [
            write
            for write in self.rows(CommandWrite)
            if write.state in {"queued", "sent", "accepted"}
            and "operation" in write.doc
            and write.doc.get("ended_at") is None
        ]
        plain = [replace(write, doc=_plain(write.doc)) for write in found]
        return sorted(plain, key=lambda write: (write.wanted_at, write.command_id))

    async def load_all(self) -> dict[str, StoredStation]:
        """Returns every station by its ID."""
        self._require_all()
        found: dict[str, StoredStation] = {}
        for (station_id,) in self.tables[StationWrite]:
            stored = await self.load_station(station_id)
            if stored is not None:
                found[station_id] = stored
        return found

    def _begun(self, station_id: str) -> list[datetime]:
        """When the newest session began by its station's clock; its start may not have come."""
        known = [
            each
            for each in self.rows(SessionWrite)
            if each.station_id == station_id and each.source is None
        ]
        newest = max(known, key=lambda each: each.started_at, default=None)
        text = None if newest is None else orjson.loads(newest.doc)["started_at_station"]
        return [] if text is None else [datetime.fromisoformat(text)]

    async def find_by_transaction(
        self, station_id: str, transaction_id: str
    ) -> StoredSession | None:
        """Returns the station's newest session with that transaction ID."""
        self._require_all()
        found = [
            session
            for session in self.rows(SessionWrite)
            if (session.station_id, session.transaction_id) == (station_id, transaction_id)
            and session.source is None
        ]
        newest = max(found, key=lambda session: session.started_at, default=None)
        return None if newest is None else self.stored(newest)

    async def find_by_event(self, station_id: str, key: str) -> StoredSession | None:
        """Returns the session that the event with this key belongs to."""
        self._require_all()
        event = self.tables[EventWrite].get((station_id, key))
        if event is None or event.session_id is None:
            return None
        return await self.find_session(event.session_id)

    async def find_session(self, session_id: str) -> StoredSession | None:
        """Returns the session with that ID."""
        self._require_all()
        session = self.tables[SessionWrite].get((session_id,))
        return None if session is None else self.stored(session)

    async def find_around(
        self, station_id: str, earliest: datetime, latest: datetime
    ) -> list[StoredSession]:
        """Returns sessions of a station that ran in that time, the newest first."""
        self._require_all()
        found = [
            session
            for session in self.rows(SessionWrite)
            if session.station_id == station_id
            and session.source is None
            and session.started_at <= latest
            and (session.ended_at is None or session.ended_at >= earliest)
        ]
        found.sort(key=lambda session: session.started_at, reverse=True)
        return [self.stored(session) for session in found[:10]]

    async def load_unresolved(self, since: datetime) -> list[QuarantineWrite]:
        """Returns the messages that wait, and those held that came later, oldest first."""
        self._require_all()
        found = [
            write
            for write in self.rows(QuarantineWrite)
            if write.state == "waiting" or (write.state == "held" and write.received_at > since)
        ]
        return sorted(found, key=lambda write: (write.received_at, write.quarantine_id))

    async def find_quarantined(self, quarantine_id: str) -> QuarantineWrite | None:
        """Returns the message with that ID."""
        self._require_all()
        found: QuarantineWrite | None = self.tables[QuarantineWrite].get((quarantine_id,))
        return found

    async def load_readings(self, session_id: str) -> list[Reading]:
        """Returns the register readings of all samples of a session."""
        self._require_all()
        return [
            reading
            for write in self._samples[session_id].values()
            if (reading := reading_of(write.sample)) is not None
        ]

    async def load_samples(self, session_id: str) -> list[StoredSample]:
        """Returns all samples of a session, in no order."""
        self._require_all()
        kept = self._samples[session_id].values()
        return [
            StoredSample(
                write.sample, write.received_at, write.evse, write.verdict, write.charging_state
            )
            for write in kept
        ]

    async def load_alerts(self, session_id: str) -> list[AlertWrite]:
        """Returns all alerts of a session."""
        self._require_all()
        found = [alert for alert in self.rows(AlertWrite) if alert.session_id == session_id]
        return [replace(alert, doc=_plain(alert.doc)) for alert in found]

    async def load_open_alerts(self) -> list[tuple[str, str, str]]:
        """Returns ID, kind and severity of every alert that is open."""
        self._require_all()
        alerts = [each for each in self.rows(AlertWrite) if each.state == "open"]
        return [(each.alert_id, each.kind, each.severity) for each in alerts]

    async def load_waiting(self, hooks: Collection[str], limit: int) -> list[DeliveryWrite]:
        """Returns the deliveries of some webhooks that wait, the oldest first."""
        self._require_all()
        found = [
            write
            for write in self.rows(DeliveryWrite)
            if write.state == "waiting" and write.hook in hooks
        ]
        return sorted(found, key=lambda each: (each.created_at, each.delivery_id))[:limit]

    async def load_records(self, collection: str) -> dict[str, dict[str, Any]]:
        """Returns an operator's records by name."""
        self._require_all()
        return {
            write.name: _plain(write.doc)
            for write in self.rows(RecordWrite)
            if write.collection == collection
        }

    async def load_open_reservations(self) -> dict[str, dict[str, Any]]:
        """Returns the records of reservations that may still be used."""
        known = await self.load_records("reservations")
        open_states = {"requested", "accepted"}
        return {name: doc for name, doc in known.items() if doc["status"] in open_states}

    async def load_numbers(self) -> dict[str, int]:
        """Returns the first number of each scope that is not in use."""
        return dict(self._numbers)

    async def reserve(self, scope: str, count: int) -> int:
        """Returns the first of `count` numbers that nobody else gets."""
        self._require_all()
        first = self._numbers.get(scope, 1)
        self._numbers[scope] = first + count
        return first

    async def release(self, scope: str, first_unused: int, end: int) -> None:
        """Gives numbers back, if none was reserved after them."""
        if self._numbers.get(scope) == end:
            self._numbers[scope] = first_unused

    def stored(self, session: SessionWrite) -> StoredSession:
        """Returns a session as a database would give it back."""
        known = self._limits[session.session_id].values()
        limits = [(write.since, _plain(write.doc)) for write in known]
        return StoredSession(orjson.loads(session.doc), orjson.loads(session.watch), limits)


def _newest_keys(started: Sequence[EventWrite]) -> list[tuple[str, str]]:
    by_arrival = sorted(started, key=lambda event: event.received_at)
    known = [(event.key, event.session_id) for event in by_arrival if event.session_id]
    return known[-START_KEYS_KEPT:]


def _joined(old: Any, new: Write) -> Any:  # noqa: ANN401 - writes of one kind
    """Returns what a table makes of a row and of another one with the same key."""
    join = _JOINS.get(type(new))
    return new if join is None else join(old, new)


def _event(old: EventWrite, new: EventWrite) -> EventWrite:
    return replace(old, session_id=old.session_id or new.session_id)


def _sample(old: SampleWrite, new: SampleWrite) -> SampleWrite:
    return replace(
        old,
        sample=old.sample.merged_with(new.sample),
        verdict=new.verdict or old.verdict,
        charging_state=old.charging_state or new.charging_state,
    )


def _newest(old: Any, new: Any) -> Any:  # noqa: ANN401 - of one kind
    return old if _is_older(new, old) else new


def _command(old: CommandWrite, new: CommandWrite) -> CommandWrite:
    return replace(new, doc={**old.doc, **new.doc})


def _variable(old: VariableWrite, new: VariableWrite) -> VariableWrite:
    return replace(
        new,
        told={**old.told, **new.told},
        attributes={**old.attributes, **new.attributes},
        characteristics={**old.characteristics, **new.characteristics},
    )


def _violation(old: ViolationWrite, new: ViolationWrite) -> ViolationWrite:
    if old.last_at >= new.last_at:
        return old
    first_at = min(old.first_at, new.first_at)
    return replace(new, count=old.count + new.count, first_at=first_at)


def _day(old: StationDayWrite, new: StationDayWrite) -> StationDayWrite:
    return new if new.score is not None else replace(new, score=old.score)


def _is_older(new: ConnectorWrite | DeliveryWrite, old: Any) -> bool:  # noqa: ANN401 - of one kind
    if isinstance(new, ConnectorWrite):
        return bool(old.at > new.at)
    return bool(old.version >= new.version)


def _requarantined(old: QuarantineWrite, new: QuarantineWrite) -> QuarantineWrite:
    return replace(
        new,
        received_at=old.received_at,
        message_id=old.message_id,
        transaction_id=old.transaction_id or new.transaction_id,
        session_id=new.session_id or old.session_id,
        doc={**old.doc, **new.doc},
    )


def _quarantine(old: QuarantineWrite, new: QuarantineWrite) -> QuarantineWrite:
    return old if old.is_resolved else _requarantined(old, new)


_JOINS: Final[Mapping[type[Write], Callable[[Any, Any], Any]]] = MappingProxyType(
    {
        EventWrite: _event,
        SampleWrite: _sample,
        ConnectorWrite: _newest,
        DeliveryWrite: _newest,
        ChargeRecordWrite: lambda old, _new: old,
        CommandWrite: _command,
        QuarantineWrite: _quarantine,
        VariableWrite: _variable,
        ViolationWrite: _violation,
        StationDayWrite: _day,
    }
)


def _plain(doc: Any) -> Any:  # noqa: ANN401 - any JSON
    """Returns what a database would give back: plain JSON."""
    return orjson.loads(to_json(doc))
