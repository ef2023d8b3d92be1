"""Reports: which there are, how to ask for one, and how far those that are being made have come."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api
from csms.api.problems import Problem, invalid_field, not_found, unavailable
from csms.errors import DatabaseUnavailable
from csms.reports.asking import Asked, find_report
from csms.reports.desk import Answer, ReportsBusy, Run
from csms.reports.formats.choice import FORMATS
from csms.reports.period import NAMES
from csms.reports.registry import REPORTS
from csms.reports.report import QueryInvalid, ReportTooSlow

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

# So much is made before anything is sent: until then a failure is a problem document.
_FIRST = 1 << 16
_ATTACHED = frozenset({"csv", "xlsx"})

log = structlog.get_logger("reports")
router = APIRouter(tags=["reports"])


class OptionView(BaseModel):
    """Something that one report can be asked for beside the rest."""

    name: str
    about: str
    default: str
    choices: list[str] = Field(description="Empty: any text")


class ReportKind(BaseModel):
    """A report that can be asked for."""

    name: str
    about: str
    groups: list[str]
    default_group: list[str]
    filters: list[str]
    options: list[OptionView]


class Reports(BaseModel):
    """All reports, and what all of them can be asked with."""

    items: list[ReportKind]
    formats: list[str]
    periods: str


class ColumnView(BaseModel):
    """A column: its name in the rows, its heading, its kind and its unit."""

    name: str
    label: str
    kind: str = Field(
        description="text, integer, number, money (a text), energy_wh, time, duration_s, percent "
        "or flag"
    )
    unit: str | None


class ChartView(BaseModel):
    """Figures as a picture shows them; each series has one for each place in `x`."""

    kind: str = Field(description="line, bar or heat")
    title: str
    unit: str
    x: list[str]
    series: dict[str, list[float | None]]


class TableView(BaseModel):
    """One table. Its rows are objects by the columns' names."""

    name: str
    title: str
    columns: list[ColumnView]
    rows: list[dict[str, Any]]
    notes: list[str]
    charts: list[ChartView]


class ReportView(BaseModel):
    """A report as JSON."""

    report: str
    about: str
    made_at: AwareDatetime
    since: AwareDatetime = Field(alias="from")
    to: AwareDatetime = Field(description="Not part of the period")
    time_zone: str
    group: list[str]
    filters: dict[str, list[str]]
    options: dict[str, str]
    tables: list[TableView] = Field(description="The main one first")


class RunView(BaseModel):
    """A report in the making, or one of the last that were made."""

    id: str
    report: str
    format: str
    state: str = Field(description="running, done or failed")
    began_at: AwareDatetime
    rows: int = Field(description="Of the table that is being written")
    expected_rows: int | None = Field(description="null: not known before")
    notes: list[str]
    why: str | None = Field(description="Why it failed")


class Runs(BaseModel):
    """The reports that are being made now."""

    items: list[RunView]
    at_once: int = Field(description="How many there may be")


@router.get("/reports", response_model=Reports)
async def list_reports() -> Response:
    """Which reports there are, and what each can be asked with."""
    items = [
        {
            "name": each.name,
            "about": each.about,
            "groups": each.groups,
            "default_group": each.default_group,
            "filters": each.filters,
            "options": [
                {
                    "name": option.name,
                    "about": option.about,
                    "default": option.default,
                    "choices": option.choices,
                }
                for option in each.options
            ],
        }
        for each in REPORTS.values()
    ]
    return answer({"items": items, "formats": FORMATS, "periods": NAMES})


@router.get("/reports/runs", response_model=Runs)
async def list_runs(api: Api) -> Response:
    """The reports that are being made now."""
    items = [_run_view(each) for each in api.reports.running.values()]
    return answer({"items": items, "at_once": api.reports.at_once})


@router.get("/reports/runs/{run_id}", response_model=RunView)
async def get_run(api: Api, run_id: str) -> Response:
    """How far a report is. Its ID was given as `run` with the question, or told in the answer."""
    run = api.reports.run(run_id)
    if run is None:
        raise not_found("run", run_id)
    return answer(_run_view(run))


def _parameter(name: str, about: str, *, is_many: bool = False) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if is_many:
        schema = {"type": "array", "items": schema}
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": about,
        "schema": schema,
    }


_PARAMETERS = [
    _parameter("from", "Start of the period, a date or a time; a session belongs to its start"),
    _parameter("to", "End of the period, not part of it; by default now"),
    _parameter("period", f"Instead of from and to: {NAMES}. By default 30d"),
    _parameter("time_zone", "Of days, hours and times without one; by default the site's"),
    _parameter("group", "By what to group, several with commas; `none`: not at all"),
    _parameter("format", f"{', '.join(FORMATS)}; by default json"),
    _parameter("table", "Only this table; csv and table have the main one by default"),
    _parameter("bom", "true: CSV begins with a byte order mark, for spreadsheets that want one"),
    _parameter("run", "An ID of your choice, to ask at /reports/runs/{run} how far it is"),
]
_MORE = sorted(
    {name for each in REPORTS.values() for name in each.filters}
    | {option.name for each in REPORTS.values() for option in each.options}
)
_PARAMETERS += [
    _parameter(name, "A filter or an option of some reports; see /reports", is_many=True)
    for name in _MORE
]
_MEDIA = {
    "text/csv": {"schema": {"type": "string"}},
    "text/plain": {"schema": {"type": "string"}},
    "text/html": {"schema": {"type": "string"}},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
        "schema": {"type": "string", "format": "binary"}
    },
}
Name = Annotated[str, Path(description="One of /reports")]


@router.get(
    "/reports/{name}",
    response_model=ReportView,
    responses={200: {"content": _MEDIA}},
    openapi_extra={"parameters": _PARAMETERS},
)
async def get_report(api: Api, request: Request, name: Name) -> Response:
    """A report, sent while it is made. 503 if as many are being made as may be at once.

    Sessions that still run count with their figures of now, and are told apart. Who closes the
    connection ends the report; one that fails on the way ends the connection before its end.
    """
    given: dict[str, list[str]] = {}
    for key, text in request.query_params.multi_items():
        given.setdefault(key, []).append(text)
    try:
        find_report(name)
    except QueryInvalid as error:
        raise Problem(HTTPStatus.NOT_FOUND, "unknown-report", str(error)) from None
    try:
        api.reports.check_room()
        made = api.reports.answer(Asked(name, given))
    except (QueryInvalid, ReportsBusy) as error:
        raise _problem(error) from None
    return _Streamed(made)


class _Streamed(Response):
    """An answer that is sent in pieces, as long as somebody takes them."""

    def __init__(self, made: Answer) -> None:
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
                raise _problem(error) from None
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


def _problem(error: Exception) -> Problem:
    if isinstance(error, QueryInvalid):
        return invalid_field(error.field, str(error))
    if isinstance(error, ReportTooSlow):
        return Problem(HTTPStatus.GATEWAY_TIMEOUT, "report-too-slow", str(error))
    return unavailable(str(error))


def _run_view(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "report": run.report,
        "format": run.format,
        "state": run.state,
        "began_at": with_z(run.began_at),
        "rows": run.progress.rows,
        "expected_rows": run.progress.expected_rows,
        "notes": run.progress.notes,
        "why": run.why,
    }
