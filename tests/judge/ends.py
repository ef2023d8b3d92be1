"""Holds expected ends against the times at which cars were full.

At a quarter, half and three quarters of the charging time the newest estimate counts. The error is
that of the remaining time, relative to it (to 10 minutes at least) and in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHARES = (0.25, 0.5, 0.75)
FLOOR_S = 600.0
AIMS = {"AC": (0.15, 0.10, 0.10), "DC": (0.20, 0.20, 0.25)}
# Nobody says how full the car shall be.
OPEN = "DC open"
AIM_MINUTES = 10.0
COVERAGE = (0.75, 0.85)


@dataclass(frozen=True, slots=True)
class End:
    """When a session's car was full, in seconds by the log's clock.

    `sort` is AC, DC, "DC open" where nobody says how full the car shall be, or "none" where there
    is no ground for any estimate.
    """

    transaction: str
    sort: str
    started_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Guess:
    """One look at what was expected: the share of the time that had passed, seconds to go."""

    sort: str
    share: float
    left_s: float
    p10_s: float | None = None
    p50_s: float | None = None
    p90_s: float | None = None

    @property
    def error_s(self) -> float | None:
        return None if self.p50_s is None else abs(self.p50_s - self.left_s)

    @property
    def relative(self) -> float | None:
        return None if self.error_s is None else self.error_s / max(self.left_s, FLOOR_S)

    @property
    def is_covered(self) -> bool:
        if self.p10_s is None or self.p90_s is None:
            return False
        return self.p10_s <= self.left_s <= self.p90_s


def guesses(end: End, estimates: Sequence[dict[str, Any]], base: datetime) -> Iterator[Guess]:
    """Yields what was expected at each share of the charging time."""
    dated = sorted((_seconds(each["at"], base), index) for index, each in enumerate(estimates))
    for share in SHARES:
        now_s = end.started_s + share * (end.ended_s - end.started_s)
        newest = [index for at_s, index in dated if at_s <= now_s]
        left_s = end.ended_s - now_s
        if not newest:
            yield Guess(end.sort, share, left_s)
            continue
        told = (estimates[newest[-1]].get(name) for name in ("p10", "p50", "p90"))
        left = (None if each is None else _seconds(each, base) - now_s for each in told)
        yield Guess(end.sort, share, left_s, *left)


def _seconds(text: str, base: datetime) -> float:
    return (datetime.fromisoformat(text) - base).total_seconds()


def summary(found: Sequence[Guess]) -> Iterator[str]:
    """The table of errors by sort and share, coverage, and what had no estimate."""
    yield f"{'expected end':14} {'looks':>6} {'none':>6} {'error':>6} {'aim':>5} {'minutes':>7}"
    for sort, aims in [*AIMS.items(), (OPEN, (None, None, None))]:
        for share, aim in zip(SHARES, aims, strict=True):
            group = [each for each in found if each.sort == sort and each.share == share]
            if group:
                yield _line(f"{sort} at {share:.0%}", group, aim)
        known = [each for each in found if each.sort == sort and each.p10_s is not None]
        if known:
            covered = sum(each.is_covered for each in known) / len(known)
            yield f"{sort}: {covered:.0%} between p10 and p90 (aim 75 to 85 %)"
    groundless = [each for each in found if each.sort == "none"]
    guessed = sum(each.p50_s is not None for each in groundless)
    yield f"without any ground: {guessed} of {len(groundless)} looks had an estimate (aim 0)"


def _line(name: str, group: Sequence[Guess], aim: float | None) -> str:
    errors = [each.relative for each in group if each.relative is not None]
    minutes = [each.error_s / 60 for each in group if each.error_s is not None]
    none = f"{1 - len(errors) / len(group):.0%}"
    if not errors:
        return f"{name:14} {len(group):6} {none:>6}"
    error, minute = sum(errors) / len(errors), sum(minutes) / len(minutes)
    aimed = "-" if aim is None else f"{aim:.0%}"
    return f"{name:14} {len(group):6} {none:>6} {error:6.1%} {aimed:>5} {minute:7.1f}"


def is_met(found: Sequence[Guess]) -> bool:
    """Whether each error is within its aim, or 10 minutes, and nothing is made up."""
    for sort, aims in AIMS.items():
        for share, aim in zip(SHARES, aims, strict=True):
            group = [each for each in found if each.sort == sort and each.share == share]
            errors = [each.relative for each in group if each.relative is not None]
            seconds = [each.error_s for each in group if each.error_s is not None]
            if not errors:
                continue
            is_near = sum(seconds) / len(seconds) <= 60 * AIM_MINUTES
            if sum(errors) / len(errors) > aim and not is_near:
                return False
    return all(each.p50_s is None for each in found if each.sort == "none")
