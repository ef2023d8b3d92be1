"""What a charging profile is, in one form for OCPP 1.6 and 2.x.

Purposes carry the 2.x names for every version. Limits are floats with at most one decimal
(amperes per phase, or watts over all phases); `None` always means "not given" or "no limit".
Source: OCPP 2.0.1 part 2, 3.7 to 3.14 (chapter K); OCPP 1.6, 7.8 to 7.14.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY_S = 86_400
WEEK_S = 604_800


class Purpose(StrEnum):
    """What a profile bounds. 1.6's ChargePointMaxProfile is `STATION_MAX`."""

    EXTERNAL_CONSTRAINTS = "ChargingStationExternalConstraints"
    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    LOCAL_GENERATION = "LocalGeneration"
    """OCPP 2.1 only: what is produced on site and may be drawn on top of the limit."""


class Kind(StrEnum):
    """How a schedule is anchored in time."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"
    DYNAMIC = "Dynamic"
    """OCPP 2.1 only: counted from `ChargingProfile.updated_at`, stale after the duration."""


class RecurrencyKind(StrEnum):
    """The cycle of a recurring schedule."""

    DAILY = "Daily"
    WEEKLY = "Weekly"

    @property
    def cycle_s(self) -> int:
        """Length of the cycle; always plain UTC seconds, whatever local clocks do."""
        return DAY_S if self is RecurrencyKind.DAILY else WEEK_S


class RateUnit(StrEnum):
    """Unit of a limit: amperes are per phase, watts are the total over all phases."""

    A = "A"
    W = "W"


@dataclass(frozen=True, slots=True)
class Period:
    """A limit from `start_s` seconds after the schedule's start up to the next period.

    `number_phases` None means three on AC. `phase_to_use` only goes with one phase. `limit`
    None, which only 2.1 can carry, takes its turn in the stack and bounds nothing; so do
    `limit_l2` and `limit_l3`, with which `limit` is that of the first phase.
    """

    start_s: int
    limit: float | None
    number_phases: int | None = None
    phase_to_use: int | None = None
    limit_l2: float | None = None
    limit_l3: float | None = None

    @property
    def lowest(self) -> float | None:
        """The limit as a single number: the lowest of the phases' own, None for no limit."""
        if self.limit_l2 is None and self.limit_l3 is None:
            return self.limit
        given = [each for each in (self.limit, self.limit_l2, self.limit_l3) if each is not None]
        return min(given, default=None)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Periods of one unit, ordered by start; `duration_s` ends the last one, else it runs on."""

    unit: RateUnit
    periods: tuple[Period, ...]
    start: datetime | None = None
    duration_s: int | None = None
    min_charging_rate: float | None = None
    id: int = 1

    def __post_init__(self) -> None:
        require_aware("start", self.start)


@dataclass(frozen=True, slots=True)
class ChargingProfile:
    """One charging profile as it stands on the wire, in either version.

    `other_schedules` exists for 2.x stations with ISO 15118 (up to three in all); evaluation
    looks at `schedule` alone. `valid_from` is inclusive, `valid_to` exclusive.
    """

    id: int
    stack_level: int
    purpose: Purpose
    kind: Kind
    schedule: Schedule
    transaction_id: str | None = None
    recurrency_kind: RecurrencyKind | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    updated_at: datetime | None = None
    other_schedules: tuple[Schedule, ...] = ()

    def __post_init__(self) -> None:
        require_aware("valid_from", self.valid_from)
        require_aware("valid_to", self.valid_to)
        require_aware("updated_at", self.updated_at)

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """All schedules, the evaluated one first."""
        return (self.schedule, *self.other_schedules)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form in snake_case; `from_dict` takes it back unchanged."""
        return {
            "id": self.id,
            "stack_level": self.stack_level,
            "purpose": self.purpose.value,
            "kind": self.kind.value,
            "transaction_id": self.transaction_id,
            "recurrency_kind": self.recurrency_kind.value if self.recurrency_kind else None,
            "valid_from": to_text(self.valid_from),
            "valid_to": to_text(self.valid_to),
            "updated_at": to_text(self.updated_at),
            "schedule": _schedule_to_dict(self.schedule),
            "other_schedules": [_schedule_to_dict(each) for each in self.other_schedules],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ChargingProfile:
        """Return the profile that `to_dict` stored; absent keys mean "not given".

        Raises: KeyError or ValueError when `stored` is not such a form.
        """
        recurrency = stored.get("recurrency_kind")
        return cls(
            id=stored["id"],
            stack_level=stored["stack_level"],
            purpose=Purpose(stored["purpose"]),
            kind=Kind(stored["kind"]),
            schedule=_schedule_from_dict(stored["schedule"]),
            transaction_id=stored.get("transaction_id"),
            recurrency_kind=RecurrencyKind(recurrency) if recurrency else None,
            valid_from=from_text(stored.get("valid_from")),
            valid_to=from_text(stored.get("valid_to")),
            updated_at=from_text(stored.get("updated_at")),
            other_schedules=tuple(
                _schedule_from_dict(each) for each in stored.get("other_schedules", ())
            ),
        )


@dataclass(frozen=True, slots=True)
class Transaction:
    """A running transaction: Relative schedules count from `start`.

    `start` is when energy could first flow, as well as it is known. `id` is None for a
    transaction that is only assumed (GetCompositeSchedule on an idle EVSE): no TxProfile
    belongs to such a one. Source: OCPP 2.0.1 part 2, K08.FR.06.
    """

    id: str | None
    start: datetime

    def __post_init__(self) -> None:
        require_aware("start", self.start)


def require_aware(name: str, at: datetime | None) -> None:
    """Raise ValueError when `at` has no time zone: its instant would depend on the machine."""
    if at is not None and at.tzinfo is None:
        message = f"{name} {at.isoformat()} has no time zone; give an aware datetime"
        raise ValueError(message)


def _schedule_to_dict(schedule: Schedule) -> dict[str, Any]:
    return {
        "id": schedule.id,
        "unit": schedule.unit.value,
        "start": to_text(schedule.start),
        "duration_s": schedule.duration_s,
        "min_charging_rate": schedule.min_charging_rate,
        "periods": [
            {
                "start_s": period.start_s,
                "limit": period.limit,
                "number_phases": period.number_phases,
                "phase_to_use": period.phase_to_use,
                **_of_phases(period),
            }
            for period in schedule.periods
        ],
    }


def _of_phases(period: Period) -> dict[str, float]:
    """Return the limits that only OCPP 2.1 knows, where they are given."""
    given = {"limit_l2": period.limit_l2, "limit_l3": period.limit_l3}
    return {name: limit for name, limit in given.items() if limit is not None}


def _schedule_from_dict(stored: Mapping[str, Any]) -> Schedule:
    return Schedule(
        unit=RateUnit(stored["unit"]),
        periods=tuple(
            Period(
                start_s=each["start_s"],
                limit=each["limit"],
                number_phases=each.get("number_phases"),
                phase_to_use=each.get("phase_to_use"),
                limit_l2=each.get("limit_l2"),
                limit_l3=each.get("limit_l3"),
            )
            for each in stored["periods"]
        ),
        start=from_text(stored.get("start")),
        duration_s=stored.get("duration_s"),
        min_charging_rate=stored.get("min_charging_rate"),
        id=stored.get("id", 1),
    )


def to_text(at: datetime | None) -> str | None:
    """Return `at` as ISO 8601 in UTC ending in Z; None for None."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_text(text: str | None) -> datetime | None:
    """Return the instant that `to_text` wrote; None for None."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
