"""Named points in time, each with at most one appointment."""

from __future__ import annotations

import math


class Timers:
    """Appointments in simulated seconds; the earliest is taken first, ties by name.

    `next_at` is when the earliest is, infinity when there is none; for reading only.
    """

    __slots__ = ("_due", "next_at")

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self.next_at = math.inf

    def set(self, name: str, at: float) -> None:
        """Make or move an appointment."""
        before = self._due.get(name)
        self._due[name] = at
        if at <= self.next_at:
            self.next_at = at
        elif before == self.next_at:
            self._look()

    def set_earlier(self, name: str, at: float) -> None:
        """Make an appointment, or bring an existing one forward; never put it off."""
        self.set(name, min(at, self._due.get(name, at)))

    def has(self, name: str) -> bool:
        """Whether there is such an appointment."""
        return name in self._due

    def postpone(self, until: float) -> None:
        """Put off what would have been due before, until then."""
        self._due = {name: max(at, until) for name, at in self._due.items()}
        self._look()

    def clear(self, *names: str) -> None:
        """Cancel appointments; those that do not exist are no matter."""
        for name in names:
            if self._due.pop(name, None) == self.next_at:
                self._look()

    def pop_due(self, now: float) -> tuple[str, float] | None:
        """Take the earliest appointment that is due, None when none is."""
        at = self.next_at
        if at > now or not self._due:
            return None
        name = min(name for name, due_at in self._due.items() if due_at == at)
        del self._due[name]
        self._look()
        return name, at

    def _look(self) -> None:
        """Find the earliest."""
        self.next_at = min(self._due.values(), default=math.inf)
