"""The filters that reports on sessions share, as the values of their statements."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from csms.domain.session import SessionState
from csms.domain.vehicle_ids import guesses
from csms.engine.costs import cost_now
from csms.engine.summaries import summary_of
from csms.engine.writes import SummaryWrite
from csms.reports.report import QueryInvalid
from csms.store.rows import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from csms.reports.report import Database, Query

_DIGITS: Final = 9
_AT_A_TIME: Final = 50
SESSION_FILTERS: Final = (
    "site",
    "station",
    "evse",
    "vehicle",
    "account",
    "token",
    "tariff",
    "model",
    "state",
    "source",
    "flags",
)


async def session_values(db: Database, query: Query) -> tuple[Any, ...]:
    """Returns the values of the SQL function `report_sessions`: $1 to $14 of its callers.

    Raises:
        QueryInvalid: if a filter's value can be none.
    """
    wanted = [
        None if name not in query.filters else read(db, query.filters[name])
        for name, read in _READ.items()
    ]
    return query.since, query.until, await live_rows(db), *wanted


async def live_rows(db: Database) -> list[tuple[Any, ...]]:
    """Returns the summaries of the sessions that run, as they are now, as rows of their table.

    What they have cost so far is computed, which takes its time: stations are served in between.
    """
    row = TABLES[SummaryWrite][0]
    rows: list[tuple[Any, ...]] = []
    for state in tuple(db.engine.stations.values()):
        for live in tuple(state.running.values()):
            rows.append(row(summary_of(state.record, live, cost_now(db.engine, live, db.now))))
            if len(rows) % _AT_A_TIME == 0:
                await asyncio.sleep(0)
    return rows


def _texts(db: Database, given: Sequence[str]) -> list[str]:
    del db
    return list(given)


def _lower(db: Database, given: Sequence[str]) -> list[str]:
    del db
    return [text.lower() for text in given]


def _vehicles(db: Database, given: Sequence[str]) -> list[str]:
    """Returns records, or where there is none the identities that a text may be, and the text."""
    found: list[str] = []
    for text in given:
        record = db.engine.policy.people.find_vehicle(text)
        found += [record] if record else [*(each.ref for each in guesses(text)), text.lower()]
    return found


def _accounts(db: Database, given: Sequence[str]) -> list[str]:
    people = db.engine.policy.people
    return [people.find_account(text) or text for text in given]


def _numbers(db: Database, given: Sequence[str]) -> list[int]:
    del db
    for text in given:
        if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
            raise QueryInvalid("evse", f"{text!r} is no EVSE; give its number, such as 1")
    return [int(text) for text in given]


def _states(db: Database, given: Sequence[str]) -> list[str]:
    del db
    states = [SessionState.ACTIVE.value if text == "running" else text for text in given]
    known = [each.value for each in SessionState]
    for state in states:
        if state not in known:
            raise QueryInvalid("state", f"{state!r} is no state; there are {', '.join(known)}")
    return states


# In the order of the function's parameters.
_READ: Final[dict[str, Callable[[Database, Sequence[str]], list[Any]]]] = {
    "site": _texts,
    "station": _texts,
    "evse": _numbers,
    "vehicle": _vehicles,
    "account": _accounts,
    "token": _lower,
    "tariff": _texts,
    "model": _texts,
    "state": _states,
    "source": _texts,
    "flags": _texts,
}
