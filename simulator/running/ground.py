"""What the links of a fleet have in common: time, the way out, counts, and how it all ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from simulator.running.credentials import Credentials
from simulator.running.figures import ERRORS, Latencies

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from random import Random
    from types import TracebackType

    from simulator.running.connection import Connection, Patience
    from simulator.running.dialling import Dialler
    from simulator.running.opening import Target
    from simulator.running.pace import Pace
    from simulator.station.outputs import Happened

_LOST: Final = "connection.lost"


class Ground:
    """One for each run. `listener` hears of every event; `is_ending` while all say goodbye.

    `errors` counts what went wrong by the event's name; that links end with the run is none.

    `random` is for what depends on real time, which must not reach the cores.
    """

    def __init__(
        self, pace: Pace, dialler: Dialler, target: Target, patience: Patience, random: Random
    ) -> None:
        self.random = random
        self.pace = pace
        self.dialler = dialler
        self.target = target
        self.patience = patience
        self.credentials = Credentials(None)
        self.is_ending = False
        self.sent = 0
        self.received = 0
        self.latencies = Latencies()
        self.events: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.listener: Callable[[Happened], None] | None = None
        self.defect: Exception | None = None
        self.failed = asyncio.Event()
        self.stirred = asyncio.Event()
        self._abandoned: list[Connection] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def report(self, happened: Happened) -> None:
        """Count an event and pass it on."""
        self.events[happened.name] += 1
        if happened.name in ERRORS and not (self.is_ending and happened.name == _LOST):
            self.errors[happened.name] += 1
        if self.listener is not None:
            self.listener(happened)

    def guard(self) -> Ground:
        """Return a context in which a defect of a core ends the run, and not just a callback."""
        return self

    def __enter__(self) -> None:
        """Begin what may fail."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.defect = self.defect or error
        self.failed.set()
        return True

    def go(self, work: Coroutine[None, None, None]) -> None:
        """Let work run beside; it is cancelled with the run."""
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def abandon(self, connection: Connection) -> None:
        """Keep a connection that its station has left, until the run ends."""
        self._abandoned = [each for each in self._abandoned if not each.is_gone]
        self._abandoned.append(connection)

    def look(self) -> None:
        """Let who waits for an end look whether it has come."""
        self.stirred.set()

    async def cancel(self) -> None:
        """End all work and cut what was abandoned."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in self._abandoned:
            each.abort("the run is over")

    async def until(self, condition: Callable[[], bool], within_s: float) -> None:
        """Wait until something is so, but only so long."""
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    self.stirred.clear()
                    await self.stirred.wait()
        except TimeoutError:
            return

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        with self.guard():
            await work
