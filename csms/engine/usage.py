"""What each sample says of how a session's time is spent, and of what holds it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.sample import TRANSACTION_BEGIN
from csms.domain.usage import CAR, NONE
from csms.monitor.held_back import Held, cause_of

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.sample import Sample
    from csms.domain.session import Session
    from csms.domain.usage import Usage
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from csms.monitor.scene import Circumstances
    from csms.monitor.verdict import Measured

_AC_V: Final = 230.0
_SLACK_S: Final = 1.0
_FREE: Final = frozenset({CAR, NONE})


def note(
    live: LiveSession,
    sample: Sample,
    at: datetime,
    known: Circumstances,
    verdict: str,
    measured: Measured,
) -> bool:
    """Takes one judged sample; False if it came late, so that all are to be taken anew."""
    if not sample.has_electricity:
        return True
    session, at_s = live.session, at.timestamp()
    usage = session.usage
    if session.ended_at is not None:
        at_s = min(at_s, session.ended_at.timestamp())
    if usage.until is None:
        begin(session, known)
    if sample.context == TRANSACTION_BEGIN and at_s <= (usage.until or 0.0):
        if usage.until == usage.since and usage.milliwh is None:
            usage.milliwh, usage.read_at = sample.register_milliwh, usage.until
        return True
    power_w, is_sure = _power_w(measured, known), verdict != "unknown:meter_anomaly"
    cause = cause_of(verdict, _held(live, sample, at, known, measured))
    register = _register(usage, sample)
    if not usage.take(at_s, register, power_w, cause, is_sure=is_sure) or usage.is_stale:
        return False
    if measured.is_from_register:
        _peak_by_register(session, measured, cause)
    return True


def _power_w(measured: Measured, known: Circumstances) -> float | None:
    """Returns what flowed at the sample's moment; None if it tells a register only."""
    if measured.is_from_register:
        return None
    if measured.power_w is None and measured.current_a is not None and not known.is_dc:
        return measured.current_a * _AC_V * (known.phases or 1)
    return measured.power_w


def _register(usage: Usage, sample: Sample) -> int | None:
    """Returns the register, or what the intervals told so far add up to."""
    if sample.register_milliwh is not None or sample.interval_milliwh is None:
        return sample.register_milliwh
    if usage.milliwh is None:
        usage.milliwh, usage.read_at = 0, usage.until
    return (usage.milliwh or 0) + sample.interval_milliwh


def begin(session: Session, known: Circumstances | None = None) -> None:
    """Begins, or begins anew, what a session's time went to."""
    start = session.ledger.start
    usage = session.usage
    usage.begin(session.started_at.timestamp(), None if start is None else start.milliwh)
    if known is not None and known.ceiling_a is not None and known.phases and not known.is_dc:
        usage.known_w = known.ceiling_a * known.phases * _AC_V


def view(session: Session) -> dict[str, Any]:
    """Returns what the session's time went to so far, and what held it back."""
    usage = session.usage
    return {
        "waiting_s": round(usage.waiting_s),
        "charging_s": round(usage.charging_s),
        "paused_s": round(usage.paused_s),
        "idle_s": round(usage.idle_s),
        "peak_w": usage.peak_w,
        "held_back_by": usage.held_back_by,
        "held_s": {cause: round(seconds) for cause, seconds in usage.held_s.items()},
        "held_wh": {cause: each / 1000 for cause, each in usage.held_milliwh.items()},
    }


def finish(work: Work, live: LiveSession) -> None:
    """Takes the session's end; if that changes what was reckoned, has it reckoned anew."""
    session = live.session
    # Which unit readings came in is known from later ones.
    if not end(live) or session.usage.is_stale or session.ledger.is_mended:
        work.late[session.id] = live


def told_late(work: Work, live: LiveSession) -> None:
    """Has all reckoned anew where a start comes after what followed it, or more after an end."""
    if live.session.usage.until is not None:
        work.late[live.session.id] = live


def end(live: LiveSession) -> bool:
    """Takes the session's end; False if a later sample was taken, or the start has moved."""
    session = live.session
    usage, stop = session.usage, session.ledger.stop
    if session.ended_at is None:
        return True
    started_s, ended_s = session.started_at.timestamp(), session.ended_at.timestamp()
    if usage.until is None:
        begin(session)
    if abs((usage.since or 0.0) - started_s) > _SLACK_S:
        return False
    return usage.end(ended_s, None if stop is None else stop.milliwh)


def _held(
    live: LiveSession, sample: Sample, at: datetime, known: Circumstances, measured: Measured
) -> Held:
    usage = live.session.usage
    return Held(
        known.charging_state,
        measured.power_w,
        usage.ceiling_w,
        _offered_share(sample, measured),
        live.track.at(at),
        known.is_shared,
    )


def _offered_share(sample: Sample, measured: Measured) -> float | None:
    """Returns what flows of what the station says that it offers; None if it says nothing."""
    offered_a, offered_w = sample.current_offered_a, sample.power_offered_w
    if offered_a and measured.current_a is not None and not measured.is_sum:
        return measured.current_a / offered_a
    if offered_w and measured.power_w is not None:
        return measured.power_w / offered_w
    return None


def _peak_by_register(session: Session, measured: Measured, cause: str | None) -> None:
    """Takes the peak of a meter that tells its register only: surely as much as that."""
    usage = session.usage
    surely_w = (measured.power_w or 0.0) - measured.slack_w
    if surely_w > (usage.peak_w or 0.0):
        usage.peak_w = surely_w
    if cause in _FREE and surely_w > (usage.can_w or 0.0):
        usage.can_w = surely_w
