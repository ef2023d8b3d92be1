"""One session: the limits in force, what the EVSE makes of them, the car, and what is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.judge.physics import NOMINAL_V, PILOT_MIN_A, Battery, Car, Mains, Meter
from tests.judge.telling import Reading, Telling, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from tests.judge.frames import Frames

Steps = list[tuple[float, float | None, int | None]]
REST_S = 5.0


@dataclass
class Session:
    """What happens from the start of a transaction to its end; times in seconds after its start.

    `pilot` are the steps that the EVSE applies: time, amperes for each phase or None for all it
    has, and number of phases or None for all. Everything that is a function takes the time.
    """

    frames: Frames
    rng: Random
    starts_s: float
    lasts_s: float
    every_s: float
    car: Car
    mains: Mains
    meter: Meter
    telling: Telling
    token: str = "TOKEN"
    evse: int = 1
    evse_max_a: float = 32.0
    pilot: Steps = field(default_factory=list)
    loses: float = 0.0
    silent: Sequence[tuple[float, float]] = ()
    says: Callable[[float, str], str] = lambda _, state: state
    distort: Callable[[float, Reading], None] = lambda _, __: None
    offers: Callable[[float, float | None], float] | None = None
    celsius: Callable[[float], float] | None = None
    tells_soc: bool = False
    jitter_s: float = 0.0
    reason: str = "Local"
    ends_as: str = "Available"
    clock_every_s: float | None = None
    irregular: float = 0.0
    rest_s: float = REST_S
    before_stop: Callable[[float], None] = lambda _: None
    transaction: str = ""
    charged_s: float | None = None
    unplugs_s: float | None = None
    _state: str = ""
    _is_unsaid: bool = False
    _clock_s: float = 0.0

    def play(self) -> None:
        """Writes the session's frames from start to end."""
        self.frames.lane = self.evse
        self.car.begin()
        now_s, next_s = 0.0, self.every_s * self.rng.uniform(0.3, 1.0)
        self._start()
        while now_s < self.lasts_s and not self._is_unplugged(now_s):
            pilot_a, phases = self._piloted(now_s)
            self.car.follow(now_s, pilot_a)
            self._tell_state(now_s, pilot_a)
            if now_s >= next_s:
                self._tell(now_s, phases)
                next_s += self.every_s * (1 + self.rng.uniform(-self.irregular, self.irregular))
            if self.clock_every_s is not None and self.at(now_s) >= self._clock_s:
                self._tell(now_s, phases, "Sample.Clock")
                self._clock_s += self.clock_every_s
            step_s = self._step(now_s, next_s)
            self._flow(now_s, step_s, phases)
            now_s += step_s
        self.lasts_s = now_s
        self._stop()

    def at(self, at_s: float) -> float:
        """A time of the session as one of the log."""
        return self.starts_s + at_s

    def _is_unplugged(self, at_s: float) -> bool:
        if self.unplugs_s is None or self.charged_s is None:
            return False
        return at_s >= self.charged_s + self.unplugs_s

    @property
    def place(self) -> tuple[str, int]:
        return self.transaction, self.evse

    def _start(self) -> None:
        at_s = self.at(0)
        self.frames.status(at_s - 3, self.evse, "Preparing")
        values, wh = self._registered(0)
        self.transaction = self.frames.start(at_s, self.evse, self.token, values, wh)

    def _stop(self) -> None:
        at_s = self.at(self.lasts_s)
        self.before_stop(at_s)
        values, wh = self._registered(self.lasts_s)
        self.frames.stop(at_s + 1, self.place, values, wh, self.reason)
        self.frames.status(at_s + 4, self.evse, self.ends_as)

    def _registered(self, at_s: float) -> tuple[list[Value], float]:
        reading = self._read(at_s, 0)
        told = self.telling.write(reading, self.car.lines)
        return [each for each in told if each[0].startswith("Energy")], reading.wh

    def _piloted(self, at_s: float) -> tuple[float | None, int]:
        amps, phases = None, None
        for from_s, each, number in self.pilot:
            if from_s <= at_s:
                amps, phases = each, number
        capped = self.evse_max_a if amps is None else min(amps, self.evse_max_a)
        return capped, 3 if phases is None else phases

    def _step(self, at_s: float, next_s: float) -> float:
        step_s = 1.0 if self.car.is_moving(at_s) else self.rest_s
        for until_s in (next_s, self.lasts_s, *(each[0] for each in self.pilot)):
            if until_s > at_s:
                step_s = min(step_s, max(until_s - at_s, 0.01))
        return step_s

    def _lines(self, phases: int) -> tuple[int, ...]:
        return self.car.lines[:phases]

    def _amps(self, at_s: float, phases: int) -> list[float]:
        level = self.car.level_a(at_s)
        amps = [self.car.standby_a if level <= 0 else 0.0, 0.0, 0.0]
        for line in self._lines(phases):
            amps[line] = max(level, amps[line])
        return amps

    def _flow(self, at_s: float, step_s: float, phases: int) -> None:
        amps, volts = self._amps(at_s + step_s / 2, phases), self.mains.volts(at_s)
        wh = sum(a * u for a, u in zip(amps, volts, strict=True)) * step_s / 3600
        self.meter.count(wh)
        if self.car.battery is not None and self.car.level_a(at_s) > 0:
            self.car.battery.fill(wh)
            if self.car.battery.share() <= 0 and self.charged_s is None:
                self.charged_s = at_s + step_s

    def _tell_state(self, at_s: float, pilot_a: float | None) -> None:
        if pilot_a is not None and pilot_a < PILOT_MIN_A:
            state = "SuspendedEVSE"
        else:
            state = "SuspendedEV" if self.car.is_asleep(at_s) else "Charging"
        state = self.says(at_s, state)
        told_s = self.at(at_s) + 0.5
        if state != self._state or (self._is_unsaid and self.frames.is_online(told_s)):
            # In 1.6 a state that has changed in an outage is told after it, and once.
            self._is_unsaid = self.frames.is_v16 and not self.frames.is_online(told_s)
            self._state = state
            self.frames.state(told_s, self.place, state)

    def _tell(self, at_s: float, phases: int, context: str = "") -> None:
        if self.rng.random() < self.loses:
            return
        if any(start <= at_s < end for start, end in self.silent):
            return
        told_s = at_s + self.rng.uniform(0, self.jitter_s)
        values = self.telling.write(self._read(at_s, phases), self.car.lines)
        self.frames.values(self.at(told_s), self.place, values, self._state, context)

    def _read(self, at_s: float, phases: int) -> Reading:
        volts = self.mains.volts(at_s)
        flowing = self._amps(at_s, phases) if phases else [0.0, 0.0, 0.0]
        watts = sum(a * u for a, u in zip(flowing, volts, strict=True))
        amps = [self.meter.amps(each) for each in flowing]
        reading = Reading(amps, list(volts), self.meter.watts(watts), self.meter.register_wh())
        battery: Battery | None = self.car.battery
        if self.tells_soc and battery is not None:
            reading.soc = float(int(min(battery.soc, 1.0) * 100))
        if self.offers is not None:
            reading.offered_a = self.offers(at_s, self._piloted(at_s)[0])
        if self.celsius is not None:
            reading.celsius = round(self.celsius(at_s), 1)
        self.distort(at_s, reading)
        return reading


def amps_of(limit: float, unit: str, phases: int | None) -> float:
    """What a limit allows each phase, as the specification converts it: 230 V nominal."""
    return limit if unit == "A" else limit / (NOMINAL_V * (phases or 3))
