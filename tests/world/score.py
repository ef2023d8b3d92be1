"""Holds the alerts of a server against what really happened.

The unit is an episode. One is right if it is of the labelled kind and was confirmed between onset
and deadline; a later one makes the label a miss; an alert in a grey time counts for nothing;
every other is a false alarm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.world.labels import BUDGETS_S

if TYPE_CHECKING:
    from tests.world.labels import Grey, Label
    from tests.world.record import Alert
    from tests.world.sessions import Account
    from tests.world.truth import Truth

SLACK = timedelta(seconds=10)
SCORED = frozenset({*BUDGETS_S, "COMPOSITE_MISMATCH"})
"""What alerts are scored; others tell of what the truth log knows nothing."""


@dataclass(slots=True)
class Tally:
    """What came of one kind."""

    hits: int = 0
    missed: int = 0
    false: int = 0
    grey: int = 0
    delays_s: list[float] = field(default_factory=list)

    @property
    def precision(self) -> float | None:
        said = self.hits + self.false
        return self.hits / said if said else None

    @property
    def recall(self) -> float | None:
        labelled = self.hits + self.missed
        return self.hits / labelled if labelled else None

    def delay_s(self, share: float) -> float | None:
        """The time to detect that this share of the hits did not exceed."""
        if not self.delays_s:
            return None
        ordered = sorted(self.delays_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(slots=True)
class Score:
    """All of it, with the misses and false alarms to look up."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    missed: list[tuple[Label, Alert | None]] = field(default_factory=list)
    false: list[tuple[Alert, bool]] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    nominal_hours: float = 0.0
    nominal_false: int = 0

    @property
    def alarms_per_1000_h(self) -> float:
        return 1000 * self.nominal_false / self.nominal_hours if self.nominal_hours else 0.0

    def total(self) -> Tally:
        whole = Tally()
        for each in self.tallies.values():
            whole.hits += each.hits
            whole.missed += each.missed
            whole.false += each.false
            whole.grey += each.grey
            whole.delays_s += each.delays_s
        return whole


class Scoring:
    """Scores one run."""

    def __init__(
        self, truth: Truth, account: Account, labels: list[Label], grey: list[Grey]
    ) -> None:
        self._truth = truth
        self._real_of = account.real_of
        self._labels = sorted(labels, key=lambda each: each.onset)
        self._grey = grey
        self.score = Score()

    def take(self, alerts: list[Alert]) -> Score:
        """Match each label with the first alert that answers it, then judge what is left."""
        left = sorted(alerts, key=lambda each: each.confirmed)
        taken: list[Alert] = []
        for label in self._labels:
            if any(self._goes_on(label, each) for each in taken):
                self._tally(label.kind).hits += 1
                continue
            found = next((each for each in left if self._answers(label, each)), None)
            if found is not None:
                left.remove(found)
                taken.append(found)
            self._note(label, found)
        for alert in left:
            self._judge(alert)
        self._count_hours()
        return self.score

    def _goes_on(self, label: Label, alert: Alert) -> bool:
        """Whether an alert of an earlier label is still open, and so answers this one too.

        An alert that returns within some minutes is the same one, as its history says.
        """
        if not self._is_of(label, alert) or alert.confirmed > label.deadline:
            return False
        return alert.cleared is None or alert.cleared >= label.seen_from

    def _note(self, label: Label, found: Alert | None) -> None:
        if found is None or found.confirmed > label.deadline + SLACK:
            self.score.missed.append((label, found))
            self._tally(label.kind).missed += 1
            return
        tally = self._tally(label.kind)
        tally.hits += 1
        tally.delays_s.append(max(0.0, (found.confirmed - label.seen_from).total_seconds()))

    def _judge(self, alert: Alert) -> None:
        """An alert that no label has asked for."""
        if alert.kind not in SCORED:
            self.score.others[alert.kind] = self.score.others.get(alert.kind, 0) + 1
            return
        if self._is_grey(alert) or self._is_repeat(alert) or self._is_of_a_fault(alert):
            self._tally(alert.kind).grey += 1
            return
        is_nominal = self._is_nominal(alert)
        self._tally(alert.kind).false += 1
        self.score.false.append((alert, is_nominal))
        self.score.nominal_false += is_nominal

    def _answers(self, label: Label, alert: Alert) -> bool:
        if not self._is_of(label, alert):
            return False
        return alert.confirmed >= label.onset - SLACK and alert.opened <= label.ended + SLACK

    def _is_of(self, label: Label, alert: Alert) -> bool:
        if alert.kind not in label.kinds or alert.station != label.station:
            return False
        return label.transaction is None or self._transaction(alert) in (label.transaction, None)

    def _is_of_a_fault(self, alert: Alert) -> bool:
        """Whether nobody can say that it is wrong: a station with a fault answers as it likes.

        So does one that was asked while its session ended, before that was told.
        """
        if alert.kind in BUDGETS_S:
            return False
        real = self._real_of.get(alert.session or "")
        has_ended = real is not None and alert.opened >= real.ended - SLACK
        return has_ended or not self._is_nominal(alert)

    def _is_repeat(self, alert: Alert) -> bool:
        """Whether it tells again of what a label is about, as when it was cleared in between."""
        after = timedelta(seconds=900)
        return any(
            self._answers(each, alert) and alert.confirmed <= each.ended + after
            for each in self._labels
        )

    def _is_grey(self, alert: Alert) -> bool:
        transaction = self._transaction(alert)
        return any(
            alert.kind in each.kinds
            and alert.station == each.station
            and each.transaction in (None, transaction)
            and alert.confirmed >= each.began - SLACK
            and alert.opened <= each.ended
            for each in self._grey
        )

    def _is_nominal(self, alert: Alert) -> bool:
        real = self._real_of.get(alert.session or "")
        if real is not None:
            return not self._truth.faults_in(real)
        return not self._truth.faults.get(alert.station)

    def _transaction(self, alert: Alert) -> str | None:
        real = self._real_of.get(alert.session or "")
        return None if real is None else real.transaction

    def _tally(self, kind: str) -> Tally:
        return self.score.tallies.setdefault(kind, Tally())

    def _count_hours(self) -> None:
        hours = [each.hours for each in self._truth.sessions if not self._truth.faults_in(each)]
        self.score.nominal_hours = sum(hours)
