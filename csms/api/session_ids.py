"""Which session somebody means who names one: also read out, misheard, or with zeros left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.api.problems import conflict, not_found
from csms.domain.typed_ids import read_id
from csms.domain.vehicle_ids import IdentityKind, guesses
from csms.store.searching import Names, SessionSearch

if TYPE_CHECKING:
    from csms.api.context import Services
    from csms.api.problems import Problem


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
    )


async def meant_session(api: Services, typed: str) -> str:
    """Returns the ID of the one session that a text stands for in full; part of an ID does not.

    Raises:
        Problem: if there is none, or more than one.
    """
    policy = api.hub.engine.policy
    today = api.now().astimezone(policy.default_zone).date()
    read = read_id(typed, policy.id_format, today)
    found = [] if read is None else await search_of(api).meant(read)
    if len(found) == 1:
        return found[0]
    if not found:
        raise not_found("session", typed)
    raise _ambiguous(typed, found)


def _ambiguous(typed: str, found: list[str]) -> Problem:
    named = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")  # noqa: PLR2004 - to read
    return conflict("ambiguous-session", f"{typed!r} may be {named}: say which")
