"""The settings that are wanted on a station, and how far it has been brought to them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.problems import conflict, not_found
from csms.domain.facts import Registration
from csms.engine import provisioning_policy
from csms.engine.state import StationState
from csms.engine.work import Work

router = APIRouter(tags=["stations"])


class ItemView(BaseModel):
    """One setting."""

    variable: str = Field(description="Its name, as Component/Variable[instance] or as a key")
    wanted: str = Field(examples=["true", "at least 10", "one of A, B"])
    state: str = Field(
        examples=["unread", "as_wanted", "differs", "awaits_reboot", "refused", "unknown"]
    )
    value: str | None = Field(description="What the station told last")
    status: str | None = Field(description="The station's word when it was set, or asked")


class ProvisioningView(BaseModel):
    """What is wanted of a station's settings, and what became of it."""

    station_id: str
    state: str = Field(
        description="none: nothing is wanted; waiting: it is still to be looked at; reading, "
        "writing, verifying; done; failed: it did not answer",
        examples=["none", "waiting", "reading", "writing", "verifying", "done", "failed"],
    )
    rules: list[str] = Field(description="The rules of the provisioning file that fit it")
    needs_reboot: bool = Field(description="Whether something that was set counts after a reboot")
    began_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    reason: str | None
    items: list[ItemView]


@router.get("/stations/{station_id}/provisioning", response_model=ProvisioningView)
async def get_provisioning(api: Api, station_id: str) -> Response:
    """How far a station's settings are as they are wanted."""
    return answer(_view(api, await _station(api, station_id)))


@router.post(
    "/stations/{station_id}/provisioning/check",
    response_model=ProvisioningView,
    status_code=HTTPStatus.ACCEPTED,
)
async def check_provisioning(api: Api, station_id: str) -> Response:
    """Reads the settings that are wanted now, and writes what differs."""
    station = await _station(api, station_id)
    if station_id not in api.hub.sessions:
        raise conflict("station-offline", f"{station_id} is not connected")
    if station.record.registration is not Registration.ACCEPTED:
        raise conflict("station-not-accepted", f"{station_id} is not accepted")
    if not await api.durably(_begin(api, station)):
        raise conflict("nothing-wanted", f"no rule of the provisioning file fits {station_id}")
    return answer(_view(api, station), HTTPStatus.ACCEPTED)


async def _begin(api: Services, station: StationState) -> bool:
    async with station.lock:
        work = Work(station, api.now())
        is_wanted = provisioning_policy.begin(api.hub.engine, work)
        outcome = work.outcome(None)
        done = api.hub.store.submit(outcome.writes)
    await done
    api.hub.settle(station, outcome)
    return is_wanted


async def _station(api: Services, station_id: str) -> StationState:
    station = await api.hub.engine.station(station_id)
    if station is None:
        raise not_found("station", station_id)
    return station


def _view(api: Services, station: StationState) -> dict[str, Any]:
    work = Work(station, api.now())
    plan = provisioning_policy.plan_of(api.hub.engine, work)
    doc = station.record.provisioning or {}
    is_current = doc.get("digest") == plan.digest
    known = doc.get("items", {}) if is_current else {}
    items = [
        {
            "variable": str(each.key),
            "wanted": str(each),
            **{
                name: known.get(str(each.key), {}).get(name)
                for name in ("state", "value", "status")
            },
        }
        for each in plan.wanted
    ]
    for item in items:
        item["state"] = item["state"] or "unread"
    is_wanted = bool(plan.wanted or plan.takes_base_report)
    state = doc.get("state") if is_current and is_wanted else None
    return {
        "station_id": station.id,
        "state": state or ("waiting" if is_wanted else "none"),
        "rules": list(plan.rules),
        "needs_reboot": any(item["state"] == "awaits_reboot" for item in items),
        **{name: doc.get(name) if is_current else None for name in ("began_at", "ended_at")},
        "reason": doc.get("reason") if is_current else None,
        "items": items,
    }


def _item(doc: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "state": doc.get("state", "unread"),
        "value": doc.get("value"),
        "status": doc.get("status"),
    }
