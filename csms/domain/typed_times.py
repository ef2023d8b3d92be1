"""Times as people type them: a day, a minute, yesterday, a range. PURE.

All are read in one zone, that of `now`; what is typed with an offset or Z stands for itself. Dates
are 2026-11-22 or, the day first, 22.11.2026 and 22/11/2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", re.ASCII)
_MONTH: Final = re.compile(r"(\d{4})-(\d{1,2})", re.ASCII)
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?", re.ASCII)
_ZONE: Final = re.compile(r"(?:z|[+-]\d{2}:?\d{2})", re.ASCII | re.IGNORECASE)
_RANGE: Final = re.compile(r"(?:from\s+)?(.+?)(?:\s*\.\.+\s*|\s+(?:to|until|till|-|\u2013)\s+)(.+)")
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_OPEN: Final = re.compile(r"(since|after|from|before|until)\s+(.+)")
_EARLIEST, _LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` until before `until`, in UTC; `is_moment` if a time of day was named."""

    since: datetime
    until: datetime
    is_moment: bool = False


def read_span(text: str, now: datetime) -> Span | None:
    """Returns the time that a text names, None if it names none; `now` is aware, in the zone."""
    wanted = " ".join(text.lower().split())
    ranged = _RANGE.fullmatch(wanted)
    if ranged is not None:
        first, last = _one(ranged[1], now), _one(ranged[2], now)
        if first is not None and last is not None and first.since < last.until:
            return Span(first.since, last.until)
        return None
    opened = _OPEN.fullmatch(wanted)
    if opened is not None:
        one = _one(opened[2], now)
        if one is None:
            return None
        is_after = opened[1] in {"since", "after", "from"}
        return Span(one.since, _LATEST) if is_after else Span(_EARLIEST, one.since)
    return _one(wanted, now)


def _one(text: str, now: datetime) -> Span | None:
    try:
        return _named(text, now) or _written(text, now)
    except (ValueError, OverflowError):
        return None


def _named(text: str, now: datetime) -> Span | None:
    today = now.date()
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    if text.removeprefix("last ") in _WEEKDAYS:
        back = (today.weekday() - _WEEKDAYS.index(text.removeprefix("last "))) % 7 or 7
        day = today - timedelta(days=back)
        return _days(day, day + timedelta(days=1), now)
    named = {
        "today": (today, today + timedelta(days=1)),
        "yesterday": (today - timedelta(days=1), today),
        "this week": (monday, monday + timedelta(days=7)),
        "last week": (monday - timedelta(days=7), monday),
        "this month": (first, _next_month(first)),
        "last month": (before, first),
    }.get(text)
    return None if named is None else _days(*named, now)


def _written(text: str, now: datetime) -> Span | None:
    month = _MONTH.fullmatch(text)
    if month is not None:
        first = date(int(month[1]), int(month[2]), 1)
        return _days(first, _next_month(first), now)
    zone = now.tzinfo
    offset = re.search(rf"(?<=\d)\s*({_ZONE.pattern})$", text, re.ASCII | re.IGNORECASE)
    if offset is not None and _CLOCK.search(text[: offset.start()]):
        zone = datetime.strptime(offset[1].upper().replace("Z", "+0000"), "%z").tzinfo
        text = text[: offset.start()]
    words = re.split(r"(?<=\d)t(?=\d)|\s+", text)
    clock = _CLOCK.fullmatch(words[-1])
    if clock is not None:
        words = words[:-1]
    words = [word for word in words if word != "at"]
    day = _day(" ".join(words), now) if words else now.astimezone(zone).date()
    if day is None:
        return None
    if clock is None:
        return _days(day, day + timedelta(days=1), now) if offset is None else None
    at = datetime(day.year, day.month, day.day, int(clock[1]), int(clock[2]), tzinfo=zone)
    begun = at.astimezone(UTC)
    return Span(begun, begun + _MINUTE, is_moment=True)


def _day(text: str, now: datetime) -> date | None:
    iso = _ISO.fullmatch(text)
    if iso is not None:
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    written = _DAY_FIRST.fullmatch(text)
    if written is not None:
        return date(int(written[3]), int(written[2]), int(written[1]))
    named = _named(text, now)
    return None if named is None else named.since.astimezone(now.tzinfo).date()


def _days(first: date, end: date, now: datetime) -> Span:
    since, until = (
        datetime(day.year, day.month, day.day, tzinfo=now.tzinfo).astimezone(UTC)
        for day in (first, end)
    )
    return Span(since, until)


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
