"""The public keys of meters, by which signed meter values are verified. See docs/records.md."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.problems import invalid_field, not_found
from csms.engine.meter_keys import OPERATOR, keys_view, read_key, set_key
from csms.engine.work import Work

if TYPE_CHECKING:
    from csms.engine.state import StationState

router = APIRouter(tags=["stations"])

Evse = Annotated[int, Path(ge=0, le=9999, description="0: the meter of the station as a whole")]


class MeterKeyBody(BaseModel):
    """A key, as it is printed on the meter, or in any form that OCPP carries it in."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(
        min_length=1, max_length=4096, description="DER in hex or base64, PEM, or oca:base16:asn1:…"
    )


class MeterKeyView(BaseModel):
    """A known key; of several for an EVSE the first one listed counts."""

    evse: int
    source: Literal["operator", "station", "first_use"] = Field(
        description="Who says so; first_use: it came with the first signed value"
    )
    key: str = Field(description="DER, in hexadecimal digits")
    since: str


class MeterKeys(BaseModel):
    """All known keys of a station."""

    items: list[MeterKeyView]


@router.get("/stations/{station_id}/meter-keys", response_model=MeterKeys)
async def list_meter_keys(api: Api, station_id: str) -> Response:
    """The public keys of a station's meters, by EVSE, the most trusted first."""
    return answer(_view(await _station(api, station_id)))


@router.put("/stations/{station_id}/meter-keys/{evse}", response_model=MeterKeys)
async def put_meter_key(api: Api, station_id: str, evse: Evse, body: MeterKeyBody) -> Response:
    """Sets the key of an EVSE's meter; it outweighs what the station says."""
    try:
        key = read_key(body.key)
    except ValueError as error:
        raise invalid_field("key", str(error)) from None
    station = await _station(api, station_id)
    await api.durably(_set(api, station, evse, (OPERATOR, key)))
    return answer(_view(station))


@router.delete("/stations/{station_id}/meter-keys/{evse}", status_code=HTTPStatus.NO_CONTENT)
async def delete_meter_key(
    api: Api,
    station_id: str,
    evse: Evse,
    source: Annotated[Literal["operator", "first_use"], Query()] = "operator",
) -> Response:
    """Forgets the operator's key of an EVSE, or the one first seen, so that the next counts."""
    station = await _station(api, station_id)
    await api.durably(_set(api, station, evse, (source, None)))
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _set(
    api: Services, station: "StationState", evse: int, wanted: tuple[str, str | None]
) -> None:
    source, key = wanted
    async with station.lock:
        work = Work(station, api.now())
        is_known = source in station.record.meter_keys.get(str(evse), {})
        if key is None and not is_known:
            raise not_found("meter key", f"{station.id}, EVSE {evse}, {source}")
        set_key(work, evse, source, key)
        outcome = work.outcome(None)
        await api.hub.store.submit(outcome.writes)
    api.hub.settle(station, outcome)


async def _station(api: Services, station_id: str) -> "StationState":
    station = await api.hub.engine.station(station_id)
    if station is None:
        raise not_found("station", station_id)
    return station


def _view(station: "StationState") -> dict[str, Any]:
    return {"items": with_z(keys_view(station.record))}
