"""Remote control: starts with their profile, followed to their transaction, and stops.

Source: OCPP 1.6, 5.11 and 5.12; OCPP 2.0.1 part 2, F01 to F03. A start that was accepted is no
transaction yet: only the station's word makes a session, and without it the start times out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from csms.domain.facts import EventKind
from csms.domain.follow import Follow, Subject
from csms.domain.operations.prepared import PreparedStart
from csms.domain.operations.remote_control import StartTransaction, StopTransaction
from csms.domain.stored_session import load_session
from csms.domain.token import token_key
from csms.engine import capabilities, operations
from csms.engine.desk import CommandState
from csms.engine.token_names import group_of, named
from csms.engine.use_case import UseCase
from csms.errors import OperationRefused
from profiles import Kind, Purpose

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.answered import Answered
    from csms.domain.commands import StartRemotely
    from csms.domain.facts import TransactionReported
    from csms.domain.operations import Operation
    from csms.domain.operations.remote_control import TokenType
    from csms.domain.session import Session
    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.state import LiveSession, StationState
    from csms.engine.work import Work
    from profiles import ChargingProfile

_AWAITING_KEPT = 100


async def prepare_start(
    engine: Engine, work: Work, operation: StartTransaction
) -> StartTransaction:
    """Gives a start its number. Raises: OperationRefused for a profile that nobody has made."""
    policy = engine.policy
    if operation.profile is not None:
        if operation.profile not in policy.catalogue:
            raise OperationRefused(f"there is no profile {operation.profile!r}", "profile")
        _profile(engine, work.station, operation.profile, work.now)
    number = operation.remote_start_id
    if number is None:
        number = await engine.numbers.next("remote_start")
    kind = operation.token_type or cast("TokenType", named(policy, operation.token).kind)
    return replace(operation, remote_start_id=number, token_type=kind)


def complete_start(
    engine: Engine, station: StationState, operation: StartTransaction, now: datetime
) -> PreparedStart:
    """Returns a start as it leaves, with its profile as of now.

    Raises: OperationRefused if the profile has gone meanwhile.
    """
    profile = None
    if operation.profile is not None:
        profile = _profile(engine, station, operation.profile, now)
    return PreparedStart(
        named(engine.policy, operation.token, operation.token_type),
        operation.remote_start_id or 0,
        group_of(engine.policy, operation.token),
        operation.evse,
        profile,
    )


def start_answered(engine: Engine, work: Work, running: Running, answer: Answered) -> None:
    """Waits for the transaction for as long as the operator has set."""
    del answer
    if running.state is CommandState.ACCEPTED:
        running.until = work.now + timedelta(seconds=engine.policy.token_rules.remote_start_s)
        work.writes.append(running.write())


async def prepare_stop(engine: Engine, work: Work, operation: StopTransaction) -> StopTransaction:
    """Finds the transaction that is meant, by its session or as the only one that runs.

    Raises: OperationRefused if there is none, or the choice is not clear.
    """
    if operation.transaction_id is not None:
        return operation
    if operation.session_id is not None:
        session = await _session(engine, work, operation.session_id)
    else:
        running = list(work.station.running.values())
        if len(running) != 1:
            raise OperationRefused(
                f"{len(running)} transactions run there: name transaction_id or session_id",
                "transaction_id",
            )
        session = running[0].session
    if session.transaction_id is None:
        raise OperationRefused(f"{session.id} has no transaction ID that its station knows")
    return replace(operation, transaction_id=session.transaction_id, session_id=session.id)


def awaited(work: Work, command: StartRemotely) -> None:
    """Takes that a station has agreed to a start, whose transaction is now waited for."""
    waiting = work.station.awaiting
    waiting.append(replace(command, agreed_at=work.now))
    del waiting[:-_AWAITING_KEPT]


def take_awaited(engine: Engine, work: Work, session: Session) -> StartRemotely | None:
    """Returns the start that a session answers, which is no longer waited for.

    It is the one that the transaction names; one without a number, as in 1.6, is known by its
    token and place. What has waited for too long is forgotten.
    """
    station = work.station
    oldest = work.now - timedelta(seconds=engine.policy.token_rules.remote_start_s)
    station.awaiting[:] = [
        each for each in station.awaiting if each.agreed_at is None or each.agreed_at >= oldest
    ]
    for waiting in list(station.awaiting):
        if _is_answer(waiting, session):
            station.awaiting.remove(waiting)
            return waiting
    return None


def look(work: Work, live: LiveSession, fact: TransactionReported) -> None:
    """Ends the operation that a transaction answers: it has brought a transaction about."""
    running = _asked(work, fact)
    if running is None or running.follow is None:
        return
    session = live.session
    told = {"session_id": session.id, "transaction_id": session.transaction_id}
    operations.progressed(
        work, running.follow, {"event": "started", **told}, state=CommandState.DONE, result=told
    )


def _asked(work: Work, fact: TransactionReported) -> Running | None:
    """Returns the start that a report answers: by its number, its transaction, or its token."""
    if fact.remote_start_id is not None:
        return operations.find(work, Follow(Subject.REMOTE_START, fact.remote_start_id))
    if fact.kind is EventKind.STARTED and fact.token is not None:
        key = fact.token.key
        for place in (str(fact.evse), ""):
            number = f"{place}@{key}"
            found = operations.find(work, Follow(Subject.REMOTE_START, number))
            if found is not None:
                return found
    for running in work.station.operations.values():
        if running.follow is not None and running.follow.subject is Subject.REMOTE_START:
            promised = running.result.get("transaction_id")
            if promised is not None and promised == fact.transaction_id and fact.token is not None:
                return running
    return None


def _is_answer(waiting: StartRemotely, session: Session) -> bool:
    if waiting.remote_start_id is not None and session.remote_start_id is not None:
        return waiting.remote_start_id == session.remote_start_id
    if waiting.transaction_id is not None and waiting.transaction_id == session.transaction_id:
        return True
    is_same_token = session.token is not None and token_key(waiting.token) == token_key(
        session.token
    )
    return is_same_token and waiting.evse in {None, session.evse}


async def _session(engine: Engine, work: Work, session_id: str) -> Session:
    live = work.station.session(session_id)
    if live is not None:
        return live.session
    if engine.store.is_behind:  # the station's lock is held here, and its messages wait for it
        raise OperationRefused(
            f"{session_id} does not run, and the database, which may know it, is away: "
            "name transaction_id",
            "session_id",
        )
    stored = await engine.store.find_session(session_id)
    session = None if stored is None else load_session(stored.doc)
    if session is None or session.station_id != work.station.id:
        raise OperationRefused(f"{work.station.id} has no session {session_id!r}", "session_id")
    return session


def _profile(
    engine: Engine, station: StationState, name: str, now: datetime
) -> ChargingProfile | None:
    """Returns a profile of the catalogue for a transaction that is still to begin.

    What would count from the transaction's start is Relative: nobody knows when that will be.
    Source: OCPP 1.6, 5.16.4; OCPP 2.0.1 part 2, F01.FR.09 and FR.11.

    Raises: OperationRefused if there is none, or the station cannot take it.
    """
    chosen = engine.policy.catalogue.get(name)
    if chosen is None:
        raise OperationRefused(f"there is no profile {name!r} any more", "profile")
    made = chosen.to_charging_profile(
        id=engine.next_profile_id(station),
        purpose=Purpose.TX,
        transaction_id=None,
        transaction_start=now,
        zone=engine.policy.zone_of(station.record.site),
    )
    if made is None:
        return None
    if made.kind is Kind.ABSOLUTE and made.schedule.start == now and chosen.start_schedule is None:
        schedule = replace(made.schedule, start=None)
        made = replace(made, kind=Kind.RELATIVE, schedule=schedule)
    fitted = capabilities.fit(engine, station.record, made, now, now)
    if fitted.profile is None:
        raise OperationRefused(f"{name}: {fitted.problem}", "profile")
    return fitted.profile


USE_CASES: Final[Mapping[type[Operation], UseCase]] = {
    StartTransaction: UseCase(
        prepare_start,
        start_answered,
        outcome_within=timedelta(hours=1),
        complete=complete_start,
    ),
    StopTransaction: UseCase(prepare_stop),
}
