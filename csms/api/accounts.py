"""Accounts: who pays for which tokens and vehicles, and when. See docs/vehicles.md."""

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from operator import itemgetter
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.people_bodies import (
    AccountBody,
    AccountView,
    By,
    ChangedAccount,
    ChangeView,
    OwnedBody,
    account_view,
    owned_of,
)
from csms.api.people_changes import account_named, changed, history_page, people_of
from csms.api.problems import FieldError, invalid, invalid_field
from csms.api.session_views import SessionView
from csms.api.sessions import SessionQuery, sessions_page
from csms.api.times import Instant
from csms.api.vehicles import checked_id
from csms.domain.account import Account, Owned, Span, load_account, vehicle_key
from csms.domain.vehicle_ids import IdentityInvalid, guesses
from csms.engine.joining import Change
from csms.engine.people import PeopleBook

router = APIRouter(tags=["accounts"])

Named = Annotated[str, Path(description="Its ID, its name, its reference, or a token of it")]
From = Annotated[
    Instant | None,
    Query(
        alias="from",
        description="Sessions that began since then change over, also those that are somebody's; "
        "by default only sessions to come, and those of nobody",
    ),
]


class AccountQuery(PageQuery):
    """Which accounts."""

    q: Annotated[str, Field(max_length=255)] | None = Field(
        None, description="Part of anything in it, in either case"
    )
    owns: Annotated[str, Field(max_length=255)] | None = Field(
        None, description="A token or a vehicle that it owns, or owned"
    )


class Leaving(BaseModel):
    """What ceases to be an account's own."""

    model_config = ConfigDict(extra="forbid")

    token: str | None = None
    vehicle: str | None = None
    until: Instant | None = Field(None, description="By default now")
    by: By = None


@router.get("/accounts", response_model=Page[AccountView])
async def list_accounts(api: Api, query: Annotated[AccountQuery, Query()]) -> Response:
    """All accounts, the newest first."""
    people, after = people_of(api), query.after(str, str) or (None, None)
    text = None if query.q is None else query.q.lower()
    ids = None if query.owns is None else _owners(people, query.owns)
    rows = await api.archive.store.look_up("list_accounts", text, ids, *after, query.limit + 1)
    shown = page(
        rows,
        query.limit,
        itemgetter("created_at", "name"),
        lambda row: account_view(load_account(row["doc"])),
    )
    return answer(shown)


@router.get("/accounts/{account}", response_model=AccountView)
async def get_account(api: Api, account: Named) -> Response:
    """One account."""
    return answer(account_view(await account_named(api, account)))


@router.put(
    "/accounts/{account}",
    response_model=ChangedAccount,
    responses={201: {"model": ChangedAccount, "description": "It is new"}},
)
async def put_account(api: Api, account: Named, body: AccountBody, since: From = None) -> Response:
    """The whole of an account, known or not; a new one must be named by an ID.

    409 if it claims what is another account's at the same time.
    """
    known = people_of(api).find_account(account)
    old = None if known is None else await account_named(api, account)
    account_id = checked_id(account, "account") if old is None else old.id
    new = account_of(body, account_id, old, people_of(api), since or api.now())
    if old is None:
        new = replace(new, created_at=api.now())
    action = "created" if old is None else "changed"
    status = HTTPStatus.CREATED if old is None else HTTPStatus.OK
    return await _save(api, new, Change(action, new.id, body.by, accounts_from=since), status)


@router.post("/accounts/{account}/own", response_model=ChangedAccount)
async def own(
    api: Api, account: Named, body: OwnedBody, since: From = None, by: Annotated[By, Query()] = None
) -> Response:
    """Gives a token or a vehicle to an account."""
    old, people = await account_named(api, account), people_of(api)
    try:
        added = owned_of(body, people, since or api.now(), {})
    except IdentityInvalid as error:
        raise invalid_field("", str(error)) from None
    new = replace(old, owned=(*old.owned, added))
    return await _save(api, new, Change("owns", old.id, by, accounts_from=since))


@router.post("/accounts/{account}/leave", response_model=ChangedAccount)
async def leave(api: Api, account: Named, body: Leaving) -> Response:
    """Ends that a token or a vehicle is an account's own; sessions that began before stay."""
    old, people = await account_named(api, account), people_of(api)
    until = body.until or api.now()
    given = OwnedBody.model_validate({"token": body.token, "vehicle": body.vehicle})
    try:
        key = owned_of(given, people, until, {}).key
    except IdentityInvalid as error:
        raise invalid_field("", str(error)) from None
    owned = [_ended(each, until) if each.key == key else each for each in old.owned]
    left = tuple(each for each in owned if each is not None)
    if left == old.owned:
        raise invalid_field("", f"{old.id} does not own that at {until.isoformat()}")
    return await _save(api, replace(old, owned=left), Change("left", old.id, body.by))


@router.delete("/accounts/{account}", status_code=HTTPStatus.NO_CONTENT)
async def delete_account(api: Api, account: Named, by: Annotated[By, Query()] = None) -> Response:
    """Forgets an account; sessions that were its own keep its ID."""
    old = await account_named(api, account)
    gone: dict[str, Account | None] = {old.id: None}
    await changed(api, Change("deleted", old.id, by, accounts=gone))
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/accounts/{account}/sessions", response_model=Page[SessionView])
async def list_sessions(api: Api, account: Named, query: Annotated[PageQuery, Query()]) -> Response:
    """Its sessions, the one started last first."""
    known = await account_named(api, account)
    given = {"account": known.id, "limit": query.limit, "cursor": query.cursor}
    return answer(await sessions_page(api, SessionQuery.model_validate(given)))


@router.get("/accounts/{account}/changes", response_model=Page[ChangeView])
async def list_changes(api: Api, account: Named, query: Annotated[PageQuery, Query()]) -> Response:
    """What was decided about it, the last first; also of one that is gone, by its ID."""
    return answer(await history_page(api, people_of(api).find_account(account) or account, query))


def account_of(
    body: AccountBody, account_id: str, old: Account | None, people: PeopleBook, since: datetime
) -> Account:
    """Returns the account that a body describes; what it owns anew is its own from `since` on.

    Raises:
        Problem: that tells every mistake.
    """
    before = {} if old is None else {each.key: each for each in old.owned}
    owned: list[Owned] = []
    errors: list[FieldError] = []
    for index, each in enumerate(body.owns):
        try:
            owned.append(owned_of(each, people, since, before))
        except IdentityInvalid as error:
            errors.append(FieldError(field=f"owns[{index}]", message=str(error)))
    if body.since is not None and body.until is not None and body.until <= body.since:
        errors.append(FieldError(field="until", message="must be after `since`"))
    if errors:
        raise invalid(errors)
    return Account(
        account_id if old is None else old.id,
        (body.name or account_id).strip(),
        body.reference,
        body.email,
        body.note,
        tuple(owned),
        Span(body.since, body.until),
        None if old is None else old.created_at,
    )


async def _save(
    api: Services, new: Account, wanted: Change, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    details = {"owns": [each.key for each in new.owned]}
    told = replace(wanted, accounts={new.id: new}, details=details)
    effect = await changed(api, told)
    return answer({**account_view(await account_named(api, new.id)), **effect}, status)


def _ended(owned: Owned, until: datetime) -> Owned | None:
    """Returns what an account owns as it is when it ends, None if it never began then."""
    if owned.span.until is not None and owned.span.until <= until:
        return owned
    if owned.span.since is not None and owned.span.since >= until:
        return None
    return replace(owned, span=Span(owned.span.since, until))


def _owners(people: PeopleBook, text: str) -> list[str]:
    vehicle_id = people.find_vehicle(text)
    keys = [each.ref for each in guesses(text)]
    if vehicle_id is not None:
        keys.append(vehicle_key(vehicle_id))
    return sorted({owner.account for key in keys for owner in people.owners(key)})
