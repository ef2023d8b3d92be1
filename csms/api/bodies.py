"""What the body of a request must be, whatever it is about: JSON that can be kept and sent on."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from csms.api.problems import Problem, field_path, invalid_field

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUSPECT = re.compile(rb"\\u0000|[0-9]{19}")
_LONG = 1 << 63


def check_json(body: bytes) -> None:
    """Refuses what is no JSON, and what neither PostgreSQL nor a frame can hold.

    Those are texts with a NUL and integers of more than 64 bits; the field is named. Nesting is
    bounded by the first reading.

    Raises:
        Problem: 400 for no JSON, 422 for a value.
    """
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _malformed(str(error)) from None
    if not _SUSPECT.search(body):
        return
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise _malformed("a number is too long, or the nesting too deep") from None
    for path, message in _unkeepable(given):
        raise invalid_field(field_path(path), message)


def _malformed(why: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "malformed-json", f"the body: {why}")


def _unkeepable(given: Any) -> Iterator[tuple[list[int | str], str]]:  # noqa: ANN401 - JSON
    """Yields the places of what cannot be kept, and what is wrong there."""
    pending: list[tuple[list[int | str], Any]] = [([], given)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            if any("\0" in name for name in value):
                yield path, "the name of a member holds a NUL character"
            pending.extend(([*path, name], each) for name, each in value.items())
        elif isinstance(value, list):
            pending.extend(([*path, index], each) for index, each in enumerate(value))
        elif isinstance(value, str) and "\0" in value:
            yield path, "holds a NUL character"
        elif isinstance(value, int) and not -_LONG <= value < _LONG:
            yield path, "is a number of more than 64 bits"
