"""Tokens: what the operator has decided about those who charge."""

from http import HTTPStatus
from operator import itemgetter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import invalid_field, not_found
from csms.api.times import Moment
from csms.domain.token import Token, TokenStatus, token_key
from csms.engine.records import TOKENS, dump_token
from csms.engine.writes import RecordWrite
from csms.store.archive import Span

_LONGEST = 255

router = APIRouter(tags=["tokens"])

TokenType = Literal[
    "Central",
    "eMAID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
]
Text = Annotated[str, Field(min_length=1, max_length=_LONGEST)]
Typed = Annotated[str, Path(description="As stations send it; letters in either case are the same")]


class TokenBody(BaseModel):
    """What is decided about a token; the whole of it, at each PUT."""

    model_config = ConfigDict(extra="forbid")

    type: TokenType | None = Field(None, description="The 2.0.1 type; 1.6 has none")
    status: Literal["Accepted", "Blocked", "Expired", "Invalid"] = "Accepted"
    expires_at: Moment | None = None
    parent: Text | None = Field(None, description="1.6 parentIdTag")
    group: Text | None = Field(None, description="2.0.1 groupIdToken; outweighs `parent`")
    vehicle: Text | None = Field(None, description="Whose token it is; shown in its sessions")
    vehicle_class: Text | None = Field(None, description="What assignment rules may ask for")


class TokenView(TokenBody):
    """A token."""

    token: str
    created_at: AwareDatetime | None
    updated_at: AwareDatetime | None


@router.get("/tokens", response_model=Page[TokenView])
async def list_tokens(api: Api, query: Annotated[PageQuery, Query()]) -> Response:
    """All tokens, the newest first."""
    span = Span(query.limit + 1, query.after(str, str))
    rows = await api.archive.records(TOKENS, span)
    shown = page(
        rows,
        query.limit,
        itemgetter("created_at", "name"),
        lambda row: _view(row["doc"]),
    )
    return answer(shown)


@router.get("/tokens/{token:path}", response_model=TokenView)
async def get_token(api: Api, token: Typed) -> Response:
    """One token."""
    return answer(_view(await _doc(api, token)))


@router.put(
    "/tokens/{token:path}",
    response_model=TokenView,
    responses={201: {"model": TokenView, "description": "It is new"}},
)
async def put_token(api: Api, token: Typed, body: TokenBody) -> Response:
    """Decides about a token, known or not."""
    key = token_key(token)
    if not key or len(token) > _LONGEST:
        raise invalid_field("token", f"must have 1 to {_LONGEST} characters that are not blank")
    old = await api.archive.record(TOKENS, key)
    known = Token(
        text=token,
        status=TokenStatus(body.status),
        kind=body.type,
        expires_at=body.expires_at,
        parent=body.parent,
        group=body.group,
        vehicle=body.vehicle,
        vehicle_class=body.vehicle_class,
    )
    doc = dump_token(known, api.now(), api.now())
    if old is not None:
        doc["created_at"] = old.get("created_at")
    await api.durably(_save(api, key, known, doc))
    return answer(_view(doc), HTTPStatus.CREATED if old is None else HTTPStatus.OK)


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


async def _doc(api: Services, token: str) -> dict[str, Any]:
    doc = await api.archive.record(TOKENS, token_key(token))
    if doc is None:
        raise not_found("token", token)
    return doc


def _view(doc: dict[str, Any]) -> dict[str, Any]:
    members = ("status", "expires_at", "parent", "group", "vehicle", "vehicle_class")
    return {
        "token": doc["text"],
        "type": doc.get("kind"),
        **{name: with_z(doc.get(name)) for name in members},
        "created_at": with_z(doc.get("created_at")),
        "updated_at": with_z(doc.get("updated_at")),
    }
