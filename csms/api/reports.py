"""Reports: which there are, how to ask for one, and how far those that are being made have come."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from csms.api.answers import answer, with_z
from csms.api.context import Api
from csms.api.problems import Problem, not_found
from csms.api.report_stream import Streamed, problem_of
from csms.api.report_views import Reports, ReportView, Runs, RunView, Schedules
from csms.reports.asking import Asked, find_report
from csms.reports.desk import ReportsBusy, Run
from csms.reports.formats.choice import FORMATS
from csms.reports.period import NAMES
from csms.reports.registry import REPORTS
from csms.reports.report import QueryInvalid

router = APIRouter(tags=["reports"])


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


@router.get("/reports/schedules", response_model=Schedules)
async def list_schedules(api: Api) -> Response:
    """The reports that are made by themselves: when each is due next, and what the last gave."""
    scheduler, now = api.reports.scheduler, api.now()
    items = []
    for each in () if scheduler is None else scheduler.schedules:
        mark = scheduler.marks.get(each.name) if scheduler is not None else None
        items.append(
            {
                "name": each.name,
                "report": each.asked.report,
                "cron": each.cron,
                "time_zone": each.zone.key,
                "format": each.asked.one("format"),
                "asked": each.asked.given,
                "folder": None if each.folder is None else str(each.folder),
                "url": None if each.hook is None else each.hook.url,
                "next_at": with_z(next(each.due(now), None)),
                "last_at": None if mark is None else with_z(mark.last_at),
                "last_result": None if scheduler is None else scheduler.result_of(each.name),
            }
        )
    return answer({"items": items})


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
    _parameter("wide", "true: the format table has all columns, not only the usual ones"),
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
        raise problem_of(error) from None
    return Streamed(made)


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
