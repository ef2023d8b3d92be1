"""METER_ANOMALY: a session whose register does not begin where the last one at its EVSE ended.

Source: OCPP 2.0.1 part 2, J02.FR.16 and J02.FR.17 (registers only grow, and are not re-based).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from csms.domain.ledger import Place, Reading
from csms.domain.registers import DUPLICATE
from csms.domain.session import SessionState
from csms.engine import meter_clock, metering
from csms.monitor import meter_start

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.session import Session
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_METERS_KEPT: Final = 64
_ODD: Final = frozenset(
    {"unit_mended", "register_session_relative", "register_negative", "register_disordered"}
)


def look(work: Work, live: LiveSession) -> None:
    """Compares a session's first reading, once, and keeps the last one of a session that ended."""
    session, meters = live.session, work.station.record.meters
    evse = str(session.evse or 0)
    span = session.ledger.span
    if span is None or session.duplicate_of is not None or DUPLICATE in session.flags:
        return
    known = meters.get(evse)
    if session.is_active:
        if not live.watch.times.is_start_checked and _is_ready(session):
            live.watch.times.is_start_checked = True
            if known is not None and known["session"] != session.id:
                _compare(work, live, meter_start.End(**known))
        return
    end = _end(session, span.first_milliwh, span.last_milliwh)
    if known is None or known["at"] < end["at"]:
        others = [each for each in meters.items() if each[0] != evse]
        newest = sorted(others, key=lambda each: each[1]["at"])[-_METERS_KEPT + 1 :]
        work.station.record.meters = {**dict(newest), evse: end}
        work.save_station()


def _is_ready(session: Session) -> bool:
    """Tells whether the session has a reading of its own that says where its register began."""
    return session.ledger.start is not None or session.ledger.first is not None


def _compare(work: Work, live: LiveSession, end: meter_start.End) -> None:
    session = live.session
    first = _first(session)
    if first is None or end.is_odd or _ODD.intersection(session.register_flags):
        return
    record = work.station.record
    begin = meter_start.Begin(
        session.started_at.timestamp(),
        first.milliwh,
        0.0 if first.place < Place.SAMPLE else first.moment - session.started_at.timestamp(),
        is_booted=_is_since(record.booted_at, end),
        was_away=_is_since(record.connected_at, end),
    )
    evidence = meter_start.compare(end, begin)
    if evidence is None:
        return
    more: dict[str, Any] = {**evidence, "previous_session": end.session}
    found = meter_clock.raise_check(work, live, meter_start.START, more)
    metering.record(work, live, found)
    work.touch(live)


def _is_since(at: datetime | None, end: meter_start.End) -> bool:
    return at is not None and at.timestamp() >= end.at


def _first(session: Session) -> Reading | None:
    """Returns the reading with which a session began: of its start, else its first sample."""
    start, first = session.ledger.start, session.ledger.first
    if start is None or (first is not None and first.place < Place.SAMPLE):
        return first
    return start


def _is_unsure(session: Session) -> bool:
    """Tells whether nobody knows how far the register went: not told, or odd all along."""
    is_told = session.state is SessionState.ENDED and "superseded" not in session.flags
    return not is_told or bool(_ODD.intersection(session.register_flags))


class _Last(NamedTuple):
    """When the last reading of a session was taken, and whether it was that of its end."""

    moment: float
    is_end: bool


def _end(session: Session, first_milliwh: int, last_milliwh: int) -> dict[str, Any]:
    """Returns what is kept of a session that ended, JSON-able."""
    last = _last(session)
    ended = (session.ended_at or session.started_at).timestamp()
    end = meter_start.End(
        session=session.id,
        at=ended,
        first_milliwh=first_milliwh,
        milliwh=last_milliwh,
        unread_s=0.0 if last.is_end else max(ended - last.moment, 0.0),
        is_odd=_is_unsure(session),
    )
    return end._asdict()


def _last(session: Session) -> _Last:
    ledger = session.ledger
    if ledger.stop is not None:
        return _Last(ledger.stop.moment, is_end=True)
    if ledger.last is not None:
        return _Last(ledger.last.moment, ledger.last.place == Place.END)
    return _Last(session.started_at.timestamp(), is_end=False)
