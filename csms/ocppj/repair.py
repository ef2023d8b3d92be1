"""What can be told and mended where a text is not quite the frame it should be.

The message ID of broken JSON, members given twice, and payloads that only differ from
the schema in ways that carry no meaning.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from csms.ocppj.frames import Payload
from csms.ocppj.version import Version

MAX_ECHOED_ID: Final = 128
"""An ID over the specification's 36 characters is still told back up to this length, so
that its sender need not wait for a timeout; a longer one counts as unreadable."""

_Container: TypeAlias = dict[str, Any] | list[Any]

_MAX_EXACT: Final = 2**53
_HEAD_LENGTH: Final = 200
_HEAD: Final = re.compile(
    r"[ \t\r\n]*\[[ \t\r\n]*([0-9])[ \t\r\n]*,"
    r'(?:[ \t\r\n]*("(?:[^"\\\x00-\x1f]|\\.)*")[ \t\r\n]*,)?'
)


class NestedTooDeep(Exception):  # noqa: N818 - says what is the case
    """A frame is nested so deep that it could not be written again, to a peer or a store."""


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a frame that is not JSON; `message_id` is None if unreadable."""

    message_type: int
    message_id: str | None


def readable_id(element: object) -> str | None:
    """Return the element if it is a text that may be told back as a message ID."""
    if isinstance(element, str) and len(element) <= MAX_ECHOED_ID:
        return element
    return None


def read_head(text: str) -> Head | None:
    """Return type and message ID of a broken frame, None if not even the type is there.

    Looks at the first 200 characters only.
    """
    head = _HEAD.match(text[:_HEAD_LENGTH])
    if head is None:
        return None
    return Head(int(head[1]), _unquoted(head[2]))


def duplicated_member(text: str, frame: list[Any]) -> str | None:
    """Return the name of a member that an object in the text has twice.

    JSON parsers keep the last one silently. Written again, a frame has lost the colon of
    each such member, and colons inside texts stay, unless they were escaped; so the slow
    search runs only where the colons differ.

    Raises: NestedTooDeep beyond a depth of 254.
    """
    try:
        compact = orjson.dumps(frame)
    except TypeError as error:
        raise NestedTooDeep from error
    if compact == text.encode():
        return None
    if compact.count(b":") == text.count(":") and "\\u003" not in text:
        return None
    return _first_duplicate(text)


def tidy(version: Version, payload: Payload) -> bool:
    """Mend in place what carries no meaning, and say whether anything was changed.

    Integral floats become integers (100.0), and in 1.6 members that are null disappear:
    some stations write absent members so. OCPP 2.0.1 part 4, 4.1.5 forbids the latter.
    """
    is_changed = False
    drops_nulls = version is Version.V16
    pending: list[_Container] = [payload]
    while pending:
        container = pending.pop()
        for key, element in _members(container):
            if element is None and drops_nulls and isinstance(container, dict):
                del container[key]
                is_changed = True
            elif isinstance(element, float) and _is_exact_integer(element):
                container[key] = int(element)
                is_changed = True
            elif isinstance(element, dict | list):
                pending.append(element)
    return is_changed


def _unquoted(literal: str | None) -> str | None:
    if literal is None:
        return None
    try:
        return readable_id(orjson.loads(literal))
    except orjson.JSONDecodeError:
        return None


def _first_duplicate(text: str) -> str | None:
    duplicates: list[str] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                duplicates.append(name)
            seen.add(name)

    json.loads(text, object_pairs_hook=keep)
    return duplicates[0] if duplicates else None


def _members(container: _Container) -> list[tuple[Any, Any]]:
    if isinstance(container, dict):
        return list(container.items())
    return list(enumerate(container))


def _is_exact_integer(number: float) -> bool:
    return number.is_integer() and abs(number) <= _MAX_EXACT
