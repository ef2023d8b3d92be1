"""From a condition that comes and goes to one deviation with a beginning and an end.

Works in simulated seconds. What is shorter than a physical transition takes is none; two that are
less than a minute apart are one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

_GAP_S: Final = 60.0
_CLEAR_CUT: Final = 1.2
_JOULES_PER_WH: Final = 3600.0

Tell: TypeAlias = "Callable[[float, str, dict[str, object]], None]"
"""Told the second, `began` or `ended`, and what there is to say."""


@dataclass(frozen=True, slots=True)
class Off:
    """By how much something is not as it should be, in the unit of the EVSE and in watts.

    `tolerances` is the same in steps of what a central system may tolerate: 1 is the border,
    and beyond 1.2 it is clear-cut. `facts` are told with the deviation.
    """

    kind: str
    by: float
    by_w: float
    tolerances: float
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class _Running:
    """One deviation that goes on."""

    off: Off
    onset_s: float
    seen_s: float
    peak: float = 0.0
    peak_w: float = 0.0
    most_tolerances: float = 0.0
    energy_j: float = 0.0
    clear_from_s: float | None = None
    clear_s: float = 0.0
    was_told: bool = False
    left_s: float | None = None


class Episodes:
    """Follows one condition of one EVSE; `hold_s` is how long it must last to be told."""

    __slots__ = ("_running", "_tell", "hold_s")

    def __init__(self, tell: Tell, hold_s: float) -> None:
        self._tell = tell
        self.hold_s = hold_s
        self._running: _Running | None = None

    @property
    def is_on(self) -> bool:
        """Whether a deviation goes on, told or not."""
        return self._running is not None

    def look(self, now: float, off: Off | None, onset_s: float | None = None) -> None:
        """Take what is the case from `now` on; None is all right.

        `onset_s` is when it began where that is not now.
        """
        running = self._running
        if running is None:
            if off is not None:
                begun_s = now if onset_s is None else onset_s
                self._running = running = _Running(off, begun_s, now)
                self._take(running, now, off)
            return
        if running.left_s is None:
            self._count(running, now)
        if off is not None:
            running.left_s = None
            self._take(running, now, off)
        elif running.left_s is None:
            running.left_s = now
        self._decide(running, now)

    def end(self, now: float) -> None:
        """End it, as with the transaction that it belongs to."""
        running = self._running
        if running is None:
            return
        if running.left_s is None:
            self._count(running, now)
            running.left_s = now
        self._finish(running, now)

    def _take(self, running: _Running, now: float, off: Off) -> None:
        running.off = _updated(running.off, off) if running.was_told else off
        running.peak = max(running.peak, off.by)
        running.peak_w = max(running.peak_w, off.by_w)
        running.most_tolerances = max(running.most_tolerances, off.tolerances)
        if off.tolerances >= _CLEAR_CUT and running.clear_from_s is None:
            running.clear_from_s = now
        if not running.was_told and now - running.onset_s >= self.hold_s:
            self._begin(running, now)

    def _count(self, running: _Running, now: float) -> None:
        """Add the time since the last look, in which all stayed as it was then."""
        passed_s, running.seen_s = now - running.seen_s, now
        running.energy_j += running.off.by_w * passed_s
        if running.off.tolerances >= _CLEAR_CUT:
            running.clear_s += passed_s

    def _decide(self, running: _Running, now: float) -> None:
        if running.left_s is None:
            running.seen_s = now
            return
        if not running.was_told and running.left_s - running.onset_s >= self.hold_s:
            self._begin(running, running.left_s)
        if now - running.left_s >= (_GAP_S if running.was_told else 0.0):
            self._finish(running, now)
        running.seen_s = now

    def _begin(self, running: _Running, now: float) -> None:
        running.was_told = True
        off = running.off
        facts = {"kind": off.kind, "onset_s": running.onset_s, "by": round(off.by, 2)}
        self._tell(now, "began", {**facts, **off.facts})

    def _finish(self, running: _Running, now: float) -> None:
        self._running = None
        ended_s = now if running.left_s is None else running.left_s
        if not running.was_told:
            if ended_s - running.onset_s < self.hold_s:
                return
            self._begin(running, ended_s)
        self._tell(now, "ended", _totals(running, ended_s))


def _updated(told: Off, now: Off) -> Off:
    """Return what goes on under the name that was told, with what is the case now."""
    return Off(told.kind, now.by, now.by_w, now.tolerances, told.facts)


def _totals(running: _Running, ended_s: float) -> dict[str, object]:
    return {
        "kind": running.off.kind,
        "onset_s": running.onset_s,
        "ended_s": ended_s,
        "lasted_s": round(ended_s - running.onset_s, 1),
        "peak": round(running.peak, 2),
        "peak_w": round(running.peak_w),
        "energy_wh": round(running.energy_j / _JOULES_PER_WH, 1),
        "tolerances": round(running.most_tolerances, 2),
        "clear_from_s": running.clear_from_s,
        "clear_s": round(running.clear_s, 1),
        **running.off.facts,
    }
