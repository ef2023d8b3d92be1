"""One process of a fleet that is spread over several: runs its share, and tells what happens.

Speaks with the process that started it over one pipe, in pickled messages: `Ready`, then
`Batch` upon `Batch`, then `Done` or `Failed`. It is told `GO` and `STOP`; when the pipe breaks it
stops as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import uvloop

from simulator.errors import SimulatorError
from simulator.running.fleet import Runner, spare_collector
from simulator.worlds.build import build

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from simulator.running.figures import Figures
    from simulator.running.fleet import RunOptions, Summary
    from simulator.station.outputs import Happened
    from simulator.worlds.build import FleetOptions
    from simulator.worlds.scenario import Scenario

GO: Final = "go"
STOP: Final = "stop"
_EVERY_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Share:
    """What one process runs: every station of the fleet whose number leaves `rest` by `of`."""

    scenario: Scenario
    fleet: FleetOptions
    run: RunOptions
    rest: int
    of: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The stations are built and wait for `GO`."""

    stations: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What has happened since the last one, and how the share stands."""

    events: list[Happened]
    figures: Figures
    latencies: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Done:
    """The end, with what came out; the last batch was sent before."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class Failed:
    """The end, and why."""

    sentence: str


def main(share: Share, pipe: Connection) -> None:
    """Run a share to its end; the body of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, EOFError):
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
                pipe.send(Done(loop.run(_run(share, pipe))))
        except SimulatorError as error:
            pipe.send(Failed(str(error)))
        except Exception as error:  # noqa: BLE001 - the process ends here, and says why
            pipe.send(Failed(f"{type(error).__name__}: {error}"))


async def _run(share: Share, pipe: Connection) -> Summary:
    members = build(share.scenario, share.fleet, slice(share.rest, None, share.of))
    events: list[Happened] = []
    runner = Runner(members, share.run, events.append)
    pipe.send(Ready(len(members)))
    # The process that started this one may take its time with others: no limit here.
    await asyncio.to_thread(pipe.recv)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, runner.interrupt)
    loop.add_reader(pipe.fileno(), _heard, pipe, runner)
    spare_collector()
    telling = loop.create_task(_tell(runner, events, pipe))
    try:
        return await runner.run()
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        loop.remove_reader(pipe.fileno())
        _send(runner, events, pipe)


def _heard(pipe: Connection, runner: Runner) -> None:
    """Stop when told so, or when nobody is left who could tell."""
    try:
        pipe.recv()
    except (EOFError, OSError):
        asyncio.get_running_loop().remove_reader(pipe.fileno())
    runner.interrupt()


async def _tell(runner: Runner, events: list[Happened], pipe: Connection) -> None:
    while True:
        await asyncio.sleep(_EVERY_S)
        _send(runner, events, pipe)


def _send(runner: Runner, events: list[Happened], pipe: Connection) -> None:
    """Send a batch; who reads slowly slows the stations down, instead of filling memory."""
    batch = Batch(list(events), runner.figures(), Counter(runner.latency_counts()))
    events.clear()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        pipe.send(batch)
