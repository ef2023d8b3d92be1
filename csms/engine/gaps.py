"""Events of a transaction that have not come: noticed, asked for, and given up on in the end.

Source: OCPP 2.0.1 part 2, E14 (GetTransactionStatus). A session tells by itself which numbers are
missing; here is only when to ask for them. What is open survives a restart as a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from csms.domain.anomalies import Anomaly
from csms.engine import charge_records
from csms.engine.state import LiveSession
from csms.engine.writes import RecordWrite

if TYPE_CHECKING:
    from csms.domain.commands import TransactionTold
    from csms.domain.sequence import Ranges
    from csms.engine.engine import Engine
    from csms.engine.work import Work

COLLECTION = "open_gaps"
# A queue that is being emptied closes its gaps by itself.
_PATIENCE = timedelta(seconds=60)
_AFTER_THE_END = timedelta(seconds=4)
_LAST_WORD = timedelta(seconds=10)
_LONGEST = timedelta(hours=1)
_MOST_UNANSWERED = 5


@dataclass(slots=True)
class Gap:
    """A session with missing events. `asked` counts, `due_at` is when to ask again.

    `is_last_word` once the station has said that it has nothing more.
    """

    session_id: str
    station_id: str
    transaction_id: str
    since: datetime
    due_at: datetime
    asked: int = 0
    is_last_word: bool = False

    def write(self) -> RecordWrite:
        """Returns the write that has the gap survive a restart."""
        doc = {name: getattr(self, name) for name in Gap.__slots__}
        return RecordWrite(COLLECTION, self.session_id, doc)


def load_gap(doc: dict[str, Any]) -> Gap:
    """Returns the gap that `write` recorded."""
    times = {name: datetime.fromisoformat(doc[name]) for name in ("since", "due_at")}
    return Gap(**{**doc, **times})


def look(engine: Engine, work: Work, live: LiveSession) -> None:
    """Looks whether a session lacks events, after one has come."""
    session = live.session
    gap, spans = engine.gaps.get(session.id), session.sequences
    if gap is None and len(spans) == 1 and spans[0][0] <= (session.first_sequence or 0):
        return
    missing = session.missing_sequences
    if not missing:
        if gap is not None:
            _close(engine, work, gap)
            work.note("events.complete", live)
    elif gap is None and _plain(missing) == _plain(session.lost_sequences):
        return
    elif gap is None and session.transaction_id is not None:
        wait = _PATIENCE if session.is_active else _AFTER_THE_END
        gap = Gap(session.id, session.station_id, session.transaction_id, work.now, work.now + wait)
        engine.gaps[session.id] = gap
        work.writes.append(gap.write())
        work.note("events.missing", live, missing=missing)
    elif gap is not None and not session.is_active:
        gap.due_at = min(gap.due_at, work.now + _AFTER_THE_END)


async def told(engine: Engine, work: Work, gap: Gap, answer: TransactionTold | None) -> None:
    """Takes what the station says of its queue; None if it does not say.

    Raises:
        DatabaseUnavailable: if the session has to be loaded, and cannot be now.
    """
    if engine.gaps.get(gap.session_id) is not gap:
        return
    live = await _session_of(engine, work, gap)
    if live is None:
        _close(engine, work, gap)
        return
    gap.asked += 1
    has_queue = None if answer is None else answer.has_queue
    if answer is not None:
        details = {
            "messages_in_queue": answer.has_queue,
            "is_ongoing": answer.is_ongoing,
            "missing": live.session.missing_sequences,
        }
        work.keep_anomalies([Anomaly("events.asked", details)], gap.session_id)
    if has_queue is False or (has_queue is None and gap.asked >= _MOST_UNANSWERED):
        gap.is_last_word = True
        gap.due_at = work.now + _LAST_WORD
    else:
        gap.due_at = work.now + min(_PATIENCE * 2**gap.asked, _LONGEST)
    work.writes.append(gap.write())


async def give_up(engine: Engine, work: Work, gap: Gap) -> None:
    """Takes it that the missing events are lost: their station has no more of them.

    Raises:
        DatabaseUnavailable: if the session has to be loaded, and cannot be now.
    """
    live = await _session_of(engine, work, gap)
    _close(engine, work, gap)
    if live is not None:
        live.session.lost_sequences = live.session.missing_sequences
        details = {"missing": live.session.lost_sequences}
        work.flag(live, "events_lost", "events.lost", details)
        work.touch(live)
        work.warn("events.lost", live, **details)
        charge_records.look(engine, work, live)


def _plain(spans: Ranges) -> list[list[int]]:
    return [list(span) for span in spans]


async def _session_of(engine: Engine, work: Work, gap: Gap) -> LiveSession | None:
    live = work.station.session(gap.session_id)
    if live is None:
        stored = await engine.store.find_session(gap.session_id)
        live = None if stored is None else LiveSession.restore(stored)
    return live


def _close(engine: Engine, work: Work, gap: Gap) -> None:
    engine.gaps.pop(gap.session_id, None)
    work.writes.append(RecordWrite(COLLECTION, gap.session_id, None))
