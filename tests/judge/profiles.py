"""Charging profiles as a system sends them, and what a station says of limits from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.judge.frames import Frames

MAX = {"1.6": "ChargePointMaxProfile", "2.0.1": "ChargingStationMaxProfile"}


@dataclass(frozen=True, slots=True)
class Period:
    """From `start_s` on, relative to the schedule's start, a limit."""

    start_s: int
    limit: float
    phases: int | None = None


@dataclass(slots=True)
class Profile:
    """A profile; `start_s` and `valid` are seconds by the log, None where not given."""

    periods: Sequence[Period]
    purpose: str = "TxProfile"
    kind: str = "Absolute"
    unit: str = "A"
    start_s: float | None = 0.0
    duration_s: int | None = None
    level: int = 0
    id: int = 7
    valid: tuple[float | None, float | None] = (None, None)
    evse: int = 1

    def payload(self, frames: Frames, transaction: str | None) -> dict[str, Any]:
        """What SetChargingProfile carries."""
        schedule = schedule_payload(frames, self)
        own: dict[str, Any] = {
            "stackLevel": self.level,
            "chargingProfilePurpose": self.purpose_in(frames.version),
            "chargingProfileKind": self.kind.removesuffix("Daily").removesuffix("Weekly"),
        }
        if self.kind.startswith("Recurring"):
            own["recurrencyKind"] = self.kind.removeprefix("Recurring")
        for name, at_s in zip(("validFrom", "validTo"), self.valid, strict=True):
            if at_s is not None:
                own[name] = frames.true_stamp(at_s)
        with_transaction = self.purpose == "TxProfile" and transaction is not None
        if frames.is_v16:
            own |= {"chargingProfileId": self.id, "chargingSchedule": schedule}
            if with_transaction:
                own["transactionId"] = int(transaction)
            return {"connectorId": self.evse, "csChargingProfiles": own}
        own |= {"id": self.id, "chargingSchedule": [{"id": self.id, **schedule}]}
        if with_transaction:
            own["transactionId"] = transaction
        return {"evseId": self.evse, "chargingProfile": own}

    def purpose_in(self, version: str) -> str:
        return MAX[version] if self.purpose == "Max" else self.purpose


def schedule_payload(frames: Frames, profile: Profile) -> dict[str, Any]:
    """The schedule of a profile."""
    periods = [
        {"startPeriod": each.start_s, "limit": each.limit}
        | ({} if each.phases is None else {"numberPhases": each.phases})
        for each in profile.periods
    ]
    schedule: dict[str, Any] = {"chargingRateUnit": profile.unit, "chargingSchedulePeriod": periods}
    if profile.start_s is not None:
        schedule["startSchedule"] = frames.true_stamp(profile.start_s)
    if profile.duration_s is not None:
        schedule["duration"] = profile.duration_s
    return schedule


def send(
    frames: Frames,
    at_s: float,
    profile: Profile,
    transaction: str | None = None,
    status: str = "Accepted",
) -> None:
    """The system sends a profile, and the station answers."""
    payload = profile.payload(frames, transaction)
    frames.command(at_s, "SetChargingProfile", payload, {"status": status})


def clear(frames: Frames, at_s: float, profile: Profile) -> None:
    """The system removes a profile by its ID."""
    name = "id" if frames.is_v16 else "chargingProfileId"
    frames.command(at_s, "ClearChargingProfile", {name: profile.id}, {"status": "Accepted"})


def external(frames: Frames, at_s: float, limit: float | None, unit: str = "A") -> None:
    """The station says that somebody else limits it, or no longer does (2.0.1)."""
    frames.lane = 7
    if limit is None:
        frames.call(at_s, "ClearedChargingLimit", {"chargingLimitSource": "EMS"})
        return
    schedule = schedule_payload(
        frames, Profile([Period(0, limit)], unit=unit, start_s=float(int(at_s)))
    )
    payload = {
        "chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": True},
        "chargingSchedule": [{"id": 900, **schedule}],
    }
    frames.call(at_s, "NotifyChargingLimit", payload)


def composite(
    frames: Frames, at_s: float, answer: Sequence[Period], unit: str = "A", evse: int = 1
) -> None:
    """The system asks what is in force for the next hour, and the station answers."""
    ask = {"duration": 3600, "chargingRateUnit": unit}
    schedule = schedule_payload(frames, Profile(answer, unit=unit, start_s=None, duration_s=3600))
    if frames.is_v16:
        told = {
            "status": "Accepted",
            "connectorId": evse,
            "scheduleStart": frames.true_stamp(at_s),
            "chargingSchedule": schedule,
        }
        frames.command(at_s, "GetCompositeSchedule", {"connectorId": evse, **ask}, told)
        return
    own = {"evseId": evse, "scheduleStart": frames.true_stamp(at_s), **schedule}
    told = {"status": "Accepted", "schedule": own}
    frames.command(at_s, "GetCompositeSchedule", {"evseId": evse, **ask}, told)
