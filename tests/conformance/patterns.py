"""What a case expects of a payload: the payload itself, with placeholders where values are free.

A mapping must have exactly the members named, a list exactly the elements. Each placeholder also
tells an example, which is what goes out where a case relays the payload itself (mode "raw").
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NUMBERS = itertools.count(1001)


@dataclass(frozen=True)
class Placeholder:
    """Any value that `fits`; `example` makes one."""

    words: str
    fits: Callable[[Any], bool]
    example: Callable[[], Any]


@dataclass(frozen=True)
class Maybe:
    """A member that may be left out, and else is as told."""

    pattern: Any


@dataclass(frozen=True)
class Subset:
    """An object that may have further members."""

    members: dict[str, Any]


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and bool(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value)
    )


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number() -> int:
    return next(_NUMBERS)


def _soon() -> str:
    return text_of(datetime.now(UTC) + timedelta(hours=1))


def text_of(at: datetime) -> str:
    """Returns a time as OCPP has it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


ANY_INT = Placeholder("any integer", _is_int, _number)
ANY_TIME = Placeholder("any time", _is_time, _soon)


def any_text(example: str = "text") -> Placeholder:
    """Any text that is not empty."""
    return Placeholder(
        "any text", lambda value: isinstance(value, str) and value != "", lambda: example
    )


def anything(example: Any = None) -> Placeholder:
    """Any value at all."""
    return Placeholder("anything", lambda _: True, lambda: example)


def one_of(*values: Any) -> Placeholder:
    """One of some values; the first is the example."""
    return Placeholder(f"one of {values}", lambda value: value in values, lambda: values[0])


def such(words: str, fits: Callable[[Any], bool], example: Any = None) -> Placeholder:
    """A value of which a sentence of the case's own must hold."""
    return Placeholder(words, fits, lambda: example)


def same_time(at: datetime) -> Placeholder:
    """A time that is this one to the second, in UTC."""

    def fits(value: Any) -> bool:
        if not _is_time(value):
            return False
        told = datetime.fromisoformat(value)
        return told.utcoffset() == timedelta(0) and abs((told - at).total_seconds()) < 1

    return Placeholder(f"the time {text_of(at)}", fits, lambda: text_of(at))


def in_any_order(patterns: list[Any]) -> Placeholder:
    """A list of these elements, in whatever order."""

    def fits(value: Any) -> bool:
        if not isinstance(value, list) or len(value) != len(patterns):
            return False
        left = list(value)
        for pattern in patterns:
            found = next((each for each in left if not any(differences(pattern, each))), None)
            if found is None:
                return False
            left.remove(found)
        return True

    return Placeholder(f"in any order {patterns}", fits, lambda: filled(patterns))


def filled(pattern: Any) -> Any:
    """Returns a payload that fits a pattern: each placeholder as its example."""
    match pattern:
        case Placeholder():
            return pattern.example()
        case Maybe():
            return filled(pattern.pattern)
        case Subset():
            return filled(pattern.members)
        case dict():
            return {name: filled(value) for name, value in pattern.items()}
        case list() | tuple():
            return [filled(each) for each in pattern]
        case _:
            return pattern


def differences(pattern: Any, value: Any, path: str = "") -> Iterator[str]:
    """Yields a sentence for each place where a value is not as its pattern."""
    where = path or "payload"
    match pattern:
        case Placeholder():
            if not pattern.fits(value):
                yield f"{where} is {value!r:.200}, not {pattern.words}"
        case Maybe():
            yield from differences(pattern.pattern, value, path)
        case Subset() | dict():
            yield from _of_members(pattern, value, path)
        case list() | tuple():
            if not isinstance(value, list) or len(value) != len(pattern):
                yield f"{where} is {value!r:.300}, not a list of {len(pattern)}"
                return
            for at, (wanted, given) in enumerate(zip(pattern, value, strict=True)):
                yield from differences(wanted, given, f"{path}[{at}]")
        case _:
            if type(value) is bool or type(pattern) is bool:
                is_same = value is pattern
            else:
                is_same = value == pattern
            if not is_same:
                yield f"{where} is {value!r:.300}, not {pattern!r:.300}"


def _of_members(pattern: Subset | dict[str, Any], value: Any, path: str) -> Iterator[str]:
    members = pattern.members if isinstance(pattern, Subset) else pattern
    if not isinstance(value, dict):
        yield f"{path or 'payload'} is {value!r:.300}, not an object"
        return
    for name, wanted in members.items():
        inner = f"{path}.{name}" if path else name
        if name in value:
            yield from differences(wanted, value[name], inner)
        elif not isinstance(wanted, Maybe):
            yield f"{inner} is missing in {value!r:.300}"
    if isinstance(pattern, dict):
        for name in value.keys() - members.keys():
            yield (
                f"{path}.{name} is there and should not be"
                if path
                else (f"{name} is there and should not be")
            )


def check(pattern: Any, value: Any, what: str) -> None:
    """Raises AssertionError if a value is not as its pattern, with every difference."""
    found = list(differences(pattern, value))
    assert not found, f"{what}: {'; '.join(found)}"
