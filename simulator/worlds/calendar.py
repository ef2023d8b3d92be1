"""When a scenario plays: its first second, its length, and what day it is then.

Scenario files speak of local time; plans are made in simulated seconds, which are those of UTC
since the start. A night on which the clocks are changed has 23 or 25 hours.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, field_validator

from simulator.worlds.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Iterator

Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_S = 86_400.0


def _as_time(given: object) -> object:
    """Read `HH:MM`; 24:00 is not a time."""
    if isinstance(given, time):
        return given
    try:
        return datetime.strptime(str(given), "%H:%M").time()  # noqa: DTZ007 - local by intention
    except ValueError as error:
        raise ValueError('a time of the day is written "HH:MM", as in "06:30"') from error


def _as_local(given: object) -> object:
    """Read a local date and time without a zone."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError as error:
            raise ValueError(_LOCAL) from error
    if isinstance(given, datetime) and given.tzinfo is None:
        return given
    raise ValueError(_LOCAL)


_LOCAL = 'a local date and time is written without a zone, as in "2026-11-23T06:00"'
_CLOCK_LENGTH = len("00:00")


def _as_moment(given: object) -> object:
    is_time = isinstance(given, time) or (isinstance(given, str) and len(given) <= _CLOCK_LENGTH)
    return _as_time(given) if is_time else _as_local(given)


TimeOfDay: TypeAlias = Annotated[time, BeforeValidator(_as_time)]
LocalTime: TypeAlias = Annotated[datetime, BeforeValidator(_as_local)]
Moment: TypeAlias = Annotated[time | datetime, BeforeValidator(_as_moment)]
"""A time of the day, or a local date and time."""


class CalendarSpec(Spec):
    """When it plays. Without a length it does not end by itself."""

    start: LocalTime = Field(
        default=datetime(2026, 11, 23, 0, 0),  # noqa: DTZ001 - local by intention
        description="local date and time of the first second, without a zone",
        validate_default=True,
    )
    time_zone: str = Field(default="UTC", description="name of the time zone, as Europe/Berlin")
    length_h: float = Field(
        default=24.0, gt=0, le=24 * 366, description="how long cars come; `simulator run` ends then"
    )
    holidays: tuple[date, ...] = Field(default=(), description="days that are like Sundays")

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"there is no time zone {name!r}; write one as Europe/Berlin"
            ) from error
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def start_at(self) -> datetime:
        """The instant of simulated second 0, in UTC."""
        return self.start.replace(tzinfo=self.zone).astimezone(UTC)

    @property
    def length_s(self) -> float:
        """How many simulated seconds it plays."""
        return self.length_h * 3600

    def second(self, local: datetime) -> float:
        """Return the simulated second of a local time; negative before the start.

        Of an hour that comes twice the first is meant; one that is left out is as long after it.
        """
        return (local.replace(tzinfo=self.zone).astimezone(UTC) - self.start_at).total_seconds()

    def local(self, second: float) -> datetime:
        """Return the local time of a simulated second."""
        return (self.start_at + timedelta(seconds=second)).astimezone(self.zone)

    def days(self) -> Iterator[date]:
        """Yield the local days that it touches."""
        day, last = self.start.date(), self.local(self.length_s - 1e-3).date()
        while day <= last:
            yield day
            day += timedelta(days=1)

    def moments(self, moment: Moment, days: tuple[Weekday, ...] = ()) -> list[float]:
        """Return the simulated seconds of a moment: one, or that of each of the days."""
        if isinstance(moment, datetime):
            return [self.second(moment)]
        return [
            self.second(datetime.combine(day, moment))
            for day in self.days()
            if not days or self.weekday(day) in days
        ]

    def weekday(self, day: date) -> Weekday:
        """Return what a day is like: a holiday is like a Sunday."""
        return "sun" if day in self.holidays else WEEKDAYS[day.weekday()]

    def is_within(self, second: float) -> bool:
        """Whether it plays then."""
        return 0 <= second < self.length_s
