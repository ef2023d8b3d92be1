"""Charge records for others: as OCPI 2.2.1 charge detail records, and as receipts."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.problems import conflict, invalid_field, not_found
from csms.api.session_ids import meant_session
from csms.api.times import Instant
from csms.billing.cdr import cdr_of, credit_of
from csms.reports.receipt_pdf import to_pdf
from csms.reports.receipt_text import to_text
from csms.reports.receipt_words import LANGUAGES
from csms.reports.receipts import DEFAULT_LANGUAGE, receipt_of
from csms.store.issued_records import IssuedRecords

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from csms.billing.party import Party
    from csms.store.issued_records import Issued

router = APIRouter(tags=["records"])

_FIRST_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PDF_TIMEOUT_S: Final = 60.0

Number = Annotated[str, Path(description="The record's number", max_length=100)]
SessionId = Annotated[str, Path(description="Also as it is read out: docs/search.md")]
Credit = Annotated[bool, Query(description="Its credit CDR instead, if it was replaced")]


class CdrQuery(BaseModel):
    """Which CDRs: those last updated from `from` on and before `to`."""

    model_config = ConfigDict(extra="forbid")

    since: Instant | None = Field(None, alias="from")
    until: Instant | None = Field(None, alias="to")


class ReceiptQuery(BaseModel):
    """How a receipt is wanted."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["text", "pdf"] = "text"
    language: str = Field(DEFAULT_LANGUAGE, max_length=10, description="ISO 639-1")


@router.get("/records/{number}/cdr")
async def get_cdr(api: Api, number: Number, credit: Credit = False) -> Response:  # noqa: FBT002 - a query parameter
    """The OCPI 2.2.1 CDR of a charge record, or the credit CDR of one that was replaced."""
    record = await _numbered(api, number)
    party = api.hub.engine.policy.party
    if not credit:
        return answer(cdr_of(record["doc"], party))
    newer = await _records(api).replacing(record)
    if newer is None:
        raise conflict("not-replaced", f"{number} was replaced by no other record")
    return answer(credit_of(record["doc"], party, newer["issued_at"]))


@router.get("/sessions/{session_id}/cdr")
async def get_session_cdr(api: Api, session_id: SessionId) -> Response:
    """The OCPI 2.2.1 CDR of a session's newest charge record."""
    record = await _of_session(api, session_id)
    return answer(cdr_of(record["doc"], api.hub.engine.policy.party))


@router.get("/cdrs")
async def list_cdrs(api: Api, query: Annotated[CdrQuery, Query()]) -> Response:
    """All CDRs of a time, the oldest first, however many: `{"items": [...]}`, as a stream.

    A record that replaces another one comes as OCPI wants a correction: the credit CDR of the
    old one, then the new CDR.
    """
    since, until = query.since or _FIRST_TIME, query.until or api.now()
    if until < since:
        raise invalid_field("to", "is before from; the period ends before it starts")
    await api.archive.ping()
    told = _stream(_records(api), api.hub.engine.policy.party, since, until)
    return StreamingResponse(told, media_type="application/json")


@router.get("/records/{number}/receipt")
async def get_receipt(
    api: Api, number: Number, query: Annotated[ReceiptQuery, Query()]
) -> Response:
    """The receipt of a charge record, as text of 78 columns or as PDF."""
    return await _receipt(api, await _numbered(api, number), query)


@router.get("/sessions/{session_id}/receipt")
async def get_session_receipt(
    api: Api, session_id: SessionId, query: Annotated[ReceiptQuery, Query()]
) -> Response:
    """The receipt of a session's newest charge record."""
    return await _receipt(api, await _of_session(api, session_id), query)


async def _receipt(api: Services, record: "Issued", query: ReceiptQuery) -> Response:
    if query.language not in LANGUAGES:
        known = ", ".join(sorted(LANGUAGES))
        raise invalid_field("language", f"receipts are written in {known} only")
    receipt = receipt_of(record["doc"], api.hub.engine.policy.party, query.language)
    if query.format == "text":
        return Response(to_text(receipt), media_type="text/plain; charset=utf-8")
    async with asyncio.timeout(_PDF_TIMEOUT_S):
        pdf = await asyncio.to_thread(to_pdf, receipt)
    name = "".join(each if each.isalnum() or each in "-_." else "_" for each in record["number"])
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'} if name.isascii() else None
    return Response(pdf, media_type="application/pdf", headers=headers)


async def _stream(
    records: IssuedRecords, party: "Party", since: datetime, until: datetime
) -> "AsyncIterator[bytes]":
    yield b'{"items":['
    before = b""
    async for record, replaced in records.between(since, until):
        for cdr in _cdrs(record, replaced, party):
            yield before + orjson.dumps(cdr)
            before = b",\n"
    yield b"]}"


def _cdrs(record: "Issued", replaced: "Issued | None", party: "Party") -> list[dict[str, Any]]:
    told = [] if replaced is None else [credit_of(replaced["doc"], party, record["issued_at"])]
    return [*told, cdr_of(record["doc"], party)]


def _records(api: Services) -> IssuedRecords:
    return IssuedRecords(api.archive.store)


async def _numbered(api: Services, number: str) -> "Issued":
    record = await _records(api).numbered(number)
    if record is None:
        raise not_found("charge record", number)
    return record


async def _of_session(api: Services, typed: str) -> "Issued":
    session_id = await meant_session(api, typed)
    record = await _records(api).of_session(session_id)
    if record is None:
        raise conflict(
            "no-record", f"session {session_id} has no charge record: it runs, or was not billed"
        )
    return record
