"""Whether a station has in force what it agreed to: its composite schedule against our belief.

Asked after each accepted push, then hourly, sooner while the two differ. What it answers is
indicative: compared only where both state a limit. COMPOSITE_MISMATCH stands while they differ,
and the session is judged by the looser of both. Source: OCPP 1.6, 5.7; OCPP 2.0.1 part 2, K08.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from csms.domain.anomalies import Anomaly
from csms.domain.commands import AskComposite, CompositeTold
from csms.domain.push import Push, PushState
from csms.engine import belief, desk, external_limits, metering, plans, quirks
from csms.engine.composite_docs import dump_composite, load_composite
from csms.engine.work import Order
from csms.monitor.episodes import Kind, Severity
from profiles import RateUnit
from profiles.comparison import Reading, compare

if TYPE_CHECKING:
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from profiles import CompositeSchedule, LimitTimeline
    from profiles.comparison import Comparison, ScheduleDifference

AHEAD_S = 86_400
_EACH = timedelta(hours=1)
_EACH_DISPUTED = timedelta(minutes=5)
_SETTLED = timedelta(seconds=30)
_SHOWN = 10
_BORDER_S = 9
_RECORDED = {
    PushState.ACCEPTED: desk.CommandState.ACCEPTED,
    PushState.DISPUTED: desk.CommandState.DISPUTED,
    PushState.CONFIRMED: desk.CommandState.CONFIRMED,
    PushState.OBSERVED: desk.CommandState.OBSERVED,
}


def ask(work: Work, live: LiveSession) -> None:
    """Asks the station what it has in force on the session's EVSE."""
    session, push = live.session, live.session.push
    if push is None or session.evse is None or push.lowered_to is not None:
        return
    push.asked_at = work.now
    command = AskComposite(session.evse, AHEAD_S, unit_of(work, live))
    command_id = f"{desk.push_id(session.id, push.number)}-Q{round(work.now.timestamp())}"
    work.orders.append(Order(work.station.id, command_id, command, work.now, session.id))
    work.watched.append(session.id)
    work.touch(live)


def check(engine: Engine, work: Work, live: LiveSession) -> datetime | None:
    """Asks again when it is time to; returns when that will be, None if nothing is in force."""
    push = live.session.push
    if push is not None and push.disputed_at is not None:
        if work.now < push.disputed_at + _SETTLED:
            return push.disputed_at + _SETTLED
        _insist(engine, work, live)
    if not engine.policy.pushes_profiles or push is None or push.asked_at is None:
        return None
    if not push.is_in_force or not work.station.is_online:
        return None
    due = push.asked_at + (_EACH if push.composite is None else _EACH_DISPUTED)
    if work.now < due:
        return due
    ask(work, live)
    return work.now + _EACH


def told(
    engine: Engine,
    work: Work,
    live: LiveSession,
    answer: CompositeTold,
    *,
    is_ours: bool = True,
) -> None:
    """Takes what a station says that it has in force for a session.

    Where it was not asked by us, it may have been asked between two changes: a difference counts
    once nothing has changed for a while.
    """
    if not live.session.is_active or live.session.evse is None:
        return
    push = live.session.push = live.session.push or Push()
    work.touch(live)
    if answer.schedule is None:
        _doubt(work, live, answer.reason)
        if not answer.is_refusal:
            details = {"evse": answer.evse, "why": push.doubt}
            work.keep_anomalies([Anomaly("composite.unreadable", details)], live.session.id)
        return
    schedule = _anchored(work, answer.schedule, has_start=answer.has_start)
    reading = _reading(engine, work)
    compared = compare(_believed(work, live, schedule), schedule, reading)
    push.doubt = None
    if compared.is_silent:
        _doubt(work, live, "it states no limit at all")
        if is_ours and push.is_in_force and live.session.profile_id is not None:
            belief.lost(work, {live.session.profile_id})
    if compared.is_equal:
        _agrees(work, live, is_silent=compared.is_silent)
    elif is_ours or live.watch.open_episode(Kind.COMPOSITE_MISMATCH) is not None:
        _differs(work, live, schedule, compared)
    else:
        push.composite, push.disputed_at = dump_composite(schedule), work.now
        work.watched.append(live.session.id)
        plans.replan_and_tell(work, live)
    if engine.policy.pushes_profiles and (compared.is_silent or not compared.is_equal):
        external_limits.ask(work)


def unanswered(work: Work, live: LiveSession, reason: str | None) -> None:
    """Takes that a station did not say, or cannot."""
    if live.session.push is not None:
        _doubt(work, live, reason)
        work.touch(live)


def _doubt(work: Work, live: LiveSession, reason: str | None) -> None:
    """Notes why what the station has in force could not be compared."""
    push, why = live.session.push, reason or "no answer"
    if push is None or push.doubt == why:
        return
    push.doubt = why
    state = _RECORDED.get(push.state)
    if state is not None:
        desk.note(work, live, state, {"doubt": why})


def told_to_other(engine: Engine, work: Work, answer: CompositeTold) -> None:
    """Takes what a station answered somebody else, for the session on that EVSE."""
    live = work.station.running_at(answer.evse) if answer.evse else None
    if live is not None:
        told(engine, work, live, answer, is_ours=False)


def _insist(engine: Engine, work: Work, live: LiveSession) -> None:
    """Raises the alert for a difference that has stood for a while."""
    push = live.session.push
    if push is None or push.composite is None or push.disputed_at is None:
        return
    since, push.disputed_at = push.disputed_at, None
    work.touch(live)
    schedule = load_composite(push.composite)
    compared = compare(_believed(work, live, schedule), schedule, _reading(engine, work))
    if not compared.is_equal:
        _differs(work, live, schedule, compared, since)


def _agrees(work: Work, live: LiveSession, *, is_silent: bool) -> None:
    push = live.session.push
    if push is None:
        return
    had = push.composite
    push.composite = push.disputed_at = None
    if had is not None or not is_silent:
        cleared = live.watch.clear_now(Kind.COMPOSITE_MISMATCH, work.now, "agrees")
        metering.record(work, live, cleared)
    if had is not None:
        plans.replan_and_tell(work, live)
    if is_silent or not push.is_in_force or push.confirmed_at is not None:
        if had is not None or not is_silent:
            push.settle_dispute()
        return
    push.confirmed_at = work.now
    if push.observed_at is None:
        push.state = PushState.CONFIRMED
        desk.note(work, live, desk.CommandState.CONFIRMED, {"confirmed_at": work.now})
        work.note("profile.confirmed", live, profile=live.session.profile)
    else:
        push.state = PushState.OBSERVED
        desk.note(work, live, desk.CommandState.OBSERVED, {"confirmed_at": work.now})


def _differs(
    work: Work,
    live: LiveSession,
    schedule: CompositeSchedule,
    compared: Comparison,
    since: datetime | None = None,
) -> None:
    push = live.session.push
    if push is None:
        return
    if push.is_in_force:
        push.state, push.confirmed_at = PushState.DISPUTED, None
    push.composite = dump_composite(schedule)
    severity = Severity.MAJOR if compared.is_looser else Severity.MINOR
    shown = [_difference(each) for each in compared.differences[:_SHOWN]]
    evidence = {
        "station_allows": "more" if compared.is_looser else "less",
        "differences": shown,
        "composite": push.composite,
        "profile": live.session.profile,
    }
    found = live.watch.raise_now(
        Kind.COMPOSITE_MISMATCH, severity, (since or work.now, work.now), evidence
    )
    metering.record(work, live, found)
    if push.is_in_force:
        doc = {"disputed_at": work.now, "differences": shown}
        desk.note(work, live, desk.CommandState.DISPUTED, doc)
    plans.replan_and_tell(work, live)


def _believed(work: Work, live: LiveSession, schedule: CompositeSchedule) -> LimitTimeline:
    end = schedule.start + timedelta(seconds=max(schedule.duration_s, 1))
    return plans.believed(work, live.session, live.session.evse or 0, (schedule.start, end))


def _anchored(work: Work, schedule: CompositeSchedule, *, has_start: bool) -> CompositeSchedule:
    """Returns a schedule by our clock; one that names no start begins with its receipt."""
    if not has_start:
        return replace(schedule, start=work.now)
    start, _ = work.station.clock.correct(schedule.start, work.now)
    return replace(schedule, start=start)


def _reading(engine: Engine, work: Work) -> Reading:
    gap = quirks.of(engine, work.station.record).gap_value
    gaps = [] if gap is None else [(unit, gap) for unit in RateUnit]
    offset_s = math.ceil(abs(work.station.clock.offset_s))
    return Reading(gap_values=gaps, border_s=_BORDER_S + offset_s)


def unit_of(work: Work, live: LiveSession) -> RateUnit | None:
    """Returns the unit of the session's profile on the station: which it can surely answer in."""
    own = work.station.installed.get(live.session.profile_id or 0)
    return None if own is None else own.profile.schedule.unit


def _difference(each: ScheduleDifference) -> dict[str, Any]:
    return {
        "from": each.start.isoformat(),
        "to": each.end.isoformat(),
        "ours": each.ours,
        "theirs": each.theirs,
        "unit": each.unit.value,
        "station_allows": "more" if each.sense.value == "looser" else "less",
    }
