"""A fleet spread over processes: one for each core that may be filled.

Stations are dealt round. The processes begin together, their events and figures come together
here, and all end in good order; one that dies is told, and the others go on.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from simulator.errors import SimulatorError
from simulator.running.clock import ScaledClock
from simulator.running.figures import Figures, Latencies
from simulator.running.fleet import Summary
from simulator.running.shard import GO, STOP, Batch, Done, Failed, Ready, Share, main
from simulator.station.outputs import Happened

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from simulator.running.clock import Clock
    from simulator.running.fleet import RunOptions
    from simulator.worlds.build import FleetOptions
    from simulator.worlds.scenario import Scenario

T = TypeVar("T")

_END_WITHIN_S: Final = 15.0
_LAST_S: Final = 2.0


@dataclass(slots=True, eq=False)
class _Shard:
    """One process as it is seen from here."""

    number: int
    process: BaseProcess
    pipe: Connection
    stations: int | None = None
    batch: Batch = field(default_factory=lambda: Batch([], Figures()))
    summary: Summary | None = None
    is_over: bool = False


class ShardedRunner:
    """Runs a scenario in `shards` processes; `report` gets the events of all.

    Raises: SimulatorError for virtual time, which processes cannot have in common.
    """

    def __init__(
        self,
        scenario: Scenario,
        fleet_options: FleetOptions,
        run_options: RunOptions,
        shards: int,
        report: Callable[[Happened], None],
    ) -> None:
        if run_options.speed is None:
            raise SimulatorError("--shards needs a speed: processes have no virtual time in common")
        self.clock: Clock = ScaledClock(time.monotonic(), run_options.speed)
        self._speed = run_options.speed
        self._shares = [
            Share(
                scenario,
                fleet_options,
                replace(run_options, connects_per_s=run_options.connects_per_s / shards),
                rest,
                shards,
            )
            for rest in range(shards)
        ]
        self._report = report
        self._shards: list[_Shard] = []
        self._events: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._interrupted = False
        self._started = time.monotonic()

    def interrupt(self) -> None:
        """Let `run` end in good order; a second call changes nothing."""
        self._interrupted = True
        self._changed.set()

    async def run(self) -> Summary:
        """Run to the end and return what happened.

        Raises: SimulatorError when no shard could be run to its end.
        """
        self._begin()
        try:
            await self._until(self._are_ready)
            self._tell_all(GO)
            self._started = time.monotonic()
            self.clock = ScaledClock(self._started, self._speed)
            await self._until(self._are_over)
            self._tell_all(STOP)
            await self._until(self._are_over, _END_WITHIN_S, heeds_interrupt=False)
        finally:
            await self._end()
        if all(each.summary is None for each in self._shards):
            raise SimulatorError("every shard of the fleet has ended before its time")
        return self.summary()

    def figures(self) -> Figures:
        """Return how the fleet stands, as of the last word of each process."""
        parts = [each.batch.figures for each in self._shards]
        latencies = Latencies(_sum([each.batch.latencies for each in self._shards]))
        errors = _sum([each.errors for each in parts])
        if self._events["shard.lost"]:
            errors["shard.lost"] = self._events["shard.lost"]
        return Figures(
            stations=sum(each.stations for each in parts),
            simulated_s=self.clock.now(),
            connected=sum(each.connected for each in parts),
            accepted=sum(each.accepted for each in parts),
            charging=sum(each.charging for each in parts),
            sessions=sum(each.sessions for each in parts),
            sent=sum(each.sent for each in parts),
            received=sum(each.received for each in parts),
            discarded=sum(each.discarded for each in parts),
            errors=errors,
            latency_p50_ms=latencies.share(0.5),
            latency_p99_ms=latencies.share(0.99),
            behind_s=max((each.behind_s for each in parts), default=0.0),
        )

    def summary(self) -> Summary:
        """Return what has happened; calls are counted of shards that have ended well."""
        ended = [each.summary for each in self._shards if each.summary is not None]
        return Summary(
            sum(each.stations or 0 for each in self._shards),
            time.monotonic() - self._started,
            self._events,
            _sum([each.sent for each in ended]),
            self.figures(),
        )

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        loop = asyncio.get_running_loop()
        for number, share in enumerate(self._shares, 1):
            here, there = context.Pipe()
            process = context.Process(target=main, args=(share, there), daemon=True)
            process.start()
            there.close()
            shard = _Shard(number, process, here)
            self._shards.append(shard)
            loop.add_reader(here.fileno(), partial(self._heard, shard))

    def _heard(self, shard: _Shard) -> None:
        """Take what a process says; nothing more is its end."""
        try:
            said = shard.pipe.recv()
        except (EOFError, OSError):
            self._over(shard)
            if shard.summary is None:
                self._lost(shard, "it has ended without a word")
            return
        match said:
            case Ready(stations):
                shard.stations = stations
            case Batch():
                shard.batch = said
                for happened in said.events:
                    self._events[happened.name] += 1
                    self._report(happened)
            case Done(summary):
                shard.summary = summary
                self._over(shard)
            case Failed(sentence):
                self._over(shard)
                self._lost(shard, sentence)
        self._changed.set()

    def _over(self, shard: _Shard) -> None:
        if not shard.is_over:
            asyncio.get_running_loop().remove_reader(shard.pipe.fileno())
            shard.is_over = True
        self._changed.set()

    def _lost(self, shard: _Shard, why: str) -> None:
        fields: dict[str, object] = {"shard": shard.number, "reason": why}
        shard.batch = replace(
            shard.batch, figures=replace(shard.batch.figures, connected=0, accepted=0, charging=0)
        )
        self._events["shard.lost"] += 1
        self._report(Happened(datetime.now(UTC), "", "shard.lost", fields))

    def _are_ready(self) -> bool:
        return all(each.is_over or each.stations is not None for each in self._shards)

    def _are_over(self) -> bool:
        return all(each.is_over for each in self._shards)

    async def _until(
        self,
        condition: Callable[[], bool],
        within_s: float | None = None,
        *,
        heeds_interrupt: bool = True,
    ) -> None:
        """Wait until something is so, the time is over, or the run is interrupted."""
        try:
            async with asyncio.timeout(within_s):
                while not condition() and not (heeds_interrupt and self._interrupted):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return

    def _tell_all(self, word: str) -> None:
        for each in self._shards:
            if not each.is_over:
                try:
                    each.pipe.send(word)
                except OSError:
                    self._over(each)

    async def _end(self) -> None:
        """End what has not ended by itself."""
        for each in self._shards:
            self._over(each)
        for each in self._shards:
            await asyncio.to_thread(each.process.join, _LAST_S if each.summary else 0.0)
            if each.process.is_alive():
                each.process.kill()
                await asyncio.to_thread(each.process.join, _LAST_S)
            each.pipe.close()


def _sum(counters: list[Counter[T]]) -> Counter[T]:
    total: Counter[T] = Counter()
    for each in counters:
        total.update(each)
    return total
