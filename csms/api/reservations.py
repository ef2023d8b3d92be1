"""Reservations: what stations were asked to hold, and what became of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import not_found
from csms.domain.reservation import ReservationStatus
from csms.store.archive import ReservationFilter, Span

router = APIRouter(tags=["reservations"])


class ReservationView(BaseModel):
    """A reservation. `reserve_now` and `cancel_reservation` make and end one."""

    id: int
    station_id: str
    status: ReservationStatus
    token: str
    token_type: str | None
    group: str | None = Field(description="1.6 parentIdTag, 2.0.1 groupIdToken")
    evse: int | None = Field(description="As it was sent; 0 (1.6) and null (2.0.1) are any")
    connector_type: str | None
    expires_at: AwareDatetime
    session_id: str | None = Field(description="The session that has used it")
    reason: str | None = Field(description="What the station said to a refusal")
    created_at: AwareDatetime
    updated_at: AwareDatetime


class ReservationQuery(PageQuery):
    """Which reservations."""

    station: str | None = None
    status: ReservationStatus | None = None


@router.get("/reservations", response_model=Page[ReservationView])
async def list_reservations(api: Api, query: Annotated[ReservationQuery, Query()]) -> Response:
    """All reservations, typed and relayed ones, the newest first."""
    status = None if query.status is None else query.status.value
    which = ReservationFilter(station=query.station, status=status)
    rows = await api.archive.reservations(which, Span(query.limit + 1, query.after(str, str)))
    shown = page(rows, query.limit, _key, lambda row: _view(row["doc"]))
    return answer(shown)


@router.get("/reservations/{reservation_id}", response_model=ReservationView)
async def get_reservation(api: Api, reservation_id: str) -> Response:
    """One reservation; of several stations' with the same number, the one that changed last."""
    doc = await api.archive.reservation(reservation_id)
    if doc is None:
        raise not_found("reservation", reservation_id)
    return answer(_view(doc))


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["created_at"], row["name"]


def _view(doc: dict[str, Any]) -> dict[str, Any]:
    return {name: with_z(doc.get(name)) for name in ReservationView.model_fields}
