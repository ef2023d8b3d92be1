"""How answers are written: JSON by orjson, times in UTC with a Z."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from csms.domain.times import format_time

if TYPE_CHECKING:
    from http import HTTPStatus

_STORED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00", re.ASCII)


def answer(content: Any, status: int | HTTPStatus = 200) -> Response:  # noqa: ANN401 - any JSON
    """Returns a JSON answer."""
    option = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    return Response(orjson.dumps(content, option=option), int(status), None, "application/json")


def with_z(stored: Any) -> Any:  # noqa: ANN401 - any JSON
    """Returns a stored document with every time in it, as text or not, in the API's form."""
    if isinstance(stored, dict):
        return {name: with_z(member) for name, member in stored.items()}
    if isinstance(stored, list | tuple):
        return [with_z(member) for member in stored]
    if isinstance(stored, str) and _STORED_TIME.fullmatch(stored):
        return format_time(datetime.fromisoformat(stored))
    return format_time(stored) if isinstance(stored, datetime) else stored
