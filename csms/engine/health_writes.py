"""What is made durable for the health of stations: incidents, counts, days, and what they come to.

As in `csms.engine.writes`: idempotent, each with a key made of its content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class IncidentWrite:
    """Something that happened to a station. Key: station, time, kind, `key`.

    `kind` is one of `csms.domain.incidents.Incident`, `evse` 0 for the station as a whole.
    """

    station_id: str
    at: datetime
    kind: str
    key: str
    evse: int
    connector: int
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunWrite:
    """That this server served from `started_at` to `seen_at` at least. Key: `run`; it only grows.

    Whatever is between two runs nobody has seen.
    """

    run: str
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class ConductWrite:
    """What was counted of a station on a day (its midnight in UTC) in a run. Key: all three.

    `counts` are all since the day or the run began, by `csms.engine.conduct`'s names.
    """

    station_id: str
    day: datetime
    run: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StationDayWrite:
    """The figures of a station's or an EVSE's day. Key: station, day (midnight, UTC), EVSE.

    EVSE 0 is the station; its `carry` is how it stood at the day's end, for the next day, and
    `score` what its health had come to by then.
    """

    station_id: str
    day: datetime
    evse: int
    figures: Mapping[str, float]
    carry: Mapping[str, Any] | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class HealthWrite:
    """The newest judgement of a station's health. Key: station."""

    station_id: str
    at: datetime
    score: float | None
    doc: Mapping[str, Any]
