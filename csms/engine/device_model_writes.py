"""What a unit of work makes durable of a station's device model, and of its violations.

As in `csms.engine.writes`: idempotent, each with a key made of its content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class VariableWrite:
    """What was told of a variable, joined to what was told before. Key: station, `key`.

    `key` is its name for comparing, `told` the values by attribute type, `attributes` what is known
    of these beside, such as `Actual.mutability`.
    """

    station_id: str
    key: str
    component: str
    component_instance: str | None
    evse: int | None
    connector: int | None
    variable: str
    instance: str | None
    told: Mapping[str, str]
    attributes: Mapping[str, Any]
    characteristics: Mapping[str, Any]
    told_at: datetime


@dataclass(frozen=True, slots=True)
class MonitorWrite:
    """A monitor, or that it is gone. Key: station, its ID."""

    station_id: str
    monitor_id: int
    told_at: datetime
    is_gone: bool
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MonitoringEventWrite:
    """What a monitor found. Key: station, time of receipt, message ID, place in the message."""

    station_id: str
    received_at: datetime
    message_id: str
    place: int
    component: str
    variable: str
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ViolationWrite:
    """That a station did something against the specification, `count` times up to `last_at`.

    Key: station, kind, action, field. Counts add up; one that is not later than what is known is
    known already. `doc` holds an example.
    """

    station_id: str
    kind: str
    action: str
    field: str
    count: int
    first_at: datetime
    last_at: datetime
    doc: Mapping[str, Any]
