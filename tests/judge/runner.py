"""Plays the scenarios of a seed and version as one log through `csms replay`, and scores it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import merge
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from tests.judge.book import FAULTY, Scenario
from tests.judge.ends import Guess, guesses
from tests.judge.score import Episode, Verdict, judge
from tests.judge.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.judge.labels import Truth
    from tests.judge.session import Session

# Eves of the nights in which the clocks of central Europe change.
EVES = ((2025, 10, 25), (2026, 3, 28), (2026, 10, 24), (2027, 3, 27))
PATIENCE_S = 900
ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Played:
    """One scenario of one seed and version, and what came of it."""

    scenario: Scenario
    version: str
    seed: int
    truths: list[Truth]
    hours: float
    verdict: Verdict = field(default_factory=Verdict)
    guesses: list[Guess] | None = None

    @property
    def is_nominal(self) -> bool:
        return self.scenario.sort != FAULTY


@dataclass(slots=True)
class Replayed:
    """What the system told of one log."""

    deviations: list[dict[str, Any]]
    estimates: list[dict[str, Any]] | None
    sessions: list[dict[str, Any]]


def base_of(seed: int) -> datetime:
    """The beginning of a seed's log: an afternoon before a night with a change of clocks."""
    rng = Random(f"{seed} base")  # noqa: S311 - a draw, no secret
    year, month, day = rng.choice(EVES)
    return datetime(year, month, day, 15, tzinfo=UTC) + timedelta(seconds=rng.randrange(7200))


def stages(scenarios: Iterable[Scenario], version: str, seed: int) -> Iterator[Stage]:
    """Builds each scenario that there is in this version."""
    for index, scenario in enumerate(scenarios):
        if version in scenario.versions:
            stage = Stage(scenario.name, version, seed, base_of(seed), index)
            scenario.build(stage)
            yield stage


def write(path: Path, built: Sequence[Stage]) -> None:
    """Writes one log of all their lines, in the order of time."""
    dated = [stage.frames.dated() for stage in built]
    with path.open("wb") as file:
        file.writelines(
            orjson.dumps(line) + b"\n" for _, line in merge(*dated, key=lambda each: each[0])
        )


def replay(path: Path, settings: dict[str, str]) -> Replayed:
    """Plays a log by the command.

    Raises:
        RuntimeError: the command failed; with the last of what it said.
    """
    command = [sys.executable, "-m", "csms", "replay", str(path), "--format", "json"]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("CSMS_")}
    done = subprocess.run(
        command,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=ROOT,
        env=environment | settings,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-2000:]
        raise RuntimeError(f"csms replay {path} ended with {done.returncode}: {said}")
    told = orjson.loads(done.stdout)
    return Replayed(told["deviations"], told.get("estimates"), told["sessions"])


@dataclass(slots=True)
class Job:
    """One log: some scenarios of one seed and version, under one set of settings."""

    scenarios: list[Scenario]
    version: str
    seed: int
    settings: dict[str, str]

    def run(self, folder: Path) -> list[Played]:
        """Builds the log, plays it and scores it."""
        built = list(stages(self.scenarios, self.version, self.seed))
        of = "-".join(["judge", self.version, str(self.seed), *self.settings.values()])
        path = folder / f"{of}.jsonl"
        write(path, built)
        replayed = replay(path, self.settings)
        names = {scenario.name: scenario for scenario in self.scenarios}
        return [self._played(names[stage.name], stage, replayed) for stage in built]

    def _played(self, scenario: Scenario, stage: Stage, replayed: Replayed) -> Played:
        own = [each for each in replayed.deviations if each["station_id"] == stage.name]
        episodes = [each for alert in own if (each := Episode.of(alert, stage.base)) is not None]
        hours = sum(_hours(each) for each in stage.sessions)
        played = Played(scenario, self.version, self.seed, stage.truths, hours)
        played.verdict = judge(stage.truths, episodes)
        if replayed.estimates is not None:
            played.guesses = _guesses(stage, replayed)
        return played


def _guesses(stage: Stage, replayed: Replayed) -> list[Guess]:
    """What was estimated for the sessions of a stage whose end is labelled."""
    ids = {(each["station_id"], each["transaction_id"]): each["id"] for each in replayed.sessions}
    told = defaultdict(list)
    for estimate in replayed.estimates or ():
        told[estimate["session_id"]].append(estimate)
    return [
        guess
        for end in stage.ends
        for guess in guesses(end, told[ids.get((stage.name, end.transaction))], stage.base)
    ]


def _hours(session: Session) -> float:
    return session.lasts_s / 3600


def jobs(scenarios: Iterable[Scenario], versions: Sequence[str], seeds: Sequence[int]) -> list[Job]:
    """One job for each seed, version and set of settings."""
    found: dict[tuple[Any, ...], Job] = {}
    for seed in seeds:
        for version in versions:
            for scenario in scenarios:
                settings = dict(scenario.settings)
                key = seed, version, tuple(sorted(settings.items()))
                job = found.setdefault(key, Job([], version, seed, settings))
                job.scenarios.append(scenario)
    return list(found.values())


def run(job: Job, folder: Path) -> list[Played]:
    """Runs a job in a process of its own."""
    return job.run(folder)


def play(todo: Sequence[Job], workers: int = 2, keep: Path | None = None) -> list[Played]:
    """Runs the jobs, some at a time; `keep` is a folder in which the logs stay."""
    with tempfile.TemporaryDirectory(prefix="judge-") as made:
        folder = keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(workers) as pool:
            done = pool.map(run, todo, [folder] * len(todo))
            return [each for played in done for each in played]
