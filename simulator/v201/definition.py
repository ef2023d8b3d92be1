"""What is known of a variable before any station has it: type, limits, who may change it.

Definitions are shared by all stations of one kind. Source: OCPP 2.0.1 part 2, 2.50 to 2.54 and
B05; part 1, 4.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from simulator.wire import from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6})?")
_MAX_TEXT: Final = 1000
_MIN_PASSWORD: Final = 16

Key: TypeAlias = tuple[str, str, int, int, str, str]
"""Component, its instance, EVSE, connector, variable, its instance; names in lower case."""


class Mutability(StrEnum):
    """What a central system may do with a variable."""

    READ_ONLY = "ReadOnly"
    WRITE_ONLY = "WriteOnly"
    READ_WRITE = "ReadWrite"


class Attribute(StrEnum):
    """The four values that a variable may have."""

    ACTUAL = "Actual"
    TARGET = "Target"
    MIN_SET = "MinSet"
    MAX_SET = "MaxSet"


@dataclass(frozen=True, slots=True)
class Definition:
    """One variable of one component. `kind` is its DataEnumType.

    `evse` 0 belongs to the station, `connector` 0 to the EVSE. `low` and `most` bound numbers,
    for texts and lists `most` is the longest. `choices` are the members of lists. `has_bounds`
    tells the bounds as MinSet and MaxSet too. `reboots` takes effect with the next boot.
    """

    component: str
    name: str
    default: str = ""
    kind: str = "string"
    mutability: Mutability = Mutability.READ_ONLY
    instance: str | None = None
    evse: int = 0
    connector: int = 0
    unit: str | None = None
    low: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    has_bounds: bool = False
    reboots: bool = False

    @property
    def key(self) -> Key:
        """What it is found under."""
        return (
            self.component.lower(),
            "",
            self.evse,
            self.connector,
            self.name.lower(),
            (self.instance or "").lower(),
        )

    @property
    def is_number(self) -> bool:
        """Whether thresholds make sense."""
        return self.kind in ("integer", "decimal")

    @property
    def is_secret(self) -> bool:
        """Whether it can only be written."""
        return self.mutability is Mutability.WRITE_ONLY

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes that it has."""
        if not self.has_bounds:
            return (Attribute.ACTUAL,)
        if self.low is None:
            return (Attribute.ACTUAL, Attribute.MAX_SET)
        return (Attribute.ACTUAL, Attribute.MIN_SET, Attribute.MAX_SET)

    def bound(self, attribute: Attribute) -> str:
        """Return MinSet or MaxSet as text."""
        bound = self.low if attribute is Attribute.MIN_SET else self.most
        return "" if bound is None else f"{bound:g}"

    def normal(self, text: str) -> str:
        """Return a value as it is kept."""
        return text.lower() if self.kind == "boolean" else text

    def flaw(self, text: str) -> str | None:
        """Return why a value does not fit, None if it does (B05.FR.07, B05.FR.08)."""
        return _CHECKS[self.kind](self, text)

    def is_within(self, amount: float) -> bool:
        """Whether a number is in the range."""
        low = -math.inf if self.low is None else self.low
        return low <= amount <= (math.inf if self.most is None else self.most)


def _integer(of: Definition, text: str) -> str | None:
    if not _INTEGER.fullmatch(text):
        return "not a whole number"
    return None if of.is_within(int(text)) else _range(of)


def _decimal(of: Definition, text: str) -> str | None:
    if not _DECIMAL.fullmatch(text):
        return "not a number"
    return None if of.is_within(float(text)) else _range(of)


def _boolean(_of: Definition, text: str) -> str | None:
    return None if text.lower() in ("true", "false") else "neither true nor false"


def _option(of: Definition, text: str) -> str | None:
    return None if text in of.choices else f"not one of {', '.join(of.choices)}"


def _members(of: Definition, text: str) -> str | None:
    members = text.split(",") if text else []
    if len(set(members)) < len(members):
        return "a member stands there twice"
    if of.choices and (unknown := [each for each in members if each not in of.choices]):
        return f"not a member: {unknown[0]}"
    return None if of.most is None or len(text) <= of.most else f"longer than {of.most:g}"


def _sequence(of: Definition, text: str) -> str | None:
    return _members(of, text) if text else "empty"


def _date(_of: Definition, text: str) -> str | None:
    return None if from_text(text) is not None else "no date and time"


def _text(of: Definition, text: str) -> str | None:
    most = _MAX_TEXT if of.most is None else of.most
    return None if len(text) <= most else f"longer than {most:g}"


def _password(of: Definition, text: str) -> str | None:
    if len(text) < _MIN_PASSWORD:
        return f"shorter than {_MIN_PASSWORD}"
    return _text(of, text) if text.isascii() and text.isprintable() else "not printable ASCII"


_CHECKS: Final[Mapping[str, Callable[[Definition, str], str | None]]] = {
    "boolean": _boolean,
    "dateTime": _date,
    "decimal": _decimal,
    "integer": _integer,
    "MemberList": _members,
    "OptionList": _option,
    "passwordString": _password,
    "SequenceList": _sequence,
    "string": _text,
}


def _range(of: Definition) -> str:
    low = "" if of.low is None else f"{of.low:g}"
    return f"not in {low}..{'' if of.most is None else f'{of.most:g}'}"
