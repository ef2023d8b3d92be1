"""Transactions become sessions. Source: OCPP 1.6, 4.8 and 4.10; OCPP 2.0.1 part 2, block E.

A report is matched by its content: a start that was sent before gets the session it got before,
an unknown transaction gets a session of its own, and nothing that a station says is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.domain.anomalies import Anomaly
from csms.domain.facts import EventKind, TransactionAnswer
from csms.domain.ledger import Place, Reading
from csms.domain.session import Session
from csms.engine import (
    charge_records,
    costs,
    gaps,
    identified,
    metering,
    refused,
    registers,
    remote_control,
    reservations,
    resuming,
    smart_charging,
    station_load,
    timing,
    usage,
    violations,
    without_session,
)
from csms.engine.authorization import judge_reported
from csms.engine.identity import begins_nothing, event_key, session_of
from csms.engine.inference import is_of_another, session_of_stop
from csms.engine.quarantine import Hold
from csms.engine.state import LiveSession
from csms.engine.writes import EventWrite
from csms.monitor.deviations import end_session

if TYPE_CHECKING:
    from csms.domain.facts import TransactionReported
    from csms.domain.token import Authorization
    from csms.engine.engine import Engine
    from csms.engine.work import Work


async def report(engine: Engine, work: Work, fact: TransactionReported) -> TransactionAnswer:
    """Takes a start, an update or an end of a transaction.

    Raises:
        DatabaseUnavailable: before anything has changed, if only the store can tell which one.
    """
    live, key = await session_of(engine, work, fact)
    authorization = judge_reported(engine, work, fact, live)
    if live is None and begins_nothing(fact):
        return _orphan(engine, work, fact, authorization)
    is_new = live is None
    if live is None:
        live = await begin(engine, work, fact)
    await take(engine, work, live, fact, is_new=is_new, key=key)
    total_cost = costs.told(engine, work, live, fact)
    return TransactionAnswer(live.session.transaction_id, authorization, total_cost)


async def take(
    engine: Engine,
    work: Work,
    live: LiveSession,
    fact: TransactionReported,
    *,
    is_new: bool = False,
    key: str | None = None,
) -> None:
    """Takes a report as one about this session, whatever transaction it names."""
    was_active = live.session.is_active
    if not was_active or fact.kind is EventKind.STARTED:
        usage.told_late(work, live)
    had_token, state = live.session.token is not None, live.session.charging_state
    authorization = judge_reported(engine, work, fact, live)
    if fact.kind is EventKind.ENDED:
        metering.judge_gathered(engine, work, live)
    _apply(work, live, fact, key or event_key(fact))
    _take_token(engine, live, fact, authorization)
    identified.take(engine, work, live, fact, is_new=is_new)
    costs.begin(engine, work, live)
    await _take_readings(engine, work, live, fact)
    work.keep_anomalies(fact.anomalies, live.session.id)
    work.touch(live)
    if work.station.reservations:
        reservations.look(engine, work, live, fact)
    if work.station.operations:
        remote_control.look(work, live, fact)
    gaps.look(engine, work, live)
    if is_new:
        _announce(work, live)
        if work.station.record.without_session:
            without_session.session_began(work, live)
    if was_active and not live.session.is_active:
        finish(work, live)
        await charge_records.settle(engine, work, live)
        tell_end(work, live)
    elif live.session.is_active:
        smart_charging.settle(engine, work, live, rechoose=is_new or not had_token)
        if state in resuming.PAUSED and not fact.is_offline:
            resuming.look(engine, work, live, state)


def _orphan(
    engine: Engine, work: Work, fact: TransactionReported, authorization: Authorization | None
) -> TransactionAnswer:
    """Keeps a stop whose start we never saw; it is answered like any other."""
    _, evidence = session_of_stop(work.station, fact)
    work.held = Hold("no session is known that this stop could end", fact.transaction_id, evidence)
    work.writes.append(_event_write(work, fact, None, event_key(fact)))
    work.keep_anomalies(fact.anomalies)
    if is_of_another(engine, work, fact.transaction_id):
        work.keep_anomalies([Anomaly("transaction.of_another_station", evidence)])
    work.warn("transaction.unknown", transaction=fact.transaction_id)
    work.writes.append(violations.unknown_transaction(work, fact.transaction_id))
    return TransactionAnswer(fact.transaction_id, authorization)


async def begin(
    engine: Engine, work: Work, fact: TransactionReported, transaction_id: str | None = None
) -> LiveSession:
    """Begins the session of a transaction that is not known yet.

    A start that names none is given `transaction_id`, or a number that no other one has.
    """
    station = work.station
    started_at, is_suspect = station.clock.correct(fact.at, work.now)
    transaction_id = fact.transaction_id or transaction_id
    if transaction_id is None:
        transaction_id = str(await engine.numbers.next("transaction"))
    session = Session(
        id=await engine.next_session_id(station.record, started_at),
        station_id=station.id,
        transaction_id=transaction_id,
        started_at=started_at,
        started_received_at=work.now,
        started_at_station=fact.at,
        unchecked_key=work.unchecked_key,
        flags=set(work.flags),
    )
    if is_suspect:
        session.flags.add("clock_suspect")
    if fact.kind is not EventKind.STARTED:
        session.flags.add("start_unseen")
    live = LiveSession(session)
    _supersede(work, fact, live)
    station.adopt(live)
    if fact.at is not None and (station.last_start_at is None or fact.at > station.last_start_at):
        station.last_start_at = fact.at
    work.watched.append(session.id)
    work.begun.append(session.id)
    return live


def _supersede(work: Work, fact: TransactionReported, live: LiveSession) -> None:
    """Marks a session that still seems to run where a later one has begun.

    It is not ended: its stop may wait in the station's queue.
    """
    if fact.evse is None or fact.kind is EventKind.ENDED:
        return
    other = work.station.running_at(fact.evse)
    if other is None:
        return
    is_later = other.session.started_at > live.session.started_at
    older = live if is_later else other
    older.session.flags.add("superseded")
    work.touch(older)


def _apply(work: Work, live: LiveSession, fact: TransactionReported, key: str) -> None:
    timing.hear(work, fact.at, has_waited=bool(fact.is_offline))
    if fact.is_offline:
        live.session.flags.add("replayed")
    if fact.kind is EventKind.STARTED:
        live.session.flags.discard("start_unseen")
        if fact.transaction_id is None:
            work.station.remember_start(key, live.session.id)
    elif fact.transaction_id is not None and fact.transaction_id == live.session.transaction_id:
        live.session.is_id_used = True
    if fact.kind is EventKind.ENDED:
        live.session.flags.discard("superseded")
    live.session.apply(fact, work.now)
    timing.settle(work, live, fact.at)
    timing.note_unclear(live, fact.anomalies)
    registers.note_unread(live, fact.anomalies)
    work.writes.append(_event_write(work, fact, live.session.id, key))


def _take_token(
    engine: Engine,
    live: LiveSession,
    fact: TransactionReported,
    authorization: Authorization | None,
) -> None:
    """Takes what follows from the session's own token; another one may end the session."""
    session = live.session
    if fact.token is None or fact.token.text != session.token:
        return
    session.vehicle = _vehicle(engine, fact)
    if authorization is not None and fact.kind is not EventKind.ENDED:
        session.token_status = authorization.status.value


def _event_write(
    work: Work, fact: TransactionReported, session_id: str | None, key: str
) -> EventWrite:
    doc: dict[str, Any] = {
        "transaction_id": fact.transaction_id,
        "sequence": fact.sequence,
        "trigger": fact.trigger,
        "charging_state": fact.charging_state,
        "stop_reason": fact.stop_reason,
        "token": None if fact.token is None else fact.token.text,
        "register_milliwh": fact.register_milliwh,
        "offline": fact.is_offline,
        "message_id": work.message_id,
        "details": dict(fact.details),
    }
    known = {name: value for name, value in doc.items() if value not in (None, {}, False)}
    return EventWrite(
        work.station.id,
        key,
        session_id,
        fact.kind.value,
        fact.at or work.now,
        work.now,
        known,
    )


async def _take_readings(
    engine: Engine, work: Work, live: LiveSession, fact: TransactionReported
) -> None:
    if fact.register_milliwh is not None:
        place = Place.STOP if fact.kind is EventKind.ENDED else Place.START
        at = (fact.at or work.now).timestamp()
        await registers.take_end(engine, work, live, Reading(place, at, fact.register_milliwh))
    if fact.samples:
        await metering.take(engine, work, live, fact.samples)


def _vehicle(engine: Engine, fact: TransactionReported) -> str | None:
    """The vehicle, where the token names it or the operator knows whose the token is.

    Source: Autocharge stations send `VID:` and the MAC address as idTag; 2.0.1 has token types.
    """
    if fact.token is None:
        return None
    known = engine.policy.find_token(fact.token)
    if known is not None and known.vehicle:
        return known.vehicle
    if fact.token.kind in {"MacAddress", "eMAID"}:
        return fact.token.text
    head, _, rest = fact.token.text.partition(":")
    return rest if head.upper() == "VID" and rest else None


def _announce(work: Work, live: LiveSession) -> None:
    session = live.session
    work.note(
        "session.started",
        live,
        connector=session.connector,
        transaction=session.transaction_id,
        token=session.token,
        vehicle=session.vehicle,
        started_at=session.started_at.isoformat(),
        **({"token_status": session.token_status} if session.token_status else {}),
    )


def finish(work: Work, live: LiveSession) -> None:
    """Settles all that hangs on a session which has just ended."""
    session = live.session
    at = session.ended_at or work.now
    metering.record(work, live, end_session(live.watch, at))
    refused.finish(work, live)
    smart_charging.end_transaction(work, live)
    usage.finish(work, live)
    work.station.retire(live)
    work.writes.extend(violations.of_session(session, work.now))
    station_load.finish(work)


def tell_end(work: Work, live: LiveSession) -> None:
    """Logs that a session has ended, with what came of it."""
    session = live.session
    energy = session.energy_milliwh
    work.note(
        "session.ended",
        live,
        reason=session.stop_reason,
        energy_wh=None if energy is None else energy / 1000,
        duration_s=round(session.duration_s(session.ended_at or work.now)),
        **costs.logged(session),
    )
