"""Whether a station got worse or better, is worse than others, or has gone silent. PURE.

Each says the numbers that it rests on, and holds them against chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from csms.monitor.health_rules import RULES, Per

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.monitor.health import Assessment

SURE: Final = 0.01
"""How likely chance alone may be for a change to count, all rules of a station together."""
LEAST_EVENTS: Final = 5
LEAST_PEERS: Final = 5
LEAST_SPREAD: Final = 3.0
OUTSIDE: Final = 3.0
"""How many spreads below its peers' median a station is an outlier."""
SILENT: Final = 0.001
LEAST_CHARGED: Final = 20

_DAY_S: Final = 86_400.0
_TO_SIGMA: Final = 1.4826  # of a normal distribution, from the median of absolute deviations
_SHARES: Final = frozenset({Per.STATION_TIME, Per.EVSE_TIME, Per.EVSES})


class Change(NamedTuple):
    """That a rate has changed by more than chance explains. `of` and `of_before` as the rule's."""

    rule: str
    is_worse: bool
    events: int
    of: float
    events_before: int
    of_before: float
    chance: float


@dataclass(frozen=True, slots=True)
class Trend:
    """How a station does against its own past. `score_before` None: it had too little of one."""

    is_known: bool
    score: float | None
    score_before: float | None
    changes: tuple[Change, ...] = ()

    @property
    def direction(self) -> str:
        """The trend in a word."""
        if not self.is_known:
            return "unknown"
        worse = any(each.is_worse for each in self.changes)
        better = any(not each.is_worse for each in self.changes)
        if worse == better:
            return "mixed" if worse else "steady"
        return "worse" if worse else "better"


@dataclass(frozen=True, slots=True)
class Peers:
    """How a station does against others of its model. `spreads` below their median."""

    count: int
    median: float
    spread: float
    spreads: float

    @property
    def is_outlier(self) -> bool:
        """Tells whether it is worse than its model explains."""
        return self.spreads >= OUTSIDE


@dataclass(frozen=True, slots=True)
class Usual:
    """What an EVSE's sessions were like before it fell silent, and what went on beside it since.

    `charged` sessions in `operative_s`; none in the last `silent_s`, all of that fit for use.
    `others` are the sessions of the site's other EVSEs in that time, `others_usual` how many
    those would be at their own rate of before.
    """

    charged: float
    operative_s: float
    silent_s: float
    others: float = 0.0
    others_usual: float = 0.0


class Silence(NamedTuple):
    """That an EVSE is silent: `expected` sessions did not come, by chance only `chance` often."""

    days: float
    expected: float
    chance: float


def trend_of(now: Assessment, before: Assessment) -> Trend:
    """Returns how what was judged now differs from what was before."""
    tested = []
    for rule in RULES:
        (count, of), (past, of_past) = now.rates[rule.name], before.rates[rule.name]
        if rule.per in _SHARES or of <= 0 or of_past <= 0 or count + past < LEAST_EVENTS:
            continue
        is_worse = count / of > past / of_past
        chance = chance_of(round(count), of, round(past), of_past)
        tested.append(Change(rule.name, is_worse, round(count), of, round(past), of_past, chance))
    sure = tuple(each for each in tested if each.chance < SURE / len(tested))
    is_known = before.sessions > 0 or before.rates["offline"][1] > _DAY_S
    return Trend(is_known, now.score, before.score, sure)


def chance_of(count: int, of: float, past: int, of_past: float) -> float:
    """Returns how often two counts at one rate would differ by so much, in this direction.

    Given their sum, the count of one part is binomial (the exact test of two Poisson rates).
    """
    total, share = count + past, of / (of + of_past)
    if count / of >= past / of_past:
        return _at_least(count, total, share)
    return _at_least(past, total, 1 - share)


def _at_least(count: int, total: int, share: float) -> float:
    """Returns the probability of at least `count` of `total`, each with `share`."""
    logs = math.log(share), math.log1p(-share)
    terms = (
        math.exp(
            math.lgamma(total + 1)
            - math.lgamma(each + 1)
            - math.lgamma(total - each + 1)
            + each * logs[0]
            + (total - each) * logs[1]
        )
        for each in range(count, total + 1)
    )
    return min(1.0, math.fsum(terms))


def peers_of(score: float | None, others: Sequence[float]) -> Peers | None:
    """Returns how a score is against those of the other stations of its model.

    None with fewer than five others. The spread is the median of absolute deviations as a
    standard deviation, at least 3 points: where all are alike, a point is not an outlier.
    """
    if score is None or len(others) < LEAST_PEERS:
        return None
    middle = median(others)
    spread = max(LEAST_SPREAD, _TO_SIGMA * median(abs(each - middle) for each in others))
    return Peers(len(others), middle, round(spread, 2), round((middle - score) / spread, 2))


def silence_of(usual: Usual) -> Silence | None:
    """Returns that an EVSE has charged nobody for longer than chance explains, None if not.

    Sessions come at the EVSE's own rate, lowered by as much as the site's others have less to do
    than usual: then none come with the probability e to the minus of the expected ones.
    """
    if usual.charged < LEAST_CHARGED or usual.operative_s <= 0:
        return None
    fewer = min(1.0, usual.others / usual.others_usual) if usual.others_usual > 0 else 1.0
    expected = usual.charged / usual.operative_s * usual.silent_s * fewer
    chance = math.exp(-expected)
    if chance >= SILENT:
        return None
    return Silence(usual.silent_s / _DAY_S, expected, chance)


def changes_doc(changes: Sequence[Change]) -> list[dict[str, object]]:
    """Returns changes as JSON-able values."""
    return [
        {
            **each._asdict(),
            "of": round(each.of, 1),
            "of_before": round(each.of_before, 1),
            "chance": float(f"{each.chance:.2g}"),
        }
        for each in changes
    ]
