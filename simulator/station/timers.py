"""Named points in time, each with at most one appointment."""

from __future__ import annotations

import math


class Timers:
    """Appointments in simulated seconds; the earliest is taken first, ties by name."""

    __slots__ = ("_due",)

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    @property
    def next_at(self) -> float:
        """When the earliest appointment is; infinity when there is none."""
        return min(self._due.values(), default=math.inf)

    def set(self, name: str, at: float) -> None:
        """Make or move an appointment."""
        self._due[name] = at

    def set_earlier(self, name: str, at: float) -> None:
        """Make an appointment, or bring an existing one forward; never put it off."""
        self._due[name] = min(at, self._due.get(name, at))

    def has(self, name: str) -> bool:
        """Whether there is such an appointment."""
        return name in self._due

    def postpone(self, until: float) -> None:
        """Put off what would have been due before, until then."""
        self._due = {name: max(at, until) for name, at in self._due.items()}

    def clear(self, *names: str) -> None:
        """Cancel appointments; those that do not exist are no matter."""
        for name in names:
            self._due.pop(name, None)

    def pop_due(self, now: float) -> tuple[str, float] | None:
        """Take the earliest appointment that is due, None when none is."""
        if not self._due:
            return None
        name, at = min(self._due.items(), key=lambda each: (each[1], each[0]))
        if at > now:
            return None
        del self._due[name]
        return name, at
