"""One named profile as an operator writes it, and the charging profile it becomes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, tzinfo
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from profiles.catalogue.coherence import WEEKDAYS, problems
from profiles.catalogue.local_time import latest_occurrence
from profiles.model import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Schedule,
)
from profiles.units import MAX_PHASES, has_one_decimal_at_most, truncate

_CLOCK = re.compile(r"(\d+):([0-5]\d)")
_PARTS = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def read_seconds(given: Any) -> Any:  # noqa: ANN401  # pydantic hands over whatever the file holds
    """Return seconds from an int, "90", "HH:MM" or "1d2h30m15s"; others pass through unchanged.

    Raises: ValueError on a text of none of these forms.
    """
    if not isinstance(given, str):
        return given
    text = given.strip().lower()
    if text.isdecimal():
        return int(text)
    if clock := _CLOCK.fullmatch(text):
        return int(clock[1]) * 3600 + int(clock[2]) * 60
    parts = _PARTS.fullmatch(text)
    if not text or parts is None:
        message = f"{given!r} is no duration; write seconds, HH:MM, or such as 1h30m"
        raise ValueError(message)
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _one_decimal(limit: float) -> float:
    if not has_one_decimal_at_most(limit):
        message = f"{limit} has more than one decimal; write {truncate(limit)}"
        raise ValueError(message)
    return limit


_LARGEST_INTEGER = 2**31 - 1
_LARGEST_RATE = 10_000_000.0

Seconds = Annotated[
    int, Field(ge=0, le=_LARGEST_INTEGER, strict=True), BeforeValidator(read_seconds)
]
Rate = Annotated[float, Field(ge=0, le=_LARGEST_RATE, allow_inf_nan=False, strict=True)]
Phases = Annotated[int, Field(ge=1, le=MAX_PHASES, strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tolerance(_Part):
    """By how much a session may exceed the profile, where that is more than usual."""

    amperes: Rate | None = None
    percent: Annotated[float, Field(ge=0, le=100)] | None = None


class CataloguePeriod(_Part):
    """A limit from `start_period` seconds after the schedule's start up to the next period."""

    start_period: Seconds
    limit: Rate
    number_phases: Phases | None = None

    @field_validator("limit")
    @classmethod
    def _limit_fits_the_wire(cls, limit: float) -> float:
        return _one_decimal(limit)


class CatalogueProfile(_Part):
    """A named profile. Without periods it is unlimited, and nothing is pushed.

    Limits are amperes per phase or watts over all phases. `start_time_of_day` and `weekday` are
    local to the site. `duration_s` and `start_period` also take "HH:MM" and "1h30m". `deviations`
    are numbers for whoever judges the sessions, who knows their names.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)
    description: str = ""
    current_type: Literal["AC1", "AC3", "DC"] = "AC3"
    charging_rate_unit: Literal["A", "W"] = "A"
    kind: Literal["Absolute", "Recurring", "Relative"] = "Relative"
    recurrency_kind: Literal["Daily", "Weekly"] | None = None
    start_time_of_day: time | None = None
    weekday: (
        Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] | None
    ) = None
    start_schedule: AwareDatetime | None = None
    duration_s: Seconds | None = None
    stack_level: Annotated[int, Field(ge=0, le=_LARGEST_INTEGER, strict=True)] = 0
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    min_charging_rate: Rate | None = None
    number_phases: Phases | None = None
    periods: tuple[CataloguePeriod, ...] = ()
    energy_target_wh: Annotated[int, Field(gt=0)] | None = None
    soc_target_percent: Annotated[float, Field(gt=0, le=100)] | None = None
    tolerance: Tolerance = Tolerance()
    deviations: dict[str, Rate] = {}
    labels: tuple[str, ...] = ()

    @property
    def is_unlimited(self) -> bool:
        """Whether the profile limits nothing, so that none is pushed."""
        return not self.periods

    @field_validator("min_charging_rate")
    @classmethod
    def _rate_fits_the_wire(cls, rate: float | None) -> float | None:
        return None if rate is None else _one_decimal(rate)

    @model_validator(mode="after")
    def _fields_go_together(self) -> Self:
        found = problems(self)
        if found:
            sentences = "; ".join(f"{field}: {message}" for field, message in found)
            raise PydanticCustomError("incoherent", "{sentences}", _context(sentences, found))
        return self

    def phases_of(self, period: CataloguePeriod) -> int | None:
        """Return the phase count to send; always one on AC, none on DC.

        Source: OCPP 2.0.1 part 2, K01.FR.44, K01.FR.49.
        """
        if self.current_type == "DC":
            return None
        given = period.number_phases or self.number_phases
        return given or (1 if self.current_type == "AC1" else MAX_PHASES)

    def to_charging_profile(
        self,
        *,
        id: int,  # noqa: A002  # the specification's word for it, as in ChargingProfile.id
        purpose: Purpose,
        transaction_id: str | None,
        transaction_start: datetime,
        zone: tzinfo,
    ) -> ChargingProfile | None:
        """Return the profile to push, None when it limits nothing.

        A Recurring schedule starts at its last local occurrence up to `transaction_start`, so
        that it acts at once: stations must not project it backward. Later occurrences are 24 h
        or 7 days of UTC apart; push again after a clock change. A Relative one becomes Absolute
        for a station maximum, which may not be Relative (K01.FR.38). `transaction_id` is left
        out for purposes other than TxProfile.
        """
        if self.is_unlimited:
            return None
        kind = self._kind_for(purpose)
        return ChargingProfile(
            id=id,
            stack_level=self.stack_level,
            purpose=purpose,
            kind=kind,
            schedule=Schedule(
                unit=RateUnit(self.charging_rate_unit),
                periods=self._periods(),
                start=self._start(kind, transaction_start, zone),
                duration_s=self._duration_s(),
                min_charging_rate=self.min_charging_rate,
            ),
            transaction_id=transaction_id if purpose is Purpose.TX else None,
            recurrency_kind=self._recurrency(),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )

    def _kind_for(self, purpose: Purpose) -> Kind:
        kind = Kind(self.kind)
        is_bound = purpose is Purpose.STATION_MAX and kind is Kind.RELATIVE
        return Kind.ABSOLUTE if is_bound else kind

    def _recurrency(self) -> RecurrencyKind | None:
        return None if self.recurrency_kind is None else RecurrencyKind(self.recurrency_kind)

    def _periods(self) -> tuple[Period, ...]:
        return tuple(
            Period(each.start_period, truncate(each.limit), self.phases_of(each))
            for each in self.periods
        )

    def _start(self, kind: Kind, transaction_start: datetime, zone: tzinfo) -> datetime | None:
        if kind is Kind.RELATIVE:
            return None
        if self.start_schedule is not None:
            return self.start_schedule.astimezone(UTC)
        if self.start_time_of_day is None:
            return transaction_start.astimezone(UTC)
        weekday = None if self.weekday is None else WEEKDAYS.index(self.weekday)
        return latest_occurrence(self.start_time_of_day, weekday, transaction_start, zone)

    def _duration_s(self) -> int | None:
        """Return the duration; a recurring schedule always states one, at most its cycle."""
        recurrency = self._recurrency()
        if self.duration_s is not None or recurrency is None:
            return self.duration_s
        return recurrency.cycle_s


def _context(sentences: str, found: list[tuple[str, str]]) -> dict[str, Any]:
    return {"sentences": sentences, "problems": found}
