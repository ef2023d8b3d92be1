"""Messages of the `ocpp` package to JSON members, and instants to text and back."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.ocppj.frames import Payload

_OFFSET: Final = len("+00:00")
_AS_THEY_ARE: Final = frozenset({str, int, float, bool})


def to_payload(message: object) -> Payload:
    """Return a message of the `ocpp` package in camelCase, members that are None left out.

    What is one already stays as it is.
    """
    if isinstance(message, dict):
        return message
    payload: Payload = {}
    of: Any = type(message)
    names = _names(of)
    # The package's dataclasses have no slots: this is the shortest way to all members.
    for name, given in vars(message).items():
        if given is None:
            continue
        kind = type(given)
        if kind in _AS_THEY_ARE:
            payload[names[name]] = given
        elif isinstance(given, Enum):
            payload[names[name]] = given._value_
        else:
            payload[names[name]] = _plain(given)
    return payload


def members(of: type[Any], *names: str) -> tuple[str, ...]:
    """Return how members of a message are spelled, for what is made too often to go through it.

    Raises: KeyError for one that the package's type has not.
    """
    its: Any = of
    known = _names(its)
    return tuple(known[name] for name in names)


def to_text(at: datetime) -> str:
    """Return an instant as UTC with milliseconds and Z."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds")[:-_OFFSET] + "Z"


def from_text(text: object) -> datetime | None:
    """Return the instant that a central system wrote, None when it is none.

    A text without a zone is taken as UTC, as OCPP 1.6 recommends.
    """
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _plain(given: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    of: Any = type(given)
    return _way(of)(given)


_ODD: Final = {"soc": "SoC", "url": "URL"}
_ODD_NAMES: Final = {"ocpp_csms_url": "ocppCsmsUrl"}
"""Words and names that the specification spells in its own way, as in bulkSoC and responderURL."""


@cache
def _way(of: type[Any]) -> Callable[[Any], Any]:
    """Return how members of a type become JSON."""
    if issubclass(of, Enum):
        return _value
    if issubclass(of, (list, tuple)):
        return lambda given: [_plain(each) for each in given]
    if issubclass(of, dict):
        return lambda given: {name: _plain(each) for name, each in given.items()}
    if is_dataclass(of):
        return to_payload
    return lambda given: given


def _value(given: Enum) -> object:
    return given._value_


@cache
def _names(of: type[Any]) -> Mapping[str, str]:
    return {each.name: _camel(each.name) for each in fields(of)}


def _camel(name: str) -> str:
    if name in _ODD_NAMES:
        return _ODD_NAMES[name]
    first, *rest = name.split("_")
    return first + "".join(_ODD.get(part, part[:1].upper() + part[1:]) for part in rest)
