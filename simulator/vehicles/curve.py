"""A line through points: how much a battery takes at each charge level."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Curve:
    """Points `(x, y)` with growing x, straight lines between them, level outside."""

    points: tuple[tuple[float, float], ...]

    def at(self, x: float) -> float:
        """Return y at `x`."""
        points = self.points
        place = bisect_right(points, (x, math.inf))
        if place == 0:
            return points[0][1]
        if place == len(points):
            return points[-1][1]
        (x0, y0), (x1, y1) = points[place - 1], points[place]
        return y0 + (y1 - y0) * (x - x0) / (x1 - x0)

    def next_point(self, x: float) -> float:
        """Return the x of the first point beyond `x`, infinity where there is none."""
        place = bisect_right(self.points, (x, math.inf))
        return math.inf if place == len(self.points) else self.points[place][0]

    def falls_to(self, y: float, x: float) -> float:
        """Return the first x, not before `x`, at which the line falls below `y`."""
        for (x0, y0), (x1, y1) in pairwise(self.points):
            if x1 <= x or y1 >= y:
                continue
            if y0 <= y:
                return max(x, x0)
            return max(x, x0 + (x1 - x0) * (y0 - y) / (y0 - y1))
        return math.inf


def knee(level: float, tail: float) -> Curve:
    """Return 1 up to a charge level of 0 to 1, then a straight fall to `tail` when full."""
    return Curve(((0.0, 1.0), (level, 1.0), (1.0, tail)))


AC_TAPER = knee(0.96, 0.2)
DC_TAPER = knee(0.55, 0.2)
COLD_AND_HOT = Curve(((-20.0, 0.2), (0.0, 0.45), (15.0, 1.0), (45.0, 1.0), (55.0, 0.4)))
"""Share of its power that a battery takes by its temperature in degrees Celsius."""
