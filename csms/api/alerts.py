"""Alerts, and the oddities of stations' messages that nobody is alerted of."""

from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Query, Response
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import not_found
from csms.engine.views import alert_view, anomaly_view
from csms.engine.writes import AnomalyWrite
from csms.monitor.episodes import Kind, Severity, StationKind
from csms.store.archive import AlertFilter, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.store.archive import AlertRow

router = APIRouter(tags=["alerts"])

log = structlog.get_logger("api")

_KINDS = [each.value for each in (*Kind, *StationKind)]


def _is_kind(text: str) -> str:
    if text not in _KINDS:
        raise ValueError(f"no kind of alert; there are {', '.join(_KINDS)}")
    return text


# Two enums in one union would be told of as two errors.
AlertKind = Annotated[
    str, AfterValidator(_is_kind), WithJsonSchema({"type": "string", "enum": _KINDS})
]


class AlertQuery(PageQuery):
    """Which alerts."""

    state: Literal["open", "cleared"] | None = None
    kind: AlertKind | None = None
    severity: Severity | None = None
    station: str | None = None
    session: str | None = None
    grouped: bool = Field(
        default=False,
        description="true: leave out alerts of sessions that are part of one about their station",
    )


class AnomalyQuery(PageQuery):
    """Which anomalies."""

    station: str | None = None
    session: str | None = None


class Acknowledgement(BaseModel):
    """Who has seen an alert."""

    model_config = ConfigDict(extra="forbid")

    by: str | None = Field(None, min_length=1, max_length=200)


class ChangeView(BaseModel):
    """A change of an alert, when it was noticed."""

    at: AwareDatetime
    change: str = Field(examples=["raised", "changed", "escalated", "acknowledged", "cleared"])
    severity: Severity
    by: str | None = Field(None, description="Who acknowledged it")


class ActionView(BaseModel):
    """A remedy that was tried. See docs/remedies.md."""

    step: int
    name: str
    at: AwareDatetime
    command_id: str | None = Field(description="Of the first command; null if none was sent")
    commands: list[str]
    answers: dict[str, str] = Field(description="What each command came to, by its ID")
    outcome: str | None = Field(
        examples=["accepted", "refused", "failed", "lost", "nothing_to_do", "told"]
    )
    reason: str | None
    answered_at: AwareDatetime | None
    cleared_after_s: float | None = Field(
        description="How long after it the alert was cleared, if no other remedy came between"
    )
    has_helped: bool | None = Field(
        None, description="Whether the alert ended by it, within the limit"
    )


class AlertView(BaseModel):
    """Something that an operator should look at."""

    id: str
    kind: AlertKind
    severity: Severity
    state: str = Field(examples=["open", "cleared"])
    station_id: str
    session_id: str | None
    evse: int | None
    opened_at: AwareDatetime
    confirmed_at: AwareDatetime | None
    cleared_at: AwareDatetime | None
    cleared_because: str | None
    duration_s: float | None = Field(description="So far, for an open one")
    history: list[ChangeView]
    actions: list[ActionView]
    members: list[str] = Field(description="The alerts that are part of it")
    evidence: dict[str, Any]
    help: str
    acknowledged_at: AwareDatetime | None
    acknowledged_by: str | None


class AnomalyView(BaseModel):
    """Something odd about what a station sent, and what was made of it."""

    kind: str
    station_id: str
    session_id: str | None
    at: AwareDatetime
    message_id: str
    details: dict[str, Any]


@router.get("/alerts", response_model=Page[AlertView])
async def list_alerts(api: Api, query: Annotated[AlertQuery, Query()]) -> Response:
    """Alerts, the one opened last first."""
    which = AlertFilter(
        station=query.station,
        session=query.session,
        kind=query.kind,
        severity=query.severity,
        state=query.state,
        grouped=query.grouped,
    )
    return answer(await alerts_page(api, which, query))


@router.get("/alerts/{alert_id}", response_model=AlertView)
async def get_alert(api: Api, alert_id: str) -> Response:
    """One alert with all evidence."""
    row = await api.archive.alert(alert_id)
    if row is None:
        raise not_found("alert", alert_id)
    return answer(alert_document(row, api.now()))


@router.post("/alerts/{alert_id}/acknowledge", response_model=AlertView)
async def acknowledge(api: Api, alert_id: str, body: Acknowledgement | None = None) -> Response:
    """Notes that somebody has seen an alert. Once more changes nothing."""
    now = api.now()
    row = await api.archive.acknowledge(alert_id, now, body.by if body else None)
    if row is None:
        raise not_found("alert", alert_id)
    await _tell(api, row, is_first=row.acknowledged_at == now)
    return answer(alert_document(row, now))


@router.get("/anomalies", response_model=Page[AnomalyView])
async def list_anomalies(api: Api, query: Annotated[AnomalyQuery, Query()]) -> Response:
    """Oddities in what stations sent, the last one first."""
    span = Span(query.limit + 1, query.after(datetime, str, str, str))
    rows = await api.archive.anomalies(query.session, query.station, span)
    shown = page(
        rows,
        query.limit,
        itemgetter("at", "station_id", "kind", "message_id"),
        _anomaly,
    )
    return answer(shown)


async def alerts_page(api: Services, which: AlertFilter, query: PageQuery) -> dict[str, Any]:
    """Returns a page of alerts."""
    rows = await api.archive.alerts(which, Span(query.limit + 1, query.after(datetime, str)))
    now = api.now()
    return page(
        rows,
        query.limit,
        lambda row: (row.alert.opened_at, row.alert.alert_id),
        lambda row: alert_document(row, now),
    )


def alert_document(row: "AlertRow", now: datetime | None = None) -> dict[str, Any]:
    """Returns an alert; an open one has its duration if it is told what time it is."""
    shown: dict[str, Any] = with_z(alert_view(row.alert, now))
    shown["acknowledged_at"] = with_z(row.acknowledged_at)
    shown["acknowledged_by"] = row.acknowledged_by
    shown["members"] = list(row.members)
    if row.acknowledged_at is not None:
        seen = {"change": "acknowledged", "severity": row.alert.severity, "by": row.acknowledged_by}
        shown["history"].append({"at": shown["acknowledged_at"], **seen})
        shown["history"].sort(key=itemgetter("at"))
    return shown


async def _tell(api: Services, row: "AlertRow", *, is_first: bool) -> None:
    """Tells who has seen an alert. Messages are made again if they were lost, and never twice."""
    at, alert = row.acknowledged_at, row.alert
    assert at is not None  # noqa: S101 - it was acknowledged a moment ago
    for message in api.hub.webhooks.announcer.acknowledged(alert, at, row.acknowledged_by):
        if await api.archive.delivery(message.delivery_id) is None:
            await api.hub.store.submit([message])
            api.hub.webhooks.take([message])
    if not is_first:
        return
    told = {
        "alert": alert.alert_id,
        "station": alert.station_id,
        "session": alert.session_id,
        "kind": alert.kind,
        "by": row.acknowledged_by,
    }
    log.info("alert.acknowledged", **told)
    api.events.publish("alert.acknowledged", told)


def _anomaly(row: "Mapping[str, Any]") -> dict[str, Any]:
    columns = ("station_id", "session_id", "at", "kind", "message_id", "doc")
    shown: dict[str, Any] = with_z(anomaly_view(AnomalyWrite(*(row[name] for name in columns))))
    return shown
