"""Which session somebody means who names one: also read out, misheard, or with zeros left out."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from csms.api.problems import Problem, conflict, not_found
from csms.domain.typed_ids import read_id
from csms.domain.vehicle_ids import IdentityKind, guesses
from csms.store.searching import Names, SessionSearch

if TYPE_CHECKING:
    from csms.api.context import Services


_NAMED = frozenset({IdentityKind.NAME, IdentityKind.TOKEN})
"""Looked for by their own index; as identities they would be found once more."""


def search_of(api: Services) -> SessionSearch:
    """Returns the search, with the names that this node knows."""
    engine = api.hub.engine
    people = engine.policy.people
    return SessionSearch(
        api.archive.store,
        Names(
            engine.stations.keys(),
            people.find_vehicle,
            people.find_account,
            lambda text: [each.ref for each in guesses(text) if each.kind not in _NAMED],
        ),
        engine.policy.id_format,
    )


async def meant_session(api: Services, typed: str) -> str:
    """Returns the ID of the one session that a text stands for in full; part of an ID does not.

    Raises:
        Problem: if there is none, or more than one.
    """
    policy = api.hub.engine.policy
    today = api.now().astimezone(policy.default_zone).date()
    read = read_id(typed, policy.id_format, today)
    if read is None:
        raise not_found("session", typed)
    search = search_of(api)
    found = await search.meant(read)
    if len(found) == 1:
        return found[0]
    if not found:
        raise _unknown(typed, [each.row["id"] for each in (await search.near(read, 3)).best(3)])
    raise _ambiguous(typed, found)


def _unknown(typed: str, near: list[str]) -> Problem:
    told = f"there is no session {typed!r}" + (f"; near it is {', '.join(near)}" if near else "")
    return Problem(HTTPStatus.NOT_FOUND, "unknown-session", told)


def _ambiguous(typed: str, found: list[str]) -> Problem:
    named = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")  # noqa: PLR2004 - to read
    return conflict("ambiguous-session", f"{typed!r} may be {named}: say which")
