"""Which session a report is about, and whether it has been reported before.

By content, never by message IDs: these change from try to try, and begin anew at each boot.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from csms.domain.anomalies import Anomaly
from csms.domain.facts import EventKind
from csms.engine.inference import names_none, original, session_of_stop
from csms.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from csms.domain.facts import TransactionReported
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_REUSED = "transaction_id_reused"
# A clock that says less counts from its station's boot.
_CLOCKS_SINCE = datetime(2015, 1, 1, tzinfo=UTC)


async def session_of(
    engine: Engine, work: Work, fact: TransactionReported
) -> tuple[LiveSession | None, str]:
    """Returns the session that a report is about, None if it is known of none, and its key.

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
    return live, key


def event_key(fact: TransactionReported) -> str:
    """Returns the content key of a report; two reports with one key are the same report.

    Source: message IDs change from try to try, and `offline` may turn true on the way; neither
    is part of it. One known station numbers every event 0, so the number alone is not enough.
    A stop that names no transaction is told from others by token and register.
    """
    at = "" if fact.at is None else fact.at.isoformat()
    if begins_nothing(fact) and names_none(fact.transaction_id):
        token = "" if fact.token is None else fact.token.key
        return f"stop|{fact.transaction_id}|{at}|{token}|{fact.register_milliwh}"
    if fact.transaction_id is None:
        token = "" if fact.token is None else fact.token.key
        return f"start|{fact.connector}|{token}|{at}|{fact.register_milliwh}"
    if fact.register_milliwh is not None or fact.id_is_ours:
        return f"stop|{fact.transaction_id}|{at}"
    return f"{fact.transaction_id}|{fact.sequence}|{fact.kind.value}|{at}"


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
    if session.is_unseen_start or fact.at is None or begins_nothing(fact):
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
    is_orphan = begins_nothing(fact)
    if fact.transaction_id is not None and not (is_orphan and names_none(fact.transaction_id)):
        stored = await engine.store.find_by_transaction(station.id, fact.transaction_id)
    if stored is None and is_orphan:
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


def begins_nothing(fact: TransactionReported) -> bool:
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
