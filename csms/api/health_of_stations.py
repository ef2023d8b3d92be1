"""How stations do, by what they did: scores that explain themselves, and what happened."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import invalid_field, not_found
from csms.api.times import Instant, Until
from csms.domain.incidents import Incident
from csms.reports.health_days import DAY, midnight
from csms.reports.health_judge import Window, window_of
from csms.reports.health_rounds import HealthRounds

if TYPE_CHECKING:
    from csms.engine.state import StationState

router = APIRouter(tags=["station health"])

_UNJUDGED: dict[str, Any] = {
    "grade": "not_enough_data",
    "trend": {"direction": "unknown"},
    "availability": {"online_share": None, "evses_uptime": None},
    "sessions": 0,
    "findings": [],
}
_LAST = 1000.0  # those without a score come after all that have one
_LONGEST = timedelta(days=400)


class HealthRow(BaseModel):
    """How a station does, in short."""

    station_id: str
    site: str
    vendor: str | None
    model: str | None
    is_online: bool
    known_since: AwareDatetime | None = Field(description="When it was made known")
    at: AwareDatetime | None = Field(description="When it was judged; null: not yet")
    score: float | None = Field(description="0 to 100; null while too little is known")
    grade: str = Field(examples=["good", "fair", "poor", "not_enough_data"])
    trend: str = Field(examples=["worse", "better", "steady", "mixed", "unknown"])
    online_share: float | None
    uptime: float | None = Field(description="Of all EVSEs, without planned downtime")
    sessions: int = Field(description="Those that are over, of the last days")
    findings: list[str] = Field(description="What points were taken for, the worst first")


class StationHealth(BaseModel):
    """How a station does, with what that rests on. See docs/station-health.md."""

    station_id: str
    site: str
    vendor: str | None
    model: str | None
    since: AwareDatetime
    until: AwareDatetime
    score: float | None
    grade: str
    sessions: int
    points: float = Field(description="All that was taken from 100")
    families: dict[str, float]
    findings: list[dict[str, Any]]
    unjudged: list[str] = Field(description="Rules for which too little is known")
    availability: dict[str, Any]
    codes: dict[str, int] = Field(description="Error codes that were told of, with how often")
    trend: dict[str, Any]
    peers: dict[str, Any] | None
    silent: list[dict[str, Any]]


class IncidentView(BaseModel):
    """Something that happened to a station."""

    at: AwareDatetime
    kind: Incident
    evse: int = Field(description="0 for the station as a whole")
    connector: int
    details: dict[str, Any]


class HealthQuery(PageQuery):
    """Which stations."""

    site: str | None = None
    model: str | None = None


class PeriodQuery(BaseModel):
    """Which days, in UTC; by default the last ones, by the setting health.window_days."""

    since: Instant | None = Field(None, alias="from")
    until: Instant | None = Field(None, alias="to", description="Excluded, if it is a midnight")


class IncidentQuery(PageQuery):
    """Which incidents; `to` excluded."""

    kind: Incident | None = None
    since: Instant | None = Field(None, alias="from")
    until: Until | None = Field(None, alias="to")


def rounds_of(app: FastAPI) -> HealthRounds:
    """Returns the rounds that look after the health of an application's stations."""
    known: HealthRounds | None = getattr(app.state, "health_rounds", None)
    if known is None:
        services: Services = app.state.services
        known = app.state.health_rounds = HealthRounds(services.hub, services.archive.store)
    return known


@router.get("/stations/health", response_model=Page[HealthRow])
async def list_health(api: Api, query: Annotated[HealthQuery, Query()]) -> Response:
    """How all stations did when they were judged last, the worst first."""
    stations = api.hub.engine.stations
    names = [
        each.id
        for each in stations.values()
        if (query.site is None or each.record.site == query.site)
        and (query.model is None or each.record.model == query.model)
    ]
    after = query.after(float, str) or (None, None)
    found = await api.archive.store.look_up("list_health", names, *after, query.limit + 1)
    rows = [dict(row) for row in found]
    return answer(page(rows, query.limit, _key, lambda row: _short(row, stations)))


@router.get("/stations/{station_id}/health", response_model=StationHealth)
async def get_health(
    request: Request, api: Api, station_id: str, query: Annotated[PeriodQuery, Query()]
) -> Response:
    """How a station does by now, with findings, availability, trend and peers."""
    station = await _station(api, station_id)
    window, is_usual = _window(api, query)
    doc = await rounds_of(request.app).judged(station, window, is_usual=is_usual)
    return answer({**_named(station), **doc})


@router.get("/stations/{station_id}/incidents", response_model=Page[IncidentView])
async def list_incidents(
    api: Api, station_id: str, query: Annotated[IncidentQuery, Query()]
) -> Response:
    """What happened to a station beside its sessions, the last first."""
    await _station(api, station_id)
    kinds = None if query.kind is None else [query.kind.value]
    after = query.after(datetime, str, str) or (None, None, None)
    found = await api.archive.store.look_up(
        "list_incidents", station_id, kinds, query.since, query.until, *after, query.limit + 1
    )
    rows = [dict(row) for row in found]
    return answer(page(rows, query.limit, _incident_key, _incident))


async def _station(api: Services, station_id: str) -> "StationState":
    found = await api.hub.engine.station(station_id)
    if found is None:
        raise not_found("station", station_id)
    return found


def _window(api: Services, query: PeriodQuery) -> tuple[Window, bool]:
    """Returns the days asked for; whether they are the usual ones.

    Raises:
        Problem: if they are none.
    """
    rules, now = api.hub.engine.policy.health, api.now()
    usual = window_of(now, rules.window_days, rules.before_days)
    if query.since is None and query.until is None:
        return usual, True
    until = usual.until if query.until is None else _next_midnight(query.until)
    since = until - rules.window_days * DAY if query.since is None else midnight(query.since)
    if since >= until:
        raise invalid_field("to", "is not after `from`; give a later day, or leave it out")
    if until - since > _LONGEST:
        raise invalid_field("from", f"is more than {_LONGEST.days} days before `to`; ask for fewer")
    return Window(since - rules.before_days * DAY, since, until), False


def _next_midnight(at: datetime) -> datetime:
    day = midnight(at)
    return day if day == at else day + DAY


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (_LAST if row["score"] is None else row["score"]), row["station_id"]


def _incident_key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["at"], row["kind"], row["key"]


def _named(station: "StationState") -> dict[str, Any]:
    record = station.record
    return {
        "station_id": station.id,
        "site": record.site,
        "vendor": record.vendor,
        "model": record.model,
    }


def _short(row: Mapping[str, Any], stations: "Mapping[str, StationState]") -> dict[str, Any]:
    station, doc = stations[row["station_id"]], row["doc"] or _UNJUDGED
    created_at = station.record.created_at
    return {
        **_named(station),
        "is_online": station.is_online,
        "known_since": None if created_at is None else with_z(created_at),
        "at": None if row["at"] is None else with_z(row["at"]),
        "score": row["score"],
        "grade": doc["grade"],
        "trend": doc["trend"]["direction"],
        "online_share": doc["availability"]["online_share"],
        "uptime": doc["availability"]["evses_uptime"],
        "sessions": doc["sessions"],
        "findings": [each["says"] for each in doc["findings"]],
    }


def _incident(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": with_z(row["at"]),
        **{name: row[name] for name in ("kind", "evse", "connector")},
        "details": row["doc"],
    }
