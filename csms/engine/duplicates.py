"""Starts that could not be held against older ones, since the database was away.

Only a start that is older than others of its station and not among the last ones in memory is
unsure, and its answer could not wait. If it turns out to be a repetition, its session is marked as
the duplicate of the older one, counts no energy, and whatever it got belongs to the older one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.facts import EventKind, TransactionReported
from csms.engine import metering, transactions

if TYPE_CHECKING:
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work


async def check(engine: Engine, work: Work, live: LiveSession) -> None:
    """Looks whether the session of an unsure start repeats an older one, and joins the two.

    Raises:
        DatabaseUnavailable: before anything has changed, if the store cannot tell yet.
    """
    session = live.session
    if session.unchecked_key is None:
        return
    stored = await engine.store.find_by_event(work.station.id, session.unchecked_key)
    older = None if stored is None else work.station.take_in(stored)
    if older is None or older is live:
        session.unchecked_key = None
        work.touch(live)
        return
    kept = sorted(await engine.store.load_samples(session.id), key=lambda each: each[1])
    session.unchecked_key, session.duplicate_of = None, older.session.id
    work.flag(live, "duplicate", "start.duplicate", {"of": older.session.id})
    await metering.take(engine, work, older, [each.sample for each in kept])
    if not session.is_active:
        await transactions.take(engine, work, older, _stop_of(live))
    else:
        session.close(work.now, f"duplicate of {older.session.id}")
        work.station.retire(live)
    work.touch(live)
    work.touch(older)
    work.note("session.joined", older, duplicate=session.id)


def _stop_of(live: LiveSession) -> TransactionReported:
    """Returns what ended a session, as its station reported it."""
    session = live.session
    stop = session.ledger.stop
    return TransactionReported(
        kind=EventKind.ENDED,
        at=session.ended_at_station,
        transaction_id=session.transaction_id,
        register_milliwh=None if stop is None else stop.milliwh,
        stop_reason=session.stop_reason,
        id_is_ours=True,
    )
