"""The truth log of a run, read back."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FOREVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RealSession:
    """A transaction as it really was. `told_wh` is what the station said that it came to."""

    station: str
    evse: int
    transaction: str
    wire_id: str | None
    token: str
    vehicle: str | None
    started: datetime
    ended: datetime
    started_told: str
    reason: str
    told_wh: int
    counted_wh: int
    drawn_wh: float
    accepted: int
    refused: int

    @property
    def hours(self) -> float:
        return (self.ended - self.started).total_seconds() / 3600


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something that was really not as agreed. `facts` are as the log has them."""

    station: str
    kind: str
    evse: int | None
    transaction: str | None
    onset: datetime
    ended: datetime
    facts: dict[str, Any]

    @property
    def lasted_s(self) -> float:
        return (self.ended - self.onset).total_seconds()


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which something was on at a station; `what` is the fault's name, or a state."""

    station: str
    what: str
    began: datetime
    ended: datetime
    evse: int | None = None

    def meets(self, began: datetime, ended: datetime) -> bool:
        return self.began < ended and began < self.ended


@dataclass(slots=True)
class Truth:
    """A whole log."""

    header: dict[str, Any]
    sessions: list[RealSession] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)
    faults: dict[str, list[Window]] = field(default_factory=lambda: defaultdict(list))
    away: dict[str, list[Window]] = field(default_factory=lambda: defaultdict(list))
    discarded: dict[tuple[str, str], list[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    unsent: set[tuple[str, str]] = field(default_factory=set)
    stations: set[str] = field(default_factory=set)
    last: datetime | None = None

    def faults_in(self, session: RealSession) -> list[Window]:
        """The faults that were on at some time of a session, at its EVSE or the whole station."""
        return [
            each
            for each in self.faults[session.station]
            if each.evse in (None, session.evse) and each.meets(session.started, session.ended)
        ]


def read(path: Path) -> Truth:
    with path.open(encoding="utf-8") as lines:
        truth = Truth(json.loads(next(lines)))
        reader = _Reader(truth)
        for line in lines:
            reader.take(json.loads(line))
    reader.close()
    return truth


class _Reader:
    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._on: dict[tuple[str, str, int | None], datetime] = {}
        self._away: dict[str, datetime] = {}
        self._begun: dict[tuple[Any, ...], dict[str, Any]] = {}

    def take(self, line: dict[str, Any]) -> None:
        at, station = instant(line["at"]), line["station"]
        truth = self._truth
        truth.stations.add(station)
        truth.last = at if truth.last is None else max(truth.last, at)
        match line["event"]:
            case "session":
                truth.sessions.append(_session(line))
            case "deviation":
                self._deviation(line)
            case "fault":
                self._fault(at, line)
            case "connection.lost":
                self._away.setdefault(station, at)
            case "connection.opened":
                if (since := self._away.pop(station, None)) is not None:
                    truth.away[station].append(Window(station, "away", since, at))
            case "message.discarded":
                truth.discarded[station, str(line.get("transaction"))].append(line)
            case "messages.unsent":
                truth.unsent |= {(station, str(each)) for each in line.get("transactions", ())}

    def close(self) -> None:
        """End what was still on."""
        for (station, name, evse), began in self._on.items():
            self._truth.faults[station].append(Window(station, name, began, FOREVER, evse))
        for station, began in self._away.items():
            self._truth.away[station].append(Window(station, "away", began, FOREVER))
        for line in self._begun.values():
            ended = self._truth.last or FOREVER
            self._truth.deviations.append(_deviation(line, ended))

    def _deviation(self, line: dict[str, Any]) -> None:
        key = tuple(line.get(name) for name in ("station", "kind", "evse", "onset"))
        if line["state"] == "began":
            if line["kind"] == "PROFILE_REFUSED":
                self._truth.deviations.append(_deviation(line, instant(line["at"])))
            else:
                self._begun[key] = line
            return
        self._begun.pop(key, None)
        self._truth.deviations.append(_deviation(line, instant(line["ended"])))

    def _fault(self, at: datetime, line: dict[str, Any]) -> None:
        key = (line["station"], line["fault"], line.get("evse"))
        if line["state"] == "on":
            self._on.setdefault(key, at)
        elif (began := self._on.pop(key, None)) is not None:
            self._truth.faults[line["station"]].append(Window(key[0], key[1], began, at, key[2]))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _session(line: dict[str, Any]) -> RealSession:
    return RealSession(
        station=line["station"],
        evse=line["evse"],
        transaction=line["transaction"],
        wire_id=line["transaction_id"],
        token=line["token"],
        vehicle=line["vehicle"],
        started=instant(line["started"]),
        ended=instant(line["ended"]),
        started_told=line["started_told"],
        reason=line["reason"],
        told_wh=line["told_stop_wh"] - line["told_start_wh"],
        counted_wh=line["register_stop_wh"] - line["register_start_wh"],
        drawn_wh=line["drawn_wh"],
        accepted=line["profiles_accepted"],
        refused=line["profiles_refused"],
    )


def _deviation(line: dict[str, Any], ended: datetime) -> Deviation:
    return Deviation(
        station=line["station"],
        kind=line["kind"],
        evse=line.get("evse"),
        transaction=line.get("transaction"),
        onset=instant(line["onset"]),
        ended=ended,
        facts=line,
    )
