"""What the world has in store for one station: acts at simulated seconds."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simulator.station.core import Station

Act: TypeAlias = "Callable[[Station, float], None]"
"""Does something to a station at the simulated second that is given."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An act and the simulated second at which it is done."""

    at_s: float
    act: Act


class Agenda:
    """The acts that are still to come, sorted by time; equal times keep their order."""

    __slots__ = ("_left",)

    def __init__(self, planned: Iterable[Planned]) -> None:
        self._left = deque(sorted(planned, key=lambda each: each.at_s))

    @property
    def next_at(self) -> float:
        """When the next act is due; infinity when there is none."""
        return self._left[0].at_s if self._left else math.inf

    def keep(self, station: Station, now: float) -> None:
        """Do all that is due."""
        while self._left and self._left[0].at_s <= now:
            self._left.popleft().act(station, now)
