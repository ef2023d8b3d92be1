"""Numbers and times as files have them: decimal commas, several orders of dates. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, Literal

from csms.domain.times import names_zone, parse_time

if TYPE_CHECKING:
    from datetime import tzinfo

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(?:([ .,'\u00a0\u202f])\d{3})+(?:([.,])\d+)?", re.ASCII)
_MOST: Final = Decimal(10) ** 12
_LONGEST: Final = 60
_WRITTEN: Final = re.compile(
    r"(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"(?:\s*([AaPp])\.?[Mm]\.?)?",
    re.ASCII,
)
_THREE: Final = re.compile(r"[+-]?\d{1,3},\d{3}", re.ASCII)
_MONTHS, _NOON = 12, 12
DateOrder = Literal["dmy", "mdy"]


class Unreadable(ValueError):  # noqa: N818 - the name says it
    """A cell cannot be read; the message says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a file writes: the zone of times that name none, the sign of decimals, dates' order."""

    zone: tzinfo = UTC
    decimal: Literal[".", ","] | None = None
    dates: DateOrder | None = None


def read_number(text: str, manner: Manner) -> Decimal:
    """Returns the number that a cell holds.

    Raises:
        Unreadable: if it holds none, one that may be two, or an absurd one.
    """
    if len(text) > _LONGEST:
        raise Unreadable(f"{text[:20]!r}… is no number: it has {len(text)} characters")
    plain = _plain(text.strip(), manner)
    if _NUMBER.fullmatch(plain) is None:
        raise Unreadable(f"{text!r} is no number")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise Unreadable(f"{text!r} is no number") from None
    if abs(number) >= _MOST:
        raise Unreadable(f"{text!r} is absurd")
    return number


def _plain(text: str, manner: Manner) -> str:
    """Returns a number with a point for its decimals and nothing between its thousands."""
    if manner.decimal == ",":
        return re.sub(r"[. '\u00a0\u202f]", "", text).replace(",", ".")
    if manner.decimal == ".":
        return re.sub(r"[, '\u00a0\u202f]", "", text)
    if "," not in text and text.count(".") <= 1 and " " not in text:
        return text
    if _THREE.fullmatch(text):
        raise Unreadable(f"{text!r} may be a thousand or three decimals: say which by --decimal")
    grouped = _GROUPED.fullmatch(text)
    if grouped is not None and (grouped[2] or text.count(grouped[1]) > 1 or grouped[1] not in ".,"):
        return re.sub(f"[{re.escape(grouped[1])}]", "", text).replace(",", ".")
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def read_time(text: str, manner: Manner) -> datetime:
    """Returns the instant that a cell names, in UTC.

    Raises:
        Unreadable: if it names none, one that may be two, or one that a zone has not.
    """
    given = text.strip()
    told = parse_time(given) if names_zone(given) else None
    if told is not None:
        return told
    found = _WRITTEN.fullmatch(given)
    if found is None:
        raise Unreadable(f"{text[:40]!r} is no time; write it as 2026-11-21T08:00:00+01:00")
    try:
        local = _local(found, given, manner)
    except ValueError as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"{text[:40]!r} is no time: there is no such day or hour") from None
    at = local.replace(tzinfo=manner.zone).astimezone(UTC)
    if at.astimezone(manner.zone).replace(tzinfo=None) != local:
        raise Unreadable(f"{given!r} never was in {manner.zone}: clocks were put forward then")
    return at


def _local(found: re.Match[str], text: str, manner: Manner) -> datetime:
    first, last = found[1], found[4]
    if len(first) == 4:  # noqa: PLR2004 - a year
        year, month, day = int(first), int(found[3]), int(last)
    elif len(last) == 4:  # noqa: PLR2004 - a year
        day, month = _day_and_month(int(first), int(found[3]), found[2], text, manner)
        year = int(last)
    else:
        raise Unreadable(f"{text!r} has no year of four digits")
    hour, minute, second = (int(found[place] or 0) for place in (5, 6, 7))
    if found[9]:
        hour = hour % _NOON + (_NOON if found[9].lower() == "p" else 0)
    micro = int((found[8] or "0").ljust(6, "0")[:6])
    return datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001 - local


def _day_and_month(
    first: int, second: int, sign: str, text: str, manner: Manner
) -> tuple[int, int]:
    """Returns the day and the month of a date whose year comes last."""
    if sign != "/" or manner.dates == "dmy" or first > _MONTHS:
        return first, second
    if manner.dates == "mdy" or second > _MONTHS:
        return second, first
    if first == second:
        return first, second
    raise Unreadable(f"{text!r} may be a day or a month first: say which by --dates dmy or mdy")
