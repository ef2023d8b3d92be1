"""Vehicles: one record for all that each is known by. See docs/vehicles.md."""

import re
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from operator import itemgetter
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.people_bodies import (
    ID_PATTERN,
    RESERVED,
    By,
    ChangedVehicle,
    ChangeView,
    Identities,
    IdentityBody,
    Text,
    VehicleBody,
    VehicleView,
    all_known,
    vehicle_view,
)
from csms.api.people_changes import changed, history_page, people_of, vehicle_named
from csms.api.problems import invalid_field
from csms.api.session_views import SessionView
from csms.api.sessions import SessionQuery, sessions_page
from csms.domain.account import Account, Owned, load_account, vehicle_key
from csms.domain.vehicle import Known, Vehicle, load_vehicle
from csms.domain.vehicle_ids import Identity, IdentityKind, guesses
from csms.engine.joining import Change
from csms.engine.people import ACCOUNTS

router = APIRouter(tags=["vehicles"])

Named = Annotated[str, Path(description="Its ID, its name, or anything that it is known by")]
_CREATED: Any = {201: {"model": ChangedVehicle, "description": "It is new"}}


class VehicleQuery(PageQuery):
    """Which vehicles."""

    q: Annotated[str, Field(max_length=255)] | None = Field(
        None, description="Part of an ID, a name, an identity or a note, in either case"
    )
    identity: Annotated[str, Field(max_length=255)] | None = Field(
        None, description="Something that it is known by, however written"
    )
    account: Annotated[str, Field(max_length=255)] | None = Field(
        None, description="Whose it is now"
    )


class Joining(BaseModel):
    """What else a vehicle is known by."""

    model_config = ConfigDict(extra="forbid")

    identities: Annotated[list[IdentityBody], Field(min_length=1, max_length=1000)]
    by: By = None


class Splitting(BaseModel):
    """What a vehicle is not known by; `to` names the one that is, made if it is not there."""

    model_config = ConfigDict(extra="forbid")

    identities: Identities
    to: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    by: By = None


class Merging(BaseModel):
    """Another record of the same vehicle, which ceases to be."""

    model_config = ConfigDict(extra="forbid")

    vehicle: Text = Field(description="ID, name or identity of the other record")
    by: By = None


@router.get("/vehicles", response_model=Page[VehicleView])
async def list_vehicles(api: Api, query: Annotated[VehicleQuery, Query()]) -> Response:
    """All vehicles, the newest first."""
    people = people_of(api)
    after = query.after(str, str) or (None, None)
    text = None if query.q is None else query.q.lower()
    rows = await api.archive.store.look_up(
        "list_vehicles", text, _ids(api, query), *after, query.limit + 1
    )
    shown = page(
        rows,
        query.limit,
        itemgetter("created_at", "name"),
        lambda row: vehicle_view(load_vehicle(row["doc"]), people, api.now()),
    )
    return answer(shown)


@router.post("/vehicles", response_model=ChangedVehicle, status_code=HTTPStatus.CREATED)
async def add_vehicle(api: Api, body: VehicleBody) -> Response:
    """A new vehicle, with an ID of ours."""
    return await _put(api, await new_id(api), body, None)


@router.get("/vehicles/{vehicle}", response_model=VehicleView)
async def get_vehicle(api: Api, vehicle: Named) -> Response:
    """One vehicle."""
    return answer(vehicle_view(await vehicle_named(api, vehicle), people_of(api), api.now()))


@router.put("/vehicles/{vehicle}", response_model=ChangedVehicle, responses=_CREATED)
async def put_vehicle(api: Api, vehicle: Named, body: VehicleBody) -> Response:
    """The whole of a vehicle, known or not; a new one must be named by an ID."""
    if people_of(api).find_vehicle(vehicle) is not None:
        old = await vehicle_named(api, vehicle)
        return await _put(api, old.id, body, old)
    return await _put(api, checked_id(vehicle), body, None)


@router.delete("/vehicles/{vehicle}", status_code=HTTPStatus.NO_CONTENT)
async def delete_vehicle(api: Api, vehicle: Named, by: Annotated[By, Query()] = None) -> Response:
    """Forgets that all this is one vehicle; its sessions stay, as those of what they showed."""
    old = await vehicle_named(api, vehicle)
    accounts = await _without_vehicle(api, old.id, None)
    details = {"identities": [each.identity.ref for each in old.identities]}
    gone: dict[str, Vehicle | None] = {old.id: None}
    await changed(
        api,
        Change("deleted", old.id, by, vehicles=gone, accounts=accounts, details=details),
    )
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/vehicles/{vehicle}/join", response_model=ChangedVehicle)
async def join(api: Api, vehicle: Named, body: Joining) -> Response:
    """Adds identities to a vehicle; sessions that showed them are its own from now on, also past.

    409 if one is another vehicle's.
    """
    old = await vehicle_named(api, vehicle)
    added = all_known(body.identities, "operator", api.now())
    return await joined(api, old, added, body.by)


@router.post("/vehicles/{vehicle}/split", response_model=ChangedVehicle)
async def split(api: Api, vehicle: Named, body: Splitting) -> Response:
    """Takes identities off a vehicle, on to another one if `to` names it."""
    old = await vehicle_named(api, vehicle)
    refs = _refs_of(old, body.identities)
    off = [each for each in old.identities if each.identity.ref in refs]
    left = replace(old.without(refs), updated_at=api.now())
    vehicles: dict[str, Vehicle | None] = {old.id: left}
    if body.to is not None:
        known = people_of(api).find_vehicle(body.to)
        other = (
            Vehicle(checked_id(body.to), body.to, created_at=api.now())
            if known is None
            else await vehicle_named(api, body.to)
        )
        if other.id == old.id:
            raise invalid_field("to", "is the same vehicle")
        vehicles[other.id] = other.with_identities(off)
    details = {"identities": sorted(refs), "to": body.to}
    effect = await changed(
        api, Change("split", old.id, body.by, vehicles=vehicles, details=details)
    )
    return answer({**vehicle_view(left, people_of(api), api.now()), **effect})


@router.post("/vehicles/{vehicle}/merge", response_model=ChangedVehicle)
async def merge(api: Api, vehicle: Named, body: Merging) -> Response:
    """Makes one record of two: the other's identities, name and accounts go over to this one."""
    old, other = await vehicle_named(api, vehicle), await vehicle_named(api, body.vehicle)
    if old.id == other.id:
        raise invalid_field("vehicle", "is the same vehicle")
    return await merged(api, old, other, body.by)


@router.get("/vehicles/{vehicle}/sessions", response_model=Page[SessionView])
async def list_sessions(api: Api, vehicle: Named, query: Annotated[PageQuery, Query()]) -> Response:
    """Its sessions, the one started last first, also those from before it was joined."""
    known = await vehicle_named(api, vehicle)
    given = {"vehicle": known.id, "limit": query.limit, "cursor": query.cursor}
    asked = SessionQuery.model_validate(given)
    return answer(await sessions_page(api, asked))


@router.get("/vehicles/{vehicle}/changes", response_model=Page[ChangeView])
async def list_changes(api: Api, vehicle: Named, query: Annotated[PageQuery, Query()]) -> Response:
    """What was decided about it, the last first; also of one that is gone, by its ID."""
    return answer(await history_page(api, people_of(api).find_vehicle(vehicle) or vehicle, query))


async def joined(
    api: Services, old: Vehicle, added: list[Known], by: str | None, **details: str
) -> Response:
    """Answers with a vehicle that has more identities."""
    new = replace(old.with_identities(added), updated_at=api.now())
    told = {"identities": [each.identity.ref for each in added], **details}
    effect = await changed(api, Change("joined", new.id, by, vehicles={new.id: new}, details=told))
    return answer({**vehicle_view(new, people_of(api), api.now()), **effect})


async def merged(
    api: Services, old: Vehicle, other: Vehicle, by: str | None, **details: str
) -> Response:
    """Answers with a vehicle that another record has been merged into."""
    now = api.now()
    names = [
        Known(Identity(IdentityKind.NAME, ref.partition(":")[2]), other.id, "merge", now)
        for ref in other.refs
        if ref.startswith(f"{IdentityKind.NAME.value}:")
    ]
    new = replace(old.with_identities([*other.identities, *names]), updated_at=now)
    told = {"merged": other.id, **details}
    wanted = Change(
        "merged",
        old.id,
        by,
        vehicles={old.id: new, other.id: None},
        accounts=await _without_vehicle(api, other.id, old.id),
        details=told,
    )
    effect = await changed(api, wanted)
    return answer({**vehicle_view(new, people_of(api), now), **effect})


async def new_id(api: Services) -> str:
    """Returns an ID for a vehicle that nobody has named."""
    people = people_of(api)
    while True:
        number = await api.hub.engine.numbers.next("vehicle")
        if people.find_vehicle(f"VEH-{number:06d}") is None:
            return f"VEH-{number:06d}"


def checked_id(text: str, field: str = "vehicle") -> str:
    """Returns an ID for a new record.

    Raises:
        Problem: if it can be none.
    """
    if re.fullmatch(ID_PATTERN, text) is None or text.lower() in RESERVED:
        raise invalid_field(
            field,
            "an ID has 1 to 64 letters, digits, dots, dashes and underlines; "
            f"it is none of {', '.join(sorted(RESERVED))}",
        )
    return text


async def _put(api: Services, vehicle_id: str, body: VehicleBody, old: Vehicle | None) -> Response:
    now = api.now()
    given = all_known(body.identities, "operator", now)
    before = {} if old is None else {each.identity.ref: each for each in old.identities}
    new = Vehicle(
        vehicle_id,
        (body.name or vehicle_id).strip(),
        (),
        body.vehicle_class,
        body.note,
        now if old is None else old.created_at,
        now,
    ).with_identities(before.get(each.identity.ref, each) for each in given)
    details = {"identities": [each.identity.ref for each in new.identities], "name": new.name}
    action = "created" if old is None else "changed"
    wanted = Change(action, vehicle_id, body.by, vehicles={vehicle_id: new}, details=details)
    effect = await changed(api, wanted)
    status = HTTPStatus.CREATED if old is None else HTTPStatus.OK
    return answer({**vehicle_view(new, people_of(api), now), **effect}, status)


def _refs_of(vehicle: Vehicle, bodies: list[IdentityBody]) -> set[str]:
    """Returns which of a vehicle's identities are meant."""
    own = {each.identity.ref for each in vehicle.identities}
    refs: set[str] = set()
    for index, body in enumerate(bodies):
        asked = {each.ref for each in guesses(body.text)} | {body.text}
        found = {ref for ref in own & asked if body.kind in {None, Identity.of_ref(ref).kind}}
        if not found:
            raise invalid_field(
                f"identities[{index}]", f"{vehicle.id} is not known by {body.text!r}"
            )
        refs |= found
    if not refs:
        raise invalid_field("identities", "names nothing to take off")
    return refs


async def _without_vehicle(
    api: Services, vehicle_id: str, instead: str | None
) -> dict[str, Account | None]:
    """Returns the accounts that own a vehicle as they are without it, or with another one."""
    found: dict[str, Account | None] = {}
    key = vehicle_key(vehicle_id)
    for owner in people_of(api).owners(key):
        doc = await api.archive.record(ACCOUNTS, owner.account)
        if doc is None:
            continue
        account = load_account(doc)
        owned = [each for each in account.owned if each.key != key or instead is not None]
        found[account.id] = replace(
            account,
            owned=tuple(
                Owned(vehicle_key(instead), instead, each.span)
                if each.key == key and instead is not None
                else each
                for each in owned
            ),
        )
    return found


def _ids(api: Services, query: VehicleQuery) -> list[str] | None:
    """Returns the IDs that filters leave, None for all."""
    people, chosen = people_of(api), None
    if query.identity is not None:
        found = people.find_vehicle(query.identity)
        chosen = set() if found is None else {found}
    if query.account is not None:
        account = people.find_account(query.account)
        owned = _owned_now(api, account) if account is not None else set()
        chosen = owned if chosen is None else chosen & owned
    return None if chosen is None else sorted(chosen)


def _owned_now(api: Services, account: str) -> set[str]:
    people, now = people_of(api), api.now()
    keys: list[str] = [*people.accounts[account].keys]
    return {
        key.removeprefix(vehicle_key(""))
        for key in keys
        if key.startswith(vehicle_key("")) and _holds(api, key, account, now)
    }


def _holds(api: Services, key: str, account: str, now: datetime) -> bool:
    owners = people_of(api).owners(key)
    return any(each.account == account and each.span.holds(now) for each in owners)
