"""Vehicles and accounts as they change: in memory, on the disk, and in the sessions of the past.

A change counts at once for what comes, is durable with the sessions in memory that it touches, and
then reaches those in the store. What is left to do there is a record itself (`DUE`), so that it is
done after a restart, too; doing it twice changes nothing. Only an operator changes anything here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol
from uuid import uuid4

import structlog

from csms.domain.account import dump_account, load_account, vehicle_key
from csms.domain.times import format_time
from csms.domain.vehicle import dump_vehicle, load_vehicle
from csms.domain.vehicle_ids import identities_shown
from csms.engine.people import ACCOUNTS, VEHICLES
from csms.engine.work import Work
from csms.engine.writes import RecordWrite
from csms.errors import DatabaseUnavailable, LaddvaktError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from csms.domain.account import Account
    from csms.domain.session import Session
    from csms.domain.vehicle import Vehicle
    from csms.engine.engine import Engine
    from csms.engine.people import PeopleBook
    from csms.engine.ports import Store
    from csms.engine.state import LiveSession, StationState
    from csms.engine.writes import Write

CHANGES: Final = "people-changes"
DUE: Final = "people-due"
_ROUNDS: Final = 5

log = structlog.get_logger("people")


class Taken(LaddvaktError):  # noqa: N818 - the name says it
    """What is wanted for one vehicle or account is another one's; the message names both."""


class Ownership(NamedTuple):
    """Who owns what (an identity's reference, or `vehicle:` and an ID), and when."""

    key: str
    account: str
    since: datetime | None
    until: datetime | None


class History(Protocol):
    """The sessions in the store, as `csms.store.people` has them."""

    async def identity_sets(self, refs: Sequence[str]) -> list[tuple[str, ...]]:
        """Returns every set of identities that sessions have which hold one of these."""
        ...

    async def assign_vehicles(
        self, refs: Sequence[str], whose: Mapping[tuple[str, ...], str | None]
    ) -> int:
        """Gives sessions to vehicles by what they show; returns how many have changed."""
        ...

    async def assign_accounts(
        self,
        refs: Sequence[str],
        vehicles: Sequence[str],
        owned: Sequence[Ownership],
        since: datetime | None,
    ) -> int:
        """Gives sessions to accounts; returns how many have changed."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """What a change may touch: sessions with one of these identities, or of these vehicles.

    Sessions that belong to an account already only change it from `accounts_from` on; None: never.
    """

    refs: frozenset[str] = frozenset()
    vehicles: frozenset[str] = frozenset()
    accounts_from: datetime | None = None

    def holds(self, session: Session) -> bool:
        """Tells whether a session may be touched."""
        return session.vehicle_id in self.vehicles or not self.refs.isdisjoint(session.identities)


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator has decided: records as they shall be (None: gone), by their ID.

    `subject` is the record that it is about, `details` what is told of it, `also` are further
    writes that belong to it.
    """

    action: str
    subject: str
    by: str | None = None
    vehicles: Mapping[str, Vehicle | None] = field(default_factory=dict)
    accounts: Mapping[str, Account | None] = field(default_factory=dict)
    accounts_from: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    also: tuple[Write, ...] = ()


class Made(NamedTuple):
    """What a change has come to: how many sessions have another vehicle or account now.

    `waits` where the store is away: sessions of the past follow once it is back.
    """

    sessions: int
    waits: bool = False


async def load(store: Store, people: PeopleBook) -> None:
    """Takes all records of vehicles and accounts; one that cannot be read is left out and told.

    Raises:
        DatabaseUnavailable: if the store is away.
    """
    for name, doc in (await store.load_records(VEHICLES)).items():
        try:
            people.keep_vehicle(load_vehicle(doc))
        except (KeyError, TypeError, ValueError) as error:
            log.error("record.skipped", collection=VEHICLES, name=name, why=repr(error))  # noqa: TRY400 - one line
    for name, doc in (await store.load_records(ACCOUNTS)).items():
        try:
            people.keep_account(load_account(doc))
        except (KeyError, TypeError, ValueError) as error:
            log.error("record.skipped", collection=ACCOUNTS, name=name, why=repr(error))  # noqa: TRY400 - one line


async def change(engine: Engine, history: History, wanted: Change, now: datetime) -> Made:
    """Makes a change, in memory, on the disk, and in the sessions of the past.

    Raises:
        Taken: if something is another one's; then nothing has changed.
    """
    people = engine.policy.people
    check(people, wanted)
    reach = _reach(people, wanted)
    _keep(people, wanted)
    reach = _reach(people, wanted, reach)
    due_id = f"{format_time(now)}-{uuid4().hex[:8]}"
    writes = [*_records(wanted, now), *wanted.also, _change_record(wanted, now, due_id)]
    await engine.store.submit([*writes, RecordWrite(DUE, due_id, _dump_reach(reach))])
    sessions = await repair(engine, reach, now)
    log.info("people.changed", action=wanted.action, subject=wanted.subject, by=wanted.by)
    try:
        return Made(sessions + await settle(engine, history, due_id, reach, now))
    except DatabaseUnavailable as away:
        log.warning("people.history_waits", why=str(away))
        return Made(sessions, waits=True)


async def settle(engine: Engine, history: History, due_id: str, reach: Reach, now: datetime) -> int:
    """Has a change reach the sessions in the store, and those that were loaded meanwhile.

    Raises:
        DatabaseUnavailable: if the store is away; the change stays due.
    """
    people, total = engine.policy.people, 0
    refs = people.reach(sorted(reach.refs))
    for _ in range(_ROUNDS):
        sets = await history.identity_sets(refs) if refs else []
        whose = {each: people.vehicle_of(each).vehicle_id for each in sets}
        changed = await history.assign_vehicles(refs, whose) if whose else 0
        vehicles = sorted(reach.vehicles | {each for each in whose.values() if each is not None})
        owned = list(_owned(people, sets, vehicles))
        changed += await history.assign_accounts(refs, vehicles, owned, reach.accounts_from)
        total += changed
        if not await repair(engine, reach, now) and not changed:
            break
    await engine.store.submit([RecordWrite(DUE, due_id, None)])
    if total:
        log.info("people.history_changed", sessions=total)
    return total


async def catch_up(engine: Engine, history: History, now: datetime) -> None:
    """Does what changes have left to do in the store, if it is there."""
    try:
        for due_id, doc in (await engine.store.load_records(DUE)).items():
            await settle(engine, history, due_id, _load_reach(doc), now)
    except DatabaseUnavailable as away:
        log.warning("people.history_waits", why=str(away))


async def repair(engine: Engine, reach: Reach, now: datetime) -> int:
    """Gives the sessions in memory to whom they belong now, durably; returns how many changed."""
    whole = replace(reach, refs=frozenset(engine.policy.people.reach(sorted(reach.refs))))
    count = 0
    for station in [*engine.stations.values()]:
        if any(whole.holds(live.session) for live in _sessions(station)):
            async with station.lock:
                work = Work(station, now)
                for live in [*_sessions(station)]:
                    if whole.holds(live.session) and _reassign(engine.policy.people, live, whole):
                        work.touch(live)
                        work.identified.add(live.session.id)
                count += len(work.touched)
                done = engine.store.submit(work.outcome(None).writes)
            await done
    return count


def check(people: PeopleBook, wanted: Change) -> None:
    """Refuses what is another one's, unless that one is changed along with it.

    Raises:
        Taken: naming both.
    """
    given: dict[str, str] = {}
    for vehicle_id, vehicle in wanted.vehicles.items():
        for ref in () if vehicle is None else vehicle.refs:
            holder = given.setdefault(ref, vehicle_id)
            before = people.holder(ref)
            if before is not None and before not in wanted.vehicles:
                holder = before
            if holder != vehicle_id:
                raise Taken(
                    f"{ref} is the vehicle {holder}'s; it cannot be {vehicle_id}'s as well: split "
                    "it off there, or merge the two"
                )
    for account_id, account in wanted.accounts.items():
        if account is not None:
            _check_account(people, wanted, account_id, account)


def _check_account(people: PeopleBook, wanted: Change, account_id: str, account: Account) -> None:
    seen: dict[str, list[Any]] = {}
    for key, span in account.holdings():
        others = [each for each in people.owners(key) if each.account not in wanted.accounts]
        for other in others:
            if span.within(other.span) is not None:
                raise Taken(
                    f"{key} is the account {other.account}'s at a time for which "
                    f"{account_id} claims it: end it there (`until`) first"
                )
        if any(span.within(each) is not None for each in seen.setdefault(key, [])):
            raise Taken(f"{key} stands twice in {account_id} for the same time")
        seen[key].append(span)


def _keep(people: PeopleBook, wanted: Change) -> None:
    for vehicle_id in wanted.vehicles:
        people.drop_vehicle(vehicle_id)
    for vehicle in wanted.vehicles.values():
        if vehicle is not None:
            people.keep_vehicle(vehicle)
    for account_id, account in wanted.accounts.items():
        people.drop_account(account_id)
        if account is not None:
            people.keep_account(account)


def _reach(people: PeopleBook, wanted: Change, before: Reach | None = None) -> Reach:
    """Returns what the records of a change hold in the book, before or after it."""
    refs = set() if before is None else set(before.refs)
    vehicles = set(wanted.vehicles) | (set() if before is None else set(before.vehicles))
    for vehicle_id in wanted.vehicles:
        known = people.vehicles.get(vehicle_id)
        refs.update(() if known is None else known.refs)
    for account_id in wanted.accounts:
        account = people.accounts.get(account_id)
        for key in () if account is None else account.keys:
            if key.startswith(vehicle_key("")):
                vehicles.add(key.removeprefix(vehicle_key("")))
            else:
                refs.add(key)
    return Reach(frozenset(refs), frozenset(vehicles), wanted.accounts_from)


def _reassign(people: PeopleBook, live: LiveSession, reach: Reach) -> bool:
    session = live.session
    refs = identities_shown(session.identities)
    vehicle_id = people.vehicle_of(refs).vehicle_id
    account = session.account
    if account is None or (
        reach.accounts_from is not None and session.started_at >= reach.accounts_from
    ):
        account = people.account_of(refs, vehicle_id, session.started_at)
    before = session.vehicle_id, session.account
    session.vehicle_id, session.account = vehicle_id, account
    return before != (vehicle_id, account)


def _owned(
    people: PeopleBook, sets: Iterable[tuple[str, ...]], vehicles: Iterable[str]
) -> Iterator[Ownership]:
    keys = dict.fromkeys(ref for each in sets for ref in each)
    for key in (*keys, *(vehicle_key(each) for each in vehicles)):
        for owner in people.owners(key):
            yield Ownership(key, owner.account, owner.span.since, owner.span.until)


def _sessions(station: StationState) -> Iterator[LiveSession]:
    yield from station.running.values()
    yield from station.recent.values()


def _records(wanted: Change, now: datetime) -> Iterator[Write]:
    for vehicle_id, vehicle in wanted.vehicles.items():
        kept = None if vehicle is None else dump_vehicle(replace(vehicle, updated_at=now))
        yield RecordWrite(VEHICLES, vehicle_id, kept)
    for account_id, account in wanted.accounts.items():
        told = None if account is None else dump_account(replace(account, updated_at=now))
        yield RecordWrite(ACCOUNTS, account_id, told)


def _change_record(wanted: Change, now: datetime, name: str) -> Write:
    doc = {
        "subject": wanted.subject,
        "at": format_time(now),
        "by": wanted.by,
        "action": wanted.action,
        "details": dict(wanted.details),
    }
    return RecordWrite(CHANGES, name, doc)


def _dump_reach(reach: Reach) -> dict[str, Any]:
    since = reach.accounts_from
    return {
        "refs": sorted(reach.refs),
        "vehicles": sorted(reach.vehicles),
        "accounts_from": None if since is None else since.isoformat(),
    }


def _load_reach(doc: Mapping[str, Any]) -> Reach:
    since = doc.get("accounts_from")
    moment = None if since is None else datetime.fromisoformat(since)
    return Reach(frozenset(doc["refs"]), frozenset(doc["vehicles"]), moment)
