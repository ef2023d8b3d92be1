"""Which session is meant by a message that names none, or one that nobody knows.

Told apart by connector, meter, token and time, never by the order of arrival. Where more than one
session may be meant none is taken: a wrong guess bills the wrong driver.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from csms.domain.anomalies import Anomaly
from csms.domain.facts import EventKind
from csms.domain.times import format_time
from csms.domain.token import token_key
from csms.engine.quarantine import Hold
from csms.engine.state import LiveSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from csms.domain.facts import SamplesReported, TransactionReported
    from csms.domain.sample import Sample
    from csms.engine.engine import Engine
    from csms.engine.state import StationState
    from csms.engine.work import Work

_MOST_NUMBER = 2**31 - 1
# Clocks are set to the second and meters read in turn: what is said of one moment lies this close.
_APART = timedelta(seconds=60)
_LATE = timedelta(seconds=120)
# A charge of 400 kW is beyond every station that counts transactions by connector, and a
# register in whole kilowatt-hours may jump by one.
_MOST_MILLIW, _SLACK_MILLIWH = 400_000_000, 1_000_000
# The nearest of two meters is meant if the other one would have to have jumped so much further.
_CLEARLY = 10


def names_none(transaction_id: str | None) -> bool:
    """Tells whether no transaction can have this ID.

    Source: quirks: StopTransaction with -1 or 0 after the answer to its start was lost, and with
    9223372036854775807 from one vendor.
    """
    if transaction_id is None:
        return True
    digits = transaction_id.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        return False
    return not 0 < int(transaction_id) <= _MOST_NUMBER


def session_of_stop(
    station: StationState, fact: TransactionReported
) -> tuple[LiveSession | None, dict[str, Any]]:
    """Returns the running session that a stop with an unknown ID ends, and what speaks for it.

    A session whose own ID the station has used is not meant by another number, as long as there
    is one whose ID may have got lost. None if there is no such session, or more than one.
    """
    if station.is_stand_in(fact.transaction_id):
        return None, {"transaction_id": fact.transaction_id, "rule": "start_in_quarantine"}
    running = [live for live in station.running.values() if _may_end(live, fact)]
    running = [live for live in running if not _is_followed(live, running, fact.at)]
    unnamed = [live for live in running if not live.session.is_id_used]
    found = unnamed or (running if names_none(fact.transaction_id) else [])
    rule = "only_session"
    token = None if fact.token is None else fact.token.key
    same = [live for live in found if token is not None and _token_of(live) == token]
    if same:
        found, rule = same, "token"
    elif token is not None and not names_none(fact.transaction_id):
        found = []
    if len(found) > 1:
        found, rule = _nearest(found, fact), "nearest_meter"
    evidence = {
        "transaction_id": fact.transaction_id,
        "rule": rule if len(found) == 1 else "none",
        "candidates": [_told(live) for live in running],
    }
    return (found[0] if len(found) == 1 else None), evidence


async def sessions_of_samples(
    engine: Engine, work: Work, fact: SamplesReported
) -> list[tuple[LiveSession | None, list[Sample]]]:
    """Returns the session of each sample, None for those of the station itself.

    It is the one that is named; else the one that ran at the EVSE when the sample was taken, which
    is an inference, recorded with the session. Samples of a transaction that nobody knows are held
    if no session whose ID may have got lost ran then.

    Raises:
        DatabaseUnavailable: before anything has changed, if only the store can tell.
    """
    named = await _named(engine, work.station, fact.transaction_id)
    if named is not None:
        if named.session.duplicate_of is not None:
            named = await original(engine, work, named)
        named.session.is_id_used = True
        return [(named, list(fact.samples))]
    shares: dict[str | None, tuple[LiveSession | None, list[Sample]]] = {}
    for sample in fact.samples:
        live = await _at(engine, work, fact, sample.at)
        key = None if live is None else live.session.id
        shares.setdefault(key, (live, []))[1].append(sample)
    for live, samples in shares.values():
        if live is not None:
            _record(work, live, fact, samples)
    if None in shares and fact.transaction_id is not None:
        _hold(engine, work, fact)
    return list(shares.values())


def session_at(station: StationState, evse: int, at: datetime) -> LiveSession | None:
    """Returns the session in memory that ran at an EVSE at a time, by the station's clock."""
    return _newest(
        live
        for live in (*station.running.values(), *station.recent.values())
        if live.session.evse == evse and _covers(live, at)
    )


async def _named(
    engine: Engine, station: StationState, transaction_id: str | None
) -> LiveSession | None:
    if transaction_id is None:
        return None
    live = station.by_wire_id(transaction_id)
    if live is not None:
        return live
    stored = await engine.store.find_by_transaction(station.id, transaction_id)
    if stored is None:
        return None
    return station.take_in(stored)


async def _at(
    engine: Engine, work: Work, fact: SamplesReported, at: datetime
) -> LiveSession | None:
    """Returns the session that ran when a sample was taken; not one that has another ID."""
    if not fact.evse or work.station.is_stand_in(fact.transaction_id):
        return None
    live = session_at(work.station, fact.evse, at)
    live = live or await _stored_at(engine, work, fact.evse, at)
    has_another_id = live is not None and fact.transaction_id is not None
    return None if live is None or (has_another_id and live.session.is_id_used) else live


def _record(work: Work, live: LiveSession, fact: SamplesReported, samples: list[Sample]) -> None:
    if "samples_inferred" in live.session.flags:
        return
    evidence = {
        "rule": "connector_and_time",
        "transaction_id": fact.transaction_id,
        "evse": fact.evse,
        "at": format_time(samples[0].at),
    }
    work.flag(live, "samples_inferred", "samples.inferred", evidence)


def _hold(engine: Engine, work: Work, fact: SamplesReported) -> None:
    running = [live for live in work.station.running.values() if live.session.evse == fact.evse]
    evidence = {"evse": fact.evse, "candidates": [_told(live) for live in running]}
    why = "no session is known that these meter values belong to"
    work.held = Hold(why, fact.transaction_id, evidence)
    if is_of_another(engine, work, fact.transaction_id):
        details = {"transaction_id": fact.transaction_id, **evidence}
        work.keep_anomalies([Anomaly("transaction.of_another_station", details)])


async def _stored_at(engine: Engine, work: Work, evse: int, at: datetime) -> LiveSession | None:
    """Returns the session that ran at an EVSE at a time long past; asks the store.

    Raises:
        DatabaseUnavailable: if the store cannot tell now.
    """
    corrected, _ = work.station.clock.correct(at, work.now)
    if work.now - corrected < _LATE:
        return None
    earliest, latest = corrected - _APART, corrected + _APART
    for stored in await engine.store.find_around(work.station.id, earliest, latest):
        live = work.station.session(stored.doc["id"]) or LiveSession.restore(stored)
        if live.session.evse == evse and _covers(live, at):
            work.station.adopt(live)
            return live
    return None


async def original(engine: Engine, work: Work, live: LiveSession) -> LiveSession:
    """Returns the session that a duplicate repeats, else the session itself.

    Raises:
        DatabaseUnavailable: if it has to be loaded, and cannot be now.
    """
    older_id = live.session.duplicate_of
    if older_id is None:
        return live
    known = work.station.session(older_id)
    if known is not None:
        return known
    stored = await engine.store.find_session(older_id)
    return live if stored is None else work.station.take_in(stored)


def is_of_another(engine: Engine, work: Work, transaction_id: str | None) -> bool:
    """Tells whether another station has a transaction with this ID; it is left alone."""
    if transaction_id is None or names_none(transaction_id):
        return False
    return any(
        transaction_id in station.by_transaction
        for station in engine.stations.values()
        if station is not work.station
    )


def _may_end(live: LiveSession, fact: TransactionReported) -> bool:
    """Tells whether the session could have ended as the stop says."""
    session, at = live.session, fact.at
    if fact.kind is not EventKind.ENDED or not session.is_active:
        return False
    begun = session.started_at_station
    if at is not None and begun is not None and at < begun:
        return False
    last = session.last_sample_at
    if at is not None and last is not None and at + _APART < last:
        return False
    known, register = session.ledger.register_milliwh, fact.register_milliwh
    if known is None or register is None:
        return True
    since = last or begun
    hours = max((at - since).total_seconds(), 0.0) / 3600 if at and since else 24.0
    return 0 <= register - known <= _MOST_MILLIW * hours + _SLACK_MILLIWH


def _is_followed(live: LiveSession, others: Sequence[LiveSession], at: datetime | None) -> bool:
    """Tells whether another session had begun at the same EVSE before the stop."""
    begun = _begun(live)
    return any(
        other.session.evse == live.session.evse
        and begun < _begun(other)
        and (at is None or _begun(other) <= at)
        for other in others
        if other is not live and other.session.evse is not None
    )


def _nearest(found: Sequence[LiveSession], fact: TransactionReported) -> list[LiveSession]:
    """Returns the one session whose meter was by far the nearest before the stop, or all."""
    register = fact.register_milliwh
    if register is None:
        return list(found)
    steps = [(register - known, live) for live in found if (known := _register(live)) is not None]
    if len(steps) < len(found):
        return list(found)
    steps.sort(key=lambda step: step[0])
    (nearest, live), (second, _) = steps[:2]
    is_clear = second > max(nearest * _CLEARLY, _SLACK_MILLIWH)
    return [live] if is_clear else list(found)


def _covers(live: LiveSession, at: datetime) -> bool:
    session = live.session
    ended = session.ended_at_station or session.ended_at
    return _begun(live) <= at and (session.is_active or ended is None or at <= ended + _APART)


def _newest(found: Iterable[LiveSession]) -> LiveSession | None:
    return max(found, key=_begun, default=None)


def _begun(live: LiveSession) -> datetime:
    return live.session.started_at_station or live.session.started_at


def _register(live: LiveSession) -> int | None:
    return live.session.ledger.register_milliwh


def _token_of(live: LiveSession) -> str | None:
    token = live.session.token
    return None if token is None else token_key(token)


def _told(live: LiveSession) -> dict[str, Any]:
    session, register = live.session, _register(live)
    return {
        "session": session.id,
        "evse": session.evse,
        "token": session.token,
        "started_at": format_time(session.started_at),
        "register_wh": None if register is None else register / 1000,
        "is_id_used": session.is_id_used,
    }
