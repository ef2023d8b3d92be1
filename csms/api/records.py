"""What sessions cost: so far, in the end, and on the charge records that were issued."""

from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import not_found
from csms.api.session_ids import meant_session
from csms.api.session_views import CostView
from csms.api.times import Instant, Until
from csms.api.whose import whose
from csms.billing import dump_bill
from csms.engine.charge_records import contradictions_of
from csms.engine.costs import bill_of, cost_doc
from csms.engine.state import LiveSession
from csms.store.archive import Span
from csms.store.charge_records import RecordFilter, charge_record, charge_records

if TYPE_CHECKING:
    from csms.store.archive import SessionRow

router = APIRouter(tags=["costs"])

SessionId = Annotated[str, Path(description="Also as it is read out: docs/search.md")]
Number = Annotated[str, Path(max_length=100, examples=["CDR-2026-000017"])]


class LineView(BaseModel):
    """What one price came to in one interval; amounts have six decimals."""

    start: AwareDatetime
    end: AwareDatetime
    element: int | None = Field(description="Index of the tariff's element; null: of the whole")
    dimension: str = Field(examples=["ENERGY", "TIME", "PARKING_TIME", "FLAT", "ROUNDING"])
    quantity: str = Field(examples=["7.200000"])
    unit: str = Field(examples=["kWh", "h", "1"])
    price: str
    net: str
    vat_percent: str | None
    vat: str
    total: str
    reasons: list[str] = Field(description="Why it is an estimate; empty: it is none")


class BillView(BaseModel):
    """A bill, whose lines sum to its totals exactly."""

    currency: str
    net: str
    vat: str
    total: str
    is_estimated: bool
    reasons: list[str]
    energy_milliwh: int
    charging_s: float
    parking_s: float
    lines: list[LineView]
    periods: list[dict[str, Any]]


class SessionCostView(CostView):
    """What a session costs, with every line."""

    session_id: str
    record: str | None = Field(description="The number of its newest charge record")
    bill: BillView | None = Field(description="null: it began before there were tariffs")
    contradictions: list[dict[str, str]] = Field(description="Where its data contradict each other")


class RecordView(BaseModel):
    """A charge record, as it was issued. It never changes; a later one may replace it."""

    number: str
    session_id: str
    issued_at: AwareDatetime
    replaces: str | None = Field(description="The number of the record that it replaces")
    session: dict[str, Any] = Field(description="The session as it was then")
    time_zone: str
    tariff: dict[str, Any] = Field(description="OCPI 2.2.1 JSON")
    tariff_version: int
    bill: BillView
    contradictions: list[dict[str, str]]
    signed: dict[str, Any] | None = Field(description="What the meter's signatures prove")


class RecordQuery(PageQuery):
    """Which records. `from` and `to` are about the session's start, `to` excluded."""

    session: str | None = None
    station: str | None = None
    token: str | None = None
    vehicle: str | None = Field(None, description="A record, or anything that it is known by")
    account: str | None = None
    since: Instant | None = Field(None, alias="from")
    until: Until | None = Field(None, alias="to")


@router.get("/sessions/{session_id}/cost", response_model=SessionCostView)
async def get_cost(api: Api, session_id: SessionId) -> Response:
    """What a session costs so far, or in the end, with every line.

    Once it has a charge record, that says what it costs, whatever prices have become since.
    """
    row = await session_row(api, session_id)
    live = _live(api, row) or LiveSession.restore(row.stored)
    return answer(cost_view(api, live, await _issued_bill(api, live)))


@router.get("/sessions/{session_id}/records", response_model=Page[RecordView])
async def list_records_of(
    api: Api, session_id: SessionId, query: Annotated[PageQuery, Query()]
) -> Response:
    """The charge records of a session, the newest first: that one counts."""
    row = await session_row(api, session_id)
    return answer(await _page(api, RecordFilter(session=row.id), query))


@router.get("/records", response_model=Page[RecordView])
async def list_records(api: Api, query: Annotated[RecordQuery, Query()]) -> Response:
    """Charge records, the one issued last first, those that were replaced too."""
    session = query.session
    if session is not None:
        session = (await session_row(api, session)).id
    which = RecordFilter(
        session=session,
        station=query.station,
        token=query.token,
        since=query.since,
        until=query.until,
        **whose(api.hub.engine.policy.people, query.vehicle, query.account),
    )
    return answer(await _page(api, which, query))


@router.get("/records/{number}", response_model=RecordView)
async def get_record(api: Api, number: Number) -> Response:
    """One charge record, as it was issued."""
    return answer((await record_of(api, number))["doc"])


async def record_of(api: Services, number: str) -> dict[str, Any]:
    """Returns the record with a number, in any case; its `doc` is what was issued."""
    for typed in (number, number.upper()):
        found = await charge_record(api.archive.store, typed)
        if found is not None:
            return found
    raise not_found("charge record", number)


async def session_row(api: Services, session_id: str) -> "SessionRow":
    """Returns the session that an address names, also read out or without dashes."""
    row = await api.archive.session(session_id)
    if row is None:
        row = await api.archive.session(await meant_session(api, session_id))
    if row is None:
        raise not_found("session", session_id)
    return row


async def _issued_bill(api: Services, live: LiveSession) -> dict[str, Any] | None:
    """Returns the bill of a session's newest charge record, None if there is none yet."""
    session = live.session
    if session.is_active or session.record is None:
        return None
    found = await charge_record(api.archive.store, session.record)
    return None if found is None else found["doc"]["bill"]


def cost_view(
    api: Services, live: LiveSession, issued: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Returns what a session costs, with all lines: those of the bill that was issued, if any."""
    session, engine = live.session, api.hub.engine
    cost: dict[str, Any] = dict.fromkeys(CostView.model_fields) | (session.cost or {})
    made = bill_of(engine, live, api.now()) if issued is None else None
    if made is not None:
        is_final = bool((session.cost or {}).get("is_final"))
        cost, issued = cost_doc(session, made, is_final=is_final), dump_bill(made)
    return {
        **cost,
        "session_id": session.id,
        "record": session.record,
        "bill": issued,
        "contradictions": contradictions_of(session),
    }


async def _page(api: Services, which: RecordFilter, query: PageQuery) -> dict[str, Any]:
    span = Span(query.limit + 1, query.after(datetime, str))
    rows = await charge_records(api.archive.store, which, span)
    return page(rows, query.limit, itemgetter("issued_at", "number"), itemgetter("doc"))


def _live(api: Services, row: "SessionRow") -> LiveSession | None:
    station = api.hub.engine.stations.get(row.stored.doc["station_id"])
    return None if station is None else station.session(row.id)
