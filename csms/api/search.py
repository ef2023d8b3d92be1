"""Looking for sessions by whatever is known of them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api
from csms.api.problems import invalid_field
from csms.api.session_ids import search_of
from csms.domain.typed_search import LONGEST, Asked, Word, read_search
from csms.engine.costs import cost_now

if TYPE_CHECKING:
    from csms.store.finds import Found, Row

router = APIRouter(tags=["sessions"])


class FoundSession(BaseModel):
    """A session that fits, and why."""

    id: str
    match: str = Field(description="exact, alike, completed, named, end, beginning, part or near")
    because: list[str]
    station_id: str
    site: str
    evse: int | None
    state: str
    started_at: datetime
    ended_at: datetime | None
    token: str | None
    vehicle: str | None
    account: str | None
    energy_wh: float | None
    cost: str | None
    currency: str | None
    source: str = Field(description="ocpp, or the name of what it was imported from")


class ReadAs(BaseModel):
    """A word of what was typed, and what it was taken for."""

    text: str
    meanings: list[str]


class FoundSessions(BaseModel):
    """What was found, the best first, the newest of equals before the others."""

    items: list[FoundSession]
    next_cursor: str | None = Field(description="always null: narrow the search instead")
    has_more: bool = Field(description="whether more sessions may fit than are told")
    read_as: list[ReadAs]


class SearchQuery(BaseModel):
    """What to look for."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field(
        min_length=1, max_length=LONGEST, description="An ID, or words that all must fit"
    )
    limit: int = Field(20, ge=1, le=100, description="How many at most")
    time_zone: str | None = Field(
        None, max_length=60, description="That of times in it, such as Europe/Stockholm"
    )


@router.get("/search/sessions", response_model=FoundSessions)
async def search_sessions(api: Api, query: Annotated[SearchQuery, Query()]) -> Response:
    """Sessions by ID (also read out, or part of it), station, vehicle, token, time, amount.

    Several words must all fit; `station:`, `token:`, `vehicle:`, `account:`, `id:` and `cost:`
    before one say what it is.
    """
    if "\0" in query.q:
        raise invalid_field("q", "holds a NUL character")
    policy = api.hub.engine.policy
    zone = policy.default_zone
    if query.time_zone is not None:
        try:
            zone = ZoneInfo(query.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise invalid_field(
                "time_zone", f"there is no time zone {query.time_zone!r}; write Europe/Stockholm"
            ) from None
    asked = read_search(query.q, policy.id_format, api.now().astimezone(zone))
    finds = await search_of(api).find(asked, query.limit)
    best = finds.best(query.limit)
    return answer(
        {
            "items": [_view(each, query.q) | _now(api, each.row) for each in best],
            "next_cursor": None,
            "has_more": finds.is_cut or len(finds.found) > len(best),
            "read_as": _read_as(asked),
        }
    )


def _view(found: "Found", typed: str) -> dict[str, Any]:
    row = found.row
    is_exact = "".join(typed.upper().split()) == row["id"]
    milliwh, cost = row["energy_milliwh"], row["cost"]
    return {
        "id": row["id"],
        "match": "exact" if is_exact else found.grade.name.lower(),
        "because": found.because,
        **{name: with_z(row[name]) for name in _SHOWN},
        "energy_wh": None if milliwh is None else milliwh / 1000,
        "cost": None if cost is None else str(cost),
        "currency": row["currency"],
        "source": row["source"],
    }


def _now(api: Api, row: "Row") -> dict[str, Any]:
    """Returns what a session that runs has come to; its row is of its start."""
    engine = api.hub.engine
    station = engine.stations.get(row["station_id"])
    live = None if station is None else station.running.get(row["id"])
    if live is None:
        return {}
    cost = cost_now(engine, live, api.now()) or {"total": None, "currency": None}
    milliwh = live.session.energy_milliwh
    return {
        "energy_wh": None if milliwh is None else milliwh / 1000,
        "cost": cost["total"],
        "currency": cost["currency"],
    }


_SHOWN = (
    "station_id",
    "site",
    "evse",
    "state",
    "started_at",
    "ended_at",
    "token",
    "vehicle",
    "account",
)


def _read_as(asked: Asked) -> list[dict[str, Any]]:
    return [{"text": word.text, "meanings": _meanings(word)} for word in asked.words]


def _meanings(word: Word) -> list[str]:
    if word.kind is not None:
        return [word.kind]
    told = {
        "time": word.span,
        "amount": word.amount,
        "ID": word.id,
        "name": word.name,
    }
    return [name for name, meaning in told.items() if meaning is not None]
