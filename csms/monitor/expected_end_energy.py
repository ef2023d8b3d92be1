"""How much energy a session still wants, from the best ground there is. PURE.

The charge level comes first, then what this vehicle or token usually takes, then what was asked
for: drivers ask for far more than they take.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from csms.monitor.expected_end_habits import Habits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.ending import EndMemory

EFFICIENCY_AC, EFFICIENCY_DC = 0.90, 0.94
"""From grid to battery; learnt with the energy of one percent, which holds both."""

_POINTS, _LEAST_MOVE = 5, 2.0
_DECLARED_SIGMA, _LEARNT_SIGMA, _READING_SIGMA, _DRIFT_SIGMA = 0.05, 0.03, 0.4, 0.01
_FULL = 100.0
_Z = 1.28
_LEAST_SHARE, _MOST_SHARE = 0.02, 0.15
_LEVEL_SPREAD = 0.3
_REQUEST_SHARE, _CAP_SHARE = 0.04, 0.01
_ENOUGH_SESSIONS, _MANY_SESSIONS = 3, 5
_FEW_SHARE = 0.25
_WIDER = 1.25
_OVERSHOOT = 1.02

# Where drivers of DC cars stop, by the level they have reached: p10, median, p90 of 1,867 sessions.
# Source: DESL-EPFL level-3 charging data (MIT).
_DC_STOPS = (
    (0.0, (37.0, 79.0, 100.0)),
    (30.0, (48.0, 80.0, 99.0)),
    (40.0, (54.0, 82.0, 99.0)),
    (50.0, (63.0, 84.0, 99.0)),
    (60.0, (71.0, 86.0, 100.0)),
    (70.0, (78.0, 89.0, 100.0)),
    (80.0, (84.0, 91.0, 100.0)),
    (90.0, (93.0, 99.0, 100.0)),
    (100.0, (100.0, 100.0, 100.0)),
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for, each None if it was not.

    `energy_wh` is the session's energy at which the vehicle has what it asked for, `cap_wh` the
    one at which the profile has it end. `departs_s` is in seconds since 1970, and only a bound.
    """

    departs_s: float | None = None
    energy_wh: float | None = None
    cap_wh: float | None = None
    target_percent: float | None = None
    capacity_wh: float | None = None
    max_power_w: float | None = None
    max_current_a: float | None = None
    is_dc: bool | None = None


@dataclass(frozen=True, slots=True)
class Remaining:
    """The energy still wanted: a low, a middle and a high reading, in Wh of the grid.

    `basis` is soc, history, request or target. `soc` and `wh_per_percent` are there if known.
    """

    basis: str
    low_wh: float
    mid_wh: float
    high_wh: float
    soc: float | None = None
    wh_per_percent: float | None = None
    target_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that an estimate stands on, beside the limits."""

    memory: EndMemory
    wishes: Wishes = field(default_factory=Wishes)
    habits: Habits = field(default_factory=Habits)

    @property
    def is_dc(self) -> bool:
        """Whether the car charges with DC, as far as anybody knows."""
        for told in (self.wishes.is_dc, self.habits.is_dc):
            if told is not None:
                return told or self.memory.is_dc
        return self.memory.is_dc


def remaining(grounds: Grounds) -> Remaining | None:
    """Returns what is still wanted, None if there is no ground to tell."""
    delivered_wh = grounds.memory.wh or 0.0
    found = (
        _from_soc(grounds)
        or _from_history(grounds.habits.energies_wh, delivered_wh, _ENOUGH_SESSIONS)
        or _from_request(grounds.wishes, delivered_wh)
        or _from_history(grounds.habits.energies_wh, delivered_wh, 1)
    )
    return _capped(found, grounds.wishes.cap_wh, delivered_wh)


def percent_energy(grounds: Grounds) -> tuple[float, float] | None:
    """Returns the grid energy of one percent of charge in Wh, and its relative sigma.

    What was declared or learnt before, and what this session shows, each by how sure it is.
    """
    found: list[tuple[float, float]] = []
    if grounds.habits.wh_per_percent:
        found.append((grounds.habits.wh_per_percent, _LEARNT_SIGMA))
    elif grounds.wishes.capacity_wh:
        efficiency = EFFICIENCY_DC if grounds.is_dc else EFFICIENCY_AC
        found.append((grounds.wishes.capacity_wh / efficiency / _FULL, _DECLARED_SIGMA))
    seen = seen_percent_energy(grounds.memory)
    if seen is not None:
        found.append(seen)
    if not found:
        return None
    weights = [1 / sigma**2 for _, sigma in found]
    mean = sum(wh * weight for (wh, _), weight in zip(found, weights, strict=True)) / sum(weights)
    return mean, sum(weights) ** -0.5


def seen_percent_energy(memory: EndMemory) -> tuple[float, float] | None:
    """Returns what this session shows of it, None before the level has moved five times."""
    if memory.soc_points < _POINTS or not memory.soc_base:
        return None
    moved = memory.soc_edge[0] - memory.soc_base[0]
    energy_wh = memory.soc_edge[1] - memory.soc_base[1]
    if moved < _LEAST_MOVE or energy_wh <= 0:
        return None
    reading = min(_READING_SIGMA, 2 * moved / memory.soc_points) / moved
    return energy_wh / moved, (reading**2 + _DRIFT_SIGMA**2) ** 0.5


def soc_now(memory: EndMemory, wh_per_percent: float) -> float | None:
    """Returns the charge level, moved on by what was delivered since it was last told."""
    if memory.soc is None:
        return None
    if not memory.soc_edge or memory.wh is None:
        return memory.soc
    soc, at_wh = memory.soc_edge
    moved = max((memory.wh - at_wh) / wh_per_percent, 0.0)
    return min(soc + (min(moved, 1.0) if memory.is_soc_metered else moved), _FULL)


def _from_soc(grounds: Grounds) -> Remaining | None:
    known = percent_energy(grounds)
    if known is None:
        return None
    wh_per_percent, sigma = known
    soc = soc_now(grounds.memory, wh_per_percent)
    if soc is None:
        return None
    low, mid, high = _targets(grounds, soc)
    share = min(max(_Z * sigma, _LEAST_SHARE), _MOST_SHARE)
    mid_wh = max(mid - soc, 0.0) * wh_per_percent
    wished_wh = grounds.wishes.energy_wh
    delivered_wh = grounds.memory.wh or 0.0
    if wished_wh is not None and low != high and delivered_wh < wished_wh:
        # The car knows how full it wants to be where we only guess it.
        mid_wh = min(wished_wh - delivered_wh, (_FULL - soc) * wh_per_percent)
        mid = low = high = soc + mid_wh / wh_per_percent
    elif wished_wh is not None and 0 < wished_wh - delivered_wh < mid_wh:
        mid_wh = wished_wh - delivered_wh
        low = high = mid = soc + mid_wh / wh_per_percent
    return Remaining(
        "soc",
        max(low - soc - _LEVEL_SPREAD, 0.0) * wh_per_percent * (1 - share),
        mid_wh,
        max(high - soc + _LEVEL_SPREAD, 0.0) * wh_per_percent * (1 + share),
        soc,
        wh_per_percent,
        mid,
    )


def _targets(grounds: Grounds, soc: float) -> tuple[float, float, float]:
    """Returns the charge level that is wanted: low, middle, high."""
    told = grounds.wishes.target_percent
    if told is not None and told > soc - 1:
        return told, told, told
    usual = grounds.habits.target_percent
    if usual is not None and usual > soc + 1:
        return usual, usual, usual
    if not grounds.is_dc:
        return _FULL, _FULL, _FULL
    for (a_soc, a), (b_soc, b) in pairwise(_DC_STOPS):
        if soc <= b_soc:
            share = (soc - a_soc) / (b_soc - a_soc)
            low, mid, high = (x + (y - x) * share for x, y in zip(a, b, strict=True))
            return max(low, soc), max(mid, soc), max(high, soc)
    return _FULL, _FULL, _FULL


def _from_history(
    energies_wh: Sequence[float], delivered_wh: float, at_least: int
) -> Remaining | None:
    """Returns what sessions that took more than this one has taken went on to take."""
    if len(energies_wh) < at_least:
        return None
    more = sorted(each for each in energies_wh if each > delivered_wh * _OVERSHOOT)
    if not more or len(more) * 10 < len(energies_wh):
        return None
    low, mid, high = (_quantile(more, q) for q in (0.1, 0.5, 0.9))
    # So few sessions do not show how far the next one may be off.
    low, high = mid - _WIDER * (mid - low), mid + _WIDER * (high - mid)
    if len(more) < _MANY_SESSIONS:
        low, high = min(low, mid * (1 - _FEW_SHARE)), max(high, mid * (1 + _FEW_SHARE))
    low, mid, high = (max(each - delivered_wh, 0.0) for each in (low, mid, high))
    return Remaining("history", low, mid, high)


def _from_request(wishes: Wishes, delivered_wh: float) -> Remaining | None:
    if wishes.energy_wh is None or delivered_wh > wishes.energy_wh * _OVERSHOOT:
        return None
    left_wh = max(wishes.energy_wh - delivered_wh, 0.0)
    slack_wh = _REQUEST_SHARE * wishes.energy_wh
    return Remaining("request", max(left_wh - slack_wh, 0.0), left_wh, left_wh + slack_wh)


def _capped(found: Remaining | None, cap_wh: float | None, delivered_wh: float) -> Remaining | None:
    """Returns at most what the profile lets the session have."""
    if cap_wh is None:
        return found
    left_wh = max(cap_wh - delivered_wh, 0.0)
    if found is None or found.mid_wh > left_wh:
        low, high = left_wh * (1 - _CAP_SHARE), left_wh * (1 + _CAP_SHARE)
        low = low if found is None else min(low, found.low_wh)
        soc, per_percent = (None, None) if found is None else (found.soc, found.wh_per_percent)
        return Remaining("target", low, left_wh, high, soc, per_percent)
    return found


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    index = int(place)
    if index + 1 >= len(ordered):
        return ordered[-1]
    return ordered[index] + (ordered[index + 1] - ordered[index]) * (place - index)
