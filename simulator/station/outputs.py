"""What a station core hands to the world around it: texts to send, and things that happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Send:
    """A text to be sent on the connection, in the order given."""

    text: str


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """The station gives its connection up; it comes back when `wants_connection` says so."""


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """The central system set a new password: the next connection uses it."""

    password: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Something worth a line, with a constant dotted name; `at` is the station's clock."""

    at: datetime
    station: str
    name: str
    fields: dict[str, object]


Output: TypeAlias = Send | CloseConnection | PasswordChanged | Happened
