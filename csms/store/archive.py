"""Reading records back, for operators: lists with filters, newest first, in pages.

An `after` is the sort key of the last row that was seen. Every call may raise
`DatabaseUnavailable`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from csms.engine.ports import StoredSession
from csms.engine.writes import AlertWrite, DeliveryWrite, QuarantineWrite
from csms.errors import DatabaseUnavailable
from csms.store.ledgers import load_stays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg

    from csms.domain.registers import Stay
    from csms.store.postgres import PostgresStore

_PING_S = 3.0

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StationRow:
    """A station's record and the last state of its connectors."""

    id: str
    created_at: datetime
    doc: Mapping[str, Any]
    connectors: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session; its limits are there only while it runs."""

    id: str
    started_at: datetime
    stored: StoredSession
    open_alerts: int


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert, who has seen it, and the IDs of the alerts that are part of it."""

    alert: AlertWrite
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    members: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Which sessions; None means any. `since` and `until` are about the start, `until` excluded.

    `vehicle` is as a station told it, `vehicle_id` and `account` are records, `identities`
    references of which it showed at least one.
    """

    station: str | None = None
    token: str | None = None
    vehicle: str | None = None
    vehicle_id: str | None = None
    identities: Sequence[str] | None = None
    account: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts; None means any. `grouped` leaves out those that are part of another one."""

    station: str | None = None
    session: str | None = None
    kind: str | None = None
    severity: str | None = None
    state: str | None = None
    grouped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineFilter:
    """Which messages in quarantine; None means any."""

    station: str | None = None
    state: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFilter:
    """Which operations; None means any."""

    station: str | None = None
    state: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationFilter:
    """Which reservations; None means any."""

    station: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFilter:
    """Which tokens; None means any. `group` is a 1.6 parent as well; `text` is looked for."""

    status: str | None = None
    group: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class VariableFilter:
    """Which variables; None means any. Names compare without regard to case, `value` exactly."""

    station: str | None = None
    component: str | None = None
    variable: str | None = None
    evse: int | None = None
    value: str | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list: how many rows at most, after which sort key."""

    limit: int
    after: tuple[Any, ...] | None = field(default=None)

    def key(self, places: int) -> tuple[Any, ...]:
        """Returns the key as so many values, all None for the first page."""
        return self.after or (None,) * places


class Archive:
    """The records of a PostgreSQL store, as operators ask for them."""

    def __init__(self, store: PostgresStore) -> None:
        self.store = store
        self._store = store

    async def ping(self) -> None:
        """Returns once the database has answered.

        Raises:
            DatabaseUnavailable: if it does not, within three seconds.
        """
        try:
            async with asyncio.timeout(_PING_S):
                await self._store.look_up("ping")
        except TimeoutError:
            raise DatabaseUnavailable("the database does not answer") from None

    async def stations(self, span: Span) -> list[StationRow]:
        """Returns stations by (made known, ID)."""
        rows = await self._store.look_up("list_stations", None, *span.key(2), span.limit)
        return [_station(row) for row in rows]

    async def station(self, station_id: str) -> StationRow | None:
        """Returns one station."""
        rows = await self._store.look_up("list_stations", station_id, None, None, 1)
        return _station(rows[0]) if rows else None

    async def delete_station(self, station_id: str) -> bool:
        """Forgets a station and what was believed about it; its sessions and alerts stay."""
        return bool(await self._store.look_up("delete_station", station_id))

    async def sessions(self, which: SessionFilter, span: Span) -> list[SessionRow]:
        """Returns sessions by (start, ID)."""
        if which.vehicle_id or which.identities or which.account:
            return await self._sessions_of(which, span)
        rows = await self._store.look_up(
            "list_sessions",
            which.station,
            which.token,
            which.vehicle,
            which.state,
            which.since,
            which.until,
            *span.key(2),
            None,
            span.limit,
        )
        return [_session(row) for row in rows]

    async def _sessions_of(self, which: SessionFilter, span: Span) -> list[SessionRow]:
        """Returns sessions of a vehicle or an account."""
        whose = (which.vehicle_id, which.identities, which.account)
        rest = (which.station, which.token, which.state, which.since, which.until)
        rows = await self._store.look_up(
            "list_sessions_of", *whose, *rest, *span.key(2), span.limit
        )
        return [_session(row) for row in rows]

    async def session(self, session_id: str) -> SessionRow | None:
        """Returns one session, by its exact ID."""
        rows = await self._store.look_up("list_sessions", *(None,) * 8, session_id, 1)
        return _session(rows[0]) if rows else None

    async def session_id_as_typed(self, typed: str) -> str | None:
        """Returns the ID that was meant by one without dashes or in lower case, if only one is."""
        rows = await self._store.look_up("session_id_as_typed", typed)
        return rows[0]["id"] if len(rows) == 1 else None

    async def samples(self, session_id: str, span: Span) -> list[Row]:
        """Returns samples by (station's time, context, EVSE)."""
        return await self._rows("list_samples", session_id, *span.key(3), span.limit)

    async def alerts(self, which: AlertFilter, span: Span) -> list[AlertRow]:
        """Returns alerts by (opened, ID)."""
        rows = await self._store.look_up(
            "list_alerts",
            which.station,
            which.session,
            which.kind,
            which.severity,
            which.state,
            *span.key(2),
            None,
            which.grouped,
            span.limit,
        )
        return [_alert(row) for row in rows]

    async def alert(self, alert_id: str) -> AlertRow | None:
        """Returns one alert."""
        rows = await self._store.look_up("list_alerts", *(None,) * 7, alert_id, None, 1)
        return _alert(rows[0]) if rows else None

    async def acknowledge(self, alert_id: str, at: datetime, by: str | None) -> AlertRow | None:
        """Notes that somebody has seen an alert; the first one stays the one who has."""
        if not await self._store.look_up("acknowledge_alert", alert_id, at, by):
            return None
        return await self.alert(alert_id)

    async def dead_deliveries(self, hook: str | None, span: Span) -> list[DeliveryWrite]:
        """Returns what no webhook took, by (created, ID)."""
        rows = await self._store.look_up("list_dead_deliveries", hook, *span.key(2), span.limit)
        return [DeliveryWrite(*row.values()) for row in rows]

    async def delivery(self, delivery_id: str) -> DeliveryWrite | None:
        """Returns one delivery to a webhook."""
        rows = await self._store.look_up("delivery", delivery_id)
        return DeliveryWrite(*rows[0].values()) if rows else None

    async def delivery_counts(self) -> list[Row]:
        """Returns how many deliveries wait or are dead, by webhook and state."""
        return await self._rows("count_deliveries")

    async def quarantine(self, which: QuarantineFilter, span: Span) -> list[QuarantineWrite]:
        """Returns messages in quarantine by (received, ID)."""
        rows = await self._store.look_up(
            "list_quarantine", which.station, which.state, which.session, *span.key(2), span.limit
        )
        return [QuarantineWrite(*row.values()) for row in rows]

    async def commands(self, session_id: str, span: Span) -> list[Row]:
        """Returns the commands of a session by (wanted, ID)."""
        return await self._rows("list_commands", session_id, *span.key(2), span.limit)

    async def operations(self, which: OperationFilter, span: Span) -> list[Row]:
        """Returns operations of operators by (wanted, ID)."""
        return await self._rows(
            "list_operations", which.station, which.state, which.name, *span.key(2), span.limit
        )

    async def operation(self, operation_id: str) -> Row | None:
        """Returns one operation of an operator."""
        rows = await self._rows("operation", operation_id)
        return rows[0] if rows else None

    async def estimates(self, session_id: str, span: Span) -> list[Row]:
        """Returns what was told of a session's expected end, by the instant."""
        return await self._rows("list_estimates", session_id, *span.key(1), span.limit)

    async def events(self, session_id: str, span: Span) -> list[Row]:
        """Returns what the station said of a session, by (received, key)."""
        return await self._rows("list_events", session_id, *span.key(2), span.limit)

    async def anomalies(self, session: str | None, station: str | None, span: Span) -> list[Row]:
        """Returns anomalies by (time, station, kind, message ID)."""
        return await self._rows("list_anomalies", session, station, *span.key(4), span.limit)

    async def security_events(self, station: str | None, kind: str | None, span: Span) -> list[Row]:
        """Returns security events by (received, station, message ID)."""
        return await self._rows("list_security_events", station, kind, *span.key(3), span.limit)

    async def records(self, collection: str, span: Span) -> list[Row]:
        """Returns an operator's records by (`created_at` of the document, name)."""
        return await self._rows("list_records", collection, *span.key(2), span.limit)

    async def record(self, collection: str, name: str) -> dict[str, Any] | None:
        """Returns one record of an operator."""
        rows = await self._store.look_up("record", collection, name)
        return rows[0]["doc"] if rows else None

    async def records_named(self, collection: str, names: Sequence[str]) -> dict[str, Any]:
        """Returns those of some records that there are, by name."""
        rows = await self._store.look_up("records_named", collection, list(names))
        return {row["name"]: row["doc"] for row in rows}

    async def tokens(self, which: TokenFilter, span: Span) -> list[Row]:
        """Returns tokens by (`created_at` of the document, name)."""
        given = [None if each is None else each.lower() for each in (which.group, which.text)]
        return await self._rows("list_tokens", which.status, *given, *span.key(2), span.limit)

    async def reservations(self, which: ReservationFilter, span: Span) -> list[Row]:
        """Returns reservations by (`created_at` of the document, name)."""
        return await self._rows(
            "list_reservations", which.station, which.status, *span.key(2), span.limit
        )

    async def reservation(self, number: str) -> dict[str, Any] | None:
        """Returns the reservation with a number, of several the one that changed last."""
        rows = await self._store.look_up("reservation", number)
        return rows[0]["doc"] if rows else None

    async def variables(self, which: VariableFilter, span: Span) -> list[Row]:
        """Returns variables by (station, key)."""
        part = None if which.part is None else f"%{_escaped(which.part)}%"
        named = (which.station, which.component, which.variable, which.evse, which.value)
        return await self._rows("list_variables", *named, part, *span.key(2), span.limit)

    async def monitors(self, station_id: str, span: Span) -> list[Row]:
        """Returns the monitors of a station by ID."""
        return await self._rows("list_monitors", station_id, *span.key(1), span.limit)

    async def monitoring_events(
        self, station_id: str, component: str | None, variable: str | None, span: Span
    ) -> list[Row]:
        """Returns what monitors of a station found, by (received, message ID, place)."""
        which = (station_id, component, variable)
        return await self._rows("list_monitoring_events", *which, *span.key(3), span.limit)

    async def violations(self, station_id: str, span: Span) -> list[Row]:
        """Returns how a station departs from the specification, by (last seen, the key)."""
        return await self._rows("list_violations", station_id, *span.key(4), span.limit)

    async def stays(self, station_id: str) -> list[Stay]:
        """Returns what the ledgers of a station's connectors are made of, in no order."""
        return await load_stays(self._store, station_id)

    async def _rows(self, name: str, *values: Any) -> list[Row]:  # noqa: ANN401 - SQL values
        return [dict(row) for row in await self._store.look_up(name, *values)]


def _escaped(text: str) -> str:
    """Returns a text as a pattern of LIKE that only it fits."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _station(row: asyncpg.Record) -> StationRow:
    return StationRow(row["id"], row["created_at"], row["doc"], row["connectors"] or [])


def _session(row: asyncpg.Record) -> SessionRow:
    since = [datetime.fromisoformat(text) for text in row["limits_since"] or []]
    limits = list(zip(since, row["limits"] or [], strict=True))
    stored = StoredSession(row["doc"], row["watch"], limits)
    return SessionRow(row["id"], row["started_at"], stored, row["open_alerts"])


def _alert(row: asyncpg.Record) -> AlertRow:
    alert = AlertWrite(
        row["id"],
        row["station_id"],
        row["session_id"],
        row["kind"],
        row["severity"],
        row["state"],
        row["opened_at"],
        row["doc"],
    )
    return AlertRow(alert, row["acknowledged_at"], row["acknowledged_by"], row["members"] or ())
