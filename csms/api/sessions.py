"""Sessions: found by ID, station, token or vehicle, and the whole story of each."""

import asyncio
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from csms.api.alerts import AlertView, alerts_page
from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import conflict, not_found
from csms.api.session_ids import meant_session
from csms.api.session_views import (
    EstimateView,
    EventView,
    LimitView,
    PushView,
    SampleView,
    SessionView,
    event_view,
    push_view,
    sample_view,
)
from csms.api.times import Instant, Until
from csms.api.whose import whose
from csms.domain.session import SessionState
from csms.engine.costs import cost_now
from csms.engine.state import LiveSession
from csms.engine.views import session_view, track_view
from csms.store.archive import AlertFilter, SessionFilter, Span

if TYPE_CHECKING:
    from csms.store.archive import SessionRow

_AT_ONCE = 50

router = APIRouter(tags=["sessions"])


class SessionQuery(PageQuery):
    """Which sessions. `from` and `to` are about the start, `to` excluded."""

    station: str | None = None
    token: str | None = None
    vehicle: str | None = Field(None, description="A record, or anything that it is known by")
    account: str | None = Field(None, description="An account, or a token of it")
    state: SessionState | None = None
    since: Instant | None = Field(None, alias="from")
    until: Until | None = Field(None, alias="to")


class Closing(BaseModel):
    """Why a session is closed."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=200)


SessionId = Annotated[str, Path(description="Also as it is read out: docs/search.md")]
PageOf = Annotated[PageQuery, Query()]


@router.get("/sessions", response_model=Page[SessionView])
async def list_sessions(api: Api, query: Annotated[SessionQuery, Query()]) -> Response:
    """Sessions, the one started last first."""
    return answer(await sessions_page(api, query))


async def sessions_page(api: Services, query: SessionQuery) -> dict[str, Any]:
    """Returns a page of sessions."""
    which = SessionFilter(
        station=query.station,
        token=query.token,
        state=query.state,
        since=query.since,
        until=query.until,
        **whose(api.hub.engine.policy.people, query.vehicle, query.account),
    )
    rows = await api.archive.sessions(which, Span(query.limit + 1, query.after(datetime, str)))
    views = {}
    for index, row in enumerate(rows[: query.limit], 1):
        views[row.id] = _view(api, row)
        if index % _AT_ONCE == 0:  # the cost so far of each that runs is worked out
            await asyncio.sleep(0)
    return page(rows, query.limit, lambda row: (row.started_at, row.id), lambda row: views[row.id])


@router.get("/sessions/{session_id}", response_model=SessionView)
async def get_session(api: Api, session_id: SessionId) -> Response:
    """One session."""
    row = await _row(api, session_id)
    return answer(_view(api, row))


@router.get("/sessions/{session_id}/samples", response_model=Page[SampleView])
async def list_samples(api: Api, session_id: SessionId, query: PageOf) -> Response:
    """Its meter readings, the last one first."""
    row = await _row(api, session_id)
    rows = await api.archive.samples(row.id, Span(query.limit + 1, query.after(datetime, str, int)))
    session = (_live(api, row) or LiveSession.restore(row.stored)).session
    key = itemgetter("at", "context", "evse")
    shown = page(rows, query.limit, key, lambda each: sample_view(each, session))
    return answer(shown)


@router.get("/sessions/{session_id}/limits", response_model=Page[LimitView])
async def list_limits(api: Api, session_id: SessionId, query: PageOf) -> Response:
    """The limits in force over its life, the last one first, without gaps."""
    row = await _row(api, session_id)
    live = _live(api, row)
    if live is None:
        stored = await api.hub.store.find_session(row.id)
        live = LiveSession.restore(stored or row.stored)
    after = query.after(str)
    steps = [step for step in reversed(track_view(live)) if not after or step["from"] < after[0]]
    return answer(page(steps, query.limit, lambda step: (step["from"],), lambda step: step))


@router.get("/sessions/{session_id}/deviations", response_model=Page[AlertView])
async def list_deviations(api: Api, session_id: SessionId, query: PageOf) -> Response:
    """Where it did not keep to its profile, the last one first."""
    row = await _row(api, session_id)
    return answer(await alerts_page(api, AlertFilter(session=row.id), query))


@router.get("/sessions/{session_id}/estimates", response_model=Page[EstimateView])
async def list_estimates(api: Api, session_id: SessionId, query: PageOf) -> Response:
    """What was told of its end each time that it moved, the last one first."""
    row = await _row(api, session_id)
    rows = await api.archive.estimates(row.id, Span(query.limit + 1, query.after(datetime)))
    return answer(page(rows, query.limit, lambda row: (row["at"],), itemgetter("doc")))


@router.get("/sessions/{session_id}/profile-pushes", response_model=Page[PushView])
async def list_pushes(api: Api, session_id: SessionId, query: PageOf) -> Response:
    """Which profiles were wanted on the station for it, and what became of each."""
    row = await _row(api, session_id)
    rows = await api.archive.commands(row.id, Span(query.limit + 1, query.after(datetime, str)))
    return answer(page(rows, query.limit, itemgetter("wanted_at", "id"), push_view))


@router.get("/sessions/{session_id}/events", response_model=Page[EventView])
async def list_events(api: Api, session_id: SessionId, query: PageOf) -> Response:
    """What the station said of it, the last one first."""
    row = await _row(api, session_id)
    rows = await api.archive.events(row.id, Span(query.limit + 1, query.after(datetime, str)))
    return answer(page(rows, query.limit, itemgetter("received_at", "key"), event_view))


@router.post("/sessions/{session_id}/close", response_model=SessionView)
async def close_session(api: Api, session_id: SessionId, body: Closing) -> Response:
    """Ends a running session by an operator's decision; the station is not told.

    409 if it does not run. What the station says later still counts.
    """
    row = await _row(api, session_id)
    await api.durably(_close(api, row, body.reason))
    closed = await api.archive.session(row.id)
    return answer(_view(api, closed or row))


async def _row(api: Services, session_id: str) -> "SessionRow":
    """Returns the session that the address names."""
    # By the key first: what is typed without dashes may cost a look at every session.
    row = await api.archive.session(session_id) or await api.archive.session(session_id.upper())
    if row is None:
        meant = await api.archive.session_id_as_typed(session_id)
        row = await api.archive.session(meant or await meant_session(api, session_id))
    if row is None:
        raise not_found("session", session_id)
    return row


async def _close(api: Services, row: "SessionRow", reason: str) -> None:
    hub, station_id = api.hub, row.stored.doc["station_id"]
    station = await hub.engine.station(station_id)
    if station is None:
        raise not_found("station", station_id)
    async with station.lock:
        outcome = hub.engine.close_session(station, row.id, reason, api.now())
        if outcome is None:
            raise conflict("session-not-running", f"{row.id} does not run any more")
        done = hub.store.submit(outcome.writes)
    await done
    hub.settle(station, outcome)


def _live(api: Services, row: "SessionRow") -> LiveSession | None:
    """Returns the session as it is in memory, which is ahead of the database."""
    station = api.hub.engine.stations.get(row.stored.doc["station_id"])
    return None if station is None else station.running.get(row.id)


def _view(api: Services, row: "SessionRow") -> dict[str, Any]:
    live = _live(api, row)
    if live is not None:
        cost = cost_now(api.hub.engine, live, api.now())
        return {**session_view(live, api.now()), "cost": cost}
    return session_view(LiveSession.restore(row.stored), api.now(), row.open_alerts)
