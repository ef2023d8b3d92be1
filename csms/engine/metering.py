"""Samples: kept, counted into the ledger, and judged against the limit in force.

Source: OCPP 1.6, 4.7; OCPP 2.0.1 part 2, block J.
"""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from csms.domain.facts import Acknowledged
from csms.domain.sample import TRANSACTION_BEGIN
from csms.engine import (
    costs,
    habits,
    meter_clock,
    registers,
    signed_values,
    smart_charging,
    station_load,
    timing,
    usage,
    without_session,
)
from csms.engine.gathering import WHOLE_AFTER, gather, whole
from csms.engine.inference import sessions_of_samples
from csms.engine.writes import AlertWrite, SampleWrite
from csms.monitor import meter
from csms.monitor.deviations import end_session, take_sample
from csms.monitor.episodes import Change, Kind
from csms.monitor.scene import Circumstances

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from csms.domain.facts import SamplesReported
    from csms.domain.sample import Sample
    from csms.engine.engine import Engine
    from csms.engine.gathering import Moment
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from csms.monitor.episodes import Episode, Finding
    from csms.monitor.expected_end_habits import Car
    from csms.monitor.thresholds import Thresholds
    from profiles import ProfileSet

_QUIET: Final = frozenset({"EVConnected", "Idle", "SuspendedEV", "SuspendedEVSE"})
_NOT_LOGGED: Final = frozenset({"samples", "push", "severities"})
_LOGGED = {
    Change.RAISED: "deviation.raised",
    Change.CHANGED: "deviation.changed",
    Change.ESCALATED: "deviation.escalated",
    Change.CLEARED: "deviation.cleared",
}


# A remedy follows, or what came of one is to be learned.
_LOOKED_AFTER = frozenset({Change.RAISED, Change.CHANGED, Change.CLEARED})


async def report(engine: Engine, work: Work, fact: SamplesReported) -> Acknowledged:
    """Takes meter values, of a transaction or of the station.

    Raises:
        DatabaseUnavailable: before anything has changed, if only the store can tell whose they are.
    """
    shares = await sessions_of_samples(engine, work, fact)
    if fact.samples:
        timing.hear(work, fact.samples[-1].at)
    anomalies = fact.anomalies
    for live, samples in shares:
        work.keep_anomalies(anomalies, None if live is None else live.session.id)
        anomalies = ()
        if live is None:
            _keep(work, None, fact.evse, samples)
            if work.station.record.without_session:
                without_session.sampled(work, fact.evse, samples)
        else:
            timing.note_unclear(live, fact.anomalies)
            registers.note_unread(live, fact.anomalies)
            await take(engine, work, live, samples)
            work.touch(live)
    return Acknowledged()


def known_before(engine: Engine, work: Work, live: LiveSession) -> Circumstances:
    """Returns what is known of a session beside its samples, to judge all of them again."""
    usual = habits.car(engine, work, live)
    known = _circumstances(work, live, live.session.started_at, usual)
    known.has_waited = True
    return known


async def take(engine: Engine, work: Work, live: LiveSession, samples: Sequence[Sample]) -> None:
    """Takes the samples of a session: store, ledger, judgement."""
    session, evse = live.session, live.session.evse or 0
    if samples:
        timing.settle(work, live, samples[-1].at)
    writes = _keep(work, session.id, evse, samples)
    if any(sample.signed for sample in samples):
        signed_values.note(live, samples)
    before = costs.before(live, samples)
    await registers.count(engine, work, live, samples)
    costs.feed(engine, work, live, samples, before)
    if session.ledger.is_mended:
        samples = [session.mended(sample) for sample in samples]
    if any(sample.has_electricity and sample.context != TRANSACTION_BEGIN for sample in samples):
        record(work, live, meter.heard(live.watch, work.now))
    record(work, live, meter_clock.look(work, live, samples))
    thresholds = engine.policy.thresholds_of(work.station.record, session.profile)
    usual = habits.car(engine, work, live)
    for sample, write in zip(samples, writes, strict=True):
        for moment in gather(work, live, write, sample):
            _judge(work, live, moment, (usual, thresholds))
    if not session.is_active:
        judge_gathered(engine, work, live)
    at = live.watch.last_at
    if session.is_active and at is not None and not timing.has_waited(work, at):
        station_load.look(engine, work, at)
    if not session.is_active:
        record(work, live, end_session(live.watch, session.ended_at or work.now))


def judge_gathered(engine: Engine, work: Work, live: LiveSession) -> None:
    """Judges a moment that more was waited for."""
    moment = whole(work, live)
    if moment is not None:
        thresholds = engine.policy.thresholds_of(work.station.record, live.session.profile)
        _judge(work, live, moment, (habits.car(engine, work, live), thresholds))
        work.touch(live)


def check_gathered(engine: Engine, work: Work, live: LiveSession) -> datetime | None:
    """Judges a moment that is whole by now; returns when it will be."""
    held = live.gathered
    if held is None:
        return None
    if work.now < held.since + WHOLE_AFTER:
        return held.since + WHOLE_AFTER
    judge_gathered(engine, work, live)
    return None


def _judge(work: Work, live: LiveSession, moment: Moment, basis: tuple[Car, Thresholds]) -> None:
    """Judges a sample; its verdict is kept with its write."""
    session, watch = live.session, live.watch
    write, sample = moment
    usual, thresholds = basis
    at = session.placed(sample.at, work.now)
    smart_charging.extend(work, live, at)
    if not watch.times.is_back and _comes_late(work, live, sample, at):
        work.late[session.id] = live
    known = _circumstances(work, live, at, usual)
    known.skew_s = _skew_s(work, thresholds)
    findings, verdict, measured = take_sample(watch, live.track, sample, at, known, thresholds)
    if known.is_shared:
        moments = [*watch.was_shared, at.timestamp()]
        watch.was_shared = [min(moments), max(moments)]
    if work.station.load.is_bound and at == watch.last_at:
        station_load.share(live, at, measured, sample, thresholds)
    write.verdict, write.charging_state = verdict, known.charging_state
    if not usage.note(live, sample, at, known, verdict, measured):
        work.late[session.id] = live
    if findings:
        if known.has_waited:
            mark_replayed(findings)
        record(work, live, findings)
    if not known.has_waited:
        smart_charging.observe(work, live, verdict, at)


def _circumstances(work: Work, live: LiveSession, at: datetime, usual: Car) -> Circumstances:
    """Returns what is known when a sample of that time is judged.

    The state that a station told last says nothing of a sample that was taken before others.
    """
    session, last_at = live.session, live.watch.last_at
    return Circumstances(
        received_at=work.now,
        charging_state=session.charging_state if last_at is None or at > last_at else None,
        clock_offset_s=work.station.clock.offset_s,
        has_waited=timing.has_waited(work, at),
        ceiling_a=usual.ceiling_a,
        phases=usual.phases,
        is_dc=session.ending.is_dc or usual.is_dc,
        is_shared=station_load.is_shared(work, live, at),
    )


def _skew_s(work: Work, thresholds: Thresholds) -> float | None:
    """Returns how far the station's clock may be off after correction; None if nobody knows."""
    is_settled = work.station.clock.is_settled
    if is_settled is None:
        return None
    return thresholds.skew_known_s if is_settled else thresholds.skew_s


def check_silence(engine: Engine, work: Work, live: LiveSession) -> datetime | None:
    """Looks whether a session has gone silent; returns when to look again, None if never."""
    session, online_since = live.session, work.station.online_since
    if not session.is_active or "superseded" in session.flags or online_since is None:
        return None
    thresholds = engine.policy.thresholds_of(work.station.record, session.profile)
    since = max(online_since, session.started_received_at)
    patience = timedelta(seconds=thresholds.meter_missing_s)
    note_rest(work, live)
    if live.watch.quiet_since is not None:
        return work.now + patience
    findings = meter.check(live.watch, live.track, since, work.now, thresholds)
    if findings:
        record(work, live, findings)
        work.touch(live)
    due = meter.due_at(live.watch, since, thresholds)
    # Whoever has learnt the meter's interval meanwhile waits less long than was due before.
    return max(min(due, work.now + patience), work.now + patience / 10)


def note_rest(work: Work, live: LiveSession) -> None:
    """Notes whether a session's meter has to speak: not of a car that takes nothing."""
    meter.excuse(live.watch, work.now, is_quiet=live.session.charging_state in _QUIET)


def mark_replayed(findings: Iterable[Finding]) -> None:
    """Notes of what is raised that it comes from samples that had waited: nobody acts on it."""
    for finding in findings:
        if finding.change is Change.RAISED:
            finding.episode.evidence["replayed"] = True


def _comes_late(work: Work, live: LiveSession, sample: Sample, at: datetime) -> bool:
    """Tells whether a sample asks for a second judgement.

    It was taken before one that was judged, or in a silence, or came after the session's end.
    """
    if not sample.has_electricity:
        return False
    watch, track, ended = live.watch, live.track, live.session.ended_received_at
    if ended is not None and ended < work.now:
        return track.is_limited or (not track.plans and bool(work.station.installed))
    if track.is_limited and watch.last_at is not None and at < watch.last_at:
        return True
    if not track.plans and not live.session.is_active and work.station.installed:
        return True
    return watch.suspicion(Kind.METER_MISSING) is not None and timing.has_waited(work, at)


def record(work: Work, live: LiveSession, findings: Iterable[Finding]) -> None:
    """Has each finding written, and those that anybody waits for logged."""
    for finding in findings:
        episode = finding.episode
        _complete(work, live, episode)
        episode.note(finding.change, work.now)
        work.writes.append(alert_write(live, episode, finding.change))
        if finding.change is Change.RAISED:
            kinds = live.session.kinds
            kinds[episode.kind.value] = kinds.get(episode.kind.value, 0) + 1
        if finding.change in _LOOKED_AFTER:
            work.watched.append(live.session.id)
        event = _LOGGED.get(finding.change)
        if event is not None:
            is_over = finding.change is Change.CLEARED
            (work.note if is_over else work.warn)(
                event, live, alert=alert_id(live, episode), **_log_fields(episode)
            )


def alert_id(live: LiveSession, episode: Episode) -> str:
    """Returns the ID of an episode's alert: the session's, and the episode's number."""
    return f"{live.session.id}-D{episode.number}"


def alert_write(live: LiveSession, episode: Episode, change: Change = Change.UPDATED) -> AlertWrite:
    """Returns the write that makes the episode's present state durable."""
    return AlertWrite(
        alert_id(live, episode),
        live.session.station_id,
        live.session.id,
        episode.kind.value,
        episode.severity.value,
        "open" if episode.is_open else "cleared",
        episode.opened_at,
        {
            "evse": live.session.evse,
            "confirmed_at": episode.confirmed_at,
            "cleared_at": episode.cleared_at,
            "cleared_because": episode.cleared_because,
            "history": list(episode.history),
            "actions": [dict(action) for action in episode.actions],
            "evidence": dict(episode.evidence),
        },
        None if change is Change.UPDATED else change.value,
    )


def _keep(
    work: Work, session_id: str | None, evse: int, samples: Iterable[Sample]
) -> list[SampleWrite]:
    writes = [
        SampleWrite(work.station.id, session_id, evse, work.now, sample) for sample in samples
    ]
    work.writes.extend(writes)
    return writes


def _complete(work: Work, live: LiveSession, episode: Episode) -> None:
    """Adds what the judge cannot know: the profile, what became of its push, the clock."""
    session = live.session
    if "profile" not in episode.evidence:
        episode.evidence["profile"] = session.profile
        episode.evidence["pushes"] = session.pushes
        episode.evidence["push_answered"] = session.is_push_answered
        episode.evidence["push"] = None if session.push is None else session.push.as_evidence()
        episode.evidence["profiles_version"] = profiles_version(work.station.installed)
        episode.evidence["clock_offset_s"] = round(work.station.clock.offset_s, 1)


def profiles_version(installed: ProfileSet) -> str:
    """Returns a short name of a set of profiles: the same for the same set, whenever it was."""
    told = orjson.dumps([each.to_dict() for each in installed])
    return f"{zlib.crc32(told):08x}"


def _log_fields(episode: Episode) -> dict[str, Any]:
    evidence = {name: value for name, value in episode.evidence.items() if name not in _NOT_LOGGED}
    fields: dict[str, Any] = {
        "kind": episode.kind.value,
        "severity": episode.severity.value,
        "opened_at": episode.opened_at.isoformat(),
        "help": f"docs/alerts.md#{episode.kind.value.lower()}",
        **evidence,
    }
    if episode.cleared_at is not None:
        fields["cleared_at"] = episode.cleared_at.isoformat()
        fields["cleared_because"] = episode.cleared_because
    return fields
