"""One profile over a window: when which of its periods speaks.

Source: OCPP 2.0.1 part 2, K01.FR.10 to K01.FR.13, K01.FR.30, K01.FR.36, K01.FR.37, K01.FR.42;
OCPP 1.6, 5.16.4 and 7.8 to 7.13.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles.model import ChargingProfile, Kind, Period, Schedule
from profiles.timeline import Segment, Timeline, to_second

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from profiles.installed import InstalledProfile
    from profiles.model import Transaction
    from profiles.semantics import Rules


@dataclass(frozen=True, slots=True)
class Voice:
    """A period of a profile that speaks."""

    profile: ChargingProfile
    period_index: int

    @property
    def period(self) -> Period:
        """The period itself."""
        return self.profile.schedule.periods[self.period_index]


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds from `start` (inclusive) to `end` (exclusive)."""

    start: int
    end: int


def expand(
    installed: InstalledProfile, transaction: Transaction | None, window: Window, rules: Rules
) -> Timeline[Voice]:
    """Return which period speaks when, within the window; silence where none does."""
    profile = installed.profile
    anchor = _anchor(installed, transaction)
    valid = _validity(profile, window, rules)
    if anchor is None or valid.start >= valid.end:
        return Timeline()
    origin = to_second(anchor)
    cycle_s = _cycle_s(profile)
    pattern = _pattern(profile, _length(profile.schedule, cycle_s, valid.end - origin))
    segments: list[Segment[Voice]] = []
    for begins in _occurrences(origin, cycle_s, valid, rules):
        segments.extend(pattern.shift(begins))
    return Timeline(tuple(segments)).cut(valid.start, valid.end)


def _anchor(installed: InstalledProfile, transaction: Transaction | None) -> datetime | None:
    """Return the instant that offset 0 stands for.

    A Relative schedule ignores a start that should not be there (K01.FR.41). An Absolute or
    Recurring one without a start, which 2.0.1 forbids and 1.6 allows, counts as Relative while
    a transaction runs, else from its receipt: stations differ, and this never limits too early.
    """
    profile = installed.profile
    if profile.kind is Kind.DYNAMIC:
        return profile.updated_at
    if profile.kind is not Kind.RELATIVE and profile.schedule.start is not None:
        return profile.schedule.start
    return transaction.start if transaction is not None else installed.received_at


def _validity(profile: ChargingProfile, window: Window, rules: Rules) -> Window:
    start, end = window.start, window.end
    if profile.valid_from is not None:
        start = max(start, to_second(profile.valid_from))
    if profile.valid_to is not None:
        end = min(end, to_second(profile.valid_to) + rules.valid_to_inclusive)
    return Window(start, end)


def _cycle_s(profile: ChargingProfile) -> int | None:
    if profile.kind is not Kind.RECURRING or profile.recurrency_kind is None:
        return None
    return profile.recurrency_kind.cycle_s


def _length(schedule: Schedule, cycle_s: int | None, horizon_s: int) -> int:
    """Return for how long one run of the schedule may speak."""
    length = horizon_s if cycle_s is None else cycle_s
    return length if schedule.duration_s is None else min(length, schedule.duration_s)


def _pattern(profile: ChargingProfile, length_s: int) -> Timeline[Voice]:
    """Return one run of the schedule from offset 0; of equal starts the last one counts."""
    starts = {period.start_s: index for index, period in enumerate(profile.schedule.periods)}
    ordered = sorted(starts)
    ends = [*ordered[1:], length_s]
    return (
        Timeline.of(
            *(
                (start, min(end, length_s), Voice(profile, starts[start]))
                for start, end in zip(ordered, ends, strict=True)
            )
        )
        if ordered
        else Timeline()
    )


def _occurrences(origin: int, cycle_s: int | None, valid: Window, rules: Rules) -> Iterator[int]:
    """Yield the starts of the runs that can reach into the window, earliest first."""
    if cycle_s is None:
        yield origin
        return
    first = (valid.start - origin) // cycle_s
    if not rules.recurrence_backward:
        first = max(first, 0)
    yield from range(origin + first * cycle_s, valid.end, cycle_s)
