"""The local authorization list of a station, as far as we know."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api
from csms.api.problems import not_found
from csms.domain.local_list import UNSUPPORTED, Listed, LocalList

router = APIRouter(tags=["local lists"])


class ListedToken(BaseModel):
    """A token on a station's list."""

    token: str
    type: str | None
    status: str
    expires_at: AwareDatetime | None
    group: str | None


class LocalListView(BaseModel):
    """What a station has accepted, from us or by a relayed call, and what it says it has."""

    station_id: str
    version: int | None = Field(description="The last that it took; null if nobody knows")
    version_told: int | None = Field(description="What it said last: 0 is none, -1 no support")
    is_supported: bool | None
    is_full_needed: bool = Field(description="The next list will be a full one")
    last_status: str | None = Field(description="Its answer to the last list")
    updated_at: AwareDatetime | None
    count: int
    tokens: list[ListedToken] = Field(description="The first `limit` of them")


@router.get("/stations/{station_id}/local-list", response_model=LocalListView)
async def get_local_list(
    api: Api, station_id: str, limit: Annotated[int, Query(ge=0, le=20_000)] = 1000
) -> Response:
    """The local authorization list that is believed to be on a station."""
    station = await api.hub.engine.station(station_id)
    if station is None:
        raise not_found("station", station_id)
    return answer(_view(station_id, station.local_list, limit))


def _view(station_id: str, known: LocalList, limit: int) -> dict[str, Any]:
    is_supported = None if known.told is None else known.told != UNSUPPORTED
    return {
        "station_id": station_id,
        "version": known.version,
        "version_told": known.told,
        "is_supported": is_supported,
        "is_full_needed": known.is_doubtful or not known.version,
        "last_status": known.status,
        "updated_at": with_z(known.updated_at),
        "count": len(known.entries),
        "tokens": [_entry(known.entries[key]) for key in sorted(known.entries)[:limit]],
    }


def _entry(listed: Listed) -> dict[str, Any]:
    status, until, group = listed.mark.split("|", 2)
    return {
        "token": listed.text,
        "type": listed.kind,
        "status": status,
        "expires_at": until or None,
        "group": group or None,
    }
