"""What a car will take, from here on to the end of its charge: its ceiling and its curve. PURE."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from csms.domain.ending import NOMINAL_V
from csms.monitor.expected_end_course import Curve
from csms.monitor.expected_end_energy import Grounds, Remaining, remaining
from csms.monitor.expected_end_memory import AC_PHASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.ending import EndMemory

KNEE_AC, KNEE_DC = 96.0, 55.0
LAST_SHARE = 0.20
"""Of its ceiling a car takes in the end, at 100 %; from the knee on it falls evenly."""

_FULL = 100.0
_USUAL_A, _USUAL_LONE_A = 16.0, 32.0
_USUAL_DC_W, _USUAL_DC_RATE = 120_000.0, 1.7
_USUAL_AC_WH = 600.0
_FILLING = frozenset({"history", "request"})
_USUAL_DC_WH, _USUAL_DC_STOP, _STOP_SPREAD = 770.0, 85.0, 4.0


def curve_ahead(
    grounds: Grounds,
    ceiling_share: float,
    knee_by: float,
    wanted: Remaining | None,
) -> Curve:
    """Returns what the car takes by the energy drawn from now on."""
    wanted = wanted or remaining(grounds)
    ceiling_w = ceiling_of(grounds, wanted) * ceiling_share
    place = None if wanted is None else _place(grounds, wanted, knee_by)
    if place is None:
        power_w = _present(grounds.memory, ceiling_w, ceiling_share)
        return _to_the_end(grounds, wanted, power_w, knee_by)
    soc, per_percent = place
    shape = _shape(grounds, knee_by)
    here = _value(shape, soc)
    memory = grounds.memory
    if memory.is_free and memory.watts and here > 0:
        # The car is on its own curve, so the curve goes through what it takes now.
        ceiling_w = memory.watts * ceiling_share / here
    elif memory.watts and here > 0:
        # It follows its limit, which it could not if its curve were lower.
        ceiling_w = max(ceiling_w, memory.watts / here)
    points = [(0.0, here * ceiling_w)]
    points += [
        ((percent - soc) * per_percent, share * ceiling_w)
        for percent, share in shape
        if percent > soc
    ]
    return Curve(tuple(points))


def _to_the_end(
    grounds: Grounds, wanted: Remaining | None, power_w: float, knee_by: float
) -> Curve:
    """Returns the curve of an AC car of unknown level.

    It may end full, after slow last percent, or not: they count by half, all of them where it is
    to end late (`knee_by` below 0), not at all where it is to end soon.
    """
    if wanted is None or knee_by > 0 or wanted.basis not in _FILLING:
        return Curve(((0.0, power_w),))
    per_percent = grounds.habits.wh_per_percent or _USUAL_AC_WH
    slow_wh = (_FULL - KNEE_AC) * per_percent * (0.5 if knee_by == 0 else 1.0)
    slow_wh = min(slow_wh, wanted.mid_wh)
    knee_wh = wanted.mid_wh - slow_wh
    return Curve(((knee_wh, power_w), (knee_wh + slow_wh + 1.0, LAST_SHARE * power_w)))


def _place(grounds: Grounds, wanted: Remaining, knee_by: float) -> tuple[float, float] | None:
    """Returns where on its curve the car is: its level in percent, and the Wh of one percent.

    Of a DC car that tells no level it is guessed, from where most of them stop; None for an AC
    car, of which the guess would change nothing.
    """
    if wanted.soc is not None and wanted.wh_per_percent:
        return wanted.soc, wanted.wh_per_percent
    if not grounds.is_dc:
        return None
    per_percent = grounds.habits.wh_per_percent or _USUAL_DC_WH
    stops_at = _USUAL_DC_STOP - _STOP_SPREAD * knee_by
    return min(max(stops_at - wanted.mid_wh / per_percent, 0.0), _FULL), per_percent


def _shape(grounds: Grounds, knee_by: float) -> list[tuple[float, float]]:
    """Returns the share of its ceiling that the car takes, by percent of charge."""
    seen = grounds.habits.curve
    if grounds.is_dc and len(seen) > 2:  # noqa: PLR2004 - two points are no curve
        most = max(watts for _, watts in seen)
        known = [(soc + 2.5 + knee_by / 2, watts / most) for soc, watts in seen]
        last_soc, last_share = known[-1]
        if last_soc < _FULL:
            known.append((_FULL, min(LAST_SHARE, last_share)))
        return known
    knee = min((KNEE_DC if grounds.is_dc else KNEE_AC) + knee_by, _FULL - 0.5)
    return [(knee, 1.0), (_FULL, LAST_SHARE)]


def _value(shape: Sequence[tuple[float, float]], soc: float) -> float:
    if soc <= shape[0][0]:
        return shape[0][1]
    for (a, a_share), (b, b_share) in pairwise(shape):
        if soc <= b:
            return a_share + (b_share - a_share) * (soc - a) / (b - a)
    return shape[-1][1]


def _present(memory: EndMemory, ceiling_w: float, ceiling_share: float) -> float:
    """Returns what a car of unknown level takes: as much as it takes now, if nothing holds it."""
    return memory.watts * ceiling_share if memory.is_free and memory.watts else ceiling_w


def ceiling_of(grounds: Grounds, wanted: Remaining | None = None) -> float:
    """Returns the most that the car takes: seen, declared, or usual for its kind.

    A car that follows a limit may be able to take more, and will show it where the limit rises,
    or not fall below the limit for a while.
    """
    memory, wishes, habits = grounds.memory, grounds.wishes, grounds.habits
    if memory.free_w > 0:
        return max(memory.free_w, memory.peak_w)
    phases = memory.phases or habits.phases or AC_PHASES
    if grounds.is_dc:
        usual_w = wishes.max_power_w or habits.ceiling_w or _usual_dc(wanted)
    elif wishes.max_current_a or habits.ceiling_a:
        usual_w = (wishes.max_current_a or habits.ceiling_a or 0.0) * NOMINAL_V * phases
    else:
        usual_w = (_USUAL_LONE_A if phases == 1 else _USUAL_A) * NOMINAL_V * phases
    return max(usual_w, memory.peak_w)


def _usual_dc(wanted: Remaining | None) -> float:
    """Returns what a DC car of that size can take, in the middle of real sessions."""
    if wanted is None or not wanted.wh_per_percent:
        return _USUAL_DC_W
    return wanted.wh_per_percent * _FULL * _USUAL_DC_RATE
