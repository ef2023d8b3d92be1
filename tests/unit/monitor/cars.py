"""Simulated cars with their own curves, meters and limits, to hold the expected end against.

Nothing here is taken from the estimator: batteries differ in efficiency, curve and knee, meters
round, stations say less than they know.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from csms.domain.ending import EndMemory
from csms.domain.sample import Sample
from csms.monitor.expected_end import Estimate, estimate, has_moved, legs_of, note_told
from csms.monitor.expected_end_energy import Grounds, Wishes
from csms.monitor.expected_end_habits import Habits
from csms.monitor.expected_end_memory import are_for_dc, note
from profiles import Cause, LimitStep, Purpose, RateUnit

if TYPE_CHECKING:
    import random

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
VOLTS = 230.0


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@dataclass
class Car:
    """A battery, what its charger can, and how it tapers: (percent, share of `most_w`)."""

    capacity_wh: float
    soc: float
    target: float
    efficiency: float
    most_w: float
    curve: list[tuple[float, float]]
    phases: int = 3
    is_dc: bool = False
    wave: float = 0.0

    def shown(self) -> float:
        """What it tells of its level: batteries do not know themselves to a percent."""
        return self.soc + self.wave * math.sin(self.soc / 100 * 3 * math.pi)

    def takes(self, allowed_w: float) -> float:
        if self.soc >= self.target:
            return 0.0
        share = 1.0
        for (a, x), (b, y) in zip(self.curve, self.curve[1:], strict=False):
            if a <= self.soc <= b:
                share = x + (y - x) * (self.soc - a) / (b - a)
        return min(allowed_w, self.most_w * share)


@dataclass
class Drive:
    """One simulated session: what was estimated when, and when it really ended."""

    ended_s: float
    charged_from_s: float
    estimates: list[tuple[float, Estimate]] = field(default_factory=list)

    def error(self, share: float) -> tuple[float, float, bool] | None:
        """Error of the remaining time (floor 10 min), in minutes too, and whether it is covered."""
        found = [each for each in self.estimates if each[0] <= self._moment(share)]
        if not found or found[-1][1].p50_s is None:
            return None
        told_s, told = found[-1]
        left_s = self.ended_s - self._moment(share)
        off_s = told_s + told.p50_s - self.ended_s
        covered = told_s + told.p10_s <= self.ended_s <= told_s + told.p90_s
        return abs(off_s) / max(left_s, 600.0), off_s / 60, covered

    def _moment(self, share: float) -> float:
        return self.charged_from_s + share * (self.ended_s - self.charged_from_s)


def an_ac_car(draw: random.Random) -> Car:
    phases, amps = draw.choice([(1, 16), (1, 32), (2, 16), (3, 16), (3, 16), (3, 32)])
    soc = draw.uniform(10, 70)
    knee, last = draw.uniform(93, 98.5), draw.uniform(0.1, 0.35)
    return Car(
        draw.uniform(35, 95) * 1000,
        soc,
        draw.choice([100.0, 100.0, 80.0, 90.0]),
        draw.uniform(0.86, 0.93),
        phases * amps * VOLTS * draw.uniform(0.97, 1.0),
        [(0, 1), (knee, 1), (100, last)],
        phases,
        wave=draw.uniform(-1, 1),
    )


def a_dc_car(draw: random.Random) -> Car:
    knee, last = draw.uniform(35, 65), draw.uniform(0.12, 0.3)
    middle = draw.uniform(knee + 8, 85)
    straight = 1 + (last - 1) * (middle - knee) / (100 - knee)
    return Car(
        draw.uniform(40, 95) * 1000,
        draw.uniform(8, 45),
        draw.choice([80.0, 80.0, 90.0, 100.0]),
        draw.uniform(0.91, 0.96),
        draw.uniform(50, 170) * 1000,
        [(0, draw.uniform(0.85, 1)), (12, 1), (knee, 1),
         (middle, straight * draw.uniform(0.88, 1.12)), (100, last)],
        is_dc=True,
        wave=draw.uniform(-1, 1),
    )  # fmt: skip


def a_plan(draw: random.Random, car: Car) -> list[LimitStep]:
    """Limits of a session: none, one, a step or two, or a pause."""
    kind = draw.choice(["none", "one", "steps", "steps", "pause"])
    hours = [0.0]
    while kind in {"steps", "pause"} and len(hours) < 4:
        hours.append(hours[-1] + draw.uniform(0.3, 2.5) * (0.15 if car.is_dc else 1))
    steps = []
    for index, hour in enumerate(hours):
        end = hours[index + 1] if index + 1 < len(hours) else 48.0
        amps = draw.choice([6.0, 8.0, 10.0, 13.0, 16.0, 20.0, 32.0])
        watts = draw.choice([20.0, 40.0, 60.0, 100.0, 150.0]) * 1000
        if kind == "pause" and index == 1:
            amps = watts = 0.0
        limit_a = None if kind == "none" or car.is_dc else amps
        limit_w = watts if car.is_dc and kind != "none" else None
        cause = Cause(1, Purpose.TX, 0, index, RateUnit.W, watts)
        causes = (cause,) if limit_w is not None else ()
        phases = None if car.is_dc else 3
        times = after(hour * 3600), after(end * 3600)
        steps.append(LimitStep(*times, limit_a, limit_w, phases, ambiguous=False, causes=causes))
    return steps


def drive(
    draw: random.Random,
    car: Car,
    plan: list[LimitStep],
    wishes: Wishes | None = None,
    habits: Habits | None = None,
    *,
    every_s: int = 60,
    tells_soc: bool = True,
    most_s: float = 40 * 3600,
) -> Drive:
    """Charges the car, second by second, and estimates at each sample."""
    memory, wh, woke_s, ended_s = EndMemory(), 0.0, 5.0, None
    grounds = Grounds(memory, wishes or Wishes(), habits or Habits())
    result = Drive(0.0, 5.0)
    offset, published = draw.uniform(0.97, 1.0), None
    dt = 30
    for second in range(0, int(most_s), dt):
        step = next(each for each in plan if each.start <= after(second) < each.end)
        allowed = _allowed(step, car)
        if allowed <= 0:
            woke_s = second + draw.uniform(5, 60)
        power = car.takes(allowed * offset) if second >= woke_s else 0.0
        wh += power * dt / 3600
        stored = (
            power * dt / 3600 * car.efficiency * (1 - 0.05 * math.exp(-power / 1500 / car.phases))
        )
        car.soc = min(car.soc + stored / car.capacity_wh * 100, 100)
        if car.soc >= car.target - 1e-9 and ended_s is None:
            ended_s = second + dt
            break
        if second % every_s == 0:
            read = max(power * draw.gauss(1, 0.006), 0)
            sample = _sample(second, read, wh, car, tells_soc=tells_soc)
            note(memory, sample, sample.at.timestamp(), wh // 1, step)
            memory.is_dc = memory.is_dc or are_for_dc(plan)
            legs = legs_of(plan, after(second), memory, memory.phases)
            told = estimate(grounds, legs, after(second).timestamp())
            if told is not None:
                note_told(memory, told, after(second).timestamp(), is_new_plan=False)
            memory.looked_at_s = after(second).timestamp()
            if told is not None and has_moved(published, told, second):
                published = (second, told)
                result.estimates.append(published)
    result.ended_s = ended_s or most_s
    return result


def _allowed(step: LimitStep, car: Car) -> float:
    if step.limit_w is not None:
        return step.limit_w
    if step.limit_a is not None:
        return step.limit_a * VOLTS * car.phases if step.limit_a >= 6 else 0.0
    return float("inf")


def _sample(second: int, power: float, wh: float, car: Car, *, tells_soc: bool) -> Sample:
    each = power / VOLTS / car.phases
    currents = tuple(each if index < car.phases else 0.0 for index in range(3))
    return Sample(
        START + timedelta(seconds=second),
        register_milliwh=int(wh) * 1000,
        power_w=power,
        currents_a=currents if not car.is_dc else (None, None, None),
        soc_percent=float(int(car.shown())) if tells_soc else None,
    )
