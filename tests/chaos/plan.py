"""What a scenario is given, and what it gives back: figures, and the limits they must keep."""

from __future__ import annotations

import operator
import sys
import time
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_T = TypeVar("_T")
_COMPARE = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
    ">": operator.gt,
}


@dataclass(frozen=True)
class Limit:
    """What a figure must be. `is_time`: depends on the machine's speed, so no test asserts it."""

    figure: str
    how: str
    bound: float
    is_time: bool = False

    def is_kept(self, figures: dict[str, Any]) -> bool:
        value = figures.get(self.figure)
        return value is not None and bool(_COMPARE[self.how](value, self.bound))

    @property
    def text(self) -> str:
        return f"{self.how} {self.bound:g}"


def zero(*figures: str) -> list[Limit]:
    """Limits of figures which must be 0 exactly."""
    return [Limit(each, "=", 0) for each in figures]


def exactly(figure: str, bound: float) -> Limit:
    return Limit(figure, "=", bound)


def below(figure: str, bound: float) -> Limit:
    """A limit of a figure that is a time."""
    return Limit(figure, "<", bound, is_time=True)


def at_least(figure: str, bound: float) -> Limit:
    return Limit(figure, ">=", bound)


@dataclass
class Outcome:
    """What a scenario measured."""

    figures: dict[str, Any]
    limits: list[Limit] = field(default_factory=list)

    def missed(self, *, with_times: bool = True) -> list[str]:
        return [
            f"{each.figure} is {self.figures.get(each.figure)}, not {each.text}"
            for each in self.limits
            if (with_times or not each.is_time) and not each.is_kept(self.figures)
        ]


@dataclass
class Plan:
    """One run: everything random comes from `random`, or from `draws(name)` in other tasks.

    `folder` is empty, may be read by every account, and is removed afterwards.
    """

    scenario: str
    seed: int
    folder: Path
    size: str = "full"
    is_quiet: bool = False
    begun_s: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.random = self.draws("plan")

    @property
    def is_short(self) -> bool:
        return self.size == "short"

    def draws(self, *names: object) -> Random:
        """A generator of its own for a part, the same for the same seed."""
        return Random("|".join(map(str, (self.seed, self.scenario, *names))))  # noqa: S311

    def pick(self, *, short: _T, full: _T, long: _T | None = None) -> _T:
        """The value for this size of run."""
        if self.size == "short":
            return short
        return long if self.size == "long" and long is not None else full

    def say(self, text: str) -> None:
        """Tells on stderr how far it is."""
        if not self.is_quiet:
            elapsed = time.monotonic() - self.begun_s
            print(f"{elapsed:7.1f} s  {self.scenario}: {text}", file=sys.stderr, flush=True)  # noqa: T201


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of all is not above; 0 if there are none."""
    known = sorted(values)
    return known[min(len(known) - 1, int(len(known) * share))] if known else 0.0
