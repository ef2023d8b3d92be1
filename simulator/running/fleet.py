"""A fleet on the loop: staggered start, an orderly end, and what may be asked of it meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import resource
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from simulator.errors import SimulatorError
from simulator.running.connection import Patience
from simulator.running.credentials import Credentials
from simulator.running.dialling import Dialler, checked_sources
from simulator.running.figures import Figures
from simulator.running.ground import Ground
from simulator.running.link import Link
from simulator.running.opening import Target, TlsFiles
from simulator.running.pace import ScaledPace, VirtualPace
from simulator.station.outputs import Happened
from simulator.truth.unsent import unsent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.running.clock import Clock
    from simulator.running.pace import Pace
    from simulator.station.core import Station
    from simulator.worlds.build import Member

T = TypeVar("T")

_LAST_WORDS_S: Final = 5.0
_AT_ONCE: Final = 100
_FILES_BESIDES: Final = 128
_COLLECT_AFTER: Final = 20_000


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a fleet is run. `duration_s` is in real seconds, `for_s` in simulated ones.

    Without either it runs until interrupted. `speed` is how many simulated seconds pass in a real
    one; None is virtual time, which jumps to what comes next as soon as nothing is open, some
    stations up to `lookahead_s` ahead of others; after what calls for a reaction it stands still
    for `settle_s` real seconds. `connects_per_s` is how fast the fleet comes up; `sources` are
    addresses of this machine to connect from, in turn.
    """

    url: str
    speed: float | None = 1.0
    duration_s: float | None = None
    for_s: float | None = None
    connects_per_s: float = 500.0
    seed: int = 1
    sources: tuple[str, ...] = ()
    tls: TlsFiles | None = None
    lookahead_s: float = 0.0
    settle_s: float = 0.02
    patience: Patience = field(default_factory=Patience)


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

    `run` does both, and ends when the time is up or after `interrupt`. In virtual time the
    simulation stands at second 0 after `start`, and goes on with `advance` only.
    """

    def __init__(
        self, members: list[Member], options: RunOptions, report: Callable[[Happened], None]
    ) -> None:
        self.stations: Mapping[str, Station] = {each.station.id: each.station for each in members}
        self._members = members
        self._options = options
        self._report = report
        self._pace: Pace = self._paced()
        self._interrupted = asyncio.Event()
        self._started = 0.0
        self._links: dict[str, Link] = {}
        self._ground: Ground | None = None

    @property
    def clock(self) -> Clock:
        """The clock of the simulation."""
        return self._pace.clock

    def interrupt(self) -> None:
        """Let `run` end in good order; a second call changes nothing."""
        self._interrupted.set()

    async def start(self) -> None:
        """Begin to connect; returns before all are, in virtual time when all that can be is.

        Raises: SimulatorError where this machine cannot do it.
        """
        options = self._options
        allow_files(len(self._members))
        credentials = Credentials(options.tls)
        if Target(options.url).is_secure:
            credentials.check(self.stations)
        dialler = Dialler(checked_sources(options.sources))
        ground = Ground(
            self._pace,
            dialler,
            Target(options.url),
            options.patience,
            Random(f"{options.seed}/links"),  # noqa: S311 - no secrets
        )
        ground.credentials = credentials
        ground.listener = self._report
        self._ground, self._started = ground, time.monotonic()
        links = [Link(member, number, ground) for number, member in enumerate(self._members)]
        self._links = {
            each.station.id: link for each, link in zip(self._members, links, strict=True)
        }
        self._pace.begin(links)
        for number, link in enumerate(links):
            link.begin(number / options.connects_per_s)
        if options.speed is None:
            await self.advance(0.0)

    async def stop(self) -> None:
        """Unplug all cars, send what there is to say, and close all connections."""
        ground = self._ground
        if ground is None or ground.is_ending:
            return
        ground.is_ending = True
        links = list(self._links.values())
        await self._each(links, Link.shut_down)
        await ground.until(lambda: all(each.has_said_all for each in links), _LAST_WORDS_S)
        await ground.cancel()
        await self._each(links, Link.leave)
        goodbye_s = self._options.patience.close_s + 1.0
        await ground.until(lambda: all(each.is_at_rest for each in links), goodbye_s)
        await self._each(links, Link.cut)
        for station in self.stations.values():
            if (left := unsent(station, self.clock.now())) is not None:
                self._report(left)
        self._pace.end()

    async def run(self) -> Summary:
        """Run to the end and return what happened.

        Raises: SimulatorError, or whatever a defect of a station raised.
        """
        await self.start()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._options.duration_s):
                    await self._until_over()
        finally:
            await self.stop()
        if self._ground is not None and self._ground.defect is not None:
            raise self._ground.defect
        return self.summary()

    def summary(self) -> Summary:
        """Return what has happened so far."""
        sent: Counter[str] = Counter()
        for station in self.stations.values():
            sent += station.sent
        real_s = time.monotonic() - self._started
        events = Counter() if self._ground is None else self._ground.events
        return Summary(len(self._members), real_s, events, sent, self.figures())

    def perform(self, station_id: str, act: Callable[[Station, float], T]) -> T:
        """Do something with a station at the present simulated second, and send what it says.

        Raises: KeyError for a station that is not of this fleet, and what `act` raises.
        """
        return self._links[station_id].perform(act)

    def password_of(self, station_id: str) -> str | None:
        """Return the password that a station uses now. Raises: KeyError."""
        return self._links[station_id].password

    async def advance(self, seconds: float) -> None:
        """Let simulated seconds pass; in virtual time, return when all is done that they bring.

        Raises: whatever a defect of a station raised.
        """
        ground = self._ground
        if ground is None:
            return
        async with asyncio.TaskGroup() as tasks:
            passing = tasks.create_task(self._pace.advance(seconds))
            failing = tasks.create_task(ground.failed.wait())
            await asyncio.wait((passing, failing), return_when=asyncio.FIRST_COMPLETED)
            passing.cancel()
            failing.cancel()
        if ground.defect is not None:
            raise ground.defect

    def figures(self) -> Figures:
        """Return how the fleet stands now."""
        stations, ground = self.stations.values(), self._ground
        if ground is None:
            return Figures(stations=len(stations))
        return Figures(
            stations=len(stations),
            simulated_s=self.clock.now(),
            connected=sum(each.is_connected for each in stations),
            accepted=sum(each.is_accepted for each in stations),
            charging=sum(each.charging_count() for each in stations),
            sessions=ground.events["session.started"],
            sent=ground.sent,
            received=ground.received,
            discarded=ground.events["message.discarded"],
            errors=Counter(ground.errors),
            latency_p50_ms=ground.latencies.share(0.5),
            latency_p99_ms=ground.latencies.share(0.99),
            behind_s=self._pace.behind_s,
        )

    def latency_counts(self) -> Counter[int]:
        """Return how often answers took how long, in the steps of `Latencies`."""
        return Counter() if self._ground is None else self._ground.latencies.counts

    async def _until_over(self) -> None:
        """Wait for an interrupt, a defect, or the end of the simulated time."""
        ground = self._ground
        if ground is None:
            return
        async with asyncio.TaskGroup() as tasks:
            ends = [
                tasks.create_task(self._interrupted.wait()),
                tasks.create_task(ground.failed.wait()),
                tasks.create_task(self._pass_time()),
            ]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for each in ends:
                each.cancel()

    async def _pass_time(self) -> None:
        for_s = self._options.for_s
        await self._pace.advance(math.inf if for_s is None else for_s - self.clock.now())

    def _paced(self) -> Pace:
        options = self._options
        if options.speed is None:
            return VirtualPace(lookahead_s=options.lookahead_s, settle_s=options.settle_s)
        return ScaledPace(options.speed, self._fell_behind)

    def _fell_behind(self, behind_s: float) -> None:
        now = self.clock.now()
        first = next(iter(self.stations.values()))
        told = Happened(first.at(now), "", "clock.behind", {"behind_s": round(behind_s, 1)})
        if self._ground is not None:
            self._ground.report(told)

    async def _each(self, links: list[Link], act: Callable[[Link], None]) -> None:
        """Do something with all, but let the loop have its turn in between."""
        ground = self._ground
        for number, link in enumerate(links):
            if ground is not None:
                with ground.guard():
                    act(link)
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)


def spare_collector() -> None:
    """Let the garbage collector pass over what has been built, which lives as long as the run.

    Of ten thousand stations each full pass would take most of a second, in which nobody is
    answered. Counts for the whole process: for a command, not for a library.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])


def allow_files(wanted: int) -> None:
    """Raise the limit of open files for so many connections.

    Raises: SimulatorError where the system does not allow it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _FILES_BESIDES
    if soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SimulatorError(
            f"{wanted} stations need {needed} open files, and this process may have {hard}: "
            "raise the limit (ulimit -Hn), or spread them with --shards"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Runs(Protocol):
    """A fleet that runs, in one process or several."""

    def interrupt(self) -> None:
        """Let `run` end in good order."""
        ...

    async def run(self) -> Summary:
        """Run to the end."""
        ...

    def figures(self) -> Figures:
        """Return how the fleet stands now."""
        ...


async def run_until_interrupted(runner: Runs) -> Summary:
    """Run a fleet; an interrupt or SIGTERM ends it in good order."""
    spare_collector()
    loop = asyncio.get_running_loop()
    for each in _SIGNALS:
        loop.add_signal_handler(each, runner.interrupt)
    try:
        return await runner.run()
    finally:
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
