"""What an attentive server should have found, worked out from the truth.

Only clear-cut deviations are labels. Those that lie at the border of what is tolerated, or end
before anybody could be sure, are grey: finding them is no false alarm, missing them is none either.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import Group
from tests.world.sight import OF_METERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.sight import Sight
    from tests.world.truth import Deviation, RealSession, Truth, Window

BUDGETS_S: Final = {
    "OVER_LIMIT": 240,
    "OVER_LIMIT_STATION": 240,
    "OUTSIDE_WINDOW": 240,
    "NO_RESPONSE": 300,
    "WRONG_PHASES": 300,
    "UNDER_DELIVERY": 1200,
    "STALLED": 1200,
    "OFFERED_MISMATCH": 240,
    "METER_ANOMALY": 900,
    "METER_MISSING": 960,
    "PROFILE_REFUSED": 240,
}
FAMILIES: Final = (
    frozenset({"OVER_LIMIT", "NO_RESPONSE"}),
    frozenset({"UNDER_DELIVERY", "STALLED", "NO_RESPONSE"}),
)
"""Kinds that the conditions themselves do not tell apart: either is right for the other."""

_OVER: Final = frozenset({"OVER_LIMIT", "NO_RESPONSE", "OUTSIDE_WINDOW"})
_UNDER: Final = frozenset({"UNDER_DELIVERY", "STALLED"})
_PHYSICAL: Final = frozenset({*BUDGETS_S} - {"METER_ANOMALY", "OFFERED_MISMATCH"})
_SURE_S: Final = 300.0
_UNDER_SURE_S: Final = 1200.0
_MISSING_SURE_S: Final = 120.0
_FIRST_VALUE_S: Final = 1_210.0
_KNOWN_AFTER: Final = 3
_LOSSY_S: Final = 600.0
_MISSING_LEAST_W: Final = 500.0
_METER_WH: Final = 200.0
_METER_SURE_S: Final = 900.0
_REFUSALS: Final = 3
_LIES: Final = frozenset({Group.METERS, Group.CLOCKS})
"""Faults of which values are wrong, or at the wrong time: any alert may come of them."""
_UNHEARD: Final = OF_METERS | {"PROFILE_REFUSED"}
"""What may come of messages that are lost, late or not understood."""


@dataclass(frozen=True, slots=True)
class Label:
    """One deviation that must be found between `onset` and `deadline`."""

    station: str
    transaction: str | None
    kinds: frozenset[str]
    kind: str
    onset: datetime
    seen_from: datetime
    deadline: datetime
    ended: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Grey:
    """A time in which an alert of these kinds is neither right nor wrong."""

    station: str
    transaction: str | None
    kinds: frozenset[str]
    began: datetime
    ended: datetime


def kinds_like(kind: str) -> frozenset[str]:
    """All kinds that are as right as this one."""
    found = {kind}
    for family in FAMILIES:
        if kind in family:
            found |= family
    return frozenset(found)


class Labelling:
    """Sorts the deviations of a truth log; `interval_s` is that of meter values.

    `lag_s` is what messages may be late because the clock runs fast, and `patience_s` how much
    longer the server bears with silence for that. `hidden` counts the labels that are none
    because nobody can see them, by what hides them.
    """

    def __init__(
        self,
        truth: Truth,
        interval_s: float,
        lag_s: float = 0.0,
        patience_s: float = 0.0,
        sight: Sight | None = None,
    ) -> None:
        self._truth = truth
        self._sight = sight
        self.hidden: Counter[str] = Counter()
        self._interval_s = interval_s
        self.lag_s = lag_s
        self._lag = timedelta(seconds=lag_s)
        self._patience_s = patience_s
        self._sessions = {each.transaction: each for each in truth.sessions}
        self._by_station: dict[str, list[RealSession]] = defaultdict(list)
        for session in truth.sessions:
            self._by_station[session.station].append(session)
        self.labels: list[Label] = []
        self.grey: list[Grey] = []
        for each in truth.deviations:
            self._sort(each)
        for windows in truth.faults.values():
            for window in windows:
                self.grey += self._of_fault(window)

    def _sort(self, deviation: Deviation) -> None:
        if deviation.kind == "PROFILE_REFUSED":
            self._refused(deviation)
            return
        seen_from = self._clear_from(deviation)
        label = None
        if seen_from is not None and self._is_sure(deviation, seen_from):
            label = self._label(deviation, seen_from)
        if label is None or self._is_hidden(deviation, label):
            after = timedelta(seconds=600 + 2 * self._interval_s) + self._lag
            kinds = kinds_like(deviation.kind)
            where = (deviation.station, deviation.transaction)
            self.grey.append(Grey(*where, kinds, deviation.onset, deviation.ended + after))
            return
        self.labels.append(label)

    def _is_hidden(self, deviation: Deviation, label: Label) -> bool:
        if self._sight is None:
            return False
        until = min(label.deadline, max(deviation.ended, label.seen_from))
        reason = self._sight.hidden_by(deviation, until)
        if reason:
            self.hidden[reason] += 1
        return bool(reason)

    def _label(self, deviation: Deviation, seen_from: datetime) -> Label:
        budget_s = float(BUDGETS_S[deviation.kind])
        if deviation.kind == "NO_RESPONSE" and "wants" in deviation.facts:
            budget_s = BUDGETS_S["UNDER_DELIVERY"]
        if deviation.facts.get("values", _KNOWN_AFTER) < _KNOWN_AFTER:
            budget_s = _FIRST_VALUE_S + BUDGETS_S["OVER_LIMIT"]
        if self._interval_s > 60:
            budget_s += 2 * self._interval_s
        starts = max(seen_from, self._back(deviation.station, seen_from))
        return Label(
            deviation.station,
            deviation.transaction,
            kinds_like(deviation.kind),
            deviation.kind,
            deviation.onset,
            starts,
            starts + timedelta(seconds=budget_s) + self._lag,
            deviation.ended,
            _said(deviation),
        )

    def _clear_from(self, deviation: Deviation) -> datetime | None:
        text = deviation.facts.get("clear_from")
        if deviation.kind == "METER_MISSING":
            return deviation.onset
        return None if text is None else datetime.fromisoformat(text)

    def _is_sure(self, deviation: Deviation, seen_from: datetime) -> bool:
        facts, two_s = deviation.facts, 2 * self._interval_s
        lag_s = self._lag.total_seconds()
        if self._is_away(deviation.station, seen_from, deviation.ended):
            return False
        if deviation.kind == "METER_MISSING":
            least_s = max(_LOSSY_S, 3 * self._interval_s) + self._patience_s
            if facts.get("values", _KNOWN_AFTER) < _KNOWN_AFTER:
                least_s = _FIRST_VALUE_S
            least_s += _MISSING_SURE_S
            mean_w = facts.get("energy_wh", 0.0) * 3600 / max(deviation.lasted_s, 1.0)
            return deviation.lasted_s >= least_s and mean_w >= _MISSING_LEAST_W
        if deviation.kind == "METER_ANOMALY":
            is_register = facts.get("aspect") == "register"
            return (
                is_register and facts["peak"] >= _METER_WH and self._runs_on(deviation, seen_from)
            )
        if deviation.kind == "OFFERED_MISMATCH" and not self._is_all_that_is_wrong(deviation):
            return False
        if deviation.kind in _UNDER or "wants" in facts:
            return self._is_sure_to_be_less(deviation)
        return bool(facts["clear_s"] >= _SURE_S + two_s + lag_s)

    def _runs_on(self, deviation: Deviation, seen_from: datetime) -> bool:
        """Whether there is time enough for what only the sum of many values shows."""
        session = self._sessions.get(deviation.transaction or "")
        sure = seen_from + timedelta(seconds=_METER_SURE_S + 2 * self._interval_s) + self._lag
        return session is None or session.ended >= sure

    def _is_all_that_is_wrong(self, deviation: Deviation) -> bool:
        """Whether more is offered than allowed, and the car does not take it, which tells more."""
        is_above = deviation.facts.get("offered", 0.0) > deviation.facts.get("limit", 0.0)
        return is_above and not any(
            each.transaction == deviation.transaction
            and each.kind in _OVER
            and each.onset < deviation.ended
            and deviation.onset < each.ended
            for each in self._truth.deviations
        )

    def _is_sure_to_be_less(self, deviation: Deviation) -> bool:
        """Whether the car was known to take more, in this session, and the station said nothing."""
        facts = deviation.facts
        if facts.get("status") != "Charging" or facts.get("limit") is None:
            return False  # without a limit there is no saying that it is too little
        long = deviation.lasted_s >= _UNDER_SURE_S + 2 * self._interval_s
        return long and facts["known"] >= facts["wants"] * 0.95

    def _refused(self, deviation: Deviation) -> None:
        """A profile that was refused; only if none was taken, however it was put."""
        running = [
            each
            for each in self._by_station[deviation.station]
            if each.started <= deviation.onset <= each.ended
        ]
        after = deviation.onset + timedelta(seconds=900) + self._lag
        kinds = frozenset({"PROFILE_REFUSED"})
        for session in running:
            label = self._refusal_of(session, deviation)
            if label is None:
                where = (deviation.station, session.transaction)
                self.grey.append(Grey(*where, kinds, deviation.onset, after))
            elif all(each.transaction != label.transaction for each in self._of_kind(kinds)):
                self.labels.append(label)
        if not running:
            self.grey.append(Grey(deviation.station, None, kinds, deviation.onset, after))

    def _of_kind(self, kinds: frozenset[str]) -> Iterator[Label]:
        return (each for each in self.labels if each.kinds == kinds)

    def _refusal_of(self, session: RealSession, deviation: Deviation) -> Label | None:
        if session.accepted or session.refused < _REFUSALS:
            return None
        deadline = deviation.onset + timedelta(seconds=BUDGETS_S["PROFILE_REFUSED"]) + self._lag
        if session.ended < deadline:
            return None
        return Label(
            session.station,
            session.transaction,
            frozenset({"PROFILE_REFUSED"}),
            "PROFILE_REFUSED",
            deviation.onset,
            deviation.onset,
            deadline,
            session.ended,
            f"{session.refused} refusals",
        )

    def _of_fault(self, window: Window) -> Iterator[Grey]:
        """What a fault may show as beside what physics tells; known by the catalogue."""
        fault = FAULTS.get(window.what)
        if fault is None:
            return
        shown = set(fault.shows_as)
        if fault.group is Group.LIMITS:
            shown -= _PHYSICAL  # what flows tells better whether and when
        if fault.group in _LIES:
            shown |= {*BUDGETS_S}
        elif fault.group is not Group.LIMITS:
            shown |= _UNHEARD
        kinds = frozenset(like for kind in shown for like in kinds_like(kind))
        after = window.ended
        if after.year < 9000:
            after += timedelta(seconds=1200 + 2 * self._interval_s) + self._lag
        yield Grey(window.station, None, kinds, window.began, after)

    def _is_away(self, station: str, began: datetime, ended: datetime) -> bool:
        return any(each.meets(began, ended) for each in self._truth.away[station])

    def _back(self, station: str, at: datetime) -> datetime:
        """When a station is there again that is away at `at`."""
        for each in self._truth.away[station]:
            if each.began <= at < each.ended:
                return each.ended
        return at


def _said(deviation: Deviation) -> str:
    facts = deviation.facts
    told = {
        name: facts[name]
        for name in ("limit", "draw", "wants", "known", "peak", "clear_s", "aspect", "phases")
        if name in facts
    }
    return ", ".join(f"{name} {given}" for name, given in told.items())
