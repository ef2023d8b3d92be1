"""What the simulator costs: connecting, memory for each station, CPU for each message.

    python bench/fleet.py                       # 10,000 stations from one process
    python bench/fleet.py --stations 1000 --charging 200
    python bench/fleet.py --server              # and against our own server, which is filled

Three parts, against a server in another process that only answers (`_bare.py`). First all stations
connect and boot, half of them 1.6. Then a few hundred charge, at fifty times the speed, and send
meter values every ten seconds, in each version. Beside these the least that any Python client
does: `websockets` as it comes sends a text of meter values as long, reads the answer, and that is
all. CPU is user and system time of the client's process.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import uvloop
from _proc import Child, Cores, TargetError, free_port, pinned, prepare
from _targets import OURS, listens, started, workspace
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from simulator.errors import SimulatorError
from simulator.running.fleet import Runner, RunOptions, allow_files
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import parse

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from simulator.station.outputs import Happened

Found = TypeVar("Found")

AIM_KIB, AIM_CONNECTS = 100.0, 500.0
_HERE = Path(__file__).resolve().parent
_PAGE_KIB = resource.getpagesize() / 1024
_START_S, _CONNECT_WITHIN_S = 30.0, 300.0
_WARM_UP_S, _SPEED = 3.0, 50.0
_PLAIN, _PLAIN_PAUSE_S = 100, 0.1
_IDLE = """
name = "idle"
[[stations]]
id = "B{{n}}"
count = {count}
version = "mixed"
"""
_CHARGING = """
name = "charging"
meter_interval_s = 10
[[stations]]
id = "B{{n}}"
count = {count}
version = "{version}"
max_a = 16
[[stations.cars]]
token = "TAG-{{n}}"
arrives_s = [1, 10]
soc_percent = 10
"""


@dataclass(frozen=True, slots=True)
class Connecting:
    """All stations at once: how fast they came up, and what each takes."""

    target: str
    stations: int
    connects_per_s: float
    cpu_us_per_connect: float
    kib_per_station: float
    server_kib_per_station: float


@dataclass(frozen=True, slots=True)
class Sending:
    """What a message of a client costs it, and how many went each second."""

    client: str
    messages: int
    per_s: float
    cpu_us_per_message: float
    load: float
    server_us_per_message: float | None = None
    server_load: float | None = None


def main() -> int:
    """Measures, prints, and returns 0, or 1 if something failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, default=10_000, help="how many connect")
    parser.add_argument("--charging", type=int, default=300, help="how many send meter values")
    parser.add_argument("--seconds", type=float, default=10, help="length of each measurement")
    parser.add_argument("--server", action="store_true", help="against our own server as well")
    parser.add_argument("--json", action="store_true", help="print figures for a machine")
    given = parser.parse_args()
    if min(given.stations, given.charging, given.seconds) <= 0:
        parser.error("--stations, --charging and --seconds must be above 0")
    try:
        prepare()
        allow_files(given.stations)
        found = _measure_all(given)
    except (TargetError, SimulatorError, TimeoutError) as error:
        print(f"The benchmark has failed: {_said(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the servers are stopped.", file=sys.stderr)
        return 130
    if given.json:
        print(json.dumps([asdict(each) for each in found], indent=2))
    return 0


def _measure_all(given: argparse.Namespace) -> list[Connecting | Sending]:
    cores = Cores.choose()
    found: list[Connecting | Sending] = []
    with ExitStack() as stack:
        folder = stack.enter_context(workspace())
        bare = stack.enter_context(_bare(folder, cores))
        stack.enter_context(pinned(cores.client))
        found.append(_run(_connect_all("bare server", bare, given.stations)))
        _show(found[-1], given)
        plain = _run(_send_plain(bare.port, given.seconds))
        found.append(plain)
        _show(plain, given)
        for version in ("1.6", "2.0.1"):
            found.append(_run(_charge(bare, version, given.charging, given.seconds)))
            _show(found[-1], given, plain)
    if given.server:
        found += _measure_server(given, cores)
    return found


def _measure_server(given: argparse.Namespace, cores: Cores) -> list[Connecting | Sending]:
    found: list[Connecting | Sending] = []
    with ExitStack() as stack:
        target = stack.enter_context(started(OURS, stack.enter_context(workspace()), cores))
        stack.enter_context(pinned(cores.client))
        server = _Server(target.port, target.child)
        found.append(_run(_connect_all(OURS, server, given.stations)))
        _show(found[-1], given)
        for version in ("1.6", "2.0.1"):
            work = _charge(server, version, given.charging, given.seconds, speed=1000.0)
            found.append(_run(work))
            _show(found[-1], given)
    return found


@dataclass(frozen=True, slots=True)
class _Server:
    """Where to connect, and the process to measure."""

    port: int
    child: Child


@contextmanager
def _bare(folder: Path, cores: Cores) -> Iterator[_Server]:
    port = free_port()
    command = [sys.executable, str(_HERE / "_bare.py"), "--port", str(port)]
    with Child("bare server", command, folder / "bare.log", cores) as child:
        child.wait_until(lambda: listens(port), _START_S)
        yield _Server(port, child)


def _run(work: Coroutine[None, None, Found]) -> Found:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _runner(text: str, port: int, speed: float, events: _Events) -> Runner:
    members = build(parse(text, "bench"), FleetOptions(speed=speed))
    options = RunOptions(url=f"ws://127.0.0.1:{port}/ocpp", speed=speed, connects_per_s=5000.0)
    return Runner(members, options, events.note)


async def _connect_all(target: str, server: _Server, stations: int) -> Connecting:
    """Builds and connects all, and reads the memory of both processes before and after."""
    gc.collect()
    before_kib, server_kib = _resident_kib(), server.child.resident_bytes() / 1024
    events = _Events()
    runner = _runner(_IDLE.format(count=stations), server.port, 1.0, events)
    began, cpu = time.monotonic(), time.process_time()
    await runner.start()
    try:
        await events.until("boot.answered", stations)
        took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
        await asyncio.sleep(_WARM_UP_S)
        gc.collect()
        each_kib = (_resident_kib() - before_kib) / stations
        server_kib = (server.child.resident_bytes() / 1024 - server_kib) / stations
    finally:
        await runner.stop()
    per_s = stations / took_s
    return Connecting(target, stations, per_s, cpu_s / stations * 1e6, each_kib, server_kib)


async def _charge(
    server: _Server, version: str, stations: int, seconds: float, speed: float = _SPEED
) -> Sending:
    """Lets stations charge, and counts messages and CPU once all have begun."""
    events = _Events()
    text = _CHARGING.format(count=stations, version=version)
    runner = _runner(text, server.port, speed, events)
    await runner.start()
    try:
        await events.until("session.started", stations)
        await asyncio.sleep(_WARM_UP_S)
        received, server_s = runner.figures().received, server.child.usage().server_s
        began, cpu = time.monotonic(), time.process_time()
        await asyncio.sleep(seconds)
        took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
        messages = runner.figures().received - received
        server_s = server.child.usage().server_s - server_s
    finally:
        await runner.stop()
    return Sending(
        f"simulator, {version}",
        messages,
        messages / took_s,
        cpu_s / messages * 1e6,
        cpu_s / took_s,
        server_s / messages * 1e6,
        server_s / took_s,
    )


async def _send_plain(port: int, seconds: float) -> Sending:
    """Sends the same text over and over through `websockets` as it comes, and reads the answers."""
    sampled = {
        "value": "1234567",
        "context": "Sample.Periodic",
        "measurand": "Voltage",
        "unit": "V",
    }
    values = {"timestamp": "2026-11-21T08:00:00.000Z", "sampledValue": [sampled] * 10}
    payload = {"connectorId": 1, "transactionId": 1, "meterValue": [values]}
    text = json.dumps([2, "0123456789abcdef", "MeterValues", payload])
    count = 0
    ends = time.monotonic() + seconds

    async def talk(link: ClientConnection) -> None:
        nonlocal count
        while time.monotonic() < ends:
            await link.send(text)
            await link.recv()
            count += 1
            await asyncio.sleep(_PLAIN_PAUSE_S)

    links = [
        await connect(
            f"ws://127.0.0.1:{port}/ocpp/P{number}",
            subprotocols=[Subprotocol("ocpp1.6")],
            compression=None,
        )
        for number in range(_PLAIN)
    ]
    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*map(talk, links))
    took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
    await asyncio.gather(*(link.close() for link in links))
    return Sending("plain websockets", count, count / took_s, cpu_s / count * 1e6, cpu_s / took_s)


class _Events(Counter[str]):
    """How often what has happened; waits until one of them has been so often."""

    def __init__(self) -> None:
        super().__init__()
        self._grown = asyncio.Event()

    def note(self, happened: Happened) -> None:
        """Counts an event."""
        self[happened.name] += 1
        self._grown.set()

    async def until(self, name: str, count: int) -> None:
        """Returns when there have been so many. Raises: TimeoutError."""
        async with asyncio.timeout(_CONNECT_WITHIN_S):
            while self[name] < count:
                self._grown.clear()
                await self._grown.wait()


def _said(error: Exception) -> str:
    return str(error) or "not all stations came up in time"


def _resident_kib() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_KIB


def _show(
    found: Connecting | Sending, given: argparse.Namespace, plain: Sending | None = None
) -> None:
    """Prints a sentence, unless figures are for a machine."""
    if not given.json:
        print(
            _connected(found) if isinstance(found, Connecting) else _sent(found, plain), flush=True
        )


def _connected(found: Connecting) -> str:
    fast = "reached" if found.connects_per_s >= AIM_CONNECTS else "NOT reached"
    small = "reached" if found.kib_per_station <= AIM_KIB else "NOT reached"
    if found.target == OURS:
        # This process has grown to its size in the first part.
        return (
            f"{found.target}: {found.stations:,} stations connected and booted at "
            f"{found.connects_per_s:,.0f}/s, {found.cpu_us_per_connect:,.0f} us of client CPU "
            f"for each; the server takes {found.server_kib_per_station:.1f} KiB for each."
        )
    return (
        f"{found.target}: {found.stations:,} stations connected and booted at "
        f"{found.connects_per_s:,.0f}/s (aim {AIM_CONNECTS:g}: {fast}), "
        f"{found.cpu_us_per_connect:,.0f} us of CPU and {found.kib_per_station:.1f} KiB for each "
        f"(aim {AIM_KIB:g}: {small})."
    )


def _sent(found: Sending, plain: Sending | None) -> str:
    sentence = (
        f"{found.client}: {found.per_s:,.0f} messages/s, {found.cpu_us_per_message:.0f} us of CPU "
        f"for each, {found.load:.0%} of a core"
    )
    if plain is not None:
        times = found.cpu_us_per_message / plain.cpu_us_per_message
        sentence += f"; {times:.1f} times a plain client's"
    if found.server_us_per_message is not None and found.server_load is not None:
        sentence += f"; the server {found.server_us_per_message:.0f} us, {found.server_load:.0%}"
    return f"{sentence}."


if __name__ == "__main__":
    sys.exit(main())
