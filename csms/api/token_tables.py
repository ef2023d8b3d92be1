"""All tokens at once: in and out as CSV."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.problems import invalid_field
from csms.api.token_bodies import view_of
from csms.api.token_csv import head_row, read_table, write_rows
from csms.domain.token import Token
from csms.engine.records import TOKENS, dump_token
from csms.engine.writes import RecordWrite
from csms.store.archive import Span, TokenFilter

router = APIRouter(tags=["tokens"])

_AT_ONCE = 1000
_CSV = "text/csv; charset=utf-8"
_TAKEN = "requestBody"  # OpenAPI's word


class RefusedRow(BaseModel):
    """A row that was not taken."""

    line: int
    token: str | None
    field: str = Field(description="The column, empty for the whole row")
    reason: str


class Imported(BaseModel):
    """What became of a table."""

    dry_run: bool
    created: int
    updated: int
    unchanged: int
    refused: int = Field(description="How many mistakes there are")
    errors: list[RefusedRow] = Field(description="The first 1,000 of them")


@router.post(
    "/tokens/import",
    response_model=Imported,
    openapi_extra={
        _TAKEN: {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    },
)
async def import_tokens(
    api: Api,
    request: Request,
    dry_run: Annotated[bool, Query(description="Only say what would become of it")] = False,  # noqa: FBT002 - a query
) -> Response:
    """Takes tokens from a CSV table, as `GET /tokens/export` gives it: 32 MB, 250,000 rows at most.

    Each row is the whole of what is decided about its token; columns may be left out. Good rows are
    taken, bad ones are told. Tokens that are not in the table stay as they are.
    """
    content = await request.body()
    if not content.strip():
        raise invalid_field("", "the table is empty")
    read = await asyncio.to_thread(read_table, content)
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    batch: dict[str, Token] = {}
    for key, token in read.tokens.items():
        batch[key] = token
        if len(batch) == _AT_ONCE:
            await api.durably(_take(api, batch, counts, dry_run=dry_run))
            batch = {}
    if batch:
        await api.durably(_take(api, batch, counts, dry_run=dry_run))
    if not dry_run and counts["created"] + counts["updated"]:
        api.hub.local_lists.tokens_changed()
    errors = [each._asdict() for each in read.bad]
    return answer({"dry_run": dry_run, **counts, "refused": read.mistakes, "errors": errors})


@router.get(
    "/tokens/export",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "All tokens"}},
)
async def export_tokens(api: Api) -> Response:
    """All tokens as CSV, the newest first; `POST /tokens/import` takes them back."""
    first = await _page(api, None)
    headers = {"Content-Disposition": 'attachment; filename="tokens.csv"'}
    return StreamingResponse(_lines(api, first), HTTPStatus.OK, headers, _CSV)


async def _take(
    api: Services, batch: dict[str, Token], counts: dict[str, int], *, dry_run: bool
) -> None:
    """Writes some tokens, and has them count once they are durable."""
    known = await api.archive.records_named(TOKENS, list(batch))
    tokens, writes = api.hub.engine.policy.tokens, []
    for key, token in batch.items():
        old = known.get(key)
        if old is not None and tokens.get(key) == token:
            counts["unchanged"] += 1
            continue
        counts["created" if old is None else "updated"] += 1
        doc = dump_token(token, api.now(), api.now())
        if old is not None:
            doc["created_at"] = old.get("created_at")
        writes.append(RecordWrite(TOKENS, key, doc))
    if dry_run or not writes:
        return
    await api.hub.store.submit(writes)
    tokens.update((write.name, batch[write.name]) for write in writes)


async def _page(api: Services, after: tuple[str, str] | None) -> list[dict[str, Any]]:
    return await api.archive.tokens(TokenFilter(), Span(_AT_ONCE, after))


async def _lines(api: Services, rows: list[dict[str, Any]]) -> AsyncIterator[str]:
    yield head_row()
    while rows:
        yield write_rows(view_of(row["doc"]) for row in rows)
        last = rows[-1]
        rows = await _page(api, (last["created_at"], last["name"]))
