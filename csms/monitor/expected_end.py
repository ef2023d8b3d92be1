"""When a session will have what it wants: p10, p50, p90, and what that stands on. PURE.

The energy still wanted (`expected_end_energy`), run forward over the limits to come and the car's
own curve (`expected_end_course`), three times: with little, with likely and with much to go. Where
there is no ground for a number there is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from csms.monitor.expected_end_course import Course, Curve, Leg, drawn_until, follow
from csms.monitor.expected_end_curve import ceiling_of, curve_ahead
from csms.monitor.expected_end_energy import Grounds, Remaining, remaining
from csms.monitor.expected_end_memory import watts_of
from csms.monitor.expected_end_tail import Tail, find_tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from csms.domain.ending import EndMemory
    from profiles import LimitStep

_CEILING_SHARE_AC, _CEILING_SHARE_DC, _KNEE_SPREAD = 0.03, 0.06, 4.0
# Real DC sessions draw less over their course than their first minutes promise.
_UNSEEN_SHARE = 0.25
_LEAST_SPREAD_S, _LATE_S = 45.0, 60.0
_LEAST_SPREAD_SHARE = 0.01
_IDLE_S, _LONG_IDLE_S = 110.0, 600.0
_NEARLY, _NEARLY_PERCENT = 0.06, 2.0
_DEPARTURE_SHARE = 0.10
_PLENTY_WH = 1_000_000.0
_STEADY_BASES = frozenset({"soc", "target"})
_NEWS, _ENOUGH_LOOKS, _DRIFTS_ON, _LEAST_STEADY = 0.1, 8, 1.5, 0.35
_RISK_SHARE, _RISK_S = 0.05, 120.0
_MOVES_S, _MOVES_SHARE, _LEAST_MOVE_S = 120.0, 0.05, 15.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds from now until the session ends; None in all three is no estimate.

    `basis` is soc, history, request, target, tail, window, finished or none; `because` tells why
    there is none. `bound` is what ends it: energy, departure or window. `short_wh` is what will
    be missing then.
    """

    p10_s: float | None
    p50_s: float | None
    p90_s: float | None
    basis: str
    because: str = ""
    bound: str = "energy"
    remaining_wh: float | None = None
    short_wh: float = 0.0
    soc: float | None = None
    target_percent: float | None = None

    @property
    def is_number(self) -> bool:
        """Tells whether there is an estimate at all."""
        return self.p50_s is not None


def legs_of(steps: Iterable[LimitStep], now: datetime, memory: EndMemory, phases: int) -> list[Leg]:
    """Returns what is allowed from now on; the last limit is held for ever."""
    ahead = [step for step in steps if step.end > now]
    legs = [
        Leg((step.end - now).total_seconds(), _followed(step, memory, phases)) for step in ahead
    ]
    merged: list[Leg] = []
    for leg in legs:
        if merged and merged[-1].watts == leg.watts:
            merged.pop()
        merged.append(leg)
    last_w = merged[-1].watts if merged else math.inf
    return [*merged[:-1], Leg(math.inf, last_w)]


def _followed(step: LimitStep, memory: EndMemory, phases: int) -> float:
    return watts_of(step, memory, phases) * memory.follows


def estimate(grounds: Grounds, legs: Sequence[Leg], now_s: float) -> Estimate | None:
    """Returns the estimate at `now_s` (seconds since 1970).

    None while a car has only just stopped taking what it may: the next samples will tell why.
    """
    memory = grounds.memory
    wanted = remaining(grounds)
    if memory.idle_since is not None:
        idle_s = now_s - memory.idle_since
        # A car that has never charged may be about to begin.
        if memory.peak_w > 0 or idle_s >= _LONG_IDLE_S:
            return _of_idle(memory, wanted, idle_s)
    tail = None
    if memory.soc is None and memory.tail:
        tail = find_tail(memory.tail, ceiling_of(grounds))
    if tail is None and wanted is None:
        return _without_energy(legs)
    told = None if wanted is None else _run(grounds, wanted, legs, tail)
    if tail is not None:
        told = _with_tail(told, tail, is_dc=grounds.is_dc)
    assert told is not None  # noqa: S101
    return _bounded(told, grounds, legs, now_s)


def is_at_risk(told: Estimate, grounds: Grounds, legs: Sequence[Leg], now_s: float) -> bool | None:
    """Tells whether the session will not have what was asked for when it has to end.

    None where nobody asked for anything: then nothing can be missed.
    """
    wishes = grounds.wishes
    has_asked = wishes.energy_wh is not None or wishes.target_percent is not None
    if told.remaining_wh is None or told.basis == "finished":
        return False if wishes.departs_s is not None or has_asked else None
    whole_wh = (grounds.memory.wh or 0.0) + told.remaining_wh
    if wishes.departs_s is not None and wishes.departs_s > now_s:
        until_s = wishes.departs_s - now_s
        # By the best that can be hoped for: a risk that a guess makes is none.
        curve = curve_ahead(grounds, 1.0, _KNEE_SPREAD, None)
        ends_s = follow(legs, told.remaining_wh, curve).end_s
        is_late = told.bound == "departure" and (ends_s is None or ends_s > until_s + _RISK_S)
        had_wh = drawn_until(legs, until_s, curve)
        return is_late or told.remaining_wh - had_wh > _RISK_SHARE * whole_wh
    if not has_asked or wishes.departs_s is not None:
        return None
    return told.short_wh > _RISK_SHARE * whole_wh


def _with_tail(told: Estimate | None, tail: Tail, *, is_dc: bool) -> Estimate:
    """Returns what a fall tells of the end, within which the energy may tell it better.

    A DC charge falls from its middle on, an AC charge only at its end, so that there the energy
    counts no further than to where a full car stops.
    """
    if told is not None and told.p50_s is not None and told.p50_s < tail.likely_s:
        if is_dc or told.p50_s >= tail.full_s:
            return replace(told, p90_s=min(told.p90_s or tail.late_s, tail.late_s))
        if told.basis in {"request", "target"}:
            return told
        return Estimate(min(told.p50_s, tail.early_s), tail.full_s, tail.likely_s, "tail")
    return Estimate(tail.early_s, tail.likely_s, tail.late_s, "tail")


def _run(
    grounds: Grounds, wanted: Remaining, legs: Sequence[Leg], tail: Tail | None = None
) -> Estimate:
    """Runs the three readings of what is wanted."""
    is_paused = grounds.memory.is_paused and bool(legs) and legs[0].watts > 0
    courses: list[Course] = []
    spread = _CEILING_SHARE_DC if grounds.is_dc else _CEILING_SHARE_AC
    is_unseen = grounds.is_dc and not grounds.memory.is_free and not grounds.habits.curve
    for wh, ceiling, knee in (
        (wanted.low_wh, 1 + spread, _KNEE_SPREAD),
        (wanted.mid_wh, 1.0, 0.0),
        (wanted.high_wh, 1 - (_UNSEEN_SHARE if is_unseen else spread), -_KNEE_SPREAD),
    ):
        if tail is None:
            curve = curve_ahead(grounds, ceiling, knee, wanted)
        else:
            curve = tail.curve(ceiling_of(grounds))
        courses.append(follow(legs, wh, curve, is_paused=is_paused))
    _, mid, high = courses
    if mid.end_s is None and mid.stops_s <= 0:
        return Estimate(None, None, None, "none", "paused_for_good", "window", wanted.mid_wh,
                        wanted.mid_wh, wanted.soc, wanted.target_percent)  # fmt: skip
    ends = [course.stops_s if course.end_s is None else course.end_s for course in courses]
    bound = "window" if mid.end_s is None else "energy"
    if bound == "window" or high.end_s is None:
        ends[2] += _LATE_S
    return Estimate(
        ends[0],
        ends[1],
        ends[2],
        wanted.basis,
        "",
        bound,
        wanted.mid_wh,
        mid.left_wh,
        wanted.soc,
        wanted.target_percent,
    )


def _bounded(told: Estimate, grounds: Grounds, legs: Sequence[Leg], now_s: float) -> Estimate:
    """Ends it at the departure at the latest, and keeps the three as far apart as is honest."""
    if told.p50_s is None or told.p10_s is None or told.p90_s is None:
        return told
    early_s, likely_s, late_s = told.p10_s, told.p50_s, told.p90_s
    bound, short_wh = told.bound, told.short_wh
    departs_s = grounds.wishes.departs_s
    if departs_s is not None and now_s < departs_s < now_s + likely_s:
        until_s = departs_s - now_s
        if told.remaining_wh is not None:
            curve = curve_ahead(grounds, 1.0, 0.0, None)
            short_wh = max(told.remaining_wh - drawn_until(legs, until_s, curve), 0.0)
        bound = "departure"
        early_s = min(early_s, until_s * (1 - _DEPARTURE_SHARE))
        # Drivers come back later than they said as often as sooner.
        late_s = max(min(late_s, until_s * (1 + _DEPARTURE_SHARE)), until_s)
        likely_s = until_s
    share = _steadiness(grounds.memory, likely_s, max(late_s - likely_s, likely_s - early_s))
    early_s, late_s = (
        likely_s - (likely_s - early_s) * share,
        likely_s + (late_s - likely_s) * share,
    )
    least_s = max(_LEAST_SPREAD_S, _LEAST_SPREAD_SHARE * likely_s)
    return Estimate(
        max(min(early_s, likely_s - least_s), 0.0),
        likely_s,
        max(late_s, likely_s + least_s),
        told.basis,
        told.because,
        bound,
        told.remaining_wh,
        short_wh,
        told.soc,
        told.target_percent,
    )


def note_told(memory: EndMemory, told: Estimate, now_s: float, *, is_new_plan: bool) -> None:
    """Remembers how the likely end moves from look to look, by seconds for each second."""
    before_s, memory.told_end_s = memory.told_end_s, None
    if told.p50_s is None or told.basis not in _STEADY_BASES:
        return
    memory.told_end_s = now_s + told.p50_s
    elapsed_s = now_s - (memory.looked_at_s or now_s)
    if before_s is None or is_new_plan or elapsed_s <= 0:
        return
    moved = (memory.told_end_s - before_s) / elapsed_s
    memory.drifts += 1
    memory.drift = moved if memory.drift is None else memory.drift + (moved - memory.drift) * _NEWS


def _steadiness(memory: EndMemory, likely_s: float, width_s: float) -> float:
    """Returns the share of the usual spread that remains for an end that has hardly moved."""
    if memory.drift is None or memory.drifts < _ENOUGH_LOOKS or width_s <= 0:
        return 1.0
    return min(max(abs(memory.drift) * likely_s * _DRIFTS_ON / width_s, _LEAST_STEADY), 1.0)


def _of_idle(memory: EndMemory, wanted: Remaining | None, idle_s: float) -> Estimate | None:
    """Returns what is to be said of a car that takes nothing though it may.

    It is full, or it waits for what only it knows. None while that is too early to say.
    """
    if idle_s < _IDLE_S:
        return None
    if memory.peak_w > 0 and _is_done(memory, wanted):
        ended_s = -idle_s
        return Estimate(ended_s, ended_s, ended_s, "finished")
    if idle_s < _LONG_IDLE_S:
        return None
    return Estimate(None, None, None, "none", "paused_by_vehicle")


def _is_done(memory: EndMemory, wanted: Remaining | None) -> bool:
    if wanted is None or memory.wh is None:
        return False
    if wanted.soc is not None and wanted.target_percent is not None:
        return wanted.target_percent - wanted.soc <= _NEARLY_PERCENT
    return wanted.low_wh <= _NEARLY * (memory.wh + wanted.mid_wh)


def _without_energy(legs: Sequence[Leg]) -> Estimate:
    """Returns when the limits end the charge for good, if they do; else there is no estimate."""
    stops_s = follow(legs, _PLENTY_WH, Curve(((0.0, 1.0),))).stops_s
    if stops_s <= 0 or math.isinf(stops_s) or not legs or legs[-1].watts > 0:
        return Estimate(None, None, None, "none", "energy_unknown")
    late_s = stops_s + _LATE_S
    return Estimate(stops_s, stops_s, late_s, "window", "", "window")


def has_moved(before: tuple[float, Estimate] | None, now: Estimate, now_s: float) -> bool:
    """Tells whether an estimate is news against the one told before, and when that was.

    It is if the likely end moves by more than 2 minutes or 5 % of what is left, or there was
    none, or there is none any more.
    """
    if before is None:
        return True
    then_s, told = before
    if told.p50_s is None or now.p50_s is None:
        return told.because != now.because or told.is_number != now.is_number
    if (told.basis == "finished") != (now.basis == "finished"):
        return True
    moved_s = abs(now_s + now.p50_s - then_s - told.p50_s)
    return moved_s > min(_MOVES_S, max(_MOVES_SHARE * now.p50_s, _LEAST_MOVE_S))
