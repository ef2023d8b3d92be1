"""A session judged once more, from all of its samples in their own order. PURE.

What it comes to is held beside the episodes that were raised while the samples came: one that is
still there keeps its number, one that the late samples disprove is withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import orjson

from csms.monitor.deviations import end_session, take_sample
from csms.monitor.episodes import Change, Episode, Finding, Kind
from csms.monitor.verdict import NOTHING
from csms.monitor.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from csms.domain.sample import Sample
    from csms.monitor.limit_track import LimitTrack
    from csms.monitor.scene import Circumstances
    from csms.monitor.thresholds import Thresholds
    from csms.monitor.verdict import Measured
    from csms.monitor.watch import Suspicion

LATE_DATA = "late_data"
"""Why an episode was cleared that never was: what came late disproves it."""

OF_SAMPLES = frozenset(
    {
        Kind.OVER_LIMIT,
        Kind.NO_RESPONSE,
        Kind.OUTSIDE_WINDOW,
        Kind.WRONG_PHASES,
        Kind.UNDER_DELIVERY,
        Kind.STALLED,
        Kind.OFFERED_MISMATCH,
        Kind.METER_ANOMALY,
    }
)
"""The kinds that samples show; the others come about in another way."""

_BY_OUR_CLOCK = "by_our_clock"
"""What the evidence of an episode says that rests on when, and in which order, messages came."""

_CARRIED = (
    "profile",
    "pushes",
    "push_answered",
    "push",
    "profiles_version",
    "clock_offset_s",
    "replayed",
)


@dataclass
class Refold:
    """A fresh judge over the samples of one session; hand them in, oldest first.

    `measured` is what the newest of them was.
    """

    track: LimitTrack
    thresholds: Thresholds
    watch: Watch = field(default_factory=Watch)
    episodes: dict[int, Episode] = field(default_factory=dict)
    values_at: list[datetime] = field(default_factory=list)
    told_at: set[datetime] = field(default_factory=set)
    measured: Measured = field(default_factory=lambda: NOTHING)

    def take(self, sample: Sample, at: datetime, known: Circumstances) -> str:
        """Judges the next sample, and returns its verdict; `at` is its time in our clock."""
        if sample.has_electricity:
            self.values_at.append(at)
            self.told_at.add(sample.at)
        judged = take_sample(self.watch, self.track, sample, at, known, self.thresholds)
        self.measured = judged.measured
        self._keep(judged.findings)
        return judged.verdict

    def end(self, at: datetime) -> None:
        """Ends the session."""
        self._keep(end_session(self.watch, at))

    def _keep(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.episodes[finding.episode.number] = finding.episode

    def settle(self, watch: Watch, raised: Sequence[Episode], now: datetime) -> list[Finding]:
        """Returns what has changed against the episodes that were raised before, and their numbers.

        `watch` is the judge's memory until now, which goes on with what has been found here; of
        the silence of the meter it keeps its own, since that was measured by our clock. Doing
        it again with the same samples finds nothing.
        """
        taken: set[int] = set()
        findings: list[Finding] = []
        last = max([watch.episodes, *(each.number for each in raised)])
        lasting = [each for each in raised if each.evidence.get(_BY_OUR_CLOCK)]
        for number in sorted(self.episodes):
            episode = self.episodes[number]
            if any(_is_same(each, episode) for each in lasting):
                self.watch.forget(episode)
                continue
            old = _counterpart(episode, raised, taken)
            if old is None:
                last += 1
                episode.number = last
                episode.evidence["replayed"] = True
                findings.append(Finding(Change.RAISED, episode))
                continue
            taken.add(old.number)
            findings += _against(old, episode)
        for old in raised:
            if old.number not in taken and self._is_disproved(old):
                findings += _withdrawn(old, now)
        self._hand_over(watch, last, findings)
        return findings

    def _is_disproved(self, episode: Episode) -> bool:
        """Tells whether an episode that was raised cannot have been.

        A silence was only a late delivery if the values that came are no further apart. What
        was seen in samples that are not kept any more stays as it was.
        """
        if episode.cleared_because == LATE_DATA:
            return False
        if episode.evidence.get(_BY_OUR_CLOCK):
            return False
        if episode.kind is not Kind.METER_MISSING:
            seen = [each["at_station"] for each in episode.evidence.get("samples", ())]
            return not seen or datetime.fromisoformat(seen[0]) in self.told_at
        if episode.is_open or episode.cleared_at is None:
            return False
        patience_s = self.thresholds.meter_missing_s
        usual_s = episode.evidence.get("usual_interval_s")
        if usual_s is not None:
            patience_s = max(patience_s, usual_s * self.thresholds.meter_missing_intervals)
        return self._longest_gap_s(episode.opened_at, episode.cleared_at) < patience_s

    def _longest_gap_s(self, start: datetime, end: datetime) -> float:
        """Returns the longest time without a value in a silence, by the values' own times."""
        within = [at for at in self.values_at if start < at < end]
        marks = [start, *within, end]
        return max((b - a).total_seconds() for a, b in pairwise(marks))

    def _hand_over(self, watch: Watch, last: int, findings: Iterable[Finding]) -> None:
        """Gives the judge's memory what was found here, and leaves it what is not of samples."""
        withdrawn = {each.episode.number: each.episode for each in findings}
        known = {*withdrawn, *(each.number for each in self.episodes.values())}
        kept = {
            family: suspicion
            for family, suspicion in watch.suspicions.items()
            if _is_left(suspicion, known, is_found=family in self.watch.suspicions)
        }
        for suspicion in kept.values():
            if suspicion.episode is not None:
                number = suspicion.episode.number
                suspicion.episode = withdrawn.get(number, suspicion.episode)
        watch.suspicions = {**self.watch.suspicions, **kept}
        watch.episodes = last
        for name in _JUDGES_OWN:
            setattr(watch, name, getattr(self.watch, name))


_JUDGES_OWN = (
    "last_at",
    "register",
    "sees_power",
    "step_wh",
    "lone_current",
    "meter",
    "obedience",
    "phases",
    "offered",
    "delivery",
)
"""What a watch remembers of samples, beside its suspicions."""


def _is_left(suspicion: Suspicion, known: set[int], *, is_found: bool) -> bool:
    """Tells whether a suspicion is not of samples, or of such that are not kept any more.

    `is_found` tells that there is another one of its family, made anew.
    """
    episode = suspicion.episode
    if episode is None:
        return False
    if episode.evidence.get(_BY_OUR_CLOCK):
        return episode.is_open or not is_found
    if is_found:
        return False
    return episode.kind not in OF_SAMPLES or (episode.is_open and episode.number not in known)


def _counterpart(episode: Episode, raised: Sequence[Episode], taken: set[int]) -> Episode | None:
    """Returns the episode raised before that this one is: the first of its kind that overlaps.

    One that was withdrawn counts last.
    """
    found = [
        old
        for old in raised
        if old.kind is episode.kind and old.number not in taken and _overlap(old, episode)
    ]
    return min(
        found, key=lambda old: (old.cleared_because == LATE_DATA, old.opened_at), default=None
    )


def _is_same(lasting: Episode, episode: Episode) -> bool:
    """Tells whether an episode is told already by one that late samples cannot disprove."""
    is_told = lasting.is_open or not episode.is_open
    return is_told and lasting.kind is episode.kind and _overlap(lasting, episode)


def _overlap(one: Episode, other: Episode) -> bool:
    return (one.cleared_at is None or other.opened_at <= one.cleared_at) and (
        other.cleared_at is None or one.opened_at <= other.cleared_at
    )


def _against(old: Episode, episode: Episode) -> list[Finding]:
    """Gives an episode the number of the one it was, and tells what has changed about it."""
    episode.number, episode.history, episode.actions = old.number, old.history, old.actions
    carried = {name: old.evidence[name] for name in _CARRIED if name in old.evidence}
    episode.evidence = {**episode.evidence, **carried}
    if _plain(episode) == _plain(old):
        return []
    moved = (old.opened_at, old.cleared_at) != (episode.opened_at, episode.cleared_at)
    if moved:
        episode.evidence["replayed"] = True
    if _plain(episode) == _plain(old):
        return []
    if old.is_open and not episode.is_open:
        return [Finding(Change.CLEARED, episode)]
    if episode.is_open and not old.is_open:
        return [Finding(Change.RAISED, episode)]
    is_worse = old.severity is not episode.severity
    return [Finding(Change.CHANGED if is_worse else Change.UPDATED, episode)]


def _withdrawn(old: Episode, now: datetime) -> list[Finding]:
    old.cleared_at, old.cleared_because = old.cleared_at or now, LATE_DATA
    return [Finding(Change.CLEARED, old)]


def _plain(episode: Episode) -> dict[str, Any]:
    """Returns what a store would give back of an episode."""
    known: dict[str, Any] = orjson.loads(orjson.dumps(episode))
    return known
