"""Transactions become sessions. Source: OCPP 1.6, 4.8 and 4.10; OCPP 2.0.1 part 2, block E.

A report is matched by its content: a start that was sent before gets the session it got before,
an unknown transaction gets a session of its own, and nothing that a station says is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from csms.domain.anomalies import Anomaly
from csms.domain.facts import EventKind, TransactionAnswer
from csms.domain.ledger import Place, Reading
from csms.domain.session import Session
from csms.engine import gaps, metering, refused, registers, smart_charging, timing
from csms.engine.authorization import judge
from csms.engine.inference import is_of_another, names_none, original, session_of_stop
from csms.engine.quarantine import Hold
from csms.engine.state import LiveSession
from csms.engine.writes import EventWrite
from csms.errors import DatabaseUnavailable
from csms.monitor.deviations import end_session

if TYPE_CHECKING:
    from csms.domain.facts import TransactionReported
    from csms.domain.token import Authorization
    from csms.engine.engine import Engine
    from csms.engine.work import Work

_REUSED = "transaction_id_reused"
# A clock that says less counts from its station's boot.
_CLOCKS_SINCE = datetime(2015, 1, 1, tzinfo=UTC)


async def report(engine: Engine, work: Work, fact: TransactionReported) -> TransactionAnswer:
    """Takes a start, an update or an end of a transaction.

    Raises:
        DatabaseUnavailable: before anything has changed, if only the store can tell which one.
    """
    key = event_key(fact)
    live = await _find(engine, work, fact, key)
    if live is not None and _is_another(work, live, fact):
        key = f"{key}|{work.station.record.booted_at}"
        live = await _find(engine, work, fact, key)
    if live is not None and fact.transaction_id is not None:
        live = await _of_its_own_time(engine, work, live, fact, key)
    if live is not None and live.session.duplicate_of is not None:
        live = await original(engine, work, live)
    authorization = authorization_of(engine, work, fact)
    if live is None and _begins_nothing(fact):
        return _orphan(engine, work, fact, authorization)
    is_new = live is None
    if live is None:
        live = await begin(engine, work, fact)
    await take(engine, work, live, fact, is_new=is_new, key=key)
    return TransactionAnswer(live.session.transaction_id, authorization)


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
    had_token = live.session.token is not None
    authorization = authorization_of(engine, work, fact)
    _apply(work, live, fact, key or event_key(fact))
    await _take_readings(engine, work, live, fact)
    _take_token(engine, live, fact, authorization)
    work.keep_anomalies(fact.anomalies, live.session.id)
    work.touch(live)
    gaps.look(engine, work, live)
    if is_new:
        _announce(work, live)
    if was_active and not live.session.is_active:
        finish(work, live)
    elif live.session.is_active:
        smart_charging.settle(engine, work, live, rechoose=is_new or not had_token)


def event_key(fact: TransactionReported) -> str:
    """Returns the content key of a report; two reports with one key are the same report.

    Source: message IDs change from try to try, and `offline` may turn true on the way; neither
    is part of it. One known station numbers every event 0, so the number alone is not enough.
    A stop that names no transaction is told from others by token and register.
    """
    at = "" if fact.at is None else fact.at.isoformat()
    if _begins_nothing(fact) and names_none(fact.transaction_id):
        token = "" if fact.token is None else fact.token.key
        return f"stop|{fact.transaction_id}|{at}|{token}|{fact.register_milliwh}"
    if fact.transaction_id is None:
        token = "" if fact.token is None else fact.token.key
        return f"start|{fact.connector}|{token}|{at}|{fact.register_milliwh}"
    if fact.register_milliwh is not None or fact.id_is_ours:
        return f"stop|{fact.transaction_id}|{at}"
    return f"{fact.transaction_id}|{fact.sequence}|{fact.kind.value}|{at}"


def authorization_of(engine: Engine, work: Work, fact: TransactionReported) -> Authorization | None:
    """Returns the judgement on the token that came with a report, None if none came."""
    return None if fact.token is None else judge(engine, fact.token, work.now)


def _is_another(work: Work, live: LiveSession, fact: TransactionReported) -> bool:
    """Tells whether a start that looks like the one of this session begins a new one all the same.

    A station whose clock begins at each boot may send two starts with the same content: same
    connector, token and register, and the same seconds after two boots. The second is another
    one if the session of the first has ended and the station has booted since. One that was not
    answered is repeated before the stop of its session, not after it.
    """
    if fact.kind is not EventKind.STARTED or fact.transaction_id is not None:
        return False
    ended_at, booted_at = live.session.ended_at, work.station.record.booted_at
    is_dated = fact.at is not None and fact.at >= _CLOCKS_SINCE
    return not is_dated and ended_at is not None and booted_at is not None and booted_at > ended_at


async def _of_its_own_time(
    engine: Engine, work: Work, live: LiveSession, fact: TransactionReported, key: str
) -> LiveSession | None:
    """Returns the session that is meant where a station has used a transaction's ID twice.

    A start that lies after the end of a session whose own start is known begins another one.
    What was said of the first one and comes again stays with it.
    """
    session = live.session
    if session.is_unseen_start or fact.at is None or _begins_nothing(fact):
        return live
    begun_at, ended_at = session.started_at_station, session.ended_at_station
    if begun_at is not None and fact.at < begun_at:
        stored = await engine.store.find_by_event(work.station.id, key)
        return live if stored is None else work.station.take_in(stored)
    if fact.kind is not EventKind.STARTED or ended_at is None or fact.at <= ended_at:
        return live
    work.flags.add(_REUSED)
    return None


async def _find(
    engine: Engine, work: Work, fact: TransactionReported, key: str
) -> LiveSession | None:
    station = work.station
    if fact.kind is EventKind.STARTED and fact.transaction_id is None:
        return await _find_start(engine, work, fact, key)
    live = None
    if fact.transaction_id is not None:
        live = station.by_wire_id(fact.transaction_id)
    if live is not None or _is_certainly_new(work, fact):
        return live
    stored = None
    begins_nothing = _begins_nothing(fact)
    if fact.transaction_id is not None and not (begins_nothing and names_none(fact.transaction_id)):
        stored = await engine.store.find_by_transaction(station.id, fact.transaction_id)
    if stored is None and begins_nothing:
        stored = await engine.store.find_by_event(station.id, key)
        if stored is None:
            return _inferred(work, fact)
    return None if stored is None else work.station.take_in(stored)


async def _find_start(
    engine: Engine, work: Work, fact: TransactionReported, key: str
) -> LiveSession | None:
    """Returns the session of a start that came before.

    While the store cannot tell, a start that is not known in memory is a new one: its answer may
    not wait. It is looked at again once the store is back.
    """
    station = work.station
    session_id = station.start_keys.get(key)
    live = None if session_id is None else station.session(session_id)
    if live is not None or (session_id is None and _is_certainly_new(work, fact)):
        return live
    try:
        stored = await engine.store.find_by_event(station.id, key)
    except DatabaseUnavailable:
        work.keep_anomalies([Anomaly("duplicate.unchecked", {"key": key})])
        work.unchecked_key = key
        return None
    return None if stored is None else work.station.take_in(stored)


def _is_certainly_new(work: Work, fact: TransactionReported) -> bool:
    """A start later than every other one cannot have been reported before."""
    last = work.station.last_start_at
    return (
        fact.kind is EventKind.STARTED and fact.at is not None and (last is None or fact.at > last)
    )


def _begins_nothing(fact: TransactionReported) -> bool:
    """Tells whether a report of an unknown transaction makes no session of its own.

    So does a stop of a transaction to which we should have given its ID.
    """
    if fact.kind is not EventKind.ENDED:
        return False
    return fact.id_is_ours or (fact.sequence == 0 and fact.register_milliwh is not None)


def _inferred(work: Work, fact: TransactionReported) -> LiveSession | None:
    """Returns the session that is meant by a stop which names none that is known."""
    live, evidence = session_of_stop(work.station, fact)
    if live is not None:
        work.flag(live, "stop_inferred", "stop.inferred", evidence)
    return live


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
    refused.finish(work, live)
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
