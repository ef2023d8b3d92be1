"""The limit in force over time, and what caused it: what `evaluate` returns."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from profiles.model import Purpose, RateUnit
from profiles.semantics import MixedUnits
from profiles.units import NOMINAL_VOLTAGE, amperes, tightest, watts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Cause:
    """A period that had a say in a step.

    `phases` is the period's numberPhases (None: not given). `binding` is False for a period
    that spoke but was not the tightest of its unit.
    """

    profile_id: int
    purpose: Purpose
    stack_level: int
    period_index: int
    unit: RateUnit
    limit: float
    phases: int | None = None
    binding: bool = True


@dataclass(frozen=True, slots=True)
class LimitStep:
    """What is allowed from `start` (inclusive) to `end` (exclusive), both whole UTC seconds.

    `limit_a` is the tightest of the ampere limits (per phase), `limit_w` of the watt limits
    (total); both bind at once, and None in both means no profile limits anything. `phases` is
    the lowest numberPhases given, None if none was. `ambiguous` marks a mix of units with
    different phase counts, which stations may read in two ways: judge an excess by the looser
    and a shortfall by the tighter one (`range_in_a`, `range_in_w`). `causes` holds every
    period that spoke, binding ones first.
    """

    start: datetime
    end: datetime
    limit_a: float | None
    limit_w: float | None
    phases: int | None
    ambiguous: bool
    causes: tuple[Cause, ...]

    @property
    def is_limited(self) -> bool:
        """Whether any profile limits this step."""
        return self.limit_a is not None or self.limit_w is not None

    def in_a(
        self,
        voltage: float = NOMINAL_VOLTAGE,
        phases_default: int = 3,
        mixed_units: MixedUnits = MixedUnits.MERGED,
    ) -> float | None:
        """Return the limit in amperes per phase; None when nothing limits.

        `voltage` is nominal, line to neutral. `phases_default` is what the EVSE can use: taken
        where no profile gives a count, and the most that counts where one does. For DC give
        the nominal battery voltage and 1. Source: OCPP 2.0.1 part 2, K01.FR.49, K01.FR.50.
        """
        if mixed_units is MixedUnits.OWN or self._is_widened:
            return self._own(_cause_in_a, voltage, phases_default, mixed_units)
        phases = _phases(self.phases, phases_default)
        converted = None if self.limit_w is None else amperes(self.limit_w, voltage, phases)
        return tightest((self.limit_a, converted))

    def in_w(
        self,
        voltage: float = NOMINAL_VOLTAGE,
        phases_default: int = 3,
        mixed_units: MixedUnits = MixedUnits.MERGED,
    ) -> float | None:
        """Return the limit in watts over all phases; None when nothing limits. See `in_a`.

        Source: OCPP 2.0.1 part 2, K01.FR.51.
        """
        if mixed_units is MixedUnits.OWN or self._is_widened:
            return self._own(_cause_in_w, voltage, phases_default, mixed_units)
        phases = _phases(self.phases, phases_default)
        converted = None if self.limit_a is None else watts(self.limit_a, voltage, phases)
        return tightest((self.limit_w, converted))

    def in_unit(
        self,
        unit: RateUnit,
        voltage: float = NOMINAL_VOLTAGE,
        phases_default: int = 3,
        mixed_units: MixedUnits = MixedUnits.MERGED,
    ) -> float | None:
        """Return `in_a` or `in_w`."""
        convert = self.in_a if unit is RateUnit.A else self.in_w
        return convert(voltage, phases_default, mixed_units)

    @property
    def _is_widened(self) -> bool:
        return any(each.purpose is Purpose.LOCAL_GENERATION for each in self.causes)

    def _own(
        self,
        convert: Callable[[Cause, float, int], float],
        voltage: float,
        phases_default: int,
        mixed_units: MixedUnits,
    ) -> float | None:
        """Return the limit cause by cause; what is produced on site comes on top of the lowest.

        Source: OCPP 2.1 part 2, K27.
        """
        causes = self.causes
        if mixed_units is MixedUnits.MERGED:
            causes = tuple(replace(each, phases=self.phases) for each in causes)
        bounds = [each for each in causes if each.purpose is not Purpose.LOCAL_GENERATION]
        added = [each for each in causes if each.purpose is Purpose.LOCAL_GENERATION]
        limit = tightest(convert(each, voltage, phases_default) for each in bounds)
        if limit is None:
            return None
        return limit + sum(convert(each, voltage, phases_default) for each in added)

    def range_in_a(
        self, voltage: float = NOMINAL_VOLTAGE, phases_default: int = 3
    ) -> tuple[float, float] | None:
        """Return the (tighter, looser) reading in amperes, equal unless phase counts differ."""
        return _range(
            self.in_a(voltage, phases_default, MixedUnits.MERGED),
            self.in_a(voltage, phases_default, MixedUnits.OWN),
        )

    def range_in_w(
        self, voltage: float = NOMINAL_VOLTAGE, phases_default: int = 3
    ) -> tuple[float, float] | None:
        """Return the (tighter, looser) reading in watts, equal unless phase counts differ."""
        return _range(
            self.in_w(voltage, phases_default, MixedUnits.MERGED),
            self.in_w(voltage, phases_default, MixedUnits.OWN),
        )


@dataclass(frozen=True, slots=True)
class LimitTimeline:
    """Limits over a window: steps sorted by start, gapless, at least one."""

    steps: tuple[LimitStep, ...]

    @property
    def start(self) -> datetime:
        """First instant covered."""
        return self.steps[0].start

    @property
    def end(self) -> datetime:
        """First instant no longer covered."""
        return self.steps[-1].end

    def __iter__(self) -> Iterator[LimitStep]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def covers(self, at: datetime) -> bool:
        """Whether `at` lies within the window."""
        return self.start <= at < self.end

    def at(self, at: datetime) -> LimitStep:
        """Return the step in force at `at`.

        Raises: ValueError when `at` is outside the window; ask `covers` first.
        """
        if not self.covers(at):
            message = f"{at.isoformat()} is outside {self.start} to {self.end}"
            raise ValueError(message)
        return self.steps[self._index(at)]

    def between(self, start: datetime, end: datetime) -> tuple[LimitStep, ...]:
        """Return the steps of [start, end), the outer ones cut to it; empty outside the window."""
        start, end = max(start, self.start), min(end, self.end)
        if start >= end:
            return ()
        first = self._index(start)
        last = self._index(end)
        if last > first and self.steps[min(last, len(self.steps) - 1)].start >= end:
            last -= 1
        found = self.steps[first : last + 1]
        return tuple(
            replace(step, start=max(step.start, start), end=min(step.end, end)) for step in found
        )

    def _index(self, at: datetime) -> int:
        return bisect_right(self.steps, at, key=lambda step: step.start) - 1


def _phases(given: int | None, phases_default: int) -> int:
    return phases_default if given is None else min(given, phases_default)


def _cause_in_a(cause: Cause, voltage: float, phases_default: int) -> float:
    if cause.unit is RateUnit.A:
        return cause.limit
    return amperes(cause.limit, voltage, _phases(cause.phases, phases_default))


def _cause_in_w(cause: Cause, voltage: float, phases_default: int) -> float:
    if cause.unit is RateUnit.W:
        return cause.limit
    return watts(cause.limit, voltage, _phases(cause.phases, phases_default))


def _range(merged: float | None, own: float | None) -> tuple[float, float] | None:
    if merged is None or own is None:
        return None
    return min(merged, own), max(merged, own)
