"""A charging profile as an operator writes it, checked member by member.

It is the form in which the API shows charging profiles (`ChargingProfile.to_dict`); what has a
default may be left out.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from csms.errors import OperationRefused
from profiles import ChargingProfile, Kind, Period, Purpose, RateUnit, RecurrencyKind, Schedule

_WHOLE = 2**31 - 1
Count = Annotated[int, Field(ge=0, le=_WHOLE)]
Rate = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PeriodForm(_Form):
    """A limit from `start_s` seconds after the schedule's start."""

    start_s: Count
    limit: Rate
    number_phases: Annotated[int, Field(ge=1, le=3)] | None = None
    phase_to_use: Annotated[int, Field(ge=1, le=3)] | None = None


class ScheduleForm(_Form):
    """Periods of one unit."""

    unit: Literal["A", "W"]
    periods: Annotated[list[PeriodForm], Field(min_length=1, max_length=1024)]
    start: AwareDatetime | None = None
    duration_s: Annotated[int, Field(ge=1, le=_WHOLE)] | None = None
    min_charging_rate: Rate | None = None
    id: Count = 1


class ProfileForm(_Form):
    """A charging profile; without `id` it gets a new one of ours."""

    id: Annotated[int, Field(ge=-_WHOLE, le=_WHOLE)] | None = None
    stack_level: Count = 0
    purpose: Literal["ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"]
    kind: Literal["Absolute", "Recurring", "Relative"]
    schedule: ScheduleForm
    transaction_id: Annotated[str, Field(min_length=1, max_length=36)] | None = None
    recurrency_kind: Literal["Daily", "Weekly"] | None = None
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    updated_at: None = None
    other_schedules: Annotated[list[ScheduleForm], Field(max_length=2)] = []

    def profile(self, profile_id: int, transaction_id: str | None) -> ChargingProfile:
        """Returns the profile with this ID, and for this transaction if it names none."""
        recurrency = self.recurrency_kind
        return ChargingProfile(
            id=profile_id,
            stack_level=self.stack_level,
            purpose=Purpose(self.purpose),
            kind=Kind(self.kind),
            schedule=_schedule(self.schedule),
            transaction_id=self.transaction_id or transaction_id,
            recurrency_kind=None if recurrency is None else RecurrencyKind(recurrency),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            other_schedules=tuple(_schedule(each) for each in self.other_schedules),
        )


def read_profile(given: dict[str, Any]) -> ProfileForm:
    """Returns what an operator has written.

    Raises: OperationRefused, naming the first member that is wrong.
    """
    try:
        return ProfileForm.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(["charging_profile", *(str(part) for part in first["loc"])])
        raise OperationRefused(first["msg"], where) from None


def _schedule(form: ScheduleForm) -> Schedule:
    return Schedule(
        unit=RateUnit(form.unit),
        periods=tuple(
            Period(each.start_s, each.limit, each.number_phases, each.phase_to_use)
            for each in form.periods
        ),
        start=form.start,
        duration_s=form.duration_s,
        min_charging_rate=form.min_charging_rate,
        id=form.id,
    )
