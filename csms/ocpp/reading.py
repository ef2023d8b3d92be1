"""Reading members of payloads that may be wrong: what is clear is read, the rest is noted.

Nothing here raises on any JSON, and nothing knows a version.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from csms.domain.anomalies import Anomaly
from csms.domain.times import names_zone, parse_time
from csms.ocpp.unreadable import Unreadable

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload

_MAX_NOTES: Final = 20
_MAX_RAW: Final = 100
_INTEGER: Final = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_MAX_EXACT: Final = 2**53
MAX_PLACE: Final = 2**31 - 1
_USUAL_LENGTHS: Final = frozenset({len("YYYY-MM-DDTHH:MM:SSZ"), len("YYYY-MM-DDTHH:MM:SS.mmmZ")})


class Notes:
    """The anomalies of one message; beyond 20 they are only counted."""

    __slots__ = ("_anomalies", "_more")

    def __init__(self) -> None:
        self._anomalies: list[Anomaly] = []
        self._more = 0

    def add(self, kind: str, **details: object) -> None:
        """Notes one oddity; `details` must be JSON and small."""
        if len(self._anomalies) < _MAX_NOTES:
            self._anomalies.append(Anomaly(kind, details))
        else:
            self._more += 1

    def repaired(self, field: str, raw: object, reading: object) -> None:
        """Notes that a member was read although its form is wrong."""
        self.add("payload.repaired", field=field, raw=clipped(raw), read_as=reading)

    def ignored(self, field: str, raw: object) -> None:
        """Notes that a member could not be read and was left out."""
        self.add("payload.ignored", field=field, raw=clipped(raw))

    def missing(self, field: str) -> None:
        """Notes that a member is not there where the version demands it."""
        self.add("payload.missing", field=field)

    def all(self) -> tuple[Anomaly, ...]:
        """Returns what was noted; the last one counts those left out."""
        if not self._anomalies:
            return ()
        if not self._more:
            return tuple(self._anomalies)
        return (*self._anomalies, Anomaly("anomalies.more", {"count": self._more}))


def clipped(raw: object) -> Any:  # noqa: ANN401 - a JSON scalar
    """Returns a raw value short enough to be kept with an anomaly."""
    if isinstance(raw, str):
        return raw[:_MAX_RAW]
    if raw is None or isinstance(raw, bool | int | float):
        return raw
    return type(raw).__name__


def text_of(payload: Payload, name: str, notes: Notes) -> str | None:
    """Returns a member as text; a number counts as the text it is written as."""
    raw = payload.get(name)
    if raw is None or isinstance(raw, str):
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        notes.repaired(name, raw, str(raw))
        return str(raw)
    notes.ignored(name, raw)
    return None


def integer_of(payload: Payload, name: str, notes: Notes) -> int | None:
    """Returns a member as an integer; decimal digits in a text count as one."""
    raw = payload.get(name)
    if raw is None or type(raw) is int:
        return raw
    if isinstance(raw, str) and _INTEGER.fullmatch(raw):
        notes.repaired(name, raw, int(raw))
        return int(raw)
    if isinstance(raw, float) and raw.is_integer() and abs(raw) <= _MAX_EXACT:
        return int(raw)
    notes.ignored(name, raw)
    return None


def required_integer(payload: Payload, name: str, notes: Notes) -> int:
    """Returns a member as an integer.

    Raises: Unreadable if it is not there or is none.
    """
    number = integer_of(payload, name, notes)
    if number is None:
        raise Unreadable(name, "is missing or no integer")
    return number


def place_of(payload: Payload, name: str, notes: Notes) -> int | None:
    """Returns an EVSE or connector by its number; one of more than 32 bits is none.

    Source: OCPP 2.0.1 part 2, primitive datatypes: an integer has 32 bits.
    """
    number = integer_of(payload, name, notes)
    if number is not None and abs(number) > MAX_PLACE:
        notes.ignored(name, number)
        return None
    return number


def required_place(payload: Payload, name: str, notes: Notes) -> int:
    """Returns the same.

    Raises: Unreadable if it is not there or is none.
    """
    number = place_of(payload, name, notes)
    if number is None:
        raise Unreadable(name, "is missing, or no integer of 32 bits")
    return number


def flag_of(payload: Payload, name: str, notes: Notes) -> bool:
    """Returns a member as a boolean, False if it is not there."""
    raw = payload.get(name)
    if raw is None or isinstance(raw, bool):
        return bool(raw)
    notes.ignored(name, raw)
    return False


def object_of(payload: Payload, name: str, notes: Notes) -> Payload | None:
    """Returns a member that is an object."""
    raw = payload.get(name)
    if raw is None or isinstance(raw, dict):
        return raw
    notes.ignored(name, raw)
    return None


def instant_of(raw: object) -> datetime | None:
    """Returns the instant that a JSON value names, None if it names none.

    The two common forms go past the tolerant reader, which takes ten times as long.
    """
    if not isinstance(raw, str):
        return None
    if (
        len(raw) in _USUAL_LENGTHS
        and raw[-1] == "Z"
        and raw[10] == "T"
        and raw[7] == "-"
        and raw[13] == ":"
        and raw[16] == ":"
        and raw[19] in ".Z"
    ):
        try:
            return datetime.fromisoformat(raw)
        except ValueError:
            pass
    return parse_time(raw)


def time_of(payload: Payload, name: str, notes: Notes) -> datetime | None:
    """Returns a member as an instant; None with an anomaly if it is not there or is none."""
    raw = payload.get(name)
    at = instant_of(raw)
    if at is None:
        notes.add("time.unreadable", field=name, raw=clipped(raw))
    return at


def optional_time_of(payload: Payload, name: str, notes: Notes) -> datetime | None:
    """Returns a member as an instant; that it is not there is no anomaly."""
    return None if payload.get(name) is None else time_of(payload, name, notes)


def event_time_of(payload: Payload, name: str, notes: Notes) -> datetime | None:
    """Returns when a transaction began, changed or ended, None if the text is no time.

    A time without a zone counts as UTC, which is noted, since it may be any.

    Raises: Unreadable if it is no text: a number may count seconds or milliseconds, from
    any day.
    """
    raw = payload.get(name)
    if raw is not None and not isinstance(raw, str):
        raise Unreadable(name, "is no text")
    at = time_of(payload, name, notes)
    if at is not None and not names_zone(str(raw)):
        notes.add("time.no_zone", field=name, raw=clipped(raw))
    return at


def present(**members: object) -> dict[str, Any]:
    """Returns the members that are not None."""
    return {name: member for name, member in members.items() if member is not None}
