"""`python -m tests.survey`: every fault once in both versions against `csms serve`.

Each fault has a station of its own with short sessions. Afterwards the record is held against
the truth: sessions that are missing or too many, Wh that differ, stations that never got in, and
errors of the server's own. Not part of `make test`; takes a minute or two.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import Span
from tests.integration.running import Running
from tests.world import record
from tests.world.truth import read as read_truth

_EVENTS = 25
_LINE = 600
START = "2026-03-02T00:00:00Z"
STATION = """
[[stations]]
id = "{id}"
version = "{version}"
phases = 3
max_a = 32
faults = {faults}
[[stations.cars]]
token = "TAG-{number}"
arrives_s = 20
soc_percent = 40
stays_s = 300
[[stations.cars]]
token = "TAG-{number}"
arrives_s = 500
soc_percent = 40
stays_s = 300
"""
# What is on for too short, or too late, for a short run gets a window of its own.
WINDOWS = {
    "replay-days-later": "start_s = 200, length_s = 600",
    "watchdog-reboot": "start_s = 0, length_s = 1, every_s = 400",
    "boot-loop": "start_s = 0, length_s = 1, every_s = 200",
    "flapping-link": "start_s = 0, length_s = 15, every_s = 200",
}
WITH = {
    "start-again-after-link-loss": "drop-connection",
    "replay-out-of-order": "drop-connection",
    "queue-lost-with-power": "power-loss",
    "runs-on-after-power-loss": "power-loss",
    "clock-of-1970-until-told": "power-loss",
    "never-boots-again": "power-loss",
    "forget-at-reboot": "power-loss",
}


@dataclass(slots=True)
class Found:
    """What came of one fault in one version."""

    station: str
    real: int = 0
    known: int = 0
    worst_wh: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def is_fine(self) -> bool:
        return self.real > 0 and self.known == self.real and self.worst_wh <= 1 and not self.notes

    def line(self) -> str:
        mark = "  " if self.is_fine else "! "
        counts = f"{self.known:>3} of {self.real:>2} sessions"
        notes = "; ".join(self.notes)
        return f"{mark}{self.station:<44}{counts}  worst {self.worst_wh:>7.0f} Wh  {notes}".rstrip()


def main() -> int:
    """Run the survey and print a line for each station; 1 for an error of the server's own."""
    given = _arguments()
    names = given.fault or list(FAULTS)
    with tempfile.TemporaryDirectory(prefix="survey-", dir="/tmp") as made:
        folder = Path(made)
        folder.chmod(0o755)
        scenario = folder / "survey.toml"
        scenario.write_text(_scenario(names), encoding="utf-8")
        server = Running(folder, _flags(given), port=given.port)
        try:
            server.start()
            _charge(given, server, folder, scenario)
            time.sleep(2.0)
            known = asyncio.run(record.read(server.api))
            assert server.stop() == 0
        finally:
            if server.process is not None and server.process.poll() is None:
                server.kill()
        troubles = server.troubles()
        found = _compare(names, read_truth(folder / "truth.jsonl"), known)
        events = Counter(each["event"] for each in server.events)
        if given.keep:
            given.keep.mkdir(parents=True, exist_ok=True)
            lines = [json.dumps(each) for each in server.events]
            (given.keep / "server.jsonl").write_text("\n".join(lines), encoding="utf-8")
            for each in ("truth.jsonl", "simulator.log", "survey.toml"):
                (given.keep / each).write_bytes((folder / each).read_bytes())
    common = ", ".join(f"{name} {count}" for name, count in events.most_common(_EVENTS))
    lines = [each.line() for each in found]
    lines.append(f"{sum(each.is_fine for each in found)} of {len(found)} without a difference")
    lines.append(f"errors of the server's own: {len(troubles)}")
    lines += [json.dumps(each)[:_LINE] for each in troubles]
    sys.stdout.write("\n".join([*lines, f"events: {common}", ""]))
    return int(bool(troubles))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.survey", description=__doc__)
    parser.add_argument("--fault", action="append", help="this fault alone; may be repeated")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--minutes", type=float, default=24.0, help="simulated minutes")
    parser.add_argument("--keep", type=Path, help="keep logs in this folder")
    return parser.parse_args()


def _flags(given: argparse.Namespace) -> tuple[str, ...]:
    clock = ("--clock-start", START, "--clock-speed", f"{given.speed:g}")
    return ("--accept-unknown-stations", "--accept-unknown-tokens", *clock)


def _scenario(names: list[str]) -> str:
    blocks = ['name = "survey"\nmeter_interval_s = 30\n']
    for number, name in enumerate(names):
        for version in sorted(FAULTS[name].versions):
            faults = [_fault(name), *([_fault(WITH[name])] if name in WITH else [])]
            blocks.append(
                STATION.format(
                    id=_id(name, version),
                    version=version,
                    number=number,
                    faults=f"[{', '.join(faults)}]",
                )
            )
    return "\n".join(blocks)


def _fault(name: str) -> str:
    window = WINDOWS.get(name)
    if window is None and FAULTS[name].span is Span.TRANSACTION and FAULTS[name].start_s > 150:
        window = f"start_s = 60, length_s = {FAULTS[name].length_s or 3600:g}"
    return f'{{ name = "{name}"{", " + window if window else ""} }}'


def _id(name: str, version: str) -> str:
    return f"{name}-{version.replace('.', '')}"


def _charge(given: argparse.Namespace, server: Running, folder: Path, scenario: Path) -> None:
    command = [sys.executable, "-m", "simulator", "run", "--json", "--scenario", str(scenario)]
    command += ["--url", f"ws://127.0.0.1:{server.port}/ocpp", "--speed", f"{given.speed:g}"]
    command += ["--truth", str(folder / "truth.jsonl"), "--for", f"{given.minutes * 60:.0f}s"]
    with (folder / "simulator.log").open("wb") as log:
        within_s = given.minutes * 60 / given.speed + 180
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, timeout=within_s, check=False)


def _compare(names: list[str], truth, known) -> list[Found]:
    found = []
    for name in names:
        for version in sorted(FAULTS[name].versions):
            station = _id(name, version)
            real = [each for each in truth.sessions if each.station == station]
            ours = [each for each in known.sessions if each.station == station]
            ours = [each for each in ours if each.duplicate_of is None]
            one = Found(station, len(real), len(ours))
            if not real:
                one.notes.append("nothing happened there")
            missing = [each for each in real if not any(_is(each, own) for own in ours)]
            if missing:
                one.notes.append(f"{len(missing)} not matched by time")
            for each in real:
                energies = [own.energy_wh for own in ours if _is(each, own)]
                if energies:
                    told = min(abs((wh or 0.0) - each.told_wh) for wh in energies)
                    one.worst_wh = max(one.worst_wh, told)
            flags = sorted({flag for own in ours for flag in own.flags})
            states = Counter(own.state for own in ours)
            if set(states) - {"ended", "closed", "completed"}:
                one.notes.append(str(dict(states)))
            if flags:
                one.notes.append(f"flags {', '.join(flags)}")
            alerts = Counter(each.kind for each in known.alerts if each.station == station)
            if alerts:
                one.notes.append(f"alerts {dict(alerts)}")
            found.append(one)
    return found


def _is(real, known) -> bool:
    return abs((real.started - known.started).total_seconds()) < 120


if __name__ == "__main__":
    sys.exit(main())
