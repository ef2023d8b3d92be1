"""Forward integration: how long an energy takes through the limits to come. PURE.

It goes from event to event (a limit changes, the curve bends, the curve meets the limit), in closed
form between two of them, so that a night costs no more than an hour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

RESUME_S = 30.0
"""What a car takes to charge again after a pause, on average."""

_FOREVER = math.inf
_LEAST_W = 1.0
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Leg:
    """What is allowed up to `end_s` seconds from now: watts, 0 for a pause, inf for no limit."""

    end_s: float
    watts: float


@dataclass(frozen=True, slots=True)
class Curve:
    """What the car takes by the energy it has drawn from now: (Wh, W), by rising Wh, never empty.

    Linear between two points, flat before the first and after the last.
    """

    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Course:
    """When the energy will be there, in seconds from now; None if the limits never let it.

    `left_wh` is missing at the end of all legs, and `stops_s` when the last power was allowed (0
    if none ever is).
    """

    end_s: float | None
    left_wh: float
    stops_s: float


def follow(legs: Sequence[Leg], wh: float, curve: Curve, *, is_paused: bool = False) -> Course:
    """Runs an energy through the legs, the last of which has no end (`end_s` inf).

    `is_paused` tells that the car sleeps now, so that it has to wake first.
    """
    at_s, drawn_wh, stops_s = 0.0, 0.0, 0.0
    awake_s = RESUME_S if is_paused else 0.0
    for leg in legs:
        if leg.watts <= 0:
            at_s, awake_s = leg.end_s, leg.end_s + RESUME_S
            continue
        at_s = min(max(at_s, awake_s), leg.end_s)
        at_s, drawn_wh = _through(at_s, drawn_wh, leg, wh, curve)
        if drawn_wh >= wh:
            return Course(at_s, 0.0, at_s)
        stops_s = leg.end_s
    return Course(None, wh - drawn_wh, stops_s)


def drawn_until(legs: Sequence[Leg], until_s: float, curve: Curve) -> float:
    """Returns the energy (Wh) that can be had by then, however much is wanted."""
    cut = [Leg(min(leg.end_s, until_s), leg.watts) for leg in legs]
    cut = [leg for index, leg in enumerate(cut) if not index or cut[index - 1].end_s < until_s]
    most_wh = 10_000_000.0
    return most_wh - follow(cut, most_wh, curve).left_wh


def _through(
    at_s: float, drawn_wh: float, leg: Leg, wanted_wh: float, curve: Curve
) -> tuple[float, float]:
    """Goes through one leg, piece by piece; returns when and what it comes to."""
    for until_wh, power_w, slope in _pieces(curve, drawn_wh, leg.watts):
        goal_wh = min(until_wh, wanted_wh)
        needs_s = _time_for(goal_wh - drawn_wh, power_w, slope)
        if at_s + needs_s >= leg.end_s:
            drawn_wh += _energy_in(leg.end_s - at_s, power_w, slope)
            return leg.end_s, min(drawn_wh, goal_wh)
        at_s, drawn_wh = at_s + needs_s, goal_wh
        if drawn_wh >= wanted_wh:
            break
    return at_s, drawn_wh


def _pieces(curve: Curve, from_wh: float, cap_w: float) -> list[tuple[float, float, float]]:
    """Returns the stretches ahead of `from_wh`: up to which Wh, from which W, with which slope.

    The slope is in W per Wh; a stretch where the limit is lower than the curve is flat.
    """
    points = curve.points
    found: list[tuple[float, float, float]] = []
    first_wh, first_w = points[0]
    if from_wh < first_wh:
        found.append((first_wh, max(min(first_w, cap_w), _LEAST_W), 0.0))
    for (a_wh, a_w), (b_wh, b_w) in pairwise(points):
        if b_wh <= from_wh or b_wh <= a_wh:
            continue
        slope = (b_w - a_w) / (b_wh - a_wh)
        start_wh = max(a_wh, from_wh)
        start_w = a_w + slope * (start_wh - a_wh)
        found += _capped(start_wh, start_w, b_wh, b_w, cap_w)
    found.append((_FOREVER, max(min(points[-1][1], cap_w), _LEAST_W), 0.0))
    return found


def _capped(
    a_wh: float, a_w: float, b_wh: float, b_w: float, cap_w: float
) -> list[tuple[float, float, float]]:
    """Returns one stretch of the curve below the limit, cut in two where it crosses it."""
    slope = (b_w - a_w) / (b_wh - a_wh)
    if a_w >= cap_w and b_w >= cap_w:
        return [(b_wh, cap_w, 0.0)]
    if a_w <= cap_w and b_w <= cap_w:
        return [(b_wh, max(a_w, _LEAST_W), slope)]
    cross_wh = a_wh + (cap_w - a_w) / slope
    if a_w > cap_w:
        return [(cross_wh, cap_w, 0.0), (b_wh, cap_w, slope)]
    return [(cross_wh, max(a_w, _LEAST_W), slope), (b_wh, cap_w, 0.0)]


def _time_for(wh: float, power_w: float, slope: float) -> float:
    """Returns the seconds that an energy takes whose power changes with the energy drawn."""
    if wh <= 0:
        return 0.0
    if wh == _FOREVER:
        return _FOREVER
    if abs(slope) * wh < _FLAT * power_w:
        return wh * 3600 / power_w
    last_w = max(power_w + slope * wh, _LEAST_W)
    return 3600 / slope * math.log(last_w / power_w)


def _energy_in(seconds: float, power_w: float, slope: float) -> float:
    """Returns the Wh of so many seconds, with a power that changes with the energy drawn."""
    if abs(slope) < _FLAT:
        return power_w * seconds / 3600
    return power_w / slope * math.expm1(slope * seconds / 3600)
