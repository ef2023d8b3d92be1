"""Made-up sessions for a benchmark of the judge: their limits, and what their meters say."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from csms.domain.sample import Sample
from csms.monitor.limit_track import LimitTrack
from csms.monitor.scene import Circumstances
from csms.monitor.watch import Watch
from profiles import Cause, LimitStep, LimitTimeline, Purpose, RateUnit

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2026, 11, 21, tzinfo=UTC)
EVERY_S = 60
_VOLTS = 230.0
_STEP_S = 3600
_AMPERES = (32.0, 16.0, 10.0, 0.0, 20.0)
_FORMS = ("currents and all", "currents", "power", "register")

Taken = tuple[Sample, datetime, Circumstances]


@dataclass(slots=True)
class Played:
    """One session: what its judge remembers, its limits, and where its meter stands.

    `unit` is that of its limits, `form` what its meter tells. Every tenth one is held to less than
    it may take, or takes more.
    """

    number: int
    form: str
    unit: str
    random: random.Random
    watch: Watch = field(default_factory=Watch)
    track: LimitTrack = field(default_factory=LimitTrack)
    wh: float = 100_000.0
    second: int = 0

    def prepare(self, hours: int) -> None:
        """Puts limits at hand for so long; they change each hour."""
        self.track.change(START - timedelta(hours=1), _plan(self.unit, self.number, hours))

    def samples(self, count: int) -> Iterator[Taken]:
        """Makes the next samples, one each minute."""
        for _ in range(count):
            self.second += EVERY_S
            amps = self._amps()
            self.wh += 3 * amps * _VOLTS * EVERY_S / 3600
            at = START + timedelta(seconds=self.second)
            yield self._sample(at, amps), at, Circumstances(at, "Charging")

    def _amps(self) -> float:
        limit_a = _amperes(self.number, self.second - 12)
        if self.number % 20 == 0:
            limit_a = min(limit_a, 6.0)
        elif self.number % 10 == 0:
            limit_a += 3.0
        taken = min(limit_a, 16.0 if self.number % 3 else 32.0)
        return taken + self.random.gauss(0, 0.1) if taken >= 6.0 else 0.0

    def _sample(self, at: datetime, amps: float) -> Sample:
        sample = Sample(at)
        if self.form.startswith("currents"):
            sample.currents_a = (amps, amps, amps)
        if self.form in {"power", "currents and all"}:
            sample.power_w = 3 * amps * _VOLTS
        if self.form in {"register", "currents and all"}:
            sample.register_milliwh = round(self.wh) * 1000
        return sample


def forms() -> tuple[str, ...]:
    """Returns what meters tell, by name."""
    return _FORMS


def sessions(form: str, count: int, hours: int, seed: int) -> list[Played]:
    """Makes sessions whose limits are at hand, half of them in amperes and half in watts."""
    made = [
        Played(number, form, "AW"[number % 2], random.Random(f"{seed}-{number}"))  # noqa: S311 - a seed is wanted
        for number in range(1, count + 1)
    ]
    for each in made:
        each.prepare(hours)
    return made


def _amperes(number: int, second: int) -> float:
    return _AMPERES[(number + max(second, 0) // _STEP_S) % len(_AMPERES)]


def _plan(unit: str, number: int, hours: int) -> LimitTimeline:
    steps = []
    for hour in range(-1, hours + 1):
        start = START + timedelta(hours=hour)
        amps = _amperes(number, hour * _STEP_S)
        steps.append(_step(start, start + timedelta(hours=1), amps, unit))
    return LimitTimeline(tuple(steps))


def _step(start: datetime, end: datetime, amps: float, unit: str) -> LimitStep:
    limit = amps if unit == "A" else amps * 3 * _VOLTS
    cause = Cause(1, Purpose.TX, 0, 0, RateUnit(unit), limit, 3, binding=True)
    limit_a, limit_w = (limit, None) if unit == "A" else (None, limit)
    return LimitStep(start, end, limit_a, limit_w, 3, ambiguous=False, causes=(cause,))
