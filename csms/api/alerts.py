"""Alerts, and the oddities of stations' messages that nobody is alerted of."""

from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal

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


class AnomalyQuery(PageQuery):
    """Which anomalies."""

    station: str | None = None
    session: str | None = None


class Acknowledgement(BaseModel):
    """Who has seen an alert."""

    model_config = ConfigDict(extra="forbid")

    by: str | None = Field(None, min_length=1, max_length=200)


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
    )
    return answer(await alerts_page(api, which, query))


@router.get("/alerts/{alert_id}", response_model=AlertView)
async def get_alert(api: Api, alert_id: str) -> Response:
    """One alert with all evidence."""
    row = await api.archive.alert(alert_id)
    if row is None:
        raise not_found("alert", alert_id)
    return answer(alert_document(row))


@router.post("/alerts/{alert_id}/acknowledge", response_model=AlertView)
async def acknowledge(api: Api, alert_id: str, body: Acknowledgement | None = None) -> Response:
    """Notes that somebody has seen an alert. Once more changes nothing."""
    row = await api.archive.acknowledge(alert_id, api.now(), body.by if body else None)
    if row is None:
        raise not_found("alert", alert_id)
    return answer(alert_document(row))


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
    return page(
        rows, query.limit, lambda row: (row.alert.opened_at, row.alert.alert_id), alert_document
    )


def alert_document(row: "AlertRow") -> dict[str, Any]:
    """Returns an alert."""
    shown: dict[str, Any] = with_z(alert_view(row.alert))
    shown["acknowledged_at"] = with_z(row.acknowledged_at)
    shown["acknowledged_by"] = row.acknowledged_by
    return shown


def _anomaly(row: "Mapping[str, Any]") -> dict[str, Any]:
    columns = ("station_id", "session_id", "at", "kind", "message_id", "doc")
    shown: dict[str, Any] = with_z(anomaly_view(AnomalyWrite(*(row[name] for name in columns))))
    return shown
