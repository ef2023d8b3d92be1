"""Errors as problem documents. Source: RFC 9457.

Everything that goes wrong leaves as one, also what no handler has seen.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from csms.errors import DatabaseUnavailable, LaddvaktError, UnitRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic_core import ErrorDetails

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_S = "5"
_PLACES = {"body", "query", "path", "header"}
_SHAPES = {  # instead of the names of Python's types
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "dataclass_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
_WORDS = {
    **_SHAPES,
    "extra_forbidden": "is not known here; remove it",
    "missing": "is missing",
    "too_short": "must have at least {min_length}",
    "too_long": "must have at most {max_length}",
}


class FieldError(BaseModel):
    """One mistake: where it is, empty for the whole, and what to do about it."""

    field: str = Field(examples=["periods[0].limit"])
    message: str


class ProblemDocument(BaseModel):
    """What every error is answered with."""

    type: str = Field(examples=["urn:laddvakt:station-offline"])
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(description="Empty where no single member is to blame")


class Problem(LaddvaktError):  # noqa: N818 - the word of RFC 9457
    """A request that cannot be met; `slug` names the kind of problem and never changes."""

    def __init__(
        self,
        status: HTTPStatus,
        slug: str,
        detail: str,
        errors: "Sequence[FieldError]" = (),
        headers: "Mapping[str, str] | None" = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.slug, self.detail = status, slug, detail
        self.errors, self.headers = errors, headers

    def response(self) -> Response:
        """Returns the answer to send."""
        document = {
            "type": f"urn:laddvakt:{self.slug}",
            "title": self.slug.replace("-", " ").capitalize(),
            "status": int(self.status),
            "detail": self.detail,
            "errors": [{"field": each.field, "message": each.message} for each in self.errors],
        }
        headers = dict(self.headers or {})
        return Response(orjson.dumps(document), int(self.status), headers, MEDIA_TYPE)


def not_found(what: str, name: str) -> Problem:
    """Returns the problem of a thing that is not there."""
    slug = f"unknown-{what.replace(' ', '-')}"
    return Problem(HTTPStatus.NOT_FOUND, slug, f"there is no {what} {name!r}")


def conflict(slug: str, detail: str) -> Problem:
    """Returns the problem of a wish that the present state of things does not allow."""
    return Problem(HTTPStatus.CONFLICT, slug, detail)


def invalid(errors: "Sequence[FieldError]") -> Problem:
    """Returns the problem of a request with mistakes in its members."""
    detail = "; ".join(f"{each.field}: {each.message}".removeprefix(": ") for each in errors)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail[:1000], errors)


def invalid_field(field: str, message: str) -> Problem:
    """Returns the problem of one wrong member."""
    return invalid([FieldError(field=field, message=message)])


def unavailable(detail: str) -> Problem:
    """Returns the problem of something that we need and that is away for now."""
    headers = {"Retry-After": _RETRY_AFTER_S}
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, headers=headers)


def internal_error() -> Problem:
    """Returns the problem of an error of ours; it says nothing of what went wrong inside."""
    detail = "an error of ours; the log has it under api.failed"
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail)


def field_path(steps: "Iterable[int | str]") -> str:
    """Returns the path to a member, such as `periods[0].limit`."""
    text = ""
    for step in steps:
        text += f"[{step}]" if str(step).isdecimal() else f".{step}"
    return text.removeprefix(".")


def field_errors(errors: "Iterable[ErrorDetails]") -> list[FieldError]:
    """Returns pydantic's findings, each at the member that it is about."""
    found = []
    for error in errors:
        steps = [step for step in error["loc"] if not str(step).startswith("function-")]
        if steps and steps[0] in _PLACES:
            steps = steps[1:]
        message = _sentence(error)
        if not steps and error["type"] in {"missing", *_SHAPES}:
            message = f"the body {message}"
        found.append(FieldError(field=field_path(steps), message=message))
    return found


def install(app: FastAPI) -> None:
    """Has every error of the application answered by a problem document."""
    app.add_exception_handler(Problem, _known)
    app.add_exception_handler(HTTPException, _routing)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(DatabaseUnavailable, _away)
    app.add_exception_handler(UnitRefused, _refused)


def _known(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, Problem)  # noqa: S101 - registered for no other
    return error.response()


def _routing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for no other
    status = HTTPStatus(error.status_code)
    slug = status.phrase.lower().replace(" ", "-")
    detail = f"{request.method} {request.url.path}: {status.phrase.lower()}; see /docs"
    return Problem(status, slug, detail, headers=error.headers).response()


def _validation(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for no other
    return invalid(field_errors(error.errors())).response()


def _away(request: Request, error: Exception) -> Response:
    del request
    return unavailable(str(error)).response()


def _refused(request: Request, error: Exception) -> Response:
    del request
    return invalid_field("", str(error)).response()


def _sentence(error: "ErrorDetails") -> str:
    kind, bounds = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(bounds["error"])
    if kind in _WORDS:
        return _WORDS[kind].format(**bounds)
    message = error["msg"]
    return message[:1].lower() + message[1:]
