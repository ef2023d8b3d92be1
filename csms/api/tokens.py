"""Tokens: what the operator has decided about those who charge."""

from http import HTTPStatus
from operator import itemgetter
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import invalid_field, not_found
from csms.api.token_bodies import LONGEST, TokenBody, TokenView, token_of, view_of
from csms.domain.token import Token, TokenStatus, token_key
from csms.engine.records import TOKENS, dump_token
from csms.engine.writes import RecordWrite
from csms.store.archive import Span, TokenFilter

router = APIRouter(tags=["tokens"])

Typed = Annotated[str, Path(description="As stations send it; letters in either case are the same")]


class TokenQuery(PageQuery):
    """Which tokens."""

    q: Annotated[str, Field(max_length=LONGEST)] | None = Field(
        None, description="Part of a token or of its vehicle, in either case"
    )
    status: TokenStatus | None = Field(None, description="As it was decided, whatever the time")
    group: Annotated[str, Field(max_length=LONGEST)] | None = Field(
        None, description="A group or a 1.6 parent"
    )


@router.get("/tokens", response_model=Page[TokenView])
async def list_tokens(api: Api, query: Annotated[TokenQuery, Query()]) -> Response:
    """All tokens, the newest first."""
    status = None if query.status is None else query.status.value
    which = TokenFilter(status=status, group=query.group, text=query.q)
    rows = await api.archive.tokens(which, Span(query.limit + 1, query.after(str, str)))
    shown = page(
        rows,
        query.limit,
        itemgetter("created_at", "name"),
        lambda row: view_of(row["doc"]),
    )
    return answer(shown)


@router.get("/tokens/{token:path}", response_model=TokenView)
async def get_token(api: Api, token: Typed) -> Response:
    """One token."""
    return answer(view_of(await _doc(api, token)))


@router.put(
    "/tokens/{token:path}",
    response_model=TokenView,
    responses={201: {"model": TokenView, "description": "It is new"}},
)
async def put_token(api: Api, token: Typed, body: TokenBody) -> Response:
    """Decides about a token, known or not."""
    key = token_key(token)
    if not key or len(token) > LONGEST:
        raise invalid_field("token", f"must have 1 to {LONGEST} characters that are not blank")
    old = await api.archive.record(TOKENS, key)
    known = token_of(token, body)
    doc = dump_token(known, api.now(), api.now())
    if old is not None:
        doc["created_at"] = old.get("created_at")
    await api.durably(_save(api, key, known, doc))
    return answer(view_of(doc), HTTPStatus.CREATED if old is None else HTTPStatus.OK)


@router.delete("/tokens/{token:path}", status_code=HTTPStatus.NO_CONTENT)
async def delete_token(api: Api, token: Typed) -> Response:
    """Forgets a token; its sessions stay."""
    await _doc(api, token)
    await api.durably(_save(api, token_key(token), None, None))
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _save(api: Services, key: str, token: Token | None, doc: dict[str, Any] | None) -> None:
    """Writes a token, and has it count once it is durable."""
    await api.hub.store.submit([RecordWrite(TOKENS, key, doc)])
    tokens = api.hub.engine.policy.tokens
    if token is None:
        tokens.pop(key, None)
    else:
        tokens[key] = token
    api.hub.local_lists.tokens_changed()


async def _doc(api: Services, token: str) -> dict[str, Any]:
    doc = await api.archive.record(TOKENS, token_key(token))
    if doc is None:
        raise not_found("token", token)
    return doc
