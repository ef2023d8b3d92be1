"""Messages in quarantine: looked at, attached to a session, dismissed."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import conflict, not_found
from csms.engine.quarantine import QuarantineState, cause_of
from csms.link.second_look import Unattachable
from csms.store.archive import QuarantineFilter, Span

if TYPE_CHECKING:
    from csms.engine.writes import QuarantineWrite

router = APIRouter(tags=["quarantine"])


class QuarantineQuery(PageQuery):
    """Which messages."""

    station: str | None = None
    state: QuarantineState | None = None
    session: str | None = None


class Attachment(BaseModel):
    """Where a message belongs, and who says so.

    Without `session_id` a message of a transaction begins a session of its own.
    """

    model_config = ConfigDict(extra="forbid")

    session_id: str | None = Field(None, min_length=1, max_length=200)
    reason: str | None = Field(None, min_length=1, max_length=200)
    by: str = Field("operator", min_length=1, max_length=200)


class Dismissal(BaseModel):
    """Why nothing is to become of a message, and who says so."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=200)
    by: str = Field("operator", min_length=1, max_length=200)


class QuarantineView(BaseModel):
    """A message that could not be put where it belongs."""

    id: str
    station_id: str
    received_at: AwareDatetime = Field(description="When it came first")
    message_id: str
    version: str = Field(examples=["1.6", "2.0.1"])
    action: str
    transaction_id: str | None = Field(
        description="The one that it names, or that its start was answered with"
    )
    why: str
    cause: str = Field(examples=["orphan", "database_away", "failed", "unreadable"])
    state: QuarantineState
    session_id: str | None
    evidence: dict[str, Any] = Field(description="The sessions that were considered, and why not")
    resolved_at: AwareDatetime | None
    resolved_by: str | None
    reason: str | None
    payload: dict[str, Any]


@router.get("/quarantine", response_model=Page[QuarantineView])
async def list_quarantine(api: Api, query: Annotated[QuarantineQuery, Query()]) -> Response:
    """Messages in quarantine, the last one first; `state=held` are those to be settled."""
    which = QuarantineFilter(station=query.station, state=query.state, session=query.session)
    span = Span(query.limit + 1, query.after(datetime, str))
    rows = await api.archive.quarantine(which, span)
    shown = page(rows, query.limit, lambda row: (row.received_at, row.quarantine_id), _view)
    return answer(shown)


@router.get("/quarantine/{quarantine_id}", response_model=QuarantineView)
async def get_quarantined(api: Api, quarantine_id: str) -> Response:
    """One message, as it came."""
    return answer(_view(await _row(api, quarantine_id)))


@router.post("/quarantine/{quarantine_id}/attach", response_model=QuarantineView)
async def attach(api: Api, quarantine_id: str, body: Attachment) -> Response:
    """Applies a message to a session as if it had named it; totals and deviations follow.

    409 if something has become of it already, or if it cannot be attached.
    """
    held = await _open_row(api, quarantine_id)
    work = api.hub.intake.second_look.attach(held, body.session_id, body.by, body.reason)
    try:
        await api.durably(work)
    except Unattachable as cannot:
        raise conflict("not-attachable", str(cannot)) from None
    return answer(_view(await _row(api, quarantine_id)))


@router.post("/quarantine/{quarantine_id}/dismiss", response_model=QuarantineView)
async def dismiss(api: Api, quarantine_id: str, body: Dismissal) -> Response:
    """Settles that nothing is to become of a message; it is kept all the same."""
    held = await _open_row(api, quarantine_id)
    await api.durably(api.hub.intake.second_look.dismiss(held, body.by, body.reason))
    return answer(_view(await _row(api, quarantine_id)))


async def _row(api: Services, quarantine_id: str) -> "QuarantineWrite":
    row = await api.hub.store.find_quarantined(quarantine_id.upper())
    if row is None:
        raise not_found("quarantined message", quarantine_id)
    return row


async def _open_row(api: Services, quarantine_id: str) -> "QuarantineWrite":
    """Returns a message that nothing has become of yet."""
    row = await _row(api, quarantine_id)
    if row.is_resolved:
        detail = f"{row.quarantine_id} is {row.state} already"
        raise conflict("already-resolved", detail)
    return row


def _view(row: "QuarantineWrite") -> dict[str, Any]:
    shown: dict[str, Any] = with_z(
        {
            "id": row.quarantine_id,
            "station_id": row.station_id,
            "received_at": row.received_at,
            "message_id": row.message_id,
            "version": row.version,
            "action": row.action,
            "transaction_id": row.transaction_id,
            "why": row.why,
            "cause": cause_of(row).value,
            "state": row.state,
            "session_id": row.session_id,
            "evidence": row.doc.get("evidence", {}),
            "resolved_at": row.doc.get("resolved_at"),
            "resolved_by": row.doc.get("resolved_by"),
            "reason": row.doc.get("reason"),
        }
    )
    return {**shown, "payload": row.payload}
