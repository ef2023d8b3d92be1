"""The whole evidence of one alert, as one document or as a table to keep.

What it holds is never changed: samples, limits and commands are written once. The record is the
alert, with all samples of its time and a little before and after.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from csms.api.alerts import AlertView, alert_document
from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.evidence_table import evidence_table
from csms.api.problems import not_found
from csms.api.session_views import LimitView, PushView, SampleView, push_view, sample_view
from csms.engine.state import LiveSession
from csms.engine.views import track_view
from csms.store.archive import Span

if TYPE_CHECKING:
    from csms.store.archive import AlertRow

router = APIRouter(tags=["alerts"])

_AROUND = timedelta(minutes=10)
_PAGE = 1000


class EvidenceQuery(BaseModel):
    """In which form."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "csv"] = "json"


class SessionEvidence(BaseModel):
    """What one session had to do with it, oldest first."""

    session_id: str
    samples: list[SampleView]
    limits: list[LimitView]
    pushes: list[PushView]


class EvidenceView(BaseModel):
    """An alert with all that shows it. An alert about a station may concern several sessions."""

    alert: AlertView
    sessions: list[SessionEvidence]


@router.get(
    "/alerts/{alert_id}/evidence",
    response_model=EvidenceView,
    responses={200: {"content": {"text/csv": {}}}},
)
async def get_evidence(
    api: Api, alert_id: str, query: Annotated[EvidenceQuery, Query()]
) -> Response:
    """All evidence of one alert: from 10 minutes before it opened to 10 minutes after it cleared.

    As CSV: one line for each sample.
    """
    row = await api.archive.alert(alert_id)
    if row is None:
        raise not_found("alert", alert_id)
    found = await _evidence(api, row)
    if query.format == "json":
        return answer(found)
    name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in alert_id)
    return Response(
        evidence_table(found),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


async def _evidence(api: Services, row: "AlertRow") -> dict[str, Any]:
    """Returns the document of an alert; a session that is not kept any more is left out."""
    span = (row.alert.opened_at - _AROUND, _end(row, api.now()) + _AROUND)
    found = [await _of_session(api, each, span) for each in _sessions(row)]
    sessions = [each for each in found if each is not None]
    return {"alert": alert_document(row, api.now()), "sessions": sessions}


def _sessions(row: "AlertRow") -> list[str]:
    if row.alert.session_id is not None:
        return [row.alert.session_id]
    named = row.alert.doc.get("evidence", {}).get("sessions", [])
    return [each["session_id"] if isinstance(each, Mapping) else str(each) for each in named]


async def _of_session(
    api: Services, session_id: str, span: tuple[datetime, datetime]
) -> dict[str, Any] | None:
    stored = await api.hub.store.find_session(session_id)
    if stored is None:
        return None
    live, samples = LiveSession.restore(stored), []
    async for each in _samples(api, session_id):
        sample = sample_view(each, live.session)
        if span[0] <= _time(sample["taken_at"]) <= span[1]:
            samples.append(sample)
    pushes = await api.archive.commands(session_id, Span(_PAGE))
    return {
        "session_id": session_id,
        "samples": sorted(samples, key=itemgetter("taken_at")),
        "limits": [each for each in track_view(live) if _overlaps(each, span)],
        "pushes": [push_view(each) for each in reversed(pushes)],
    }


async def _samples(api: Services, session_id: str) -> AsyncIterator[dict[str, Any]]:
    after: tuple[Any, ...] | None = None
    while True:
        rows = await api.archive.samples(session_id, Span(_PAGE, after))
        for each in rows:
            yield each
        if len(rows) < _PAGE:
            return
        after = tuple(rows[-1][name] for name in ("at", "context", "evse"))


def _end(row: "AlertRow", now: datetime) -> datetime:
    cleared = row.alert.doc.get("cleared_at")
    if cleared is None:
        return now
    return _time(cleared) if isinstance(cleared, str) else cleared


def _overlaps(step: dict[str, Any], span: tuple[datetime, datetime]) -> bool:
    return _time(step["from"]) <= span[1] and _time(step["to"]) >= span[0]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
