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

from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import load
from tests.integration.running import Running
from tests.world import operator, record
from tests.world.follow import Follower
from tests.world.truth import read as read_truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from simulator.power.evse import EvseModel
    from tests.world.record import Record
    from tests.world.truth import Truth

_SETTLES_S: Final = 3.0
_LOOKS_MOST: Final = 20
_LOOKS_EVERY_S: Final = 1.0
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
    `models` are the EVSEs by their station's ID, those `in_watts` have limits in W, and
    `cut_short` says what ended it too early.
    """

    truth: Truth
    record: Record
    interval_s: float
    troubles: list[str]
    real_s: float
    slow_ms: float
    models: Mapping[str, EvseModel]
    in_watts: frozenset[str]
    cut_short: str = ""


def play(wish: Wish) -> Played:
    """Play a world and end it in good order. Raises: AssertionError if nothing can be read of it.

    What is there is read as well where the server died, or somebody interrupted it.
    """
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
    server = Running(folder, tuple(flags), is_apart=True)
    began = time.monotonic()
    try:
        server.start()
        summary, cut_short = _charge(wish, server, folder)
        if server.process is not None and server.process.poll() is not None:
            server.start()  # it goes on with its own data, so that they can be read
        known = asyncio.run(_settled(server.api))
        troubles = _stopped(server)
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()
        with (folder / "server.log").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(each) + "\n" for each in server.events)
    models = {
        each.station.id: next(iter(each.station.bays.values())).supply.model
        for each in build(scenario, options)
    }
    return Played(
        read_truth(folder / "truth.jsonl"),
        known,
        scenario.meter_interval_s,
        troubles,
        time.monotonic() - began,
        float(summary.get("latency_p99_ms") or 0.0),
        models,
        operator.limited_in_watts(folder),
        cut_short,
    )


async def _settled(api: str) -> Record:
    """Read the record when nothing of what has been sent is on its way into it any more.

    Between two looks a real pause: the server's clock runs on, and so do its deadlines.
    """
    known = await record.read(api)
    for _ in range(_LOOKS_MOST):
        await asyncio.sleep(_SETTLES_S)
        before, known = known, await record.read(api)
        if known == before:
            break
    return known


def _stopped(server: Running) -> list[str]:
    """Stop the server and return what was wrong with it."""
    troubles = []
    try:
        if (code := server.stop()) != 0:
            troubles.append(f"the server ended with {code}")
    except subprocess.TimeoutExpired:
        server.kill()
        troubles.append("the server did not stop when told to")
    return troubles + [str(line) for line in server.troubles()]


def _charge(wish: Wish, server: Running, folder: Path) -> tuple[dict[str, Any], str]:
    """Let the fleet charge for as long as the world lasts; return its summary and what cut it."""
    log = folder / "simulator.log"
    with log.open("wb") as output:
        fleet = subprocess.Popen(
            _command(wish, server.port, folder / "truth.jsonl"),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt is for this process, which ends both in order
        )
        try:
            cut_short = _watched(fleet, server, wish, Follower(log, server.api))
            if cut_short:
                fleet.send_signal(signal.SIGTERM)
            fleet.wait(_LEAVES_WITHIN_S)
        except subprocess.TimeoutExpired:
            cut_short = cut_short or "the simulator did not end when told to"
        finally:
            if fleet.poll() is None:
                fleet.kill()
                fleet.wait()
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
    summaries = [line for line in last if '"event":"summary"' in line]
    if not summaries:
        return {}, cut_short or f"the simulator ended with {fleet.returncode}: {last[-1:]}"
    found: dict[str, Any] = json.loads(summaries[-1])
    return found, cut_short


def _watched(
    fleet: subprocess.Popen[bytes], server: Running, wish: Wish, follower: Follower
) -> str:
    """Wait for the end of the fleet, and return what must end it before, "" if nothing."""
    most = time.monotonic() + wish.seconds / wish.speed + _LEAVES_WITHIN_S
    try:
        while time.monotonic() < most:
            with contextlib.suppress(subprocess.TimeoutExpired):
                fleet.wait(_LOOKS_EVERY_S)
                return ""
            if server.process is not None and (code := server.process.poll()) is not None:
                return f"the server ended with {code}"
            follower.look()
    except KeyboardInterrupt:
        return "interrupted"
    return "the simulator took too long"


def _command(wish: Wish, port: int, truth: Path) -> list[str]:
    command = [sys.executable, "-m", "simulator", "run", "--json", "--quiet"]
    command += ["--url", f"ws://127.0.0.1:{port}/ocpp", "--scenario", wish.scenario]
    command += ["--seed", str(wish.seed), "--speed", f"{wish.speed:g}", "--truth", str(truth)]
    command += ["--for", f"{wish.seconds:.0f}s"]
    if wish.stations is not None:
        command += ["--count", str(wish.stations)]
    for fault in wish.faults:
        command += ["--fault", fault]
    return command


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
