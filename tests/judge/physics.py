"""What mains, cars and meters do, one session at a time; knows nothing of frames or labels.

Figures: IEC 61851-1 for the pilot and its times; class B meters 1 %, class C 0.5 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

NOMINAL_V = 230.0
PILOT_MIN_A = 6.0
# On-board chargers as sold: phases and amperes of each.
ON_BOARD = ((1, 16), (1, 32), (2, 16), (3, 16), (3, 32))
NO_END_A = 1e9


@dataclass(slots=True)
class Mains:
    """Three voltages: a mean of their own each, and a slow common wander."""

    means_v: tuple[float, float, float]
    swing_v: float
    periods_s: tuple[float, float]
    phase: float

    @classmethod
    def drawn(cls, rng: Random, off_share: float = 0.035) -> Mains:
        """Means within `off_share` of 230 V, wandering by up to 2 % of it."""
        mean = NOMINAL_V * (1 + rng.uniform(-off_share, off_share))
        means = tuple(mean * (1 + rng.uniform(-0.008, 0.008)) for _ in range(3))
        periods = (rng.uniform(600, 1500), rng.uniform(2500, 6000))
        return cls(means, NOMINAL_V * rng.uniform(0.003, 0.012), periods, rng.uniform(0, 6.28))

    def volts(self, at_s: float) -> tuple[float, float, float]:
        """The voltages of L1, L2, L3 to neutral."""
        quick, slow = self.periods_s
        turn = math.tau * at_s
        wander = 0.5 * math.sin(turn / quick + self.phase) + math.sin(turn / slow + 2 * self.phase)
        return tuple(mean + self.swing_v * wander for mean in self.means_v)  # type: ignore[return-value]


@dataclass(slots=True)
class Battery:
    """Fills up to `until` (0..1); above `knee` it takes less and less, a fifth of all at 100 %.

    `efficiency` is the share of what the meter counts that arrives.
    """

    capacity_wh: float
    soc: float
    until: float = 1.0
    knee: float = 0.96
    efficiency: float = 0.90

    def share(self) -> float:
        """What share of its highest power it takes now."""
        if self.soc >= self.until:
            return 0.0
        if self.soc <= self.knee:
            return 1.0
        return 1 - 0.8 * (self.soc - self.knee) / (1 - self.knee)

    def fill(self, metered_wh: float) -> None:
        self.soc += metered_wh * self.efficiency / self.capacity_wh


@dataclass(slots=True)
class Car:
    """A car; what it draws goes from one level to the next in seconds, overshoots and settles.

    `lines` are the phases it uses, as the station counts them. `shape` gives the most it wants
    at a time, in amperes; `wakes_s` is how long it sleeps after a pause.
    """

    rating_a: float
    lines: tuple[int, ...]
    offset_a: float
    delay_s: float
    settle_s: float
    overshoot_a: float
    wakes_s: float
    standby_a: float
    shape: Callable[[float], float] = field(default=lambda _: NO_END_A)
    battery: Battery | None = None
    stops_below_a: float = PILOT_MIN_A
    _from_a: float = 0.0
    _to_a: float = 0.0
    _moved_s: float = -1e6
    _woken_s: float = -1e6
    _paused: bool = True
    _first: bool = True

    def begin(self) -> None:
        """Makes it a car that has just been plugged in."""
        self._from_a = self._to_a = 0.0
        self._moved_s = self._woken_s = -1e6
        self._paused = self._first = True

    def wants_a(self, at_s: float) -> float:
        """What it would take if nothing limited it."""
        share = 1.0 if self.battery is None else self.battery.share()
        return min(self.rating_a * share, self.shape(at_s))

    def follow(self, at_s: float, pilot_a: float | None) -> None:
        """Sees the pilot; None is one that offers more than any car takes."""
        if pilot_a is not None and pilot_a < self.stops_below_a:
            self._paused, target = True, 0.0
        else:
            if self._paused:
                self._woken_s = at_s + (2.0 if self._first else self.wakes_s)
                self._paused = self._first = False
            target = self._allowed_a(at_s, pilot_a)
        if abs(target - self._to_a) < 1.0 and (target > 0) == (self._to_a > 0):
            self._to_a = target
        else:
            self._from_a, self._to_a, self._moved_s = self.level_a(at_s), target, at_s

    def level_a(self, at_s: float) -> float:
        """What each of its lines carries now."""
        since = at_s - self._moved_s
        if since <= self.delay_s:
            return self._from_a
        if since >= self.settle_s:
            above = self.overshoot_a if self._to_a > 0 else 0.0
            return self._to_a + above * math.exp(-(since - self.settle_s) / 5)
        part = (since - self.delay_s) / (self.settle_s - self.delay_s)
        return self._from_a + part * (self._to_a - self._from_a)

    def is_moving(self, at_s: float) -> bool:
        return at_s - self._moved_s < self.settle_s + 15

    def is_asleep(self, at_s: float) -> bool:
        """Whether it draws nothing of its own will, though it may."""
        return not self._paused and (at_s < self._woken_s or self.wants_a(at_s) <= 0)

    def _allowed_a(self, at_s: float, pilot_a: float | None) -> float:
        wanted = 0.0 if at_s < self._woken_s else self.wants_a(at_s)
        return wanted if pilot_a is None or wanted <= 0 else min(wanted, pilot_a + self.offset_a)


@dataclass(slots=True)
class Meter:
    """What a meter shows of what flows: its error, its noise, its steps."""

    gain: float
    noise_a: float
    amps_step: float
    watts_step: float
    wh_step: float
    true_wh: float
    rng: Random

    @classmethod
    def drawn(cls, rng: Random) -> Meter:
        """A class B or C meter with some register that runs in steps of 1 or 10 Wh."""
        gain = 1 + rng.choice((0.005, 0.01)) * rng.uniform(-0.9, 0.9)
        steps = rng.choice((0.01, 0.1, 0.1)), rng.choice((1, 1, 10)), rng.choice((1, 1, 10))
        start_wh = float(rng.randrange(1_000, 9_000_000))
        return cls(gain, rng.uniform(0.0, 0.05), *steps, start_wh, rng)

    def count(self, wh: float) -> None:
        self.true_wh += wh * self.gain

    def amps(self, true_a: float) -> float:
        """A current as shown."""
        shown = true_a * self.gain + (self.rng.gauss(0, self.noise_a) if true_a > 0 else 0.0)
        return max(0.0, round(shown / self.amps_step) * self.amps_step)

    def watts(self, true_w: float) -> float:
        shown = true_w * self.gain + (self.rng.gauss(0, self.noise_a * 230) if true_w > 0 else 0.0)
        return max(0.0, round(shown / self.watts_step) * self.watts_step)

    def register_wh(self) -> float:
        return self.true_wh // self.wh_step * self.wh_step
