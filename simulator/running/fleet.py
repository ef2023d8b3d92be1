"""A fleet on the loop: staggered start, an orderly end, and what may be asked of it meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final, TypeVar

from simulator.running.clock import ScaledClock
from simulator.running.figures import Figures
from simulator.running.link import Link, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.running.clock import Clock
    from simulator.station.core import Station
    from simulator.station.outputs import Happened
    from simulator.worlds.build import Member

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a fleet is run. `duration_s` is in real seconds, None runs until interrupted.

    `speed` is how many simulated seconds pass in a real one; None is virtual time, which jumps
    to what comes next as soon as nothing is open.
    """

    url: str
    speed: float | None = 1.0
    duration_s: float | None = None
    connects_per_s: float = 200.0
    seed: int = 1
    sources: tuple[str, ...] = ()
    settle_s: float = 0.02


@dataclass(frozen=True, slots=True)
class Summary:
    """What came out of a run: how often each event happened, and each action was called."""

    stations: int
    real_s: float
    events: Counter[str]
    sent: Counter[str]
    figures: Figures = field(default_factory=Figures)


class Runner:
    """Runs members from `start` to `stop`; `report` gets every event.

    `run` does both, and ends when the time is up or after `interrupt`.
    """

    def __init__(
        self, members: list[Member], options: RunOptions, report: Callable[[Happened], None]
    ) -> None:
        self.stations: Mapping[str, Station] = {each.station.id: each.station for each in members}
        self.clock: Clock = ScaledClock(time.monotonic(), options.speed or 1.0)
        self._members = members
        self._options = options
        self._report = report
        self._events: Counter[str] = Counter()
        self._interrupted = asyncio.Event()
        self._started = 0.0
        self._links: dict[str, Link] = {}
        self._running: list[asyncio.Task[None]] = []

    def interrupt(self) -> None:
        """Let `run` end in good order; a second call changes nothing."""
        self._interrupted.set()

    async def start(self) -> None:
        """Begin to connect; returns before all are."""
        self._started = time.monotonic()
        self.clock = clock = ScaledClock(self._started, self._options.speed or 1.0)
        target = Target(self._options.url)
        for index, member in enumerate(self._members):
            link = Link(member, target, clock, self._jitter(member), self._count)
            self._links[member.station.id] = link
            self._running.append(
                asyncio.create_task(link.run(index / self._options.connects_per_s))
            )

    async def stop(self) -> None:
        """Unplug all cars, send what there is to say, and close all connections."""
        await asyncio.gather(*(link.stop() for link in self._links.values()))
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def run(self) -> Summary:
        """Run to the end and return what happened."""
        await self.start()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._options.duration_s):
                    await self._interrupted.wait()
        finally:
            await self.stop()
        return self.summary()

    def summary(self) -> Summary:
        """Return what has happened so far."""
        sent: Counter[str] = Counter()
        for station in self.stations.values():
            sent += station.sent
        real_s = time.monotonic() - self._started
        return Summary(len(self._members), real_s, self._events, sent, self.figures())

    def perform(self, station_id: str, act: Callable[[Station, float], T]) -> T:
        """Do something with a station at the present simulated second, and send what it says.

        Raises: KeyError for a station that is not of this fleet.
        """
        return self._links[station_id].perform(act)

    async def advance(self, seconds: float) -> None:
        """Let simulated seconds pass."""
        await asyncio.sleep(self.clock.real_delay(seconds))

    def figures(self) -> Figures:
        """Return how the fleet stands now."""
        stations = self.stations.values()
        return Figures(
            connected=sum(each.is_connected for each in stations),
            accepted=sum(each.is_accepted for each in stations),
            charging=sum(each.charging_count() for each in stations),
            sessions=self._events["session.started"],
            sent=sum(each.sent.total() for each in stations),
        )

    def _count(self, happened: Happened) -> None:
        self._events[happened.name] += 1
        self._report(happened)

    def _jitter(self, member: Member) -> Random:
        """Return randomness of its own for the link: how real time goes must not reach the core."""
        seed = f"{self._options.seed}/{member.station.id}/link"
        return Random(seed)  # noqa: S311 - a simulation, no secrets


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


async def run_until_interrupted(runner: Runner) -> Summary:
    """Run a fleet; an interrupt or SIGTERM ends it in good order."""
    loop = asyncio.get_running_loop()
    for each in _SIGNALS:
        loop.add_signal_handler(each, runner.interrupt)
    try:
        return await runner.run()
    finally:
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
