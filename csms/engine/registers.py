"""Readings into ledgers: in order at once, late ones in their place, whenever history is at hand.

While the database is away nobody knows what a session's earlier readings were: it is marked,
durably, and its ledger made anew once they can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.anomalies import Anomaly
from csms.domain.ledger import Place, Reading
from csms.domain.readings import ReadingLine
from csms.engine import charge_records, costs
from csms.engine.state import LiveSession
from csms.engine.work import Work
from csms.engine.writes import RecordWrite, SampleWrite
from csms.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from datetime import datetime

    from csms.domain.sample import Sample
    from csms.domain.session import Session
    from csms.engine.engine import Engine
    from csms.engine.state import StationState
    from csms.engine.work import Outcome

REFOLD_DUE = "refold_due"
"""The flag of a session whose energy is to be counted anew, and the collection that lists them."""

_UNREAD = frozenset(
    {"value.unreadable", "value.implausible", "unit.unexpected", "register.implausible"}
)


def note_unread(live: LiveSession, anomalies: Iterable[Anomaly]) -> None:
    """Flags a session of whose values one was no number, or none that a meter can show."""
    if any(each.kind in _UNREAD for each in anomalies):
        live.session.flags.add("values_unread")


async def count(engine: Engine, work: Work, live: LiveSession, samples: Sequence[Sample]) -> None:
    """Takes samples into a session's state and into its ledger."""
    session = live.session
    if session.take_samples(samples, work.now) and live.line is None:
        return
    if live.line is None:
        if not engine.store.is_behind:
            # What was submitted before is in the database once this is. It comes once more with
            # its unit, which changes nothing.
            evse = session.evse or 0
            late = [SampleWrite(session.station_id, session.id, evse, work.now, s) for s in samples]
            await engine.store.submit(late)
        if not await _read_line(engine, live):
            mark(work, live)
            return
    placed = (session.reading_of(sample, work.now) for sample in samples)
    _refold(live, [reading for reading in placed if reading is not None])


async def take_end(engine: Engine, work: Work, live: LiveSession, end: Reading) -> None:
    """Takes the register of a transaction's start or stop; of two stops the other one is kept."""
    ledger = live.session.ledger
    known = ledger.stop
    is_at_odds = end.place == Place.STOP and known is not None and known.milliwh != end.milliwh
    if not ledger.add(end):
        await _recount(engine, work, live)
    if is_at_odds and known is not None:
        details = {
            "register_wh": end.milliwh / 1000,
            "known_wh": known.milliwh / 1000,
            "counted_wh": None if ledger.stop is None else ledger.stop.milliwh / 1000,
        }
        work.keep_anomalies([Anomaly("stop.conflict", details)], live.session.id)


async def _recount(engine: Engine, work: Work, live: LiveSession) -> None:
    """Makes the ledger anew, after a start that came when samples were there."""
    if live.line is None and not await _read_line(engine, live):
        mark(work, live)
    else:
        _refold(live, [])


def mark(work: Work, live: LiveSession) -> None:
    """Has the session's energy counted anew once its readings can be read."""
    if REFOLD_DUE in live.session.flags:
        return
    live.session.flags.add(REFOLD_DUE)
    work.touch(live)
    doc = {"station_id": work.station.id}
    work.writes.append(RecordWrite(REFOLD_DUE, live.session.id, doc))


async def refold_due_sessions(
    engine: Engine, now: datetime
) -> AsyncIterator[tuple[StationState, Outcome]]:
    """Counts the energy of every marked session anew; yields what came of each, once durable.

    To be called at the start and whenever the database is back, outside of any station's lock.

    Raises:
        DatabaseUnavailable: if it goes away meanwhile; what is left stays marked.
    """
    for session_id, doc in (await engine.store.load_records(REFOLD_DUE)).items():
        station = await engine.station(doc["station_id"])
        if station is None:
            await engine.store.submit([RecordWrite(REFOLD_DUE, session_id, None)])
            continue
        async with station.lock:
            # Once this is durable, so is what was submitted before it.
            await engine.store.submit([RecordWrite(REFOLD_DUE, session_id, doc)])
            work = Work(station, now)
            await _refold_marked(engine, work, session_id)
            outcome = work.outcome(None)
            await engine.store.submit(outcome.writes)
        yield station, outcome


async def _refold_marked(engine: Engine, work: Work, session_id: str) -> None:
    work.writes.append(RecordWrite(REFOLD_DUE, session_id, None))
    live = work.station.session(session_id)
    if live is None:
        stored = await engine.store.find_session(session_id)
        if stored is None:
            return
        live = LiveSession.restore(stored)
    before = live.session.energy_milliwh
    readings = await _readings(engine, live.session)
    live.line = ReadingLine(live.session.ledger, readings)
    _refold(live, [])
    live.session.flags.discard(REFOLD_DUE)
    await costs.catch_up(engine, work, live)
    charge_records.look(engine, work, live)
    work.touch(live)
    energy = live.session.energy_milliwh
    if energy != before:
        work.note("session.recounted", live, energy_wh=_wh(energy), was_wh=_wh(before))


def _wh(milliwh: int | None) -> float | None:
    return None if milliwh is None else milliwh / 1000


async def _read_line(engine: Engine, live: LiveSession) -> bool:
    """Reads a session's readings into memory; False if the database is away."""
    try:
        readings = await _readings(engine, live.session)
    except DatabaseUnavailable:
        return False
    live.line = ReadingLine(live.session.ledger, readings)
    return True


async def _readings(engine: Engine, session: Session) -> list[Reading]:
    """Returns all readings of a session's samples; of one whose clock was wrong by our clock."""
    if not session.clock:
        return await engine.store.load_readings(session.id)
    samples = await engine.store.load_samples(session.id)
    placed = (session.reading_of(sample, received_at) for sample, received_at, *_ in samples)
    return [reading for reading in placed if reading is not None]


def _refold(live: LiveSession, fresh: Sequence[Reading]) -> None:
    if live.line is not None:
        live.session.ledger = live.line.refold(live.session.ledger, fresh)
