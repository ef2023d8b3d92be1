"""What a station's figures come to: a score from 0 to 100 whose every point has its finding. PURE.

More of what is bad never raises a score. What too little is known of is not judged, and said so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from csms.monitor.health_rules import FAMILIES, RULES, Per, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from csms.monitor.health_days import Figures

LEAST_SESSIONS: Final = 10
LEAST_POINTS: Final = 20.0
GOOD, POOR = 90.0, 70.0

_DAY_S, _HOUR_S = 86_400.0, 3600.0
_FULL: Final = 1000  # tenths of a point
# What has to be known of each kind of rate before it is judged.
_LEAST: Final[Mapping[Per, float]] = {
    Per.SESSIONS: LEAST_SESSIONS,
    Per.DAYS: 1,
    Per.STATION_TIME: _DAY_S,
    Per.EVSE_TIME: _DAY_S,
    Per.CALLS: 20,
    Per.MESSAGES: 200,
    Per.LOOKS: 12,
    Per.EVSES: 1,
}
_TIMES: Final[Mapping[Per, float]] = {
    Per.SESSIONS: 100,
    Per.DAYS: 1,
    Per.STATION_TIME: 100,
    Per.EVSE_TIME: 100,
    Per.CALLS: 100,
    Per.MESSAGES: 1000,
    Per.LOOKS: 100,
    Per.EVSES: 0,
}
_AMOUNTS: Final[Mapping[Per, str]] = {
    Per.SESSIONS: "sessions",
    Per.CALLS: "calls",
    Per.MESSAGES: "messages",
    Per.LOOKS: "clock_looks",
}
_BESIDE: Final = frozenset({"start_without_session", "charging_without_session"})
_KNOWN: Final = ("operative_s", "offline_s", "faulted_s", "unavailable_s")


@dataclass(frozen=True, slots=True)
class Availability:
    """How long a place was what, in seconds, and what that comes to.

    `known_s` is all but what nobody saw. `online_share` is of a station, the rest of EVSEs.
    """

    known_s: float
    unknown_s: float
    operative_s: float
    planned_s: float
    faulted_s: float
    unavailable_s: float
    offline_s: float
    breakdowns: int
    repair_s: float

    @property
    def operative_share(self) -> float | None:
        """The share of all known time in which a car could charge."""
        return self.operative_s / self.known_s if self.known_s else None

    @property
    def uptime(self) -> float | None:
        """The same without the time in which an operator wanted it out of service."""
        wanted_s = self.known_s - self.planned_s
        return self.operative_s / wanted_s if wanted_s > 0 else None

    @property
    def mtbf_s(self) -> float | None:
        """The time fit for use for each breakdown."""
        return self.operative_s / self.breakdowns if self.breakdowns else None

    @property
    def mttr_s(self) -> float | None:
        """How long a breakdown lasts."""
        return self.repair_s / self.breakdowns if self.breakdowns else None


@dataclass(frozen=True, slots=True)
class Finding:
    """One deduction: `points` is what it takes, `alone` what it would without other findings.

    `count` of `of` (of seconds for shares of time) is `rate` per `per`.
    """

    rule: Rule
    count: float
    of: float
    rate: float
    alone: float
    points: float = 0.0


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a station's figures of some days come to.

    `score` is None where too little is known to tell, and nothing that is known is bad enough.
    `findings` come worst first, and their points add up to 100 less the score. `unjudged` are
    the names of the rules for which too little is known.
    """

    score: float | None
    findings: tuple[Finding, ...]
    unjudged: tuple[str, ...]
    sessions: int
    rates: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """All points taken."""
        return round(sum(each.points for each in self.findings), 1)

    @property
    def families(self) -> dict[str, float]:
        """The points taken by family, the most first."""
        taken: Counter[str] = Counter()
        for each in self.findings:
            taken[each.rule.family] += round(each.points * 10)
        return {name: tenths / 10 for name, tenths in taken.most_common() if tenths}

    @property
    def grade(self) -> str:
        """The score in a word."""
        if self.score is None:
            return "not_enough_data"
        if self.score >= GOOD:
            return "good"
        return "poor" if self.score < POOR else "fair"


def assess(figures: Figures, silent: int = 0) -> Assessment:
    """Returns what the figures of a station's days, added up by EVSE, come to.

    `silent` of its EVSEs have come to charge nobody any more (`csms.monitor.health_trend`).
    """
    totals = total_of(figures)
    evses = max(len([evse for evse in figures if evse]), silent)
    rates = {
        rule.name: (silent, evses) if rule.per is Per.EVSES else rate_of(rule, figures, totals)
        for rule in RULES
    }
    found, unjudged = [], []
    for rule in RULES:
        count, of = rates[rule.name]
        if of < _LEAST[rule.per]:
            unjudged.append(rule.name)
            continue
        finding = _judged(rule, count, of)
        if finding is not None:
            found.append(finding)
    findings = _shared_out(found)
    taken = sum(round(each.points * 10) for each in findings)
    sessions = int(totals.get("sessions", 0))
    is_known = sessions >= LEAST_SESSIONS and "offline" not in unjudged
    score = (_FULL - taken) / 10 if is_known or taken >= LEAST_POINTS * 10 else None
    return Assessment(score, findings, tuple(unjudged), sessions, rates)


def total_of(figures: Figures) -> Mapping[str, float]:
    """Returns the figures of a station and all its EVSEs together."""
    totals: Counter[str] = Counter()
    for own in figures.values():
        totals.update(own)
    return totals


def rate_of(
    rule: Rule, figures: Figures, totals: Mapping[str, float] | None = None
) -> tuple[float, float]:
    """Returns a rule's count, and what it is held against: sessions, days, seconds, calls."""
    totals = total_of(figures) if totals is None else totals
    count = sum(totals.get(name, 0.0) for name in rule.figures)
    if rule.per is Per.STATION_TIME:
        count = figures.get(0, {}).get("offline_s", 0.0)
    return count, _exposure(rule, figures, totals, count)


def _exposure(rule: Rule, figures: Figures, totals: Mapping[str, float], count: float) -> float:
    """Returns what a rule's count is held against."""
    if rule.per in _AMOUNTS:
        # What began no session is an attempt beside them.
        beside = count if rule.name in _BESIDE else 0.0
        return totals.get(_AMOUNTS[rule.per], 0.0) + beside
    if rule.per is Per.EVSE_TIME:
        return sum(availability_of(figures[evse]).known_s for evse in figures if evse)
    if rule.per is Per.EVSES:
        return float(len([evse for evse in figures if evse]))
    station = figures.get(0, {})
    known_s = station.get("online_s", 0.0) + station.get("offline_s", 0.0)
    return known_s / _DAY_S if rule.per is Per.DAYS else known_s


def availability_of(own: Mapping[str, float]) -> Availability:
    """Returns the availability of an EVSE; of the figures of several, of all of them together."""
    spent = {name: own.get(name, 0.0) for name in (*_KNOWN, "planned_s")}
    return Availability(
        known_s=sum(spent.values()),
        unknown_s=own.get("unknown_s", 0.0),
        breakdowns=int(own.get("breakdowns", 0)),
        repair_s=own.get("repair_s", 0.0),
        **spent,
    )


def availability_of_evses(figures: Figures) -> Availability:
    """Returns the availability of all EVSEs of a station together, each with its own time."""
    return availability_of(total_of({evse: own for evse, own in figures.items() if evse}))


def online_share(figures: Figures) -> float | None:
    """Returns the share of its known time in which a station was connected."""
    station = figures.get(0, {})
    known_s = station.get("online_s", 0.0) + station.get("offline_s", 0.0)
    return station.get("online_s", 0.0) / known_s if known_s else None


def _judged(rule: Rule, count: float, of: float) -> Finding | None:
    rate = count / of * _TIMES[rule.per] if _TIMES[rule.per] else count
    if count < rule.least or rate <= rule.free:
        return None
    alone = round(min(rule.most, rule.slope * (rate - rule.free)), 1)
    return Finding(rule, count, of, rate, alone) if alone else None


def _shared_out(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Gives each finding its points, the worst one first, as far as family and score have any."""
    left, of_family = _FULL, {name: most * 10 for name, most in FAMILIES.items()}
    taken: list[Finding] = []
    for each in sorted(found, key=lambda finding: -finding.alone):
        family = each.rule.family
        tenths = min(round(each.alone * 10), of_family[family], left)
        left, of_family[family] = left - tenths, of_family[family] - tenths
        points = tenths / 10
        taken.append(Finding(each.rule, each.count, each.of, each.rate, each.alone, points))
    return tuple(sorted(taken, key=lambda finding: (-finding.points, finding.rule.name)))


def told(finding: Finding) -> str:
    """Returns a finding as a sentence."""
    rule = finding.rule
    if rule.per in {Per.STATION_TIME, Per.EVSE_TIME}:
        amount = f"{finding.count / _HOUR_S:.1f} of {finding.of / _HOUR_S:.1f} h"
        rate = f"{finding.rate:.1f} %"
    elif rule.per is Per.EVSES:
        amount, rate = f"{finding.count:.0f} of {finding.of:.0f}", f"{finding.rate:.0f}"
    elif rule.per is Per.DAYS:
        amount, rate = f"{finding.count:.0f} in {finding.of:.1f} days", f"{finding.rate:.2f} a day"
    else:
        unit = "attempts" if rule.name in _BESIDE else _UNITS[rule.per]
        amount = f"{finding.count:.0f} of {finding.of:.0f} {unit}"
        times = _TIMES[rule.per]
        rate = f"{finding.rate:.1f} %" if times <= 100 else f"{finding.rate:.1f} per {times:.0f}"  # noqa: PLR2004
    return f"{rule.about}: {amount} ({rate})"


_UNITS: Final[Mapping[Per, str]] = {
    Per.SESSIONS: "sessions",
    Per.CALLS: "calls",
    Per.MESSAGES: "messages",
    Per.LOOKS: "looks",
}


def finding_doc(finding: Finding) -> dict[str, Any]:
    """Returns a finding as JSON-able values."""
    rule = finding.rule
    return {
        "rule": rule.name,
        "family": rule.family,
        "says": told(finding),
        "count": round(finding.count, 1),
        "of": round(finding.of, 1),
        "rate": round(finding.rate, 2),
        "per": rule.per.value,
        "free": rule.free,
        "points": finding.points,
        "alone": finding.alone,
    }
