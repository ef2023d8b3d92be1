"""What a vehicle makes of the schedule that it was given. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.anomalies import Anomaly
    from profiles import Schedule


@dataclass(frozen=True, slots=True)
class EvScheduleReported:
    """The schedule that a vehicle will follow. Source: 2.0.1 NotifyEVChargingSchedule.

    Its periods count from `at`; `schedule` None where it makes no sense. The answer is an
    `EvNeedsAnswer`: Accepted, or Rejected where it asks for more than it was given.
    """

    evse: int
    at: datetime | None
    schedule: Schedule | None
    payload: Mapping[str, Any] = field(default_factory=dict)
    anomalies: tuple[Anomaly, ...] = ()
