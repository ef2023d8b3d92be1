"""What an idle charger costs: resident memory of the server for each connection.

    python bench/idle.py                    # our server, 2,000 connections
    python bench/idle.py --only baseline    # the minimal one on the `ocpp` package

Half of the chargers speak 1.6, half 2.0.1. Each sends BootNotification, one StatusNotification and
one Heartbeat, and then is silent. The first 100 pay for what is made once (caches, plans of the
database's queries) and are not counted. The clients are in this process; PostgreSQL's memory,
which does not grow with the connections, is not counted either.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import uvloop
from _client import RefusedError, Station, close_all, connect_all, finish
from _proc import Cores, TargetError, pinned, prepare
from _targets import BASELINE, NAMES, started, workspace
from _workload import VERSIONS, Tally, idle

if TYPE_CHECKING:
    from _targets import Target

AIM_KIB = 40.0
_FIRST = 100
_TIMEOUT_S = 120.0
_CLOSE_S = 30.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of one server: with the first 100 connections, and with all."""

    target: str
    connections: int
    before_kib: float
    after_kib: float
    per_connection_kib: float


def main() -> int:
    """Measures, prints, and returns 0, or 1 if a server failed a charger."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connections", type=int, default=2000, help="chargers, beside 100")
    parser.add_argument("--seconds", type=float, default=3, help="silence before memory is read")
    parser.add_argument("--only", choices=sorted(NAMES), default="ours", help="which server")
    parser.add_argument("--json", action="store_true", help="print figures for a machine")
    given = parser.parse_args()
    if given.connections <= 0 or given.seconds <= 0:
        parser.error("--connections and --seconds must be above 0")
    try:
        prepare()
        found = _run(NAMES[given.only], given.connections, given.seconds)
    except (TargetError, RefusedError) as error:
        print(f"The benchmark has failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the server is stopped.", file=sys.stderr)
        return 130
    print(json.dumps(asdict(found), indent=2) if given.json else _sentence(found))
    return 0


def _run(name: str, connections: int, seconds: float) -> Memory:
    cores = Cores.choose()
    with ExitStack() as stack:
        target = stack.enter_context(started(name, stack.enter_context(workspace()), cores))
        stack.enter_context(pinned(cores.client))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                return runner.run(_measure(target, connections, seconds))
            except RefusedError as error:
                target.child.ensure_running()
                raise target.child.failure(f"failed a charger: {error}") from error


async def _measure(target: Target, connections: int, seconds: float) -> Memory:
    """Connects the first ones, then all, and reads the server's memory after each."""
    stations = [_station(number) for number in range(_FIRST + connections)]
    try:
        await _settle(target, stations[:_FIRST], seconds)
        before_kib = target.child.resident_bytes() / 1024
        await _settle(target, stations[_FIRST:], seconds)
        after_kib = target.child.resident_bytes() / 1024
        lost = sum(station.closed.done() for station in stations)
        if lost:
            raise RefusedError(f"{lost} of {len(stations)} chargers were disconnected")
    finally:
        await close_all(stations, _CLOSE_S)
    each_kib = (after_kib - before_kib) / connections
    return Memory(target.name, connections, before_kib, after_kib, each_kib)


def _station(number: int) -> Station:
    return Station(f"IDLE-{number:05d}", VERSIONS[number % len(VERSIONS)], Tally())


async def _settle(target: Target, stations: list[Station], seconds: float) -> None:
    await connect_all(stations, target.port, _TIMEOUT_S)
    running = [station.run(idle(station.version, station.station_id)) for station in stations]
    await finish(running, _TIMEOUT_S)
    await asyncio.sleep(seconds)


def _sentence(found: Memory) -> str:
    verdict = "reached" if found.per_connection_kib <= AIM_KIB else "NOT reached"
    aim = "" if found.target == BASELINE else f"; aim {AIM_KIB:g} KiB: {verdict}"
    before_mib, after_mib = found.before_kib / 1024, found.after_kib / 1024
    return (
        f"{found.target}: {found.per_connection_kib:.1f} KiB for each of {found.connections:,} "
        f"idle connections ({before_mib:.1f} MiB before, {after_mib:.1f} MiB after){aim}."
    )


if __name__ == "__main__":
    sys.exit(main())
