"""When cars come: at rates by the hour, in shifts, by a timetable, or as real ones did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator, model_validator

from simulator.worlds.calendar import DAY_S, TimeOfDay, Weekday
from simulator.worlds.sessions import Session, on_day
from simulator.worlds.spec import Number, Spec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random
    from typing import Self

    from simulator.worlds.calendar import CalendarSpec

_HOUR_S = 3600.0
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Arrival:
    """A car at the gate at a simulated second.

    `car` is its number in the pool, from 1, None where any may come. It leaves at `until_s` at
    the latest, None where nothing is said. `session` is the real one that it stands for.
    """

    at_s: float
    car: int | None = None
    until_s: float | None = None
    session: Session | None = None


class Rates(Spec):
    """Arrivals at random (Poisson), at a rate for each hour of the local day."""

    kind: Literal["rates"] = Field(description="cars come at random, so many in each hour")
    per_hour: tuple[Number, ...] = Field(
        min_length=24, max_length=24, description="24 numbers: arrivals in each hour, Mon to Fri"
    )
    saturday: tuple[Number, ...] | None = Field(
        default=None, min_length=24, max_length=24, description="the same for Saturdays"
    )
    sunday: tuple[Number, ...] | None = Field(
        default=None, min_length=24, max_length=24, description="the same for Sundays and holidays"
    )
    factor: Number = Field(default=1.0, description="all rates are multiplied by it")

    def draw(self, calendar: CalendarSpec, cars: int, random: Random) -> Iterator[Arrival]:
        """Yield the arrivals in their order."""
        del cars
        for day in calendar.days():
            for hour, rate in enumerate(self._rates(calendar.weekday(day))):
                begin = calendar.second(datetime(day.year, day.month, day.day, hour))  # noqa: DTZ001
                for offset_s in _poisson(rate * self.factor, random):
                    yield Arrival(begin + offset_s)

    def _rates(self, weekday: Weekday) -> tuple[float, ...]:
        own = {"sat": self.saturday, "sun": self.sunday}.get(weekday)
        return self.per_hour if own is None else own


class Shift(Spec):
    """Cars that come around a time of the day and leave around another."""

    at: TimeOfDay = Field(description="when they come, on average")
    until: TimeOfDay = Field(description="when they leave, on average; the next day if not later")
    spread_min: Number = Field(default=10, description="standard deviation of both, minutes")
    share: float = Field(default=1.0, gt=0, le=1, description="share of the pool in this shift")
    presence: float = Field(
        default=1.0, gt=0, le=1, description="chance that one of them comes on a day"
    )
    days: tuple[Weekday, ...] = Field(
        default=("mon", "tue", "wed", "thu", "fri"), min_length=1, description="when it takes place"
    )


class Shifts(Spec):
    """Arrivals around the beginnings of shifts; each car of the pool belongs to one."""

    kind: Literal["shifts"] = Field(description="the cars of a pool come around fixed times")
    shifts: tuple[Shift, ...] = Field(min_length=1, description="a table for each shift")

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        if sum(shift.share for shift in self.shifts) > 1 + _ROUNDING:
            raise ValueError("the shares of the shifts add up to more than 1: a car is in one only")
        return self

    def draw(self, calendar: CalendarSpec, cars: int, random: Random) -> Iterator[Arrival]:
        """Yield the arrivals, day by day and shift by shift."""
        for day in calendar.days():
            first = 1
            for shift in self.shifts:
                last = first + round(shift.share * cars)
                if calendar.weekday(day) in shift.days:
                    yield from _shift(
                        shift, day, calendar, range(first, min(last, cars + 1)), random
                    )
                first = last


class Entry(Spec):
    """A line of a timetable."""

    at: TimeOfDay = Field(description="when the first car comes")
    until: TimeOfDay | None = Field(
        default=None, description="when it leaves; the next day if not later"
    )
    cars: int = Field(default=1, ge=1, le=20_000, description="how many cars, one after another")
    apart_min: Number = Field(default=0, description="time between them, minutes")
    days: tuple[Weekday, ...] = Field(default=(), description="on these days; empty: on all")


class Timetable(Spec):
    """Arrivals to the minute; the cars of the pool go through the lines in order."""

    kind: Literal["timetable"] = Field(description="cars come at fixed times")
    entries: tuple[Entry, ...] = Field(min_length=1, description="a table for each line")

    def draw(self, calendar: CalendarSpec, cars: int, random: Random) -> Iterator[Arrival]:
        """Yield the arrivals, day by day and line by line."""
        del random
        for day in calendar.days():
            number = 0
            for entry in self.entries:
                is_on = not entry.days or calendar.weekday(day) in entry.days
                for index in range(entry.cars):
                    number += 1
                    if is_on:
                        at_s = calendar.second(datetime.combine(day, entry.at))
                        until_s = _later(calendar, day, entry.at, entry.until)
                        car = None if not cars else (number - 1) % cars + 1
                        yield Arrival(at_s + index * entry.apart_min * 60, car, until_s)


class Replay(Spec):
    """Arrivals as they were in real sessions: a day of the file for each day of the scenario."""

    kind: Literal["sessions"] = Field(description="cars come as in a file of real sessions")
    file: str = Field(
        min_length=1, description="the CSV file; a relative path counts from the scenario's folder"
    )
    day: date | None = Field(
        default=None, description="the file's local day to begin with; absent: its busiest"
    )
    repeat: bool = Field(
        default=False, description="play the one day again each day, instead of those after it"
    )

    @field_validator("file")
    @classmethod
    def _is_found_from_the_scenario(cls, file: str, told: ValidationInfo) -> str:
        folder = (told.context or {}).get("folder", Path())
        return str(folder / file)

    def draw(self, calendar: CalendarSpec, cars: int, random: Random) -> Iterator[Arrival]:
        """Yield the arrivals. Raises: ScenarioError if the file cannot be used."""
        del cars, random
        for index, day in enumerate(calendar.days()):
            for session in on_day(self.file, self.day, 0 if self.repeat else index):
                midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local
                at_s = calendar.second(midnight + timedelta(seconds=session.second_of_day))
                yield Arrival(at_s, None, at_s + session.stay_s, session)


ArrivalsSpec: TypeAlias = Annotated[
    Rates | Shifts | Timetable | Replay, Field(discriminator="kind")
]


def _poisson(mean: float, random: Random) -> Iterator[float]:
    """Yield the seconds within an hour at which somebody comes."""
    at_s = 0.0
    while mean > 0:
        at_s += random.expovariate(mean / _HOUR_S)
        if at_s >= _HOUR_S:
            return
        yield at_s


def _shift(
    shift: Shift, day: date, calendar: CalendarSpec, cars: range, random: Random
) -> Iterator[Arrival]:
    begin_s = calendar.second(datetime.combine(day, shift.at))
    end_s = _later(calendar, day, shift.at, shift.until)
    for car in cars:
        early_s = random.gauss(0, shift.spread_min * 60)
        late_s = random.gauss(0, shift.spread_min * 60)
        comes = random.random() < shift.presence
        if comes and end_s is not None:
            yield Arrival(begin_s + early_s, car, max(end_s + late_s, begin_s + early_s + 60))


def _later(
    calendar: CalendarSpec, day: date, at: TimeOfDay, until: TimeOfDay | None
) -> float | None:
    """Return the second of the next `until` after `at`."""
    if until is None:
        return None
    ends = day if until > at else day + timedelta(seconds=DAY_S)
    return calendar.second(datetime.combine(ends, until))
