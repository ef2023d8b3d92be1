"""Deviations of a session from its limits: one sample in, what it changes out. PURE.

Kinds: OVER_LIMIT (more than a limit above 0 allows) and OUTSIDE_WINDOW (charging where the limit
is a pause). `csms.monitor.meter` has METER_MISSING.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from csms.monitor.episodes import Change, Episode, Finding, Kind, Severity
from csms.monitor.register_power import power_since
from csms.monitor.thresholds import RULE_VERSION
from csms.monitor.verdict import NO_LIMIT, Comparison, Measured, Verdict, judge, measure

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.sample import Sample
    from csms.monitor.limit_track import LimitTrack
    from csms.monitor.thresholds import Thresholds
    from csms.monitor.watch import Suspicion, Watch
    from profiles import LimitStep

_SAMPLES_KEPT = 20
_STATION_PURPOSES = {"ChargingStationMaxProfile", "ChargingStationExternalConstraints"}


def take_sample(
    watch: Watch, track: LimitTrack, sample: Sample, at: datetime, thresholds: Thresholds
) -> list[Finding]:
    """Judges one sample; `at` is its time in our clock.

    A sample older than the last one judged changes nothing.
    """
    if not track.is_limited or not sample.has_electricity:
        return []
    if watch.last_at is not None and at <= watch.last_at:
        return []
    elapsed_s = 0.0 if watch.last_at is None else (at - watch.last_at).total_seconds()
    watch.last_at = at
    measured = measure(sample, _from_register(watch, sample, at, thresholds), thresholds)
    verdict = judge(measured, _steps(track, measured, at, thresholds), thresholds)
    if verdict.reason == NO_LIMIT:
        return _lifted(watch, at, thresholds)
    if not verdict.is_known:
        return []
    facts = _Facts(sample, at, elapsed_s, verdict, thresholds)
    facts.is_average = measured.is_from_register
    if verdict.is_pause:
        return _advance(watch, Kind.OUTSIDE_WINDOW, facts) + _settle_over(watch, facts)
    return _advance(watch, Kind.OVER_LIMIT, facts) + _advance(watch, Kind.OUTSIDE_WINDOW, facts)


def end_session(watch: Watch, at: datetime) -> list[Finding]:
    """Clears whatever is open, since the session is over."""
    findings = [_clear(episode, at, "session_ended") for episode in watch.open_episodes]
    for suspicion in watch.suspicions.values():
        suspicion.deviating.stop()
    return findings


class _Facts:
    """What is known of the sample under judgement; made once and passed down."""

    __slots__ = (
        "at",
        "comparison",
        "elapsed_s",
        "is_average",
        "sample",
        "thresholds",
        "verdict",
    )

    def __init__(
        self,
        sample: Sample,
        at: datetime,
        elapsed_s: float,
        verdict: Verdict,
        thresholds: Thresholds,
    ) -> None:
        assert verdict.comparison is not None  # noqa: S101 - narrows the type; known by is_known
        self.sample, self.at, self.elapsed_s = sample, at, elapsed_s
        self.verdict, self.thresholds = verdict, thresholds
        self.comparison: Comparison = verdict.comparison
        self.is_average = False

    def deviates(self, kind: Kind) -> bool:
        """Tells whether the sample speaks for this kind."""
        return self.comparison.is_over and self.verdict.is_pause == (kind is Kind.OUTSIDE_WINDOW)

    def keeps(self, kind: Kind) -> bool:
        """Tells whether the sample speaks against this kind."""
        if kind is Kind.OUTSIDE_WINDOW and not self.verdict.is_pause:
            return True
        return self.comparison.is_inside


def _from_register(
    watch: Watch, sample: Sample, at: datetime, thresholds: Thresholds
) -> Measured | None:
    """The power by the register, for a meter that never says power or current."""
    if sample.power_w is not None or sample.highest_current_a is not None:
        watch.sees_power = True
    if watch.sees_power or sample.register_milliwh is None:
        return None
    return power_since(watch, at.timestamp(), sample.register_milliwh / 1000, thresholds)


def _steps(
    track: LimitTrack, measured: Measured, at: datetime, thresholds: Thresholds
) -> list[LimitStep]:
    """The limits that the sample may have been taken under; none while the session settles.

    A session's start is a change of limit like any other, but by the samples' own clock.
    """
    settling_s = thresholds.grace_s + thresholds.random_delay_s + measured.span_s
    if not track.since or at - timedelta(seconds=settling_s) < track.since[0]:
        return []
    before = timedelta(seconds=settling_s + thresholds.skew_s)
    return track.between(at - before, at + timedelta(seconds=thresholds.skew_s))


def _settle_over(watch: Watch, facts: _Facts) -> list[Finding]:
    """Under a pause only a car that stops shows that it is no longer over the limit before."""
    suspicion = watch.suspicion(Kind.OVER_LIMIT)
    if suspicion is not None and facts.comparison.is_over:
        suspicion.drop()
        suspicion.inside.stop()
        return []
    return _advance(watch, Kind.OVER_LIMIT, facts)


def _advance(watch: Watch, kind: Kind, facts: _Facts) -> list[Finding]:
    if facts.deviates(kind):
        return _deviating(watch, watch.suspect(kind), kind, facts)
    suspicion = watch.suspicion(kind)
    if suspicion is None:
        return []
    suspicion.drop()
    if not facts.keeps(kind):
        suspicion.inside.stop()
        return []
    return _keeping(suspicion, facts.at, facts.thresholds, "inside_limit")


def _lifted(watch: Watch, at: datetime, thresholds: Thresholds) -> list[Finding]:
    """Nothing limits any more: what was seen before proves nothing, and what is open ends."""
    findings: list[Finding] = []
    for kind in (Kind.OVER_LIMIT, Kind.OUTSIDE_WINDOW):
        suspicion = watch.suspicion(kind)
        if suspicion is not None:
            suspicion.drop()
            findings += _keeping(suspicion, at, thresholds, NO_LIMIT)
    return findings


def _keeping(
    suspicion: Suspicion, at: datetime, thresholds: Thresholds, because: str
) -> list[Finding]:
    """Takes a sample against an open episode, and clears it once they are enough."""
    episode = suspicion.episode
    if episode is None or not episode.is_open:
        return []
    suspicion.inside.extend(at)
    if not suspicion.inside.is_sure(at, thresholds.clear_samples, thresholds.clear_s):
        return []
    suspicion.inside.stop()
    return [_clear(episode, at, because)]


def _deviating(watch: Watch, suspicion: Suspicion, kind: Kind, facts: _Facts) -> list[Finding]:
    suspicion.inside.stop()
    suspicion.deviating.extend(facts.at)
    episode = suspicion.episode
    if episode is not None and episode.is_open:
        return _go_on(episode, facts)
    if suspicion.evidence is None:
        suspicion.evidence = _no_evidence()
    _collect(suspicion.evidence, facts)
    if not _is_confirmed(suspicion, facts):
        return []
    return _open(watch, suspicion, kind, facts)


def _is_confirmed(suspicion: Suspicion, facts: _Facts) -> bool:
    """A register's average already spans an interval, so the first one is enough."""
    if facts.is_average:
        return True
    thresholds = facts.thresholds
    return suspicion.deviating.is_sure(facts.at, thresholds.confirm_samples, thresholds.confirm_s)


def _open(watch: Watch, suspicion: Suspicion, kind: Kind, facts: _Facts) -> list[Finding]:
    old = suspicion.episode
    soon = timedelta(seconds=facts.thresholds.reopen_s)
    if old is not None and old.cleared_at is not None and facts.at - old.cleared_at <= soon:
        old.cleared_at = old.cleared_because = None
        old.evidence["reopened"] = old.evidence.get("reopened", 0) + 1
        _collect(old.evidence, facts)
        old.worsen(_severity(kind, suspicion.deviating.since or facts.at, facts), facts.at)
        return [Finding(Change.RAISED, old)]
    watch.episodes += 1
    since = suspicion.deviating.since or facts.at
    episode = Episode(watch.episodes, kind, _severity(kind, since, facts), since, facts.at)
    episode.evidence = {
        "rule_version": RULE_VERSION,
        **(suspicion.evidence or _no_evidence()),
        "causes": _causes(facts.verdict),
        "severities": [(facts.at.isoformat(), episode.severity.value)],
    }
    suspicion.episode, suspicion.evidence = episode, None
    return [Finding(Change.RAISED, episode)]


def _go_on(episode: Episode, facts: _Facts) -> list[Finding]:
    _collect(episode.evidence, facts)
    severity = _severity(episode.kind, episode.opened_at, facts)
    change = Change.CHANGED if episode.worsen(severity, facts.at) else Change.UPDATED
    return [Finding(change, episode)]


def _clear(episode: Episode, at: datetime, because: str) -> Finding:
    episode.cleared_at, episode.cleared_because = at, because
    return Finding(Change.CLEARED, episode)


def _severity(kind: Kind, since: datetime, facts: _Facts) -> Severity:
    comparison, thresholds = facts.comparison, facts.thresholds
    if _breaks_station_limit(facts):
        return Severity.CRITICAL
    if kind is Kind.OUTSIDE_WINDOW:
        return Severity.MAJOR
    share = (comparison.measured - comparison.hi) / comparison.hi if comparison.hi else 1.0
    is_long = facts.at - since > timedelta(seconds=thresholds.major_after_s)
    is_major = share > thresholds.major_share or comparison.excess_a > thresholds.major_a
    return Severity.MAJOR if is_major or is_long else Severity.MINOR


def _breaks_station_limit(facts: _Facts) -> bool:
    """Tells whether more flows than the station or the grid may take, in every step.

    Such a limit need not be the tightest one to be broken.
    """
    return all(
        any(
            cause.purpose.value in _STATION_PURPOSES
            and facts.comparison.is_above(cause, facts.thresholds)
            for cause in step.causes
        )
        for step in facts.verdict.steps
    )


def _no_evidence() -> dict[str, Any]:
    return {"samples": [], "energy_over_wh": 0.0, "peak_excess_a": 0.0, "peak_excess_w": 0.0}


def _collect(evidence: dict[str, Any], facts: _Facts) -> None:
    """Adds a sample. The first one shows the excess, but not how long it had lasted."""
    comparison = facts.comparison
    over_wh = comparison.excess_w * facts.elapsed_s / 3600 if evidence["samples"] else 0.0
    if len(evidence["samples"]) < _SAMPLES_KEPT:
        evidence["samples"].append(_sample_evidence(facts))
    evidence["energy_over_wh"] = round(evidence["energy_over_wh"] + over_wh, 3)
    evidence["peak_excess_a"] = round(max(evidence["peak_excess_a"], comparison.excess_a), 3)
    evidence["peak_excess_w"] = round(max(evidence["peak_excess_w"], comparison.excess_w), 1)
    evidence.update(comparison.as_evidence())


def _sample_evidence(facts: _Facts) -> dict[str, Any]:
    sample = facts.sample
    raw = {
        "register_wh": None if sample.register_milliwh is None else sample.register_milliwh / 1000,
        "power_w": sample.power_w,
        "current_a": sample.current_a,
        "currents_a": list(sample.currents_a) if any(sample.currents_a) else None,
        "voltages_v": list(sample.voltages_v) if any(sample.voltages_v) else None,
    }
    known = {name: value for name, value in raw.items() if value is not None}
    stamp = {"at": facts.at.isoformat(), "at_station": sample.at.isoformat()}
    return {**stamp, **known, **facts.comparison.as_evidence()}


def _causes(verdict: Verdict) -> list[dict[str, Any]]:
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for step in verdict.steps:
        for cause in step.causes:
            key = (cause.profile_id, cause.purpose, cause.stack_level, cause.period_index)
            found[key] = {
                "profile_id": cause.profile_id,
                "purpose": cause.purpose.value,
                "stack_level": cause.stack_level,
                "period": cause.period_index,
                "limit": cause.limit,
                "unit": cause.unit.value,
            }
    return list(found.values())
