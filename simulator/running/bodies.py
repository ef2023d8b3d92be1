"""What the control port reads: JSON and nothing else, of a bounded size."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from simulator.running.problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MOST_BYTES: Final = 64 * 1024
_TYPE: Final = b"content-type"


class JsonBodies:
    """A layer around an application that takes bodies as JSON, whatever they say that they are.

    `curl -d` says that it sends a form. An order without a body is one without members.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            answer = problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too-large",
                f"an order has {_MOST_BYTES} bytes at most",
            )
            answer.headers["connection"] = "close"
            await answer(scope, receive, send)
            return
        headers = [pair for pair in scope["headers"] if pair[0] != _TYPE]
        headers.append((_TYPE, b"application/json"))
        await self._app({**scope, "headers": headers}, _again(body or b"{}", receive), send)


async def _read(receive: Receive) -> bytes | None:
    """Return the body, None for one that is too long."""
    body, has_more = b"", True
    while has_more:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _MOST_BYTES:
            return None
        has_more = message.get("more_body", False)
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body in one piece, then what else comes."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
