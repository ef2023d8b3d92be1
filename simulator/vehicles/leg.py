"""A stretch of time in which a car's draw is a straight line: exact for whoever looks, whenever."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto


class Phase(Enum):
    """What a car is about."""

    WAKING = auto()
    """Allowed to draw, and not ready yet."""
    CHARGING = auto()
    PAUSED = auto()
    """Offered less than it can use."""
    RESTING = auto()
    """Has what it wants."""
    ASIDE = auto()
    """Warms or cools itself from the grid, with nothing for the battery."""


@dataclass(frozen=True, slots=True)
class Leg:
    """`draw` at its start changes by `slope` a second, for `length_s`.

    The charge level goes from `soc` to `soc_end`; where neither end is near, with the energy:
    `soc_per_area` for each second of each unit of draw.
    """

    phase: Phase
    draw: float
    slope: float = 0.0
    length_s: float = math.inf
    soc: float = 0.0
    soc_per_area: float = 0.0
    soc_end: float | None = None

    @property
    def is_steady(self) -> bool:
        """Whether the draw stays as it is."""
        return self.slope == 0.0

    def draw_at(self, elapsed_s: float) -> float:
        """Return the draw some seconds after the start."""
        return self.draw if self.slope == 0.0 else max(0.0, self.draw + self.slope * elapsed_s)

    def area(self, elapsed_s: float) -> float:
        """Return the draw summed up since the start, in its unit times seconds."""
        return (self.draw + self.slope * elapsed_s / 2) * elapsed_s

    def area_reached(self, area: float) -> float:
        """Return after how many seconds `area` is reached, infinity if it never is."""
        if self.slope == 0.0:
            return area / self.draw if self.draw > 0 else math.inf
        root = self.draw * self.draw + 2 * self.slope * area
        return math.inf if root < 0 else (math.sqrt(root) - self.draw) / self.slope

    def soc_at(self, elapsed_s: float) -> float:
        """Return the charge level some seconds after the start."""
        if self.soc_end is not None and elapsed_s >= self.length_s:
            return self.soc_end
        return min(1.0, self.soc + self.soc_per_area * self.area(elapsed_s))
