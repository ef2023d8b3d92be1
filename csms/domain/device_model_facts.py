"""What stations report of their device model, in the words of neither OCPP version. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.anomalies import Anomaly
    from csms.domain.device_model import EventTold, MonitorTold, VariableTold


@dataclass(frozen=True, slots=True)
class VariablesReported:
    """A part of a report of variables; parts come in any order, `sequence` counts from 0."""

    request_id: int
    sequence: int
    is_last: bool
    at: datetime | None
    variables: tuple[VariableTold, ...]
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class MonitorsReported:
    """A part of a report of monitors; parts come in any order, `sequence` counts from 0."""

    request_id: int
    sequence: int
    is_last: bool
    at: datetime | None
    monitors: tuple[MonitorTold, ...]
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class EventsReported:
    """What monitors, or the station itself, found; long lists come in several parts."""

    sequence: int
    is_last: bool
    at: datetime | None
    events: tuple[EventTold, ...]
    anomalies: tuple[Anomaly, ...] = ()
