"""Numbers and times as files have them: decimal commas, several orders of dates. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, Literal

from csms.domain.spoken_words import MONTHS, plain
from csms.domain.times import names_zone, parse_time

if TYPE_CHECKING:
    from datetime import tzinfo

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(?:([ .,'\u00a0\u202f])\d{3})+(?:([.,])\d+)?", re.ASCII)
_MOST: Final = Decimal(10) ** 12
_LONGEST: Final = 60
_WRITTEN: Final = re.compile(
    r"(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})"
    r"(?:(?:[T,]| )+(\d{1,2})[:h](\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"(?:\s*([AaPp])\.?[Mm]\.?)?",
    re.ASCII,
)
_THREE: Final = re.compile(r"[+-]?\d{1,3},\d{3}", re.ASCII)
_MONTHS, _NOON, _CENTURY = 12, 12, 2000
_OFFSET: Final = re.compile(
    r"(?<=[\dMm])\s*(Z|UTC|GMT|(?<=\d)[+-]\d{2}:?\d{2}|(?<=\s)[+-]\d{2}:?\d{2})$",
    re.ASCII | re.IGNORECASE,
)
_SINCE_1970: Final = re.compile(r"1\d{9}(?:\d{3})?", re.ASCII)
_CLOCK: Final = re.compile(
    r"\d{1,2}[:h]\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[AaPp]\.?[Mm]\.?)?", re.ASCII
)
_REST: Final = r"(?P<rest>(?:[ ,].*)?)"
_DAY_NAME: Final = re.compile(
    rf"(?P<day>\d{{1,2}})\.?[ -](?P<name>[^\W\d_]{{3,9}}\.?)[ -](?P<year>20\d\d){_REST}"
)
_NAME_DAY: Final = re.compile(
    rf"(?P<name>[^\W\d_]{{3,9}}\.?) (?P<day>\d{{1,2}}),? (?P<year>20\d\d){_REST}"
)
_LASTED: Final = re.compile(
    r"(?:(\d{1,2})(?:\.| days?,? ?))?(\d{1,4}):([0-5]\d)(?::([0-5]\d)(?:[.,]\d+)?)?", re.ASCII
)
_SAID: Final = re.compile(
    r"p?(?:(\d+)\s*d\w*,?\s*)?t?(?:(\d+(?:\.\d+)?)\s*(?:h\w*|std\.?),?\s*)?"
    r"(?:(\d+(?:\.\d+)?)\s*m\w*\.?,?\s*)?(?:(\d+(?:\.\d+)?)\s*s\w*\.?)?",
    re.ASCII,
)
DateOrder = Literal["dmy", "mdy"]


class Unreadable(ValueError):  # noqa: N818 - the name says it
    """A cell cannot be read; the message says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a file writes: the zone of times that name none, the sign of decimals, dates' order.

    Semicolons between cells are there because commas are in numbers: 1,234 then has decimals.
    """

    zone: tzinfo = UTC
    decimal: Literal[".", ","] | None = None
    dates: DateOrder | None = None
    has_semicolons: bool = False


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
    if _THREE.fullmatch(text) and not manner.has_semicolons:
        raise Unreadable(f"{text!r} may be a thousand or three decimals: say which by --decimal")
    grouped = _GROUPED.fullmatch(text)
    if grouped is not None and (grouped[2] or text.count(grouped[1]) > 1 or grouped[1] not in ".,"):
        return re.sub(f"[{re.escape(grouped[1])}]", "", text).replace(",", ".")
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def read_time(text: str, manner: Manner) -> datetime:
    """Returns the instant that a cell names, in UTC; the first one where a clock showed it twice.

    Raises:
        Unreadable: if it names none, one that may be two, or one that a zone has not.
    """
    return read_times(text, manner)[0]


def read_times(text: str, manner: Manner) -> tuple[datetime, ...]:
    """Returns the instants that a cell may name, in UTC: two in the hour that clocks show twice.

    Raises:
        Unreadable: if it names none, one that may be two days, or one that a zone has not.
    """
    given = text.strip()
    told = parse_time(given) if names_zone(given) else None
    if told is not None:
        return (told,)
    if _SINCE_1970.fullmatch(given):
        return (datetime.fromtimestamp(int(given[:10]), UTC),)
    offset = _OFFSET.search(given)
    if offset is not None:
        zone = _zone_of(offset[1])
        given = given[: offset.start()].strip()
    else:
        zone = manner.zone
    found = _WRITTEN.fullmatch(_without_names(given))
    if found is None:
        raise Unreadable(f"{text[:40]!r} is no time; write it as 2026-11-21T08:00:00+01:00")
    try:
        local = _local(found, given, manner)
    except ValueError as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"{text[:40]!r} is no time: there is no such day or hour") from None
    both = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    if both[0].astimezone(zone).replace(tzinfo=None) != local:
        raise Unreadable(f"{given!r} never was in {zone}: clocks were put forward then")
    return tuple(dict.fromkeys(both))


def is_clock(text: str) -> bool:
    """Tells whether a cell is a time of day without a day."""
    return _CLOCK.fullmatch(text.strip()) is not None


def _zone_of(offset: str) -> tzinfo:
    plain = offset.upper().replace(":", "")
    if plain in {"Z", "UTC", "GMT"}:
        return UTC
    try:
        return timezone((1 if plain[0] == "+" else -1) * _length(plain[1:3], plain[3:5]))
    except ValueError:
        raise Unreadable(f"{offset!r} is no offset of a clock") from None


def _length(hours: str, minutes: str) -> timedelta:
    return timedelta(hours=int(hours), minutes=int(minutes))


def _without_names(text: str) -> str:
    """Returns a time with the name of its month as a number, in the order of its parts."""
    found = _DAY_NAME.fullmatch(text) or _NAME_DAY.fullmatch(text)
    if found is None:
        return text
    month = MONTHS.get(plain(found["name"]).removesuffix("."))
    return text if month is None else f"{found['year']}-{month}-{found['day']}{found['rest']}"


def read_length(text: str, unit_s: int | None, manner: Manner) -> Decimal:
    """Returns a length of time in seconds: `1:23:45`, `1 h 23 min`, `PT1H`, or a number of a unit.

    Two numbers are hours and minutes.

    Raises:
        Unreadable: if it is none.
    """
    given = text.strip()
    clock = _LASTED.fullmatch(given)
    if clock is not None:
        parts = [int(part or 0) for part in clock.groups()]
        return Decimal(parts[0] * 86_400 + parts[1] * 3600 + parts[2] * 60 + parts[3])
    said = _SAID.fullmatch(given.lower())
    if said is not None and any(said.groups()):
        days, hours, minutes, seconds = (Decimal(part or 0) for part in said.groups())
        return days * 86_400 + hours * 3600 + minutes * 60 + seconds
    if unit_s is None:
        raise Unreadable(f"{text!r} names no unit: map the column to duration_s, _min or _h")
    return read_number(given, manner) * unit_s


def _local(found: re.Match[str], text: str, manner: Manner) -> datetime:
    first, last = found[1], found[4]
    if len(first) == 4:  # noqa: PLR2004 - a year
        year, month, day = int(first), int(found[3]), int(last)
    elif len(last) == 4:  # noqa: PLR2004 - a year
        day, month = _day_and_month(int(first), int(found[3]), found[2], text, manner)
        year = int(last)
    elif len(last) == 2 and found[2] in "./":  # noqa: PLR2004 - 22.11.26
        day, month = _day_and_month(int(first), int(found[3]), found[2], text, manner)
        year = _CENTURY + int(last)
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
