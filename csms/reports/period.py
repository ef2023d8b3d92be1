"""Which time a report is about, as people name it: dates, a month, `yesterday`, `7d`.

Days are those of the report's time zone: where the clock is set in between, one has 23 or 25 hours.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from csms.domain.times import names_zone, parse_time
from csms.reports.report import QueryInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT: Final = "30d"
NAMES: Final = (
    "today, yesterday, this-week, last-week, this-month, last-month, this-year, last-year, a day "
    "(2026-11-21), a week (2026-W47), a month (2026-11), a year (2026), or the time until now: "
    "36h, 7d, 4w"
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MINUTES = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", re.ASCII)
_LOST_PLUS = re.compile(r" (\d{2}:?\d{2})$", re.ASCII)
_UNTIL_NOW = re.compile(r"(\d{1,4})([hdw])", re.ASCII)
_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)

Days = tuple[date, date]


def read_zone(name: str) -> ZoneInfo:
    """Returns a time zone.

    Raises:
        QueryInvalid: if there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise QueryInvalid(
            "time_zone", f"{name!r} is no time zone; give a name such as Europe/Stockholm"
        ) from None


def read_period(
    since: str | None, until: str | None, named: str | None, zone: ZoneInfo, now: datetime
) -> tuple[datetime, datetime]:
    """Returns the period, its end excluded, in UTC.

    `since` and `until` are dates or times, in `zone` where they name none; `named` is a name of a
    period instead. Without any of them it is the last 30 days.

    Raises:
        QueryInvalid: saying what is wrong, and what there is.
    """
    if named is not None and (since is not None or until is not None):
        raise QueryInvalid("period", "give a period by name, or from and to; not both")
    if since is None and until is None:
        return _named(named or DEFAULT, zone, now)
    end = now if until is None else _instant("to", until, zone)
    if since is None:
        raise QueryInvalid("from", "is missing: the period must begin somewhere")
    begin = _instant("from", since, zone)
    if end <= begin:
        raise QueryInvalid(
            "to",
            f"the period ends at {_text(end, zone)}, not after it starts at {_text(begin, zone)}; "
            "`to` is not part of it: the day 2026-11-21 is from=2026-11-21, to=2026-11-22",
        )
    return begin, end


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Returns when a day begins in a zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _instant(field: str, text: str, zone: ZoneInfo) -> datetime:
    text = _LOST_PLUS.sub(r"+\1", text.strip())
    if _DATE.fullmatch(text):
        text += "T00:00:00"
    elif _MINUTES.fullmatch(text):
        text += ":00"
    found = parse_time(text)
    if found is None:
        raise QueryInvalid(
            field, f"{text!r} is no date and no time; write 2026-11-21 or 2026-11-21T08:00:00Z"
        )
    try:
        return found if names_zone(text) else found.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise QueryInvalid(field, f"{text!r} is out of reach; take another year") from None


def _named(name: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    try:
        until_now = _UNTIL_NOW.fullmatch(name)
        if until_now:
            return _before(int(until_now[1]), until_now[2], zone, now), now
        first, end = _days(name, now.astimezone(zone).date())
        return midnight(first, zone), midnight(end, zone)
    except (ValueError, OverflowError):
        raise QueryInvalid("period", f"{name!r} is no period; there are {NAMES}") from None


def _before(count: int, unit: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Returns the instant so long before: hours are counted, days are those of the calendar."""
    if count == 0:
        raise ValueError("no time at all")
    if unit == "h":
        return now - timedelta(hours=count)
    days = timedelta(days=count * (7 if unit == "w" else 1))
    return (now.astimezone(zone) - days).astimezone(UTC)


def _days(name: str, today: date) -> Days:
    """Returns the first day of a period and the first one after it."""
    if name in _RELATIVE:
        return _RELATIVE[name](today)
    if _DATE.fullmatch(name):
        day = date.fromisoformat(name)
        return day, day + timedelta(days=1)
    if week := _WEEK.fullmatch(name):
        return _week_of(date.fromisocalendar(int(week[1]), int(week[2]), 1))
    if month := _MONTH.fullmatch(name):
        return _month_of(date(int(month[1]), int(month[2]), 1))
    if _YEAR.fullmatch(name):
        return _year_of(date(int(name), 1, 1))
    raise ValueError(name)


def _day_of(day: date) -> Days:
    return day, day + timedelta(days=1)


def _week_of(day: date) -> Days:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)


def _month_of(day: date) -> Days:
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def _year_of(day: date) -> Days:
    return date(day.year, 1, 1), date(day.year + 1, 1, 1)


def _text(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S%z}"


def _before_that(span: Callable[[date], Days]) -> Callable[[date], Days]:
    """Returns the period before the one that a day is in."""
    return lambda day: span(span(day)[0] - timedelta(days=1))


_RELATIVE: Final[dict[str, Callable[[date], Days]]] = {
    "today": _day_of,
    "yesterday": _before_that(_day_of),
    "this-week": _week_of,
    "last-week": _before_that(_week_of),
    "this-month": _month_of,
    "last-month": _before_that(_month_of),
    "this-year": _year_of,
    "last-year": _before_that(_year_of),
}
