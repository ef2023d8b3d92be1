"""Reading the times that stations write. PURE.

Tolerant on purpose: no zone means UTC, a space may stand for the T, a comma for the point, and
an offset may lack its colon. What is no time at all gives None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}([.,]\d+)?\s?([Zz]|[+-]\d{2}(:?\d{2})?)?", re.ASCII
)
_ZONE = re.compile(r"(Z|:\d{2}([.,]\d+)?\s?[+-]\d{2}(:?\d{2})?)$", re.ASCII)
_MICROSECONDS = 6
_STORED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00", re.ASCII)


def parse_time(text: str) -> datetime | None:
    """Returns the instant in UTC, or None if the text is no time.

    A leap second counts as the second before it; a time outside the years 1 to 9999 is none.
    """
    text = text.strip()
    if _TIME.fullmatch(text) is None:
        return None
    text = text.upper().replace(",", ".").replace(" ", "T", 1).replace(" ", "")
    text = text[:17] + "59" + text[19:] if text[17:19] == "60" else text
    try:
        moment = datetime.fromisoformat(_shortened(text))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def names_zone(text: str) -> bool:
    """Tells whether a text that is a time says in which zone."""
    return text[-1:] in {"Z", "z"} or _ZONE.search(text.strip().upper()) is not None


def _shortened(text: str) -> str:
    """Cuts fractions that are finer than a microsecond."""
    if "." not in text:
        return text
    head, _, rest = text.partition(".")
    digits = re.match(r"\d+", rest, re.ASCII)
    count = digits.end() if digits else 0
    return f"{head}.{rest[: min(count, _MICROSECONDS)].ljust(_MICROSECONDS, '0')}{rest[count:]}"


def format_time(moment: datetime) -> str:
    """Returns `YYYY-MM-DDTHH:MM:SS.mmmZ`, the form that every known station reads."""
    return _in_utc(moment, "milliseconds")


def with_z(stored: Any) -> Any:  # noqa: ANN401 - any JSON
    """Returns a stored document with every time in it, as text or not, in that form."""
    if isinstance(stored, dict):
        return {name: with_z(member) for name, member in stored.items()}
    if isinstance(stored, list | tuple):
        return [with_z(member) for member in stored]
    if isinstance(stored, str) and _STORED_TIME.fullmatch(stored):
        return format_time(datetime.fromisoformat(stored))
    return format_time(stored) if isinstance(stored, datetime) else stored


def format_seconds(moment: datetime) -> str:
    """Returns `YYYY-MM-DDTHH:MM:SSZ`; some stations misread fractions."""
    return _in_utc(moment, "seconds")


def _in_utc(moment: datetime, timespec: str) -> str:
    return moment.astimezone(UTC).isoformat(timespec=timespec).removesuffix("+00:00") + "Z"
