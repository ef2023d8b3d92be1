"""Whether the node lives, whether it can serve, and its figures for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from csms.api.answers import answer
from csms.api.context import Api
from csms.api.problems import unavailable
from csms.errors import DatabaseUnavailable

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """That all is well."""

    status: str = Field(examples=["ok", "ready"])


@router.get("/healthz", response_model=Health)
async def alive() -> Response:
    """Tells that the process answers, whatever else is the case."""
    return answer({"status": "ok"})


@router.get("/readyz", response_model=Health)
async def ready(api: Api) -> Response:
    """Tells whether stations can be served; 503 with the reasons if they cannot."""
    reasons = ["the node is stopping"] if api.hub.is_stopping else []
    try:
        await api.archive.ping()
    except DatabaseUnavailable as away:
        reasons.append(str(away))
    if reasons:
        raise unavailable("; ".join(reasons))
    return answer({"status": "ready"})


@router.get("/metrics", response_class=Response)
async def metrics(api: Api) -> Response:
    """The node's counters in the text form of Prometheus."""
    body = generate_latest(api.hub.counters.registry)
    return Response(body, media_type=CONTENT_TYPE_LATEST)
