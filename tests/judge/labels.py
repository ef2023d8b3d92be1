"""What a scenario expects to be found, and by when."""

from __future__ import annotations

from dataclasses import dataclass

# Seconds from the onset to the confirmation, for samples each minute; each slower one gives two
# intervals more.
BUDGETS_S = {
    "OVER_LIMIT": 240,
    "OVER_LIMIT_STATION": 240,
    "OUTSIDE_WINDOW": 240,
    "NO_RESPONSE": 300,
    "NO_RESPONSE up": 1200,
    "WRONG_PHASES": 300,
    "UNDER_DELIVERY": 1200,
    "STALLED": 1200,
    "OFFERED_MISMATCH": 240,
    "METER_ANOMALY": 90,
    "METER_ANOMALY soft": 900,
    "METER_MISSING": 960,
    "PROFILE_REFUSED": 240,
    "COMPOSITE_MISMATCH": 90,
    "DEADLINE_RISK": 900,
}


@dataclass(frozen=True, slots=True)
class Truth:
    """One episode that must be found.

    `kinds` has more than one only where the document calls them one family and the physics
    decides for none. Seconds are by the log's clock. `severity` is the worst that it must reach.
    """

    kinds: tuple[str, ...]
    onset_s: float
    deadline_s: float
    severity: str | None = None

    @property
    def kind(self) -> str:
        return self.kinds[0]


def truth(
    kinds: str | tuple[str, ...],
    onset_s: float,
    every_s: float,
    *,
    seen_s: float | None = None,
    severity: str | None = None,
) -> Truth:
    """Returns the label of what begins at `onset_s`.

    `kinds` may carry the name of another budget, "METER_ANOMALY soft". Where the system could
    not see it before `seen_s`, the budget counts from there.
    """
    names = (kinds,) if isinstance(kinds, str) else kinds
    budget_s = max(BUDGETS_S[name] for name in names)
    if every_s > 60:
        budget_s += 2 * every_s
    plain = tuple(name.split(" ")[0] for name in names)
    return Truth(plain, onset_s, (seen_s or onset_s) + budget_s, severity)
