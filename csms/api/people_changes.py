"""How vehicles and accounts are read and changed over the API."""

from operator import itemgetter
from typing import Any

from csms.api.context import Services
from csms.api.paging import PageQuery, page
from csms.api.people_bodies import change_view
from csms.api.problems import Problem, conflict, not_found
from csms.domain.account import Account, load_account
from csms.domain.vehicle import Vehicle, load_vehicle
from csms.engine import joining
from csms.engine.people import ACCOUNTS, VEHICLES, PeopleBook
from csms.store.people import PeopleHistory


def people_of(api: Services) -> PeopleBook:
    """Returns all vehicles and accounts."""
    return api.hub.engine.policy.people


def history_of(api: Services) -> PeopleHistory:
    """Returns the sessions of the past."""
    return PeopleHistory(api.archive.store)


async def vehicle_named(api: Services, text: str) -> Vehicle:
    """Returns the vehicle with an ID, a name or anything that it is known by.

    Raises:
        Problem: if there is none.
    """
    vehicle_id = people_of(api).find_vehicle(text)
    doc = None if vehicle_id is None else await api.archive.record(VEHICLES, vehicle_id)
    if doc is None:
        raise not_found("vehicle", text)
    return load_vehicle(doc)


async def account_named(api: Services, text: str) -> Account:
    """Returns the account with an ID, a name, a reference or a token.

    Raises:
        Problem: if there is none.
    """
    account_id = people_of(api).find_account(text)
    doc = None if account_id is None else await api.archive.record(ACCOUNTS, account_id)
    if doc is None:
        raise not_found("account", text)
    return load_account(doc)


async def changed(api: Services, wanted: joining.Change) -> dict[str, Any]:
    """Makes a change, and returns the members that tell what it came to.

    Raises:
        Problem: if something is another one's.
    """
    try:
        made = await api.durably(joining.change(api.hub.engine, history_of(api), wanted, api.now()))
    except joining.Taken as error:
        raise _taken(error) from None
    return {"sessions_changed": made.sessions, "history_waits": made.waits}


async def history_page(api: Services, subject: str, query: PageQuery) -> dict[str, Any]:
    """Returns what was decided about a vehicle or an account, the last first."""
    after = query.after(str, str) or (None, None)
    rows = await api.archive.store.look_up("list_people_changes", subject, *after, query.limit + 1)
    return page(rows, query.limit, itemgetter("at", "name"), lambda row: change_view(row["doc"]))


def _taken(error: joining.Taken) -> Problem:
    return conflict("belongs-to-another", str(error))
