"""What stations do against the specification, as far as it could be read or had to be refused."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import not_found
from csms.store.archive import Span

router = APIRouter(tags=["stations"])


class ViolationView(BaseModel):
    """One way in which a station departs from the specification."""

    kind: str = Field(examples=["payload.repaired", "schema.violation", "time.no_zone"])
    action: str = Field(description="The message; empty for a frame that is none")
    field: str = Field(description="The member at fault; empty for the message as a whole")
    count: int
    first_at: AwareDatetime
    last_at: AwareDatetime
    example: dict[str, Any] = Field(
        description="What was sent last, clipped, and what was made of it"
    )


@router.get("/stations/{station_id}/violations", response_model=Page[ViolationView])
async def list_violations(
    api: Api, station_id: str, query: Annotated[PageQuery, Query()]
) -> Response:
    """In what a station departs from the specification, what was seen last first."""
    if await api.hub.engine.station(station_id) is None:
        raise not_found("station", station_id)
    span = Span(query.limit + 1, query.after(datetime, str, str, str))
    rows = await api.archive.violations(station_id, span)
    return answer(page(rows, query.limit, _key, _view))


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["last_at"], row["kind"], row["action"], row["field"]


def _view(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("kind", "action", "field", "count")},
        "first_at": with_z(row["first_at"]),
        "last_at": with_z(row["last_at"]),
        "example": row["doc"],
    }
