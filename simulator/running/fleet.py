"""A fleet on the loop: staggered start, progress, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from simulator.running.clock import ScaledClock
from simulator.running.link import Link, Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.station.outputs import Happened
    from simulator.worlds.build import Member


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a fleet is run. `duration_s` is in real seconds, None runs until interrupted."""

    url: str
    speed: float = 1.0
    duration_s: float | None = None
    connects_per_s: float = 200.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Summary:
    """What came out of a run: how often each event happened, and each action was called."""

    stations: int
    real_s: float
    events: Counter[str]
    sent: Counter[str]


class Fleet:
    """Runs members until `stop` is called or the time is up; `report` gets every event."""

    def __init__(
        self, members: list[Member], options: RunOptions, report: Callable[[Happened], None]
    ) -> None:
        self._members = members
        self._options = options
        self._report = report
        self._events: Counter[str] = Counter()
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Let `run` end in good order; a second call changes nothing."""
        self._stopped.set()

    async def run(self) -> Summary:
        """Run to the end and return what happened."""
        started = time.monotonic()
        clock = ScaledClock(started, self._options.speed)
        target = Target(self._options.url)
        links = [
            Link(member, target, clock, self._jitter(member), self._count)
            for member in self._members
        ]
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(link.run(index / self._options.connects_per_s))
                for index, link in enumerate(links)
            ]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._options.duration_s):
                    await self._stopped.wait()
            await asyncio.gather(*(link.stop() for link in links))
            for task in running:
                task.cancel()
        sent: Counter[str] = Counter()
        for member in self._members:
            sent += member.station.sent
        return Summary(len(self._members), time.monotonic() - started, self._events, sent)

    def _count(self, happened: Happened) -> None:
        self._events[happened.name] += 1
        self._report(happened)

    def _jitter(self, member: Member) -> Random:
        """Return randomness of its own for the link: how real time goes must not reach the core."""
        seed = f"{self._options.seed}/{member.station.id}/link"
        return Random(seed)  # noqa: S311 - a simulation, no secrets


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


async def run_until_interrupted(fleet: Fleet) -> Summary:
    """Run a fleet; an interrupt or SIGTERM ends it in good order."""
    loop = asyncio.get_running_loop()
    for each in _SIGNALS:
        loop.add_signal_handler(each, fleet.stop)
    try:
        return await fleet.run()
    finally:
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
