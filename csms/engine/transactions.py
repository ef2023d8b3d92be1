"""Transactions become sessions. Source: OCPP 1.6, 4.8 and 4.10; OCPP 2.0.1 part 2, block E.

A report is matched by its content: a start that was sent before gets the session it got before,
an unknown transaction gets a session of its own, and nothing that a station says is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.domain.facts import EventKind, TransactionAnswer
from csms.domain.ledger import Place
from csms.domain.session import Session
from csms.engine import metering, smart_charging
from csms.engine.authorization import judge_token
from csms.engine.state import LiveSession
from csms.engine.writes import EventWrite
from csms.monitor.deviations import end_session

if TYPE_CHECKING:
    from csms.domain.facts import TransactionReported
    from csms.domain.token import Authorization
    from csms.engine.engine import Engine
    from csms.engine.ports import StoredSession
    from csms.engine.work import Work


async def report(engine: Engine, work: Work, fact: TransactionReported) -> TransactionAnswer:
    """Takes a start, an update or an end of a transaction."""
    live = await _find(engine, work, fact)
    is_new = live is None
    authorization = _authorization(engine, work, fact)
    if live is None:
        if (
            fact.kind is EventKind.ENDED
            and fact.sequence == 0
            and fact.register_milliwh is not None
        ):
            return _orphan(work, fact, authorization)
        live = await _begin(engine, work, fact)
    was_active = live.session.is_active
    had_token = live.session.token is not None
    _apply(work, live, fact)
    await _take_readings(engine, work, live, fact)
    _take_token(engine, live, fact, authorization)
    work.keep_anomalies(fact.anomalies, live.session.id)
    work.touch(live)
    if is_new:
        _announce(work, live)
    if was_active and not live.session.is_active:
        finish(work, live)
    elif live.session.is_active:
        smart_charging.settle(engine, work, live, rechoose=is_new or not had_token)
    return TransactionAnswer(live.session.transaction_id, authorization)


def event_key(fact: TransactionReported) -> str:
    """Returns the content key of a report; two reports with one key are the same report.

    Source: message IDs change from try to try, and `offline` may turn true on the way; neither
    is part of it. One known station numbers every event 0, so the number alone is not enough.
    """
    at = "" if fact.at is None else fact.at.isoformat()
    if fact.transaction_id is None:
        token = "" if fact.token is None else fact.token.key
        return f"start|{fact.connector}|{token}|{at}|{fact.register_milliwh}"
    if fact.register_milliwh is not None:
        return f"stop|{fact.transaction_id}|{at}"
    return f"{fact.transaction_id}|{fact.sequence}|{fact.kind.value}|{at}"


async def _find(engine: Engine, work: Work, fact: TransactionReported) -> LiveSession | None:
    station = work.station
    if fact.transaction_id is None:
        return await _find_start(engine, work, fact)
    live = station.by_wire_id(fact.transaction_id)
    if live is not None:
        return live
    if _is_certainly_new(work, fact):
        return None
    stored = await engine.store.find_by_transaction(station.id, fact.transaction_id)
    if stored is None and _names_none(fact):
        stored = await engine.store.find_by_event(station.id, event_key(fact))
        if stored is None:
            return _inferred(work, fact)
    return None if stored is None else _known(work, stored)


async def _find_start(engine: Engine, work: Work, fact: TransactionReported) -> LiveSession | None:
    if _is_certainly_new(work, fact):
        return None
    stored = await engine.store.find_by_event(work.station.id, event_key(fact))
    return None if stored is None else _known(work, stored)


def _known(work: Work, stored: StoredSession) -> LiveSession:
    """Returns the session in memory that this one is, or takes it in."""
    known = work.station.session(stored.doc["id"])
    if known is not None:
        return known
    live = LiveSession.restore(stored)
    work.station.adopt(live)
    return live


def _is_certainly_new(work: Work, fact: TransactionReported) -> bool:
    """A start later than every other one cannot have been reported before."""
    last = work.station.last_start_at
    return (
        fact.kind is EventKind.STARTED and fact.at is not None and (last is None or fact.at > last)
    )


def _names_none(fact: TransactionReported) -> bool:
    """Tells whether a stop has an ID that no transaction can have.

    Source: quirks: StopTransaction with -1 or 0, after the answer to its start was lost.
    """
    number = fact.transaction_id or ""
    is_number = number.isascii() and number.removeprefix("-").isdigit()
    return fact.kind is EventKind.ENDED and is_number and int(number) <= 0


def _inferred(work: Work, fact: TransactionReported) -> LiveSession | None:
    """Such a stop ends the only session that runs, if there is one that had begun by then."""
    live = work.station.running_at(None)
    if live is None:
        return None
    begun = live.session.started_at_station
    if fact.at is not None and begun is not None and fact.at < begun:
        return None
    live.session.flags.add("stop_inferred")
    return live


def _orphan(
    work: Work, fact: TransactionReported, authorization: Authorization | None
) -> TransactionAnswer:
    """Keeps a stop whose start we never saw; it is answered like any other."""
    work.writes.append(_event_write(work, fact, None))
    work.keep_anomalies(fact.anomalies)
    work.warn("transaction.unknown", transaction=fact.transaction_id)
    return TransactionAnswer(fact.transaction_id, authorization)


async def _begin(engine: Engine, work: Work, fact: TransactionReported) -> LiveSession:
    station = work.station
    started_at, is_suspect = station.clock.correct(fact.at, work.now)
    transaction_id = fact.transaction_id
    if transaction_id is None:
        transaction_id = str(await engine.numbers.next("transaction"))
    session = Session(
        id=await engine.next_session_id(station.record, started_at),
        station_id=station.id,
        transaction_id=transaction_id,
        started_at=started_at,
        started_received_at=work.now,
        started_at_station=fact.at,
    )
    if is_suspect:
        session.flags.add("clock_suspect")
    if fact.kind is not EventKind.STARTED:
        session.flags.add("start_unseen")
    _supersede(work, fact)
    live = LiveSession(session)
    station.adopt(live)
    if fact.at is not None and (station.last_start_at is None or fact.at > station.last_start_at):
        station.last_start_at = fact.at
    work.watched.append(session.id)
    return live


def _supersede(work: Work, fact: TransactionReported) -> None:
    """Marks a session that still seems to run where another one begins.

    It is not ended: its stop may wait in the station's queue.
    """
    older = work.station.running_at(fact.evse) if fact.evse is not None else None
    if older is not None and fact.kind is not EventKind.ENDED:
        older.session.flags.add("superseded")
        work.touch(older)


def _apply(work: Work, live: LiveSession, fact: TransactionReported) -> None:
    if fact.at is not None and fact.is_offline is False:
        work.station.clock.observe(fact.at, work.now)
    elif fact.at is not None and fact.is_offline is None:
        work.station.clock.hear(fact.at, work.now)
    at, is_suspect = work.station.clock.correct(fact.at, work.now)
    if is_suspect:
        live.session.flags.add("clock_suspect")
    if fact.is_offline:
        live.session.flags.add("replayed")
    if fact.kind is EventKind.STARTED:
        live.session.flags.discard("start_unseen")
    live.session.apply(fact, at, work.now)
    metering.correct_start(work, live)
    work.writes.append(_event_write(work, fact, live.session.id))


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


def _event_write(work: Work, fact: TransactionReported, session_id: str | None) -> EventWrite:
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
        event_key(fact),
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
        live.session.take_register(place, fact.at or work.now, fact.register_milliwh)
    if fact.samples:
        await metering.take(engine, work, live, fact.samples)


def _authorization(engine: Engine, work: Work, fact: TransactionReported) -> Authorization | None:
    return None if fact.token is None else judge_token(engine.policy, fact.token, work.now)


def _vehicle(engine: Engine, fact: TransactionReported) -> str | None:
    """The vehicle, where the token names it or the operator knows whose the token is.

    Source: Autocharge stations send `VID:` and the MAC address as idTag; 2.0.1 has token types.
    """
    if fact.token is None:
        return None
    known = engine.policy.token(fact.token.text)
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
    smart_charging.end_transaction(work, live)
    work.station.retire(live)
    energy = session.energy_milliwh
    work.note(
        "session.ended",
        live,
        reason=session.stop_reason,
        energy_wh=None if energy is None else energy / 1000,
        duration_s=round(session.duration_s(at)),
    )
