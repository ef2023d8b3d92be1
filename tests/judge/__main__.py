"""`python -m tests.judge --seed N`: plays, scores, prints; see docs/judge.md."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.judge.book import VERSIONS
from tests.judge.catalogue import SCENARIOS
from tests.judge.report import aims_met, lines
from tests.judge.runner import jobs, play


def main() -> int:
    arguments = _arguments()
    began = time.monotonic()
    chosen = [SCENARIOS[name] for name in arguments.only or SCENARIOS]
    versions = [arguments.version] if arguments.version else list(VERSIONS)
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    played = play(jobs(chosen, versions, seeds), arguments.workers, arguments.keep)
    took = f"{len(played)} scenarios played in {time.monotonic() - began:.0f} s"
    sys.stdout.write("\n".join([*lines(played), took, ""]))
    return 0 if aims_met(played) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.judge", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds")
    parser.add_argument("--version", choices=VERSIONS, help="by default both")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these scenarios alone")
    parser.add_argument("--workers", type=int, default=2, help="logs played at a time")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the logs in this folder")
    arguments = parser.parse_args()
    if unknown := set(arguments.only or ()) - SCENARIOS.keys():
        known = ", ".join(SCENARIOS)
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {known}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
