"""Webhooks: who is told of alerts, and what nobody took."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import conflict, not_found
from csms.engine.webhooks import DEAD, WAITING
from csms.engine.writes import DeliveryWrite
from csms.store.archive import Span

router = APIRouter(tags=["webhooks"])


class WebhookView(BaseModel):
    """A webhook as it is set. An empty list lets everything through."""

    name: str
    url: str
    kinds: list[str]
    severities: list[str]
    sites: list[str]
    changes: list[str]
    waiting: int = Field(description="Messages that were not taken yet")
    dead: int = Field(description="Messages that were put aside")
    last_tried_at: AwareDatetime | None = Field(description="Since the last start")
    last_status: int | None = Field(description="The receiver's answer to that; null for none")
    last_error: str | None


class WebhooksView(BaseModel):
    """All webhooks, by name."""

    items: list[WebhookView]


class DeliveryView(BaseModel):
    """A message to a webhook."""

    id: str = Field(description="The `webhook-id` that it is sent with, however often")
    hook: str
    alert_id: str
    change: str | None
    state: str = Field(examples=["waiting", "delivered", "dead"])
    created_at: AwareDatetime
    attempts: int
    due_at: AwareDatetime
    tried_at: AwareDatetime | None
    status: int | None = Field(description="The receiver's last answer; null for none")
    error: str | None
    answer: str | None = Field(description="The beginning of what the receiver said last")
    message: dict[str, Any]


class DeadQuery(PageQuery):
    """Which messages."""

    hook: str | None = None


@router.get("/webhooks", response_model=WebhooksView)
async def list_webhooks(api: Api) -> Response:
    """All webhooks with how they are doing. Their secrets are never shown."""
    rows = await api.archive.delivery_counts()
    counts = {(row["hook"], row["state"]): row["count"] for row in rows}
    shown = [
        {
            "name": name,
            "url": hook.url,
            "kinds": sorted(hook.kinds),
            "severities": sorted(hook.severities),
            "sites": list(hook.sites),
            "changes": sorted(hook.changes),
            "waiting": counts.get((name, WAITING), 0),
            "dead": counts.get((name, DEAD), 0),
            "last_tried_at": with_z(tried_at),
            "last_status": None if tried is None else tried.status,
            "last_error": None if tried is None else tried.error,
        }
        for name, (hook, tried, tried_at) in sorted(api.hub.webhooks.hooks.items())
    ]
    return answer({"items": shown})


@router.get("/webhooks/dead-letters", response_model=Page[DeliveryView])
async def list_dead_letters(api: Api, query: Annotated[DeadQuery, Query()]) -> Response:
    """Messages that no receiver took in all their tries, the newest first."""
    span = Span(query.limit + 1, query.after(datetime, str))
    rows = await api.archive.dead_deliveries(query.hook, span)
    return answer(page(rows, query.limit, lambda row: (row.created_at, row.delivery_id), _view))


@router.post("/webhooks/dead-letters/{delivery_id}/retry", response_model=DeliveryView)
async def retry(api: Api, delivery_id: str) -> Response:
    """Has a message that was put aside tried again, as often as a new one."""
    found = await api.archive.delivery(delivery_id)
    if found is None:
        raise not_found("dead letter", delivery_id)
    if found.state != DEAD:
        raise conflict("delivery-not-dead", f"{delivery_id} is {found.state}; only dead letters")
    if found.hook not in api.hub.webhooks.hooks:
        raise conflict("webhook-gone", f"there is no webhook {found.hook!r} any more")
    return answer(_view(await api.durably(api.hub.webhooks.retry(found))))


def _view(message: DeliveryWrite) -> dict[str, Any]:
    doc = with_z(dict(message.doc))
    return {
        "id": message.delivery_id,
        "hook": message.hook,
        "alert_id": message.alert_id,
        "change": doc.get("change"),
        "state": message.state,
        "created_at": with_z(message.created_at),
        "attempts": message.attempts,
        "due_at": with_z(message.due_at),
        "tried_at": doc.get("tried_at"),
        "status": doc.get("status"),
        "error": doc.get("error"),
        "answer": doc.get("answer"),
        "message": orjson.loads(message.body),
    }
