"""Sending a report while it is made, as long as somebody takes it."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from fastapi import Response

from csms.api.problems import Problem, invalid_field, unavailable
from csms.errors import DatabaseUnavailable
from csms.reports.report import QueryInvalid, ReportTooSlow

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from csms.reports.desk import Answer

# So much is made before anything is sent: until then a failure is a problem document.
_FIRST = 1 << 16
_ATTACHED = frozenset({"csv", "xlsx"})

log = structlog.get_logger("reports")


class Streamed(Response):
    """An answer that is sent in pieces, as long as somebody takes them."""

    def __init__(self, made: "Answer") -> None:
        run, writer, query = made.run, made.writer, made.query
        place = "attachment" if run.format in _ATTACHED else "inline"
        days = f"{query.since.astimezone(query.zone):%Y-%m-%d}"
        name = f"{run.report}-{days}.{writer.extension}"
        headers = {
            "Content-Disposition": f'{place}; filename="{name}"',
            "Cache-Control": "no-store",
        }
        if run.id.isascii() and run.id.isprintable():
            headers["X-Report-Run"] = run.id
        super().__init__(None, HTTPStatus.OK, headers, writer.media_type)
        del self.headers["content-length"]
        self._made = made

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Sends until the end, or until nobody listens any more."""
        del scope
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                log.info("report.abandoned", report=self._made.run.report, run=self._made.run.id)
        finally:
            leaving.cancel()
            sending.cancel()
            await asyncio.wait({sending, leaving})
        with suppress(asyncio.CancelledError):
            sending.result()

    async def _send(self, send: "Send") -> None:
        has_begun = False
        try:
            held = bytearray()
            async for piece in self._made.pieces:
                held += piece
                if len(held) >= _FIRST:
                    await self._begin(send, has_begun=has_begun)
                    has_begun = True
                    await send(
                        {"type": "http.response.body", "body": bytes(held), "more_body": True}
                    )
                    held.clear()
            await self._begin(send, has_begun=has_begun)
            has_begun = True
            await send({"type": "http.response.body", "body": bytes(held), "more_body": False})
        except (QueryInvalid, ReportTooSlow, DatabaseUnavailable) as error:
            if not has_begun:
                raise problem_of(error) from None
            # Nothing more is sent, so that the connection ends and nobody takes it for the end.
            run = self._made.run
            log.warning("report.cut_off", report=run.report, run=run.id, why=str(error))
        finally:
            await self._made.pieces.aclose()

    async def _begin(self, send: "Send", *, has_begun: bool) -> None:
        if not has_begun:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )


async def _gone(receive: "Receive") -> None:
    """Returns when the one who asked has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def problem_of(error: Exception) -> Problem:
    """Returns the problem of a report that cannot be made."""
    if isinstance(error, QueryInvalid):
        return invalid_field(error.field, str(error))
    if isinstance(error, ReportTooSlow):
        return Problem(HTTPStatus.GATEWAY_TIMEOUT, "report-too-slow", str(error))
    return unavailable(str(error))
