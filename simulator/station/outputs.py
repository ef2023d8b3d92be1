"""What a station core hands to the world around it: texts to send, and things that happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class Send:
    """A text to be sent on the connection, in the order given.

    Nobody changes it, nor what happened; they are not frozen as that takes twice as long to make.
    """

    text: str


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """The station gives its connection up; it comes back when `wants_connection` says so.

    `is_abrupt` is without a goodbye, as when the power fails: no close frame, the socket is cut.
    `is_left_open` goes away from a socket that stays: nothing is read or sent on it any more, and
    it is closed when the program ends.
    """

    is_abrupt: bool = False
    is_left_open: bool = False


@dataclass(frozen=True, slots=True)
class Ping:
    """The station sends a ping of its own."""


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """The central system set a new password: the next connection uses it."""

    password: str


@dataclass(slots=True)
class Happened:
    """Something worth a line, with a constant dotted name; `at` is the station's clock."""

    at: datetime
    station: str
    name: str
    fields: dict[str, object]


Output: TypeAlias = Send | CloseConnection | Ping | PasswordChanged | Happened
