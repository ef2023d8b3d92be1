"""One world from its first to its last second: a server, a fleet, and what both have to say."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final

from simulator.worlds.build import FleetOptions
from simulator.worlds.scenario import load
from tests.integration.running import Running
from tests.world import operator, record
from tests.world.truth import read as read_truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.record import Record
    from tests.world.truth import Truth

_SETTLES_S: Final = 2.0
_LEAVES_WITHIN_S: Final = 120.0
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be played. `days` are simulated ones, `stations` None has the scenario's."""

    scenario: str
    seed: int = 1
    speed: float = 200.0
    days: float = 1.0
    stations: int | None = None
    faults: tuple[str, ...] = ()
    keep: Path | None = None

    @property
    def seconds(self) -> float:
        return self.days * _DAY_S


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it. `troubles` are errors of the server's own, `real_s` what it took.

    `slow_ms` is what all but one in a hundred answers took no longer than, in real milliseconds.
    """

    truth: Truth
    record: Record
    interval_s: float
    troubles: list[str]
    real_s: float
    slow_ms: float


def play(wish: Wish) -> Played:
    """Play a world and end it in good order. Raises: AssertionError if a part of it fails."""
    with _folder(wish.keep) as folder:
        return _play(wish, folder)


def _play(wish: Wish, folder: Path) -> Played:
    scenario = load(wish.scenario)
    options = FleetOptions(seed=wish.seed, count=wish.stations)
    start = scenario.calendar.start_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    flags = [
        *("--accept-unknown-stations", "--accept-unknown-tokens"),
        *("--clock-start", start, "--clock-speed", str(wish.speed)),
        *operator.set_up(folder, scenario, options),
    ]
    server = Running(folder, tuple(flags))
    began = time.monotonic()
    try:
        server.start()
        summary = _charge(wish, server, folder / "truth.jsonl", folder / "simulator.log")
        time.sleep(_SETTLES_S)  # a real pause: the server's clock runs on, and so do its deadlines
        known = asyncio.run(record.read(server.api))
        assert server.stop() == 0, server.events[-10:]
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()
    troubles = [str(line) for line in server.troubles()]
    truth = read_truth(folder / "truth.jsonl")
    return Played(
        truth,
        known,
        scenario.meter_interval_s,
        troubles,
        time.monotonic() - began,
        float(summary.get("latency_p99_ms") or 0.0),
    )


def _charge(wish: Wish, server: Running, truth: Path, log: Path) -> dict[str, Any]:
    """Let the fleet charge for as long as the world lasts, and return its summary."""
    command = [sys.executable, "-m", "simulator", "run", "--json", "--quiet"]
    command += ["--url", f"ws://127.0.0.1:{server.port}/ocpp", "--scenario", wish.scenario]
    command += ["--seed", str(wish.seed), "--speed", f"{wish.speed:g}", "--truth", str(truth)]
    command += ["--for", f"{wish.seconds:.0f}s"]
    if wish.stations is not None:
        command += ["--count", str(wish.stations)]
    for fault in wish.faults:
        command += ["--fault", fault]
    with log.open("wb") as output:
        fleet = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            code = fleet.wait(wish.seconds / wish.speed + _LEAVES_WITHIN_S)
        except subprocess.TimeoutExpired:
            fleet.send_signal(signal.SIGTERM)
            code = fleet.wait(_LEAVES_WITHIN_S)
        finally:
            if fleet.poll() is None:
                fleet.kill()
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
    summaries = [line for line in last if '"event":"summary"' in line]
    assert summaries, f"the simulator ended with {code}: {last}"
    found: dict[str, Any] = json.loads(summaries[-1])
    return found


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """A folder that every account can reach, as PostgreSQL may run under another one."""
    if keep is not None:
        keep = keep.absolute()
        keep.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix="world-", dir=keep or "/tmp"))  # noqa: S108 - of every account
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
