"""What a station's clock is worth: learnt from each message, and told to the sessions it concerns.

Source: OCPP 1.6, 3.14 and 4.6; OCPP 2.0.1 part 2, B04 and E04. Neither version says what to do
with a time that is wrong, so none is lost: the station's word and the arrival stay on the record.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from csms.domain.station_clock import NETWORK_S, Basis
from csms.engine import plans

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from csms.domain.anomalies import Anomaly
    from csms.domain.session import Session
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_LIVE_WITHIN_S = 120.0
_MOVED = timedelta(seconds=1)
_UNCLEAR = frozenset({"time.no_zone", "time.unreadable"})


def hear(work: Work, at: datetime | None, *, has_waited: bool = False) -> None:
    """Takes the timestamp of a message, unless the station says itself that it waited.

    What is learnt corrects the sessions in memory, and is kept with the station.
    """
    if at is None or has_waited:
        return
    clock = work.station.clock
    before = clock.version
    clock.hear(at, work.now)
    if clock.version == before:
        return
    for live in (*work.station.running.values(), *work.station.recent.values()):
        if _take_clock(work, live):
            work.late[live.session.id] = live
    work.station.record.clock = clock.dump()
    work.save_station()


def settle(work: Work, live: LiveSession, at: datetime | None) -> None:
    """Times a session by a message of its own that was made at `at` by the station's clock.

    One that waited is a replay, whatever clock says when it was made.
    """
    session, clock = live.session, work.station.clock
    if at is not None and not _is_plainly_live(work, session, at):
        _look_closer(work, session, at)
    is_news = clock.was_wrong and _take_clock(work, live)
    track = live.track
    track.begin(session.started_at)
    if is_news or (track.is_limited and not track.plans[0].covers(session.started_at)):
        work.late[session.id] = live


def _is_plainly_live(work: Work, session: Session, at: datetime) -> bool:
    """Tells whether a message was made when it arrived, as nearly all are, and notes it."""
    now, late_s = work.now, max(NETWORK_S, work.station.haste.waited_s)
    if not -NETWORK_S <= (now - at).total_seconds() <= late_s:
        return False
    session.live_until = now if session.live_until is None else max(session.live_until, now)
    return True


def _look_closer(work: Work, session: Session, at: datetime) -> None:
    placed = work.station.clock.place(at, work.now)
    if placed.basis is Basis.LIVE:
        session.live_until = max(session.live_until or work.now, work.now)
    elif has_waited(work, placed.at):
        session.flags.add("replayed")
    if placed.is_suspect:
        session.flags.add("clock_suspect")


def has_waited(work: Work, at: datetime) -> bool:
    """Tells whether what was made at `at`, by our clock, comes from a queue."""
    return (work.now - at).total_seconds() > max(_LIVE_WITHIN_S, work.station.haste.waited_s)


def note_unclear(live: LiveSession, anomalies: Iterable[Anomaly]) -> None:
    """Flags a session of whose times one cannot be read, or names no zone: UTC is only assumed."""
    if any(each.kind in _UNCLEAR for each in anomalies):
        live.session.flags.add("clock_suspect")


def _take_clock(work: Work, live: LiveSession) -> bool:
    session, clock = live.session, work.station.clock
    ended = session.ended_received_at
    begun = session.started_received_at.timestamp()
    stretches = clock.during(begun, None if ended is None else ended.timestamp())
    if not stretches:
        return False
    begun_at = session.started_at
    is_news = session.take_clock(stretches)
    session.clock_offset_s = round(stretches[-1].last_s, 1)
    live.track.begin(session.started_at)
    if abs(session.started_at - begun_at) > _MOVED and live.track.plans and session.is_active:
        # A relative schedule counts from the start.
        plans.replan_and_tell(work, live)
    if is_news:
        live.line = None
    work.touch(live)
    return is_news
