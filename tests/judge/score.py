"""Holds what was found against what was labelled.

An episode is right if it is of the labelled kind and was confirmed between onset and deadline; one
that came later makes its label a miss; every other episode is a false alarm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.judge.labels import Truth

# Clocks of stations and the rounding of times.
SLACK_S = 5.0
GRADES = {"minor": 1, "major": 2, "critical": 3}


@dataclass(frozen=True, slots=True)
class Episode:
    """What the system found: times in seconds by the log's clock."""

    kind: str
    confirmed_s: float
    severity: str = "minor"
    opened_s: float | None = None

    @classmethod
    def of(cls, alert: dict[str, Any], base: datetime) -> Episode | None:
        """Reads one deviation of a replay; None for one that was never confirmed."""
        confirmed, opened = alert.get("confirmed_at"), alert.get("opened_at")
        if confirmed is None:
            return None
        return cls(
            alert["kind"],
            seconds(confirmed, base),
            alert.get("severity", "minor"),
            None if opened is None else seconds(opened, base),
        )


@dataclass(slots=True)
class Verdict:
    """What came of one scenario: hits with their time to detect, labels missed, false alarms."""

    hits: list[tuple[Truth, Episode]] = field(default_factory=list)
    missed: list[tuple[Truth, Episode | None]] = field(default_factory=list)
    false: list[Episode] = field(default_factory=list)
    mild: list[tuple[Truth, Episode]] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not self.missed and not self.false

    def says(self, truths: Sequence[Truth]) -> str:
        """In one line what came out instead."""
        told = []
        for truth, late in self.missed:
            if late is None:
                told.append(f"no {truth.kind}")
            else:
                told.append(f"{truth.kind} after {late.confirmed_s - truth.onset_s:.0f} s")
        for episode in self.false:
            onset = f" at {episode.confirmed_s:.0f} s"
            if truths:
                onset = f" at onset {episode.confirmed_s - truths[0].onset_s:+.0f} s"
            told.append(f"{episode.kind}{onset}")
        return ", ".join(told)


def seconds(text: str, base: datetime) -> float:
    """A time of the replay as seconds after the log's beginning."""
    return (datetime.fromisoformat(text) - base).total_seconds()


def judge(truths: Sequence[Truth], episodes: Sequence[Episode]) -> Verdict:
    """Matches each label with the first episode of its kind from its onset on."""
    verdict, left = Verdict(), sorted(episodes, key=lambda each: each.confirmed_s)
    for truth in sorted(truths, key=lambda each: each.onset_s):
        found = next((each for each in left if _answers(truth, each)), None)
        if found is not None:
            left.remove(found)
        if found is None or found.confirmed_s > truth.deadline_s + SLACK_S:
            verdict.missed.append((truth, found))
            continue
        verdict.hits.append((truth, found))
        if truth.severity and GRADES.get(found.severity, 0) < GRADES[truth.severity]:
            verdict.mild.append((truth, found))
    verdict.false = left
    return verdict


def _answers(truth: Truth, episode: Episode) -> bool:
    return episode.kind in truth.kinds and episode.confirmed_s >= truth.onset_s - SLACK_S


@dataclass(slots=True)
class Tally:
    """What one kind came to."""

    hits: int = 0
    missed: int = 0
    false: int = 0
    delays_s: list[float] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.false) if self.hits + self.false else 1.0

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else 1.0

    def delay_s(self, share: float) -> float | None:
        """The time to detect that this share of the hits did not exceed."""
        if not self.delays_s:
            return None
        ordered = sorted(self.delays_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def tallied(verdicts: Sequence[Verdict]) -> dict[str, Tally]:
    """Returns the figures of each kind that was labelled or found."""
    tallies: dict[str, Tally] = {}
    for verdict in verdicts:
        for truth, episode in verdict.hits:
            tally = tallies.setdefault(episode.kind, Tally())
            tally.hits += 1
            tally.delays_s.append(max(0.0, episode.confirmed_s - truth.onset_s))
        for truth, _ in verdict.missed:
            tallies.setdefault(truth.kind, Tally()).missed += 1
        for episode in verdict.false:
            tallies.setdefault(episode.kind, Tally()).false += 1
    return dict(sorted(tallies.items()))
