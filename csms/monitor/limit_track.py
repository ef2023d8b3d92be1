"""The limit in force over a session's life: each plan, cut where the next began. PURE."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from profiles import LimitStep, LimitTimeline


@dataclass(slots=True)
class LimitTrack:
    """Plans, each in force from its `since` until the next one's.

    A plan is what the profiles installed at that moment allow from then on. `is_limited` tells
    whether any plan limits anything.
    """

    since: list[datetime] = field(default_factory=list)
    plans: list[LimitTimeline] = field(default_factory=list)
    is_limited: bool = False

    def change(self, since: datetime, plan: LimitTimeline) -> None:
        """Puts a new plan in force; one that would begin later than `since` is forgotten."""
        keep = bisect_right(self.since, since)
        if keep and self.since[keep - 1] == since:
            keep -= 1
        del self.since[keep:], self.plans[keep:]
        self.since.append(since)
        self.plans.append(plan)
        self.is_limited = any(step.is_limited for each in self.plans for step in each.steps)

    def begin(self, at: datetime) -> None:
        """Moves the first plan's beginning, for a session whose start was told by a wrong clock."""
        if self.since and (len(self.since) == 1 or at < self.since[1]):
            self.since[0] = at

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
            steps.extend(
                step
                for step in self.plans[index].steps
                if step.start <= end
                and step.end > max(start, self.since[index])
                and (upto is None or step.start < upto)
            )
        return steps
