"""Operations: what an operator asks of a station, typed, recorded, and followed to its outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import conflict, invalid_field, not_found
from csms.domain.operations import OPERATIONS, Operation
from csms.engine.operations import Running
from csms.engine.state import StationState
from csms.errors import OperationRefused, StationOffline
from csms.store.archive import OperationFilter, Span

router = APIRouter(tags=["operations"])

_WEEK_S = 7 * 86_400
_State = Literal["queued", "sent", "accepted", "done", "refused", "failed", "expired", "cancelled"]


class OperationView(BaseModel):
    """An operation, as far as it has come."""

    id: str
    station_id: str
    operation: str
    arguments: dict[str, Any] = Field(description="With what we filled in; secrets are left out")
    state: str = Field(
        examples=["queued", "sent", "accepted", "done", "refused", "failed", "expired", "cancelled"]
    )
    status: str | None = Field(description="The station's word, or the code of its error")
    reason: str | None
    result: dict[str, Any] = Field(description="What the station told, and what came of it")
    progress: list[dict[str, Any]] = Field(description="What later messages told, oldest first")
    requests: list[dict[str, Any]] = Field(description="The calls as they left")
    by: str | None
    wanted_at: AwareDatetime
    sent_at: AwareDatetime | None
    answered_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    expires_at: AwareDatetime | None = Field(description="Until when it waits for its station")


class OperationQuery(PageQuery):
    """Which operations."""

    station: str | None = None
    state: _State | None = None
    operation: str | None = None


@router.get("/operations", response_model=Page[OperationView])
async def list_operations(api: Api, query: Annotated[OperationQuery, Query()]) -> Response:
    """What was asked of stations, relayed calls too, the newest first."""
    which = OperationFilter(station=query.station, state=query.state, name=query.operation)
    rows = await api.archive.operations(which, Span(query.limit + 1, query.after(datetime, str)))
    shown = page(rows, query.limit, lambda row: (row["wanted_at"], row["id"]), _row_view)
    return answer(shown)


@router.get("/operations/{operation_id}", response_model=OperationView)
async def get_operation(api: Api, operation_id: str) -> Response:
    """One operation."""
    row = await api.archive.operation(operation_id)
    if row is None:
        raise not_found("operation", operation_id)
    return answer(_row_view(row))


@router.delete("/operations/{operation_id}", response_model=OperationView)
async def cancel_operation(api: Api, operation_id: str) -> Response:
    """Withdraws an operation that still waits for its station."""
    row = await api.archive.operation(operation_id)
    if row is None:
        raise not_found("operation", operation_id)
    station = await api.hub.engine.station(row["station_id"])
    running = None if station is None else station.operations.get(operation_id)
    if station is None or running is None:
        raise conflict("operation-over", f"{operation_id} is {row['state']}")
    if not await api.durably(api.hub.operator.cancel(station, running, None)):
        raise conflict("operation-sent", f"{operation_id} has left already")
    return answer(_view(running))


def _row_view(row: dict[str, Any]) -> dict[str, Any]:
    doc = row["doc"]
    return {
        "id": row["id"],
        "station_id": row["station_id"],
        "operation": row["action"],
        "state": row["state"],
        "wanted_at": with_z(row["wanted_at"]),
        **{
            name: with_z(doc.get(name))
            for name in OperationView.model_fields
            if name not in {"id", "station_id", "operation", "state", "wanted_at"}
        },
    }


def _view(running: Running) -> dict[str, Any]:
    write = running.write()
    row = {
        "id": write.command_id,
        "station_id": write.station_id,
        "action": write.action,
        "state": write.state,
        "wanted_at": write.wanted_at,
        "doc": write.doc,
    }
    return _row_view(row)


async def _ask(
    api: Services, station_id: str, operation: Operation, wait_s: float, expires_in_s: int | None
) -> Response:
    station = await _station(api, station_id)
    expires_at = None if expires_in_s is None else api.now() + timedelta(seconds=expires_in_s)
    try:
        asked = await api.hub.operator.ask(station, operation, expires_at=expires_at)
    except OperationRefused as refused:
        if refused.field is not None:
            raise invalid_field(refused.field, str(refused)) from None
        raise conflict("operation-refused", str(refused)) from None
    except StationOffline as offline:
        can_wait = api.hub.engine.use_case_of(type(operation)).may_wait
        hint = "give expires_in_s to have it wait" if can_wait else f"{operation.name} cannot wait"
        raise conflict("station-offline", f"{offline}; {hint}") from None
    is_there = station_id in api.hub.sessions
    if wait_s and is_there:
        await asyncio.wait({asyncio.shield(asked.answered)}, timeout=wait_s)
    is_answered = asked.answered.done()
    return answer(_view(asked.running), HTTPStatus.OK if is_answered else HTTPStatus.ACCEPTED)


async def _station(api: Services, station_id: str) -> StationState:
    station = await api.hub.engine.station(station_id)
    if station is None:
        raise not_found("station", station_id)
    return station


def _endpoint(kind: type[Operation]) -> Callable[..., Awaitable[Response]]:
    """Returns the handler of one kind of operation: its members are the body."""

    async def ask(
        api: Api,
        station_id: str,
        body: Any,  # noqa: ANN401 - see below
        wait_s: Annotated[float, Query(ge=0, le=600)] = 35.0,
        expires_in_s: Annotated[int | None, Query(ge=1, le=_WEEK_S)] = None,
    ) -> Response:
        return await _ask(api, station_id, body, wait_s, expires_in_s)

    ask.__annotations__["body"] = kind
    ask.__doc__ = kind.__doc__
    return ask


for _name, _kind in OPERATIONS.items():
    router.add_api_route(
        f"/stations/{{station_id}}/operations/{_name}",
        _endpoint(_kind),
        methods=["POST"],
        response_model=OperationView,
        name=_name,
        responses={202: {"model": OperationView, "description": "It has no answer yet"}},
    )


@router.post("/stations/{station_id}/operations/{name}", include_in_schema=False)
async def ask_unknown(api: Api, station_id: str, name: str) -> Response:
    """An operation that there is not; comes after all that there are."""
    await _station(api, station_id)
    raise not_found("operation", name)
