"""Which identities may belong to one vehicle, and what an operator makes of that."""

import asyncio
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.people_bodies import ID_PATTERN, By, ChangedVehicle, Note, Text, vehicle_view
from csms.api.people_changes import changed, history_of, people_of, vehicle_named
from csms.api.problems import conflict, not_found
from csms.api.times import Instant
from csms.api.vehicles import checked_id, joined, merged, new_id
from csms.domain.times import format_time
from csms.domain.vehicle import Known, Vehicle
from csms.domain.vehicle_ids import Identity, IdentityKind
from csms.engine import habits
from csms.engine.joining import Change
from csms.engine.suggestions import REJECTIONS, RULE, Rejection, Suggestion, suggest
from csms.engine.writes import RecordWrite

router = APIRouter(tags=["vehicles"])

_PERIOD = timedelta(days=90)
_SAME_SHARE = 0.15
_HABITS = (("phases", "phases"), ("is_dc", "dc"), ("wh_per_percent", "battery_wh_per_percent"))

SuggestionId = Annotated[str, Path(description="Such as VS-0123456789AB")]


class SuggestionQuery(BaseModel):
    """Which suggestions; `from` is about the sessions that they are made of."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    since: Instant | None = Field(None, alias="from", description="By default 90 days ago")
    least: float = Field(0.0, ge=0, le=1, description="The least confidence")
    vehicle: str | None = Field(None, max_length=255, description="Only about this one")
    limit: int = Field(50, ge=1, le=1000)


class SupportView(BaseModel):
    """A habit that both have shown; it says little, and counts for nothing in the confidence."""

    what: str = Field(examples=["phases", "battery_wh_per_percent", "dc"])
    one: float | bool
    other: float | bool
    agrees: bool


class EvidenceView(BaseModel):
    """In how many sessions what was seen."""

    together: int = Field(description="Both in one session")
    hinted: int = Field(description="One was presented shortly before, or ended it")
    in_succession: int = Field(description="One came to nothing, the other followed at once")
    against: int = Field(description="One of them with another one in the other's place")
    first_at: AwareDatetime
    last_at: AwareDatetime
    sessions: list[str] = Field(description="The last that speak for it")
    support: list[SupportView]


class SuggestedView(BaseModel):
    """An identity of a suggestion."""

    kind: IdentityKind
    text: str
    ref: str


class SuggestionView(BaseModel):
    """Two identities that may be one vehicle's. `becomes` is what a confirmation would do."""

    id: str
    identities: list[SuggestedView]
    vehicles: list[str] = Field(description="Records that have one of them")
    becomes: str = Field(examples=["new", "join", "merge"])
    confidence: float
    level: str = Field(examples=["high", "medium", "low"])
    rule: str
    evidence: EvidenceView


class Suggestions(BaseModel):
    """Suggestions, the surest first."""

    items: list[SuggestionView]
    more: bool = Field(description="Whether there are more than the limit")


class Confirmation(BaseModel):
    """That a suggestion is right."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=ID_PATTERN)] | None = Field(
        None, description="For a new record; by default one of ours"
    )
    name: Text | None = None
    by: By = None


class Refusal(BaseModel):
    """That a suggestion is wrong."""

    model_config = ConfigDict(extra="forbid")

    reason: Note | None = None
    by: By = None


@router.get("/vehicles/suggestions", response_model=Suggestions)
async def list_suggestions(api: Api, query: Annotated[SuggestionQuery, Query()]) -> Response:
    """What may belong together by what sessions have shown. Nothing is joined by itself.

    What was rejected comes back only for three further sessions that show both.
    """
    only = None if query.vehicle is None else (await vehicle_named(api, query.vehicle)).id
    found = [
        each
        for each in await _suggestions(api, query.since)
        if each.confidence >= query.least and (only is None or only in each.vehicles)
    ]
    items = [_view(api, each) for each in found[: query.limit]]
    return answer({"items": items, "more": len(found) > query.limit})


@router.post("/vehicles/suggestions/{suggestion}/confirm", response_model=ChangedVehicle)
async def confirm(api: Api, suggestion: SuggestionId, body: Confirmation) -> Response:
    """Joins the two: in a new record, in that which has one of them, or two records into one."""
    found = await _suggestion(api, suggestion)
    known = [
        Known(Identity.of_ref(ref), Identity.of_ref(ref).text, "suggestion", api.now())
        for ref in (found.one, found.other)
    ]
    if not found.vehicles:
        return await _begun(api, found, known, body)
    if body.id is not None and body.id not in found.vehicles:
        raise conflict("belongs-to-another", f"{found.vehicles[0]} has one of them already")
    kept = body.id or found.vehicles[0]
    old = await vehicle_named(api, kept)
    if len(found.vehicles) == 1:
        return await joined(api, old, known, body.by, suggestion=found.id)
    other = next(each for each in found.vehicles if each != kept)
    return await merged(api, old, await vehicle_named(api, other), body.by, suggestion=found.id)


@router.post("/vehicles/suggestions/{suggestion}/reject", status_code=HTTPStatus.NO_CONTENT)
async def reject(api: Api, suggestion: SuggestionId, body: Refusal) -> Response:
    """Takes a suggestion off the list, until three further sessions speak for it."""
    found, now = await _suggestion(api, suggestion), api.now()
    doc = {
        "one": found.one,
        "other": found.other,
        "at": format_time(now),
        "by": body.by,
        "reason": body.reason,
    }
    details = {"identities": [found.one, found.other], "reason": body.reason}
    also = (RecordWrite(REJECTIONS, found.id, doc),)
    await changed(api, Change("rejected", found.id, body.by, details=details, also=also))
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _begun(
    api: Services, found: Suggestion, known: list[Known], body: Confirmation
) -> Response:
    names = [each for each in known if each.identity.kind is IdentityKind.NAME]
    wanted = body.id or (names[0].identity.key if names else None)
    vehicle_id = await new_id(api) if wanted is None else checked_id(wanted, "id")
    if people_of(api).find_vehicle(vehicle_id) is not None:
        raise conflict("belongs-to-another", f"there is a vehicle {vehicle_id!r} already")
    new = Vehicle(vehicle_id, body.name or vehicle_id, (), created_at=api.now())
    new = new.with_identities(known)
    details = {"identities": [each.identity.ref for each in known], "suggestion": found.id}
    wanted_change = Change("created", new.id, body.by, vehicles={new.id: new}, details=details)
    effect = await changed(api, wanted_change)
    return answer({**vehicle_view(new, people_of(api), api.now()), **effect})


async def _suggestion(api: Services, suggestion_id: str) -> Suggestion:
    for each in await _suggestions(api, None):
        if each.id == suggestion_id.upper():
            return each
    raise not_found("suggestion", suggestion_id)


async def _suggestions(api: Services, since: datetime | None) -> list[Suggestion]:
    rejected = [
        Rejection(doc["one"], doc["other"], datetime.fromisoformat(doc["at"]))
        for doc in (await api.hub.store.load_records(REJECTIONS)).values()
    ]
    pairs = await history_of(api).pairs(since or api.now() - _PERIOD, rejected)
    return await asyncio.to_thread(suggest, pairs, people_of(api), rejected)


def _view(api: Services, found: Suggestion) -> dict[str, Any]:
    identities = [Identity.of_ref(ref) for ref in (found.one, found.other)]
    becomes = ("new", "join", "merge")[len(found.vehicles)]
    counts = ("together", "hinted", "in_succession", "against")
    return {
        "id": found.id,
        "identities": [
            {"kind": each.kind.value, "text": each.text, "ref": each.ref} for each in identities
        ],
        "vehicles": list(found.vehicles),
        "becomes": becomes,
        "confidence": found.confidence,
        "level": found.level,
        "rule": RULE,
        "evidence": {
            **{name: getattr(found, name) for name in counts},
            "first_at": with_z(found.first_at),
            "last_at": with_z(found.last_at),
            "sessions": list(found.sessions),
            "support": _support(api, identities),
        },
    }


def _support(api: Services, identities: list[Identity]) -> list[dict[str, Any]]:
    """Returns what habits of both are known, and whether they are the same."""
    one, other = (habits.of_identity(api.hub.engine, each) for each in identities)
    if one is None or other is None:
        return []
    found = []
    for name, what in _HABITS:
        a, b = getattr(one, name), getattr(other, name)
        if a is not None and b is not None:
            agrees = a == b if name != "wh_per_percent" else abs(a - b) <= _SAME_SHARE * max(a, b)
            found.append({"what": what, "one": a, "other": b, "agrees": agrees})
    return found
