"""What every request passes first: who asks, how large it is, and whether it is JSON at all.

Also the last net: what no handler caught is logged here and answered without internals.
"""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import Headers

from csms.api.bodies import check_json
from csms.api.problems import Problem, internal_error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MAX_BODY = 1 << 20
_TABLES = {f"/api/v1/{kind}/import": 32 << 20 for kind in ("tokens", "vehicles", "accounts")}
_OPEN = frozenset({"/healthz", "/readyz", "/metrics", "/docs", "/api/v1/openapi.json"})
_STREAMED = frozenset({"/api/v1/imports/sessions"})
"""What takes files that are too large to be held in memory, and reads them itself."""
_SERIES, _SERIES_MOST = "/api/v1/price-series/", 16 * 1024**2
_JSON = (b"content-type", b"application/json")

log = structlog.get_logger("api")


class Guard:
    """The outermost layer of the application. `token` None lets everybody in."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._serve(scope, receive, watched)
        except Exception as error:
            if not isinstance(error, Problem):
                log.exception("api.failed", method=scope["method"], path=scope["path"])
                error = internal_error()
            if not has_begun:
                await error.response()(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        _check_address(scope)
        _check_origin(headers)
        if self._token is not None and scope["path"] not in _OPEN:
            _check_token(headers, self._token)
        if scope["path"] in _STREAMED:
            await self._app(scope, receive, send)
            return
        table = _table_of(scope["path"])
        body = await _read(headers, receive, table or _MAX_BODY)
        if body and table is None:
            check_json(body)
        if not body and table is None and scope["method"] == "POST":
            body = b"{}"  # so that what is missing is named, and nothing is asked for nothing
        # `curl -d` says it sends a form; whatever it says, this API takes nothing but JSON.
        kept = [pair for pair in scope["headers"] if pair[0] != _JSON[0]]
        await self._app({**scope, "headers": [*kept, _JSON]}, _again(body, receive), send)


def _table_of(path: str) -> int | None:
    """Returns how large a body may be that is no JSON, None where it has to be JSON."""
    return _SERIES_MOST if path.startswith(_SERIES) else _TABLES.get(path)


def _check_address(scope: Scope) -> None:
    if b"%00" in scope.get("raw_path", b"") or b"%00" in scope["query_string"]:
        raise Problem(HTTPStatus.BAD_REQUEST, "bad-address", "the address holds a NUL character")


def _check_origin(headers: Headers) -> None:
    """Refuses what a page of another site has its reader's browser send."""
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        detail = f"requests from pages of {origin[:100]} are refused"
        raise Problem(HTTPStatus.FORBIDDEN, "foreign-origin", detail)


def _check_token(headers: Headers, token: str) -> None:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    is_right = hmac.compare_digest(given.strip().encode(), token.encode())
    if scheme.lower() != "bearer" or not is_right:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "unauthorized",
            "send the API token as `Authorization: Bearer …`",
            headers={"WWW-Authenticate": "Bearer"},
        )


async def _read(headers: Headers, receive: Receive, most: int) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most)
    parts: list[bytes] = []
    size, has_more = 0, True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(HTTPStatus.BAD_REQUEST, "cut-off", "the request ended before its body")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise _too_large(most)
        has_more = message.get("more_body", False)
    return b"".join(parts)


def _too_large(most: int) -> Problem:
    detail = f"the body is larger than {most} bytes"
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail, headers={"Connection": "close"}
    )


def _again(body: bytes, receive: Receive) -> Receive:
    """Returns a `receive` that gives the body in one piece, then what else comes."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
