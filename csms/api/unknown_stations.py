"""Who has tried to connect and is no station of ours, so that an operator can make it one."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api

router = APIRouter(tags=["stations"])


class UnknownStationView(BaseModel):
    """An ID, or a path without one, that was refused."""

    station_id: str = Field(description="As it came; PUT /stations/{id} makes it known")
    path: str
    first_at: AwareDatetime
    last_at: AwareDatetime
    tries: int
    peer: str = Field(description="Where the last try came from")
    why: str
    offered: list[str] = Field(description="The subprotocols that it offered last")


class UnknownStations(BaseModel):
    """The last 500, the one that came last first."""

    items: list[UnknownStationView]


@router.get("/unknown-stations", response_model=UnknownStations)
async def list_unknown_stations(api: Api) -> Response:
    """Who was refused since the start because nobody has told us of it."""
    known = api.hub.engine.stations
    shown: list[dict[str, Any]] = [
        {
            "station_id": each.station_id,
            "path": each.path,
            "first_at": with_z(each.first_at),
            "last_at": with_z(each.last_at),
            "tries": each.tries,
            "peer": each.peer,
            "why": each.why,
            "offered": list(each.offered),
        }
        for each in api.hub.strangers.newest()
        if each.station_id not in known
    ]
    return answer({"items": shown})
