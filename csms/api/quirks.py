"""Quirks: what each model of station has been seen to need, and what the operator sets for it."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi import Path as InAddress
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.paging import Page
from csms.api.problems import invalid_field, not_found
from csms.engine import quirks
from csms.engine.quirks import Quirk, QuirkValues
from csms.engine.writes import RecordWrite

_MOST = 300

Key = Annotated[
    str, InAddress(description="Vendor and model in small letters, such as `abb:terra ac`")
]

router = APIRouter(tags=["quirks"])


class QuirkView(BaseModel):
    """What is known of one model. What was set outweighs what was learned."""

    key: str
    values: QuirkValues = Field(description="What counts")
    learned: QuirkValues = Field(description="What its stations have been seen to need")
    set: QuirkValues = Field(description="What the operator has set")
    seen_at: AwareDatetime | None = Field(description="When something was last learned of it")
    evidence: list[str] = Field(description="From what, the last few")


@router.get("/quirks", response_model=Page[QuirkView])
async def list_quirks(api: Api) -> Response:
    """All models of which something is known, by key; there is but one page."""
    known = api.hub.engine.quirks
    items = [_view(known[key]) for key in sorted(known)]
    return answer({"items": items, "next_cursor": None})


@router.get("/quirks/{key}", response_model=QuirkView)
async def get_quirk(api: Api, key: Key) -> Response:
    """What is known of one model."""
    return answer(_view(_known(api, key)))


@router.put(
    "/quirks/{key}",
    response_model=QuirkView,
    responses={201: {"model": QuirkView, "description": "Nothing was known of it before"}},
)
async def put_quirk(api: Api, key: Key, body: QuirkValues) -> Response:
    """Sets what counts for a model; what is left out counts as it was learned.

    It holds from the next push on.
    """
    name = _key(key)
    is_new = name not in api.hub.engine.quirks
    quirk = await api.durably(_set(api, name, body))
    return answer(_view(quirk), HTTPStatus.CREATED if is_new else HTTPStatus.OK)


@router.delete("/quirks/{key}", status_code=HTTPStatus.NO_CONTENT)
async def delete_quirk(api: Api, key: Key) -> Response:
    """Forgets all about a model, also what was learned."""
    await api.durably(_forget(api, _known(api, key).key))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _key(text: str) -> str:
    key = quirks.normal_key(text)
    if not 0 < len(key) <= _MOST or not key.isprintable() or ":" not in key:
        raise invalid_field("key", "must be vendor and model with a colon between them")
    return key


def _known(api: Services, text: str) -> Quirk:
    quirk = api.hub.engine.quirks.get(quirks.normal_key(text))
    if quirk is None:
        raise not_found("quirk", text)
    return quirk


async def _set(api: Services, key: str, body: QuirkValues) -> Quirk:
    known = api.hub.engine.quirks
    quirk = quirks.with_set(known.get(key), key, body)
    await api.hub.store.submit([RecordWrite(quirks.QUIRKS, key, quirks.dump(quirk))])
    # What was learned meanwhile stays.
    known[key] = quirk = quirks.with_set(known.get(key), key, body)
    return quirk


async def _forget(api: Services, key: str) -> None:
    await api.hub.store.submit([RecordWrite(quirks.QUIRKS, key, None)])
    api.hub.engine.quirks.pop(key, None)


def _view(quirk: Quirk) -> dict[str, Any]:
    return {
        "key": quirk.key,
        "values": quirk.values.model_dump(mode="json"),
        "learned": quirk.learned.model_dump(mode="json"),
        "set": quirk.set_by_operator.model_dump(mode="json"),
        "seen_at": with_z(quirk.seen_at),
        "evidence": list(quirk.evidence),
    }
