"""One unit of work: what a message changes, collected while it is handled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from csms.domain.anomalies import Anomaly
from csms.domain.station import dump_station
from csms.engine.summaries import summary_of
from csms.engine.writes import AnomalyWrite, StationWrite

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from csms.domain.commands import Command
    from csms.domain.facts import Answer
    from csms.domain.operations import Operation
    from csms.engine.certificates import Signing
    from csms.engine.quarantine import Hold
    from csms.engine.state import LiveSession, StationState
    from csms.engine.writes import Write


STATION = ""
"""Stands for the station itself among the session IDs that are looked after."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the log, written once the unit is durable. `level` is info or warning."""

    event: str
    fields: dict[str, Any]
    level: str = "info"


@dataclass(frozen=True, slots=True)
class Order:
    """A command that shall leave for the station once the answer has left.

    `profile` is the name of the one that is installed; `alert_id` that of the alert which it is
    a remedy for.
    """

    station_id: str
    command_id: str
    command: Command
    wanted_at: datetime
    session_id: str | None = None
    profile: str | None = None
    alert_id: str | None = None


class Outcome(NamedTuple):
    """What handling a message came to. The answer may leave when the writes are durable.

    `held` wants the message itself kept in quarantine, in the same unit; `begun` are the sessions
    that began, to which held messages may belong. `is_ready` tells that the station is there and
    may be sent what waits for it. `asks` are operations that follow by themselves, `signings`
    the certificates that shall be signed. `is_list_due` wants the station's local list
    compared with what should be on it.
    """

    answer: Answer | None
    writes: tuple[Write, ...]
    then: tuple[Order, ...] = ()
    notes: tuple[Note, ...] = ()
    watched: tuple[str, ...] = ()
    held: Hold | None = None
    begun: tuple[str, ...] = ()
    is_ready: bool = False
    asks: tuple[Operation, ...] = ()
    signings: tuple[Signing, ...] = ()
    is_list_due: bool = False


@dataclass(slots=True)
class Work:
    """The unit in the making.

    `touched` sessions are written once, at the end; `late` ones are to be judged again; of
    `identified` ones it has become known whose they are. `has_more` where further answers to the
    same operation follow.
    """

    station: StationState
    now: datetime
    message_id: str = ""
    writes: list[Write] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    touched: dict[str, LiveSession] = field(default_factory=dict)
    watched: list[str] = field(default_factory=list)
    held: Hold | None = None
    begun: list[str] = field(default_factory=list)
    unchecked_key: str | None = None
    flags: set[str] = field(default_factory=set)
    late: dict[str, LiveSession] = field(default_factory=dict)
    is_ready: bool = False
    asks: list[Operation] = field(default_factory=list)
    signings: list[Signing] = field(default_factory=list)
    is_list_due: bool = False
    has_more: bool = False
    identified: set[str] = field(default_factory=set)

    def touch(self, live: LiveSession) -> None:
        """Has the session written with this unit."""
        self.touched[live.session.id] = live

    def note(self, event: str, live: LiveSession | None = None, **fields: Any) -> None:  # noqa: ANN401 - log fields
        """Adds a log line; one about a session carries its ID, EVSE and station."""
        self.notes.append(Note(event, self._bound(live, fields)))

    def warn(self, event: str, live: LiveSession | None = None, **fields: Any) -> None:  # noqa: ANN401 - log fields
        """Adds a log line that an operator should read."""
        self.notes.append(Note(event, self._bound(live, fields), "warning"))

    def _bound(self, live: LiveSession | None, fields: dict[str, Any]) -> dict[str, Any]:
        bound: dict[str, Any] = {"station": self.station.id}
        if live is not None:
            bound |= {"session": live.session.id, "evse": live.session.evse}
        return bound | fields

    def flag(self, live: LiveSession, flag: str, kind: str, details: dict[str, Any]) -> None:
        """Flags a session for what was inferred about it, and keeps the evidence."""
        live.session.flags.add(flag)
        self.keep_anomalies([Anomaly(kind, details)], live.session.id)

    def keep_anomalies(self, anomalies: Iterable[Anomaly], session_id: str | None = None) -> None:
        """Has oddities written, with what was made of them."""
        for anomaly in anomalies:
            self.writes.append(
                AnomalyWrite(
                    self.station.id,
                    session_id,
                    self.now,
                    anomaly.kind,
                    self.message_id,
                    anomaly.details,
                )
            )

    def save_station(self) -> None:
        """Has the station's record written."""
        record = self.station.record
        self.writes.append(StationWrite(record.id, dump_station(record)))

    def outcome(self, answer: Answer | None) -> Outcome:
        """Closes the unit."""
        writes = [*self.writes, *(live.write() for live in self.touched.values())]
        writes.extend(
            summary_of(self.station.record, live)
            for live in self.touched.values()
            if not live.session.is_active
            or live.session.id in self.begun
            or live.session.id in self.identified
        )
        return Outcome(
            answer,
            tuple(writes),
            tuple(self.orders),
            tuple(self.notes),
            tuple(self.watched),
            self.held,
            tuple(self.begun),
            self.is_ready,
            tuple(self.asks),
            tuple(self.signings),
            self.is_list_due,
        )
