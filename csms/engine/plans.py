"""The limit in force on a session, planned ahead from the profiles believed on its station.

Source: OCPP 1.6, 3.13; OCPP 2.0.1 part 2, 3.5 to 3.7 (chapter K). While a station says that
something looser is in force than we believe, the looser one counts: nobody is accused of what the
station was allowed to do.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from csms.engine.composite_docs import load_composite
from csms.engine.limit_docs import dump_plan, dump_step
from csms.engine.writes import LimitsWrite
from profiles import LimitStep, LimitTimeline, Transaction, evaluate
from profiles.comparison import loosened

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.session import Session
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

HORIZON = timedelta(hours=48)
_MARGIN = timedelta(hours=2)


def extend(work: Work, live: LiveSession, at: datetime) -> None:
    """Plans further ahead when an instant nears the end of what is planned, leaving no gap."""
    plans = live.track.plans
    if plans and plans[-1].end - at < _MARGIN:
        replan(work, live, min(at, plans[-1].end), upto=at)


def cover(work: Work, live: LiveSession, upto: datetime) -> None:
    """Plans what a session turns out to have lasted: from before it was known, and to `upto`."""
    track, session = live.track, live.session
    if len(track.plans) <= 1 and not (track.plans and track.plans[0].covers(session.started_at)):
        replan(work, live, session.started_at)
    extend(work, live, upto)


def limit_now(live: LiveSession, now: datetime) -> LimitStep | None:
    """Returns the step in force, None where nothing is known or the session is over."""
    return live.track.at(now) if live.session.is_active else None


def replan_all(work: Work) -> None:
    """Plans every running session of the station anew from now on, and tells what changed."""
    for live in work.station.running.values():
        if live.track.plans:
            replan_and_tell(work, live)


def replan_and_tell(work: Work, live: LiveSession) -> None:
    """Plans a session anew from now on, and tells if that changed its limit."""
    before = live.track.at(work.now)
    extend(work, live, work.now)
    replan(work, live, work.now)
    _tell(work, live, before)
    # What follows from new limits, such as another expected end, is looked at next.
    work.watched.append(live.session.id)


def replan(work: Work, live: LiveSession, since: datetime, *, upto: datetime | None = None) -> None:
    """Plans a session anew from `since` to 48 hours after it, or after `upto`."""
    session = live.session
    if session.evse is None:
        return
    plan = _plan(work, session, session.evse, (since, (upto or since) + HORIZON))
    live.track.change(since, plan)
    work.writes.append(LimitsWrite(session.id, since, dump_plan(plan)))
    work.touch(live)


def believed(
    work: Work, session: Session, evse: int, times: tuple[datetime, datetime]
) -> LimitTimeline:
    """Returns what the profiles believed on the station allow, from one time to another."""
    start, end = times
    if not work.station.installed:
        step = LimitStep(start, end, None, None, None, ambiguous=False, causes=())
        return LimitTimeline((step,))
    return evaluate(
        work.station.installed,
        evse=evse,
        transaction=Transaction(session.transaction_id, session.started_at),
        start=start,
        end=end,
        rules=work.station.rules,
    )


def _plan(
    work: Work, session: Session, evse: int, times: tuple[datetime, datetime]
) -> LimitTimeline:
    """Returns what a session is judged by: while its station allows more, that."""
    plan = believed(work, session, evse, times)
    composite = None if session.push is None else session.push.composite
    return plan if composite is None else loosened(plan, load_composite(composite))


def _tell(work: Work, live: LiveSession, before: LimitStep | None) -> None:
    after = live.track.at(work.now)
    if after is None:
        return
    was = (None, None) if before is None else (before.limit_a, before.limit_w)
    if (after.limit_a, after.limit_w) != was:
        step = dump_step(after)
        is_last = after.end >= live.track.plans[-1].end
        work.note(
            "limit.changed",
            live,
            limit_a=after.limit_a,
            limit_w=after.limit_w,
            profile=live.session.profile,
            until=None if is_last else step["to"],
            causes=step["causes"],
        )
