"""The limit in force over a session's life: each plan, cut where the next began. PURE."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from csms.monitor.limit_window import LimitWindow, loosest_now, read_window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from csms.monitor.thresholds import Thresholds
    from profiles import LimitStep, LimitTimeline

_STEPS_LOOKED_BACK = 200


@dataclass(slots=True)
class _Still:
    """The window of a time in which one step is in force; from and to are seconds since 1970."""

    start: float
    end: float
    thresholds: Thresholds
    window: LimitWindow


@dataclass(slots=True)
class LimitTrack:
    """Plans, each in force from its `since` until the next one's.

    A plan is what the profiles installed at that moment allow from then on. `is_limited` tells
    whether any plan limits anything.
    """

    since: list[datetime] = field(default_factory=list)
    plans: list[LimitTimeline] = field(default_factory=list)
    is_limited: bool = False
    _still: _Still | None = field(default=None, repr=False, compare=False)

    def change(self, since: datetime, plan: LimitTimeline) -> None:
        """Puts a new plan in force; one that would begin later than `since` is forgotten."""
        keep = bisect_right(self.since, since)
        if keep and self.since[keep - 1] == since:
            keep -= 1
        if keep < len(self.plans):
            del self.since[keep:], self.plans[keep:]
            self.is_limited = any(_limits(each) for each in self.plans)
        self.since.append(since)
        self.plans.append(plan)
        self.is_limited = self.is_limited or _limits(plan)
        self._still = None

    def forget(self, before: datetime) -> None:
        """Drops the plans that were replaced before a time; nobody may ask for it any more."""
        gone = bisect_right(self.since, before) - 1
        if gone > 0:
            del self.since[:gone], self.plans[:gone]

    def begin(self, at: datetime) -> None:
        """Moves the first plan's beginning, for a session whose start was told by a wrong clock."""
        if self.since and (len(self.since) == 1 or at < self.since[1]) and self.since[0] != at:
            self.since[0] = at
            self._still = None

    def at(self, at: datetime) -> LimitStep | None:
        """Returns the step in force, or None before the first plan and past the last one's end."""
        index = bisect_right(self.since, at) - 1
        if index < 0 or not self.plans[index].covers(at):
            return None
        return self.plans[index].at(at)

    def between(self, start: datetime, end: datetime) -> list[LimitStep]:
        """Returns the steps in force at any time of [start, end], in order.

        Empty if nothing is known of that time. The outer steps are not cut.
        """
        first = max(bisect_right(self.since, start) - 1, 0)
        last = bisect_right(self.since, end)
        steps: list[LimitStep] = []
        for index in range(first, last):
            upto = self.since[index + 1] if index + 1 < last else None
            begins = max(start, self.since[index])
            known = self.plans[index].steps
            at = max(bisect_right(known, begins, key=lambda step: step.start) - 1, 0)
            while at < len(known) and known[at].start <= end:
                step = known[at]
                if step.end > begins and (upto is None or step.start < upto):
                    steps.append(step)
                at += 1
        return steps

    def window(
        self, start: datetime, end: datetime, at: datetime, thresholds: Thresholds
    ) -> LimitWindow | None:
        """Returns what [start, end] allows, and what holds at `at` within; None if unknown."""
        steps = self.between(start, end)
        if not steps:
            return None
        window = read_window(steps, thresholds)
        self._read_change(window, at)
        if len(steps) == 1:
            self._keep(start, steps[0], window, thresholds)
        return window

    def still(
        self, moment: float, before_s: float, after_s: float, thresholds: Thresholds
    ) -> LimitWindow | None:
        """Returns the window around a moment, in seconds since 1970, if it is known already.

        One that lies within a single step is read once, and serves as long as that lasts.
        """
        still = self._still
        if (
            still is not None
            and still.start <= moment - before_s
            and moment + after_s < still.end
            and still.thresholds is thresholds
        ):
            return still.window
        return None

    def _keep(
        self, start: datetime, step: LimitStep, window: LimitWindow, thresholds: Thresholds
    ) -> None:
        index = bisect_right(self.since, start) - 1
        if index < 0:
            return
        begins, ends = max(step.start, self.since[index]), step.end
        if index + 1 < len(self.since):
            ends = min(ends, self.since[index + 1])
        self._still = _Still(begins.timestamp(), ends.timestamp(), thresholds, window)

    def _read_change(self, window: LimitWindow, at: datetime) -> None:
        """Finds since when the limit is what it is at `at`, and what it was before."""
        current: LimitStep | None = None
        for count, (begins, step) in enumerate(self._backwards(at)):
            if current is None:
                current = step
            elif not _same(current, step):
                window.before_a = loosest_now(step)
                break
            elif count > _STEPS_LOOKED_BACK:
                break
            window.since = begins
        if current is not None:
            window.now_a = loosest_now(current)
            window.since_s = None if window.since is None else window.since.timestamp()

    def _backwards(self, at: datetime) -> Iterator[tuple[datetime, LimitStep]]:
        """Yields the steps that were in force until `at`, newest first, each with its beginning."""
        for index in range(bisect_right(self.since, at) - 1, -1, -1):
            since = self.since[index]
            steps = self.plans[index].steps
            last = bisect_right(steps, at, key=lambda step: step.start) - 1
            for number in range(last, -1, -1):
                step = steps[number]
                if step.end <= since:
                    break
                yield max(step.start, since), step
            at = since
        return


def _same(one: LimitStep, other: LimitStep) -> bool:
    return (one.limit_a, one.limit_w, one.phases) == (other.limit_a, other.limit_w, other.phases)


def _limits(plan: LimitTimeline) -> bool:
    return any(step.is_limited for step in plan.steps)
