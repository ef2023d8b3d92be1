"""The API as one application: every resource, its documents, and the guard before them."""

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer

from csms.api import (
    accounts,
    alerts,
    calls,
    certificates,
    device_model,
    display,
    documents,
    events,
    evidence,
    health,
    health_of_stations,
    imports,
    ledgers,
    local_lists,
    meter_keys,
    operations,
    people_tables,
    price_series,
    problems,
    profiles,
    provisioning,
    quarantine,
    quirks,
    receipts,
    records,
    reports,
    reservations,
    search,
    sessions,
    stations,
    tariffs,
    token_tables,
    tokens,
    unknown_stations,
    vehicle_suggestions,
    vehicles,
    vendors,
    violations,
    webhooks,
)
from csms.api.context import Services
from csms.api.documents import Documented
from csms.api.events import Broadcaster
from csms.api.guard import Guard
from csms.api.problems import ProblemDocument
from csms.reports.desk import ReportDesk
from profiles import load_catalogue
from profiles.catalogue import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.link.hub import Hub
    from csms.store.archive import Archive
    from profiles import CatalogueProfile

_PREFIX = "/api/v1"
_TOLD: dict[int | str, dict[str, Any]] = {
    "default": {"model": ProblemDocument, "description": "What is wrong, and where"}
}
_ABOUT = """Lists are newest first: `limit` (50, at most 1,000) and `cursor`, answered as
`{"items": […], "next_cursor": …}`. Times are UTC with Z. Errors are problem documents (RFC 9457)
whose `errors` name the member that is wrong."""


def create_api(
    hub: "Hub",
    archive: "Archive",
    *,
    token: str | None,
    files: "Mapping[str, CatalogueProfile] | None" = None,
) -> FastAPI:
    """Returns the application.

    Without a `token` everybody may do everything: bind to loopback only. `files` are the profiles
    that come from files, the shipped ones by default; the API can overlay but not delete them.
    `app.state.events` is the `Broadcaster`: give its `take` to the hub's listeners, and call its
    `close` before the server stops.
    """
    app = Documented(
        title="Laddvakt",
        version="1",
        description=_ABOUT,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.events = Broadcaster(hub.clock.now)
    shipped = load_catalogue(SHIPPED) if files is None else files
    desk = ReportDesk(hub, archive)
    app.state.services = Services(hub, archive, app.state.events, shipped, desk)
    app.add_middleware(Guard, token=token)
    problems.install(app)
    app.include_router(documents.router)
    app.include_router(health.router, responses=_TOLD)
    app.include_router(events.router, include_in_schema=False)
    app.include_router(_resources(), prefix=_PREFIX)
    return app


def _resources() -> APIRouter:
    described = Depends(HTTPBearer(auto_error=False, description="The API token, if one is set"))
    everything = APIRouter(responses=_TOLD, dependencies=[described])
    for resource in (
        health_of_stations,
        stations,
        unknown_stations,
        ledgers,
        local_lists,
        meter_keys,
        calls,
        certificates,
        operations,
        display,
        vendors,
        device_model,
        violations,
        provisioning,
        token_tables,
        tokens,
        people_tables,
        vehicle_suggestions,
        vehicles,
        accounts,
        search,
        imports,
        sessions,
        tariffs,
        price_series,
        records,
        alerts,
        evidence,
        quarantine,
        profiles,
        quirks,
        receipts,
        reports,
        reservations,
        webhooks,
        events,
    ):
        everything.include_router(resource.router)
    return everything
