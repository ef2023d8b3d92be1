"""When a session is expected to end: estimated as its samples come, told when it moves.

Source: OCPP 2.0.1 part 2, K15 and K17, for what a vehicle asks for; all else is
`csms.monitor.expected_end`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from csms.domain.times import format_time
from csms.engine import habits, metering
from csms.engine.writes import EstimateWrite, SampleWrite
from csms.monitor.episodes import Kind, Severity
from csms.monitor.expected_end import Estimate, estimate, has_moved, is_at_risk, legs_of, note_told
from csms.monitor.expected_end_energy import Grounds, Wishes
from csms.monitor.expected_end_habits import Habits
from csms.monitor.expected_end_memory import are_for_dc, note

if TYPE_CHECKING:
    from csms.domain.ending import Needs
    from csms.domain.sample import Sample
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

EVERY_S = 55.0
"""How often a session is looked at while its limits stay as they are."""

_RISKS = 3
_SHOWN = ("p10", "p50", "p90")


def look(engine: Engine, work: Work, live: LiveSession) -> None:
    """Takes the samples of this unit, and tells anew when the session will end if that is due."""
    session = live.session
    if session.duplicate_of is not None:
        return
    if not session.is_active:
        if session.expected_end is not None:
            session.expected_end = None
            work.touch(live)
        habits.learn(engine, work, live)
        return
    _hear(work, live)
    _estimate(engine, work, live)


def care(engine: Engine, work: Work, live: LiveSession) -> datetime | None:
    """Looks whether new limits move the end; samples do the rest."""
    if live.session.is_active and live.session.duplicate_of is None:
        _estimate(engine, work, live)
    return None


def _hear(work: Work, live: LiveSession) -> None:
    """Has the memory take the unit's samples of this session."""
    session = live.session
    for write in work.writes:
        if isinstance(write, SampleWrite) and write.session_id == session.id:
            sample = session.mended(write.sample)
            at = session.placed(sample.at, work.now)
            energy_wh = _energy_at(live, sample)
            note(session.ending, sample, at.timestamp(), energy_wh, live.track.at(at))


def _energy_at(live: LiveSession, sample: Sample) -> float | None:
    """Returns the session's energy with that sample in Wh, None if the sample does not tell."""
    session = live.session
    energy, register = session.energy_milliwh, sample.register_milliwh
    if energy is None or (register is None and sample.interval_milliwh is None):
        return None
    newest = session.ledger.register_milliwh
    if register is not None and newest is not None and newest > register:
        energy -= newest - register
    return max(energy, 0) / 1000


def _estimate(engine: Engine, work: Work, live: LiveSession) -> None:
    session = live.session
    memory, now_s = session.ending, work.now.timestamp()
    if memory.at_s is None and session.needs is None:
        return
    plan = _plan_key(live)
    is_recent = memory.looked_at_s is not None and 0 <= now_s - memory.looked_at_s < EVERY_S
    if is_recent and plan == memory.plan:
        return
    is_new_plan, memory.plan = plan != memory.plan, plan
    work.touch(live)
    known = habits.of(engine, session) or Habits()
    grounds = Grounds(memory, _wishes(engine, live), known)
    phases = memory.phases or known.phases or 0
    steps = live.track.plans[-1].steps if live.track.plans else ()
    memory.is_dc = memory.is_dc or are_for_dc(steps)
    legs = legs_of(steps, work.now, memory, phases)
    told = estimate(grounds, legs, now_s)
    if told is not None:
        note_told(memory, told, now_s, is_new_plan=is_new_plan)
    memory.looked_at_s = now_s
    if told is None:
        return
    _publish(work, live, told)
    _look_at_risk(work, live, told, is_at_risk(told, grounds, legs, now_s))


def _plan_key(live: LiveSession) -> str:
    track = live.track
    if not track.plans:
        return ""
    steps = track.plans[-1].steps
    return f"{len(track.plans)}:{track.since[-1].timestamp():.0f}:{len(steps)}"


def _publish(work: Work, live: LiveSession, told: Estimate) -> None:
    session, now_s = live.session, work.now.timestamp()
    if not has_moved(_told_before(session.expected_end), told, now_s):
        return
    was_known = session.expected_end is not None and session.expected_end["p50"] is not None
    session.expected_end = doc = _dump(told, session.needs, work.now)
    work.writes.append(EstimateWrite(session.id, work.now, doc))
    if told.is_number or was_known:
        shown = {name: doc[name] for name in (*_SHOWN, "basis")}
        work.note("session.expected_end", live, **shown)


def _dump(told: Estimate, needs: Needs | None, now: datetime) -> dict[str, Any]:
    ends = (told.p10_s, told.p50_s, told.p90_s)
    times = [None if each is None else _time(now + timedelta(seconds=each)) for each in ends]
    departs_at = None if needs is None else needs.departs_at
    return {
        "at": _time(now),
        **dict(zip(_SHOWN, times, strict=True)),
        "basis": told.basis,
        "bound": told.bound if told.is_number else None,
        "because": told.because or None,
        "remaining_wh": None if told.remaining_wh is None else round(told.remaining_wh),
        "short_wh": round(told.short_wh),
        "soc": None if told.soc is None else round(told.soc, 1),
        "target_percent": None if told.target_percent is None else round(told.target_percent, 1),
        "departure": None if departs_at is None else _time(departs_at),
    }


def _told_before(doc: dict[str, Any] | None) -> tuple[float, Estimate] | None:
    if doc is None:
        return None
    at = datetime.fromisoformat(doc["at"])
    p10_s, p50_s, p90_s = (
        None if doc[name] is None else (datetime.fromisoformat(doc[name]) - at).total_seconds()
        for name in _SHOWN
    )
    return at.timestamp(), Estimate(p10_s, p50_s, p90_s, doc["basis"], doc["because"] or "")


def _look_at_risk(work: Work, live: LiveSession, told: Estimate, is_risk: bool | None) -> None:  # noqa: FBT001 - a finding
    """Raises DEADLINE_RISK after three looks that agree, and clears it after three that do not."""
    memory, watch = live.session.ending, live.watch
    if is_risk is None:
        return
    memory.looks_at_risk = memory.looks_at_risk + 1 if is_risk else 0
    memory.looks_safe = 0 if is_risk else memory.looks_safe + 1
    if memory.looks_at_risk == 1:
        memory.risk_since_s = work.now.timestamp()
    if memory.looks_at_risk >= _RISKS and memory.risk_since_s is not None:
        since = datetime.fromtimestamp(memory.risk_since_s, UTC)
        needs = live.session.needs
        has_departure = needs is not None and needs.departs_at is not None
        severity = Severity.MINOR if has_departure else Severity.INFO
        evidence = _dump(told, needs, work.now)
        findings = watch.raise_now(Kind.DEADLINE_RISK, severity, (since, work.now), evidence)
        metering.record(work, live, findings)
    elif memory.looks_safe >= _RISKS:
        cleared = watch.clear_now(Kind.DEADLINE_RISK, work.now, "in_time")
        metering.record(work, live, cleared)


def _wishes(engine: Engine, live: LiveSession) -> Wishes:
    session = live.session
    needs = session.needs
    named = engine.policy.catalogue.get(session.profile or "")
    target = None if named is None else named.soc_target_percent
    is_dc = True if named is not None and named.current_type == "DC" else None
    cap_wh = None if named is None or named.energy_target_wh is None else named.energy_target_wh
    if needs is None:
        return Wishes(cap_wh=cap_wh, target_percent=target, is_dc=is_dc)
    wished = None if needs.energy_wh is None else needs.wh_before + needs.energy_wh
    return Wishes(
        None if needs.departs_at is None else needs.departs_at.timestamp(),
        wished,
        cap_wh,
        target or needs.target_percent,
        needs.capacity_wh,
        needs.max_power_w,
        needs.max_current_a,
        needs.is_dc,
    )


def _time(at: datetime) -> str:
    return format_time(at.replace(microsecond=0))
