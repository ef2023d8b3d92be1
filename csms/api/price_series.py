"""Price series: what energy costs by the hour, for tariffs that follow it."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.paging import Page
from csms.api.problems import FieldError, conflict, invalid, invalid_field, not_found
from csms.api.times import Instant, Until
from csms.billing import SeriesInvalid, read_series
from csms.engine.price_series import SeriesConflict, drop_series, series_view, take_series, users_of
from csms.engine.price_settings import SERIES_NAME

if TYPE_CHECKING:
    from csms.billing import PriceSeries

router = APIRouter(tags=["prices"])

_TAKEN = "requestBody"  # OpenAPI's word
_TEXT = {"schema": {"type": "string"}}
_MOST_BYTES = 16 * 1024**2
_SHOWN = 10_000

Name = Annotated[str, Path(pattern=SERIES_NAME, examples=["SE3"])]


class SeriesView(BaseModel):
    """A price series; a hole is a time between its first and last price that has none."""

    name: str
    currency: str
    resolution_s: int = Field(description="How long each price holds")
    prices: int = Field(description="How many there are")
    since: AwareDatetime | None = Field(alias="from")
    until: AwareDatetime | None = Field(alias="to")
    holes: list[AwareDatetime] = Field(description="The first 100, each by its beginning")
    hole_count: int
    tariffs: list[str] = Field(description="Those that follow it")


class TakenSeries(SeriesView):
    """A series after an import."""

    taken: int = Field(description="How many prices were in what was sent")
    notes: list[dict[str, str]] = Field(description="What was missing there, or said twice")
    records_due: int = Field(description="Charge records that are made anew with these prices")


class PriceView(BaseModel):
    """The price of a kWh from an instant on, for the resolution of its series."""

    at: AwareDatetime
    price: str


class ImportQuery(BaseModel):
    """What the prices do not say themselves."""

    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$")
    unit: Literal["kWh", "MWh"] | None = None
    time_zone: str = Field("UTC", description="Of times that name none")


class PriceQuery(BaseModel):
    """Which prices, `to` excluded."""

    since: Instant | None = Field(None, alias="from")
    until: Until | None = Field(None, alias="to")


@router.get("/price-series", response_model=Page[SeriesView])
async def list_series(api: Api) -> Response:
    """All price series, by name; there is but one page."""
    found = sorted(api.hub.engine.policy.series.items())
    return answer({"items": [_view(api, each) for _, each in found], "next_cursor": None})


@router.get("/price-series/{name}", response_model=SeriesView)
async def get_series(api: Api, name: Name) -> Response:
    """One price series, and where it has holes."""
    return answer(_view(api, _known(api, name)))


@router.get("/price-series/{name}/prices", response_model=Page[PriceView])
async def list_prices(api: Api, name: Name, query: Annotated[PriceQuery, Query()]) -> Response:
    """Its prices, the oldest first: the first 10,000 of those asked for."""
    series = _known(api, name)
    since = float("-inf") if query.since is None else query.since.timestamp()
    until = float("inf") if query.until is None else query.until.timestamp()
    items = [
        {"at": datetime.fromtimestamp(moment, UTC), "price": str(price)}
        for moment, price in series.prices.items()
        if since <= moment < until
    ]
    return answer({"items": items[:_SHOWN], "next_cursor": None})


@router.put(
    "/price-series/{name}",
    response_model=TakenSeries,
    openapi_extra={
        _TAKEN: {
            "required": True,
            "content": {"text/csv": _TEXT, "application/json": _TEXT, "application/xml": _TEXT},
        }
    },
)
async def put_series(
    api: Api, request: Request, name: Name, query: Annotated[ImportQuery, Query()]
) -> Response:
    """Lays prices over a series: CSV (time, price, currency), JSON or XML as ENTSO-E has it.

    All of it or nothing: what cannot be read is told by line or instant. Charge records that
    lacked these prices are made anew.
    """
    content = await request.body()
    if len(content) > _MOST_BYTES:
        raise invalid_field("", f"has more than {_MOST_BYTES // 1024**2} MB")
    try:
        text, zone = content.decode(), ZoneInfo(query.time_zone)
    except UnicodeDecodeError:
        raise invalid_field("", "is no UTF-8 text") from None
    except (ZoneInfoNotFoundError, ValueError):
        message = f"there is no time zone {query.time_zone!r}; write it as Europe/Stockholm"
        raise invalid_field("time_zone", message) from None
    try:
        given = await asyncio.to_thread(
            read_series, name, text, currency=query.currency, unit=query.unit, zone=zone
        )
    except SeriesInvalid as error:
        found = [FieldError(field=each.field, message=each.message) for each in error.findings]
        raise invalid(found) from None
    return answer(await api.durably(_take(api, given)))


@router.delete("/price-series/{name}", status_code=204)
async def delete_series(api: Api, name: Name) -> Response:
    """Forgets a price series. 409 while a tariff follows it."""
    _known(api, name)
    users = users_of(api.hub.engine, name)
    if users:
        detail = f"{name} is followed by {', '.join(users[:5])}: change these tariffs first"
        raise conflict("price-series-used", detail)
    await api.durably(_drop(api, name))
    return Response(status_code=204)


def _known(api: Services, name: str) -> "PriceSeries":
    found = api.hub.engine.policy.series.get(name)
    if found is None:
        raise not_found("price series", name)
    return found


def _view(api: Services, series: "PriceSeries") -> dict[str, Any]:
    return series_view(series, users_of(api.hub.engine, series.name))


async def _take(api: Services, given: "PriceSeries") -> dict[str, Any]:
    engine = api.hub.engine
    before = len(engine.records.due)
    try:
        made, writes = take_series(engine, given, api.now())
    except SeriesConflict as error:
        raise conflict("price-series-differs", str(error)) from None
    await api.hub.store.submit(writes)
    notes = [{"field": each.field, "message": each.message} for each in given.notes]
    return {
        **_view(api, made),
        "taken": len(given.prices),
        "notes": notes[:100],
        "records_due": len(engine.records.due) - before,
    }


async def _drop(api: Services, name: str) -> None:
    await api.hub.store.submit(drop_series(api.hub.engine, name))
