"""Sessions judged once more, after samples that came late: from all of them, in their own order.

A session is marked durably with its first late sample and judged again when no more come for a
moment; what is found then is evidence, never a reason to act.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from csms.domain.sample import TRANSACTION_BEGIN, TRANSACTION_END
from csms.engine import charge_records, costs, metering, smart_charging, usage
from csms.engine.lateness import REJUDGE_DUE
from csms.engine.state import LiveSession
from csms.engine.work import Work
from csms.engine.writes import RecordWrite, SampleWrite
from csms.errors import DatabaseUnavailable
from csms.monitor.episodes import Episode, Kind, Severity
from csms.monitor.refold import OF_SAMPLES, Refold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.engine.engine import Engine
    from csms.engine.ports import StoredSample
    from csms.engine.state import StationState
    from csms.engine.work import Outcome
    from csms.engine.writes import AlertWrite

    Judged = tuple[StationState, Outcome]

_TURNS = {TRANSACTION_BEGIN: -1, TRANSACTION_END: 1}
_JUDGED = OF_SAMPLES | {Kind.METER_MISSING}
_AT_ONCE = 200


async def rejudge_due(engine: Engine, now: datetime) -> list[Judged]:
    """Judges the sessions again whose late samples have all come; what it came to is durable.

    To be called outside of any station's lock. What the database is needed for and away stays
    due.
    """
    judged: list[Judged] = []
    for session_id, station_id in engine.late.take_due(now):
        station = await engine.station(station_id)
        if station is None:
            continue
        try:
            outcome = await _rejudge(engine, station, session_id, now)
        except DatabaseUnavailable:
            engine.late.put(session_id, station_id, now)
        else:
            judged.append((station, outcome))
    return judged


async def _rejudge(
    engine: Engine, station: StationState, session_id: str, now: datetime
) -> Outcome:
    store = engine.store
    async with station.lock:
        # What was submitted before is in the database once this is.
        await store.submit([RecordWrite(REJUDGE_DUE, session_id, {"station_id": station.id})])
        live = station.session(session_id)
        if live is None:
            stored = await store.find_session(session_id)
            live = None if stored is None else LiveSession.restore(stored)
        work = Work(station, now)
        if live is not None:
            samples = await _in_order(engine, live)
            alerts = await store.load_alerts(session_id)
            raised = [
                _episode(alert)
                for alert in alerts
                if alert.kind in _JUDGED and "-D" in alert.alert_id
            ]
            await _judge(engine, work, live, samples, raised)
            await costs.recount(engine, live, [(each.sample, at) for each, at in samples])
            charge_records.look(engine, work, live, has_heard=False)
        work.writes.append(RecordWrite(REJUDGE_DUE, session_id, None))
        outcome = work.outcome(None)
        await store.submit(outcome.writes)
        return outcome


async def _in_order(engine: Engine, live: LiveSession) -> list[tuple[StoredSample, datetime]]:
    """Returns a session's samples with their time in our clock, oldest first.

    The ledger of a session whose clock jumped is made anew on the way: only now is the order
    of its readings known.
    """
    session = live.session
    stored = await engine.store.load_samples(session.id)
    if session.clock:
        readings = (session.reading_of(each.sample, each.received_at) for each in stored)
        live.line = None
        session.refold(reading for reading in readings if reading is not None)
    placed = []
    for index, kept in enumerate(stored, 1):
        if index % _AT_ONCE == 0:
            await asyncio.sleep(0)
        sample, received_at = kept.sample, kept.received_at
        moment = sample.at + timedelta(seconds=session.shift_s(sample.at, received_at))
        turn = _TURNS.get(sample.context, 0)
        placed.append((moment, turn, min(moment, received_at), kept))
    placed.sort(key=lambda each: each[:2])
    return [(kept, at) for _, _, at, kept in placed]


async def _judge(
    engine: Engine,
    work: Work,
    live: LiveSession,
    samples: Sequence[tuple[StoredSample, datetime]],
    raised: Sequence[Episode],
) -> None:
    session = live.session
    if samples:
        smart_charging.cover(work, live, samples[-1][1])
    refold = Refold(live.track, engine.policy.thresholds_of(work.station.record, session.profile))
    refold.watch.skew_s = live.watch.skew_s
    known = metering.known_before(engine, work, live)
    known.charging_state = None
    usage.begin(session, known)
    for index, (kept, at) in enumerate(samples, 1):
        if index % _AT_ONCE == 0:
            await asyncio.sleep(0)
        known.received_at = kept.received_at
        # What came late has no state of its own: that of the sample before it was still in force.
        known.charging_state = kept.charging_state or known.charging_state
        known.is_shared = _was_shared(live, at)
        sample = session.mended(kept.sample)
        verdict = refold.take(sample, at, known)
        usage.note(live, sample, at, known, verdict, refold.measured)
        if verdict != kept.verdict:
            work.writes.append(_verdict(live, kept, verdict))
    if not session.is_active:
        refold.end(session.ended_at or work.now)
        usage.end(live)
    findings = refold.settle(live.watch, raised, work.now)
    metering.record(work, live, findings)
    work.touch(live)
    if findings:
        work.note("session.rejudged", live, samples=len(samples), changed=len(findings))


def _was_shared(live: LiveSession, at: datetime) -> bool:
    """Tells whether the station's limit was too small for all its sessions at that time."""
    span = live.watch.was_shared
    return bool(span) and span[0] <= at.timestamp() <= span[-1]


def _verdict(live: LiveSession, kept: StoredSample, verdict: str) -> SampleWrite:
    """Returns the write that gives a sample which is in the store its new verdict."""
    session = live.session
    return SampleWrite(
        session.station_id, session.id, kept.evse, kept.received_at, kept.sample, verdict
    )


def _episode(alert: AlertWrite) -> Episode:
    """Returns the episode that an alert tells of."""
    doc = alert.doc
    return Episode(
        number=int(alert.alert_id.rpartition("-D")[2]),
        kind=Kind(alert.kind),
        severity=Severity(alert.severity),
        opened_at=alert.opened_at,
        confirmed_at=_instant(doc.get("confirmed_at")),
        cleared_at=_instant(doc.get("cleared_at")),
        cleared_because=doc.get("cleared_because"),
        evidence=dict(doc.get("evidence") or {}),
        history=list(doc.get("history") or []),
        actions=list(doc.get("actions") or []),
    )


def _instant(text: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else text
