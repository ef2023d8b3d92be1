"""Errors of the control port as problem documents. Source: RFC 9457."""

from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from simulator.station.hand import HandError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MEDIA_TYPE = "application/problem+json"
_SAID = {
    "model_attributes_type": "write the members as a JSON object",
    "model_type": "write the members as a JSON object",
    "json_invalid": "this is no JSON; write the members as a JSON object",
    "extra_forbidden": "there is no such member",
    "missing": "must be given",
}
"""Sentences of our own for kinds of mistakes."""


class NotThere(Exception):  # noqa: N818 - says what is the case
    """A station that this fleet does not have; the message is a sentence."""


def problem(
    status: HTTPStatus, slug: str, detail: str, errors: "Sequence[object]" = ()
) -> Response:
    """Return the answer to send."""
    document = {
        "type": f"urn:laddvakt:simulator:{slug}",
        "title": slug.replace("-", " ").capitalize(),
        "status": int(status),
        "detail": detail,
        "errors": list(errors),
    }
    return Response(orjson.dumps(document), int(status), media_type=_MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Have every error of the application answered by a problem document."""
    app.add_exception_handler(HandError, _impossible)
    app.add_exception_handler(NotThere, _not_there)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _routing)


def _impossible(_request: Request, error: Exception) -> Response:
    return problem(HTTPStatus.CONFLICT, "not-possible-now", str(error))


def _not_there(_request: Request, error: Exception) -> Response:
    return problem(HTTPStatus.NOT_FOUND, "unknown-station", str(error))


def _invalid(_request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    errors = [
        {
            "field": ".".join(str(step) for step in each["loc"][1:]),
            "message": _SAID.get(each["type"]) or str(each["msg"]).removeprefix("Value error, "),
        }
        for each in found
    ]
    detail = "; ".join(f"{each['field']}: {each['message']}".removeprefix(": ") for each in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail[:1000], errors)


def _routing(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    status = HTTPStatus(code)
    slug = status.phrase.lower().replace(" ", "-")
    detail = f"{request.method} {request.url.path}: {status.phrase.lower()}; see /docs"
    return problem(status, slug, detail)
