"""A run from its options to its end: fleet, files, what is shown, and the exit code."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import uvloop

from simulator.cli.display import display
from simulator.errors import SimulatorError
from simulator.faults.options import parse_option
from simulator.running.fleet import Runner, RunOptions, run_until_interrupted
from simulator.running.memory import StateFile
from simulator.running.opening import TlsFiles
from simulator.truth.history import History
from simulator.truth.log import TruthLog
from simulator.wire import to_text
from simulator.worlds import build as fleet
from simulator.worlds import scenario as worlds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulator.cli.display import Display
    from simulator.running.fleet import Runs, Summary
    from simulator.station.outputs import Happened
    from simulator.worlds.scenario import Scenario

FINE: Final = 0
SOME_NEVER_GOT_IN: Final = 1


class Shown(StrEnum):
    """How a run is shown."""

    LIVE = "live"
    LINES = "lines"
    JSON = "json"
    QUIET = "quiet"

    @classmethod
    def chosen(cls, *, is_json: bool, is_lines: bool, is_quiet: bool) -> Shown:
        """Return what options come to: without any, a live view where there is a terminal."""
        if is_json:
            return cls.JSON
        if is_quiet:
            return cls.QUIET
        return cls.LINES if is_lines or not sys.stdout.isatty() else cls.LIVE


@dataclass(frozen=True, slots=True)
class Files:
    """Where a run writes; None writes nothing."""

    history: Path | None = None
    truth: Path | None = None
    state: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What is to be run. `speed` None is virtual time; durations are None without an end."""

    url: str
    scenario: str
    count: int | None
    version: str | None
    seed: int
    prefix: str | None
    faults: tuple[str, ...]
    retries: str | None
    is_strict: bool
    speed: float | None
    lookahead_s: float
    duration_s: float | None
    for_s: float | None
    clock_start: datetime | None
    password: str | None
    ca_file: Path | None
    client_cert: Path | None
    client_key: Path | None
    is_insecure: bool
    connects_per_s: float
    sources: tuple[str, ...]
    control: str | None
    shards: int
    shown: Shown
    is_verbose: bool
    files: Files

    def title(self, scenario: str) -> str:
        """Return what runs, in a line."""
        speed = "as fast as possible" if self.speed is None else f"speed {self.speed:g}"
        return f"{scenario} at {self.url}, seed {self.seed}, {speed}"

    def header(self, scenario: str, start: datetime) -> dict[str, object]:
        """Return what the truth log says of the run as a whole."""
        return {
            "scenario": scenario,
            "seed": self.seed,
            "speed": self.speed,
            "start": to_text(start),
            "url": self.url,
        }

    def fleet_options(self) -> fleet.FleetOptions:
        """Return what is added to the scenario. Raises: SimulatorError."""
        return fleet.FleetOptions(
            seed=self.seed,
            count=self.count,
            version=self.version,
            prefix=self.prefix,
            password=self.password,
            speed=self.speed,
            strict=self.is_strict,
            retries=self.retries,
            tells_messages=self.files.history is not None,
            tells_truth=self.files.truth is not None,
            switched_on=self.clock_start or datetime.now(UTC),
            faults=tuple(parse_option(each) for each in self.faults),
        )

    def run_options(self) -> RunOptions:
        """Return how the fleet is run."""
        return RunOptions(
            url=self.url,
            speed=self.speed,
            duration_s=self.duration_s,
            for_s=self.for_s,
            lookahead_s=self.lookahead_s,
            connects_per_s=self.connects_per_s,
            seed=self.seed,
            sources=self.sources,
            tls=self.tls(),
        )

    def tls(self) -> TlsFiles | None:
        """Return what TLS is to rely on, None without TLS."""
        if not self.url.lower().startswith("wss:"):
            return None
        return TlsFiles(self.ca_file, self.client_cert, self.client_key, self.is_insecure)


def play(wishes: Play) -> int:
    """Run to the end and return the exit code. Raises: SimulatorError for senseless wishes."""
    check_url(wishes.url)
    _check_together(wishes)
    scenario = worlds.load(wishes.scenario)
    if wishes.for_s is None:
        wishes = replace(wishes, for_s=scenario.length_s)
    with ExitStack() as files:
        listeners: list[Callable[[Happened], None]] = []
        if wishes.files.history is not None:
            listeners.append(files.enter_context(History(wishes.files.history)).note)
        fleet_options = wishes.fleet_options()
        if wishes.files.truth is not None:
            header = wishes.header(scenario.name, fleet_options.switched_on)
            listeners.append(files.enter_context(TruthLog(wishes.files.truth, header)).note)
        shown = files.enter_context(
            display(wishes.shown, wishes.title(scenario.name), is_verbose=wishes.is_verbose)
        )
        listeners.append(shown.show)
        summary = _run(wishes, scenario, fleet_options, shown, listeners)
        shown.summarise(summary)
    return SOME_NEVER_GOT_IN if shown.never_let_in else FINE


def check_url(url: str) -> None:
    """Raise SimulatorError for what is no URL of a websocket server."""
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine or parts.query or parts.fragment:
        raise SimulatorError(
            f"--url {url}: write ws:// or wss://, a host, and a path, "
            "as in ws://localhost:9000/ocpp"
        )


def _check_together(wishes: Play) -> None:
    """Refuse options that do not go together."""
    is_secure = wishes.url.lower().startswith("wss:")
    tls = {"--ca-file": wishes.ca_file, "--client-cert": wishes.client_cert}
    for option, given in tls.items():
        if given is not None and not is_secure:
            raise SimulatorError(f"{option} is for wss://; --url is {wishes.url}")
    if wishes.lookahead_s and wishes.speed is not None:
        raise SimulatorError("--lookahead goes with --speed max alone")
    if wishes.client_key is not None and wishes.client_cert is None:
        raise SimulatorError("--client-key needs --client-cert: the key belongs to a certificate")
    if wishes.shards > 1 and wishes.control is not None:
        raise SimulatorError("--control needs all stations in one process: leave out --shards")
    if wishes.shards > 1 and wishes.files.state is not None:
        raise SimulatorError("--state needs all stations in one process: leave out --shards")


def _run(
    wishes: Play,
    scenario: Scenario,
    fleet_options: fleet.FleetOptions,
    shown: Display,
    listeners: list[Callable[[Happened], None]],
) -> Summary:
    def report(happened: Happened) -> None:
        for each in listeners:
            each(happened)

    async def main() -> Summary:
        runner: Runs
        async with AsyncExitStack() as around:
            if wishes.shards > 1:
                runner = _sharded(wishes, scenario, fleet_options, report)
            else:
                members = fleet.build(scenario, fleet_options)
                if wishes.files.state is not None:
                    state = StateFile(wishes.files.state, scenario.name, shown.tell)
                    members = state.recall(members)
                    await around.enter_async_context(state.kept(members))
                runner = only = Runner(members, wishes.run_options(), report)
                if wishes.control is not None:
                    from simulator.running.control import serving

                    taker = await around.enter_async_context(serving(wishes.control, only))
                    listeners.append(taker)
            await around.enter_async_context(shown.following(runner))
            try:
                return await run_until_interrupted(runner)
            except ExceptionGroup as group:
                raise _first(group) from None

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        return loop.run(main())


def _sharded(
    wishes: Play,
    scenario: Scenario,
    fleet_options: fleet.FleetOptions,
    report: Callable[[Happened], None],
) -> Runs:
    from simulator.running.sharding import ShardedRunner

    return ShardedRunner(scenario, fleet_options, wishes.run_options(), wishes.shards, report)


def _first(error: Exception) -> Exception:
    """Return the innermost first error of a group: the one that stopped the fleet."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
