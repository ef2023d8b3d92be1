"""A session driven second by second past the judge: its limits, car, meter, and station."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from csms.monitor.deviations import take_sample
from csms.monitor.limit_track import LimitTrack
from csms.monitor.scene import Circumstances
from csms.monitor.thresholds import Thresholds
from csms.monitor.watch import Watch, dump_watch
from tests.builders import VOLTS, a_plan, a_sample, after

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from csms.monitor.episodes import Episode


@dataclass
class Drive:
    """What a session is made of, and what came of it.

    `limits` are (second, limit as keywords of `a_plan`; empty for none). `car` gives the current of
    each phase by second and by the amperes that it is offered, `says` the charging state.
    `tells` are of `currents`, `power`, `register`, `soc`; the register counts in steps of
    `step_wh`; it says nothing while `silent`. `known` are more circumstances. `words` are the
    verdicts by second.
    """

    car: Callable[[float, float], Sequence[float]]
    limits: Sequence[tuple[float, dict[str, Any]]] = ((0, {"a": 16}),)
    lasts_s: int = 3600
    every_s: int = 60
    tells: frozenset[str] = frozenset({"currents", "power", "register"})
    says: Callable[[float], str | None] = lambda _: "Charging"
    soc: Callable[[float], float] | None = None
    silent: tuple[float, float] = (0, 0)
    follows_s: float = 12
    step_wh: float = 1
    noise: float = 0.0
    seed: int = 1
    volts: float = VOLTS
    known: dict[str, Any] = field(default_factory=dict)
    thresholds: Thresholds = field(default_factory=Thresholds)
    watch: Watch = field(default_factory=Watch)
    words: dict[int, str] = field(default_factory=dict)
    found: dict[int, Episode] = field(default_factory=dict)

    def run(self) -> Drive:
        """Plays it from its start to its end."""
        track = LimitTrack()
        for since, limit in self.limits:
            track.change(after(since), a_plan((since, limit)))
        chance, wh = random.Random(self.seed), 100_000.0  # noqa: S311 - a seed is wanted
        for second in range(1, self.lasts_s + 1):
            currents = [
                max(each + chance.gauss(0, self.noise), 0.0) if each > 1 else each
                for each in self.car(second, self._offered(second))
            ]
            wh += sum(currents) * self.volts / 3600
            if second % self.every_s == 0 and not self.silent[0] <= second < self.silent[1]:
                self._judge(track, second, currents, wh)
        return self

    def kinds(self) -> list[str]:
        """The kinds of all episodes, in the order in which they were raised."""
        return [self.found[number].kind.value for number in sorted(self.found)]

    def at(self, kind: str) -> tuple[float, float]:
        """When the only episode of a kind began, and when it was sure."""
        (episode,) = [each for each in self.found.values() if each.kind.value == kind]
        assert episode.confirmed_at is not None
        return (
            (episode.opened_at - after(0)).total_seconds(),
            (episode.confirmed_at - after(0)).total_seconds(),
        )

    def _judge(self, track: LimitTrack, second: int, currents: Sequence[float], wh: float) -> None:
        values: dict[str, Any] = {}
        if "currents" in self.tells:
            values["currents_a"] = tuple([*currents, None, None][:3])
        if "power" in self.tells:
            values["power_w"] = sum(currents) * self.volts
        if "register" in self.tells:
            values["wh"] = wh // self.step_wh * self.step_wh
        if self.soc is not None:
            values["soc_percent"] = self.soc(second)
        known = Circumstances(after(second), self.says(second), **self.known)
        sample = a_sample(second, **values)
        judged = take_sample(self.watch, track, sample, after(second), known, self.thresholds)
        dump_watch(self.watch)
        self.words[second] = judged.verdict
        for finding in judged.findings:
            self.found[finding.episode.number] = finding.episode

    def _offered(self, second: float) -> float:
        offered = 32.0
        for since, limit in self.limits:
            if since + self.follows_s <= second:
                phases = limit.get("phases") or 3
                offered = limit.get("a", limit.get("w", 1e9) / (VOLTS * phases))
        return min(offered, 32.0) if offered >= 6 else 0.0
