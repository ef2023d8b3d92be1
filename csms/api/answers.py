"""How answers are written: JSON by orjson, times in UTC with a Z."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from csms.domain import times

if TYPE_CHECKING:
    from http import HTTPStatus

with_z = times.with_z


def answer(content: Any, status: int | HTTPStatus = 200) -> Response:  # noqa: ANN401 - any JSON
    """Returns a JSON answer."""
    option = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    return Response(orjson.dumps(content, option=option), int(status), None, "application/json")
