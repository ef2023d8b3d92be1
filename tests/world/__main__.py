"""`python -m tests.world`: a world of stations and cars against our server, and how well it knew.

See docs/world.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from simulator.errors import SimulatorError
from tests.world.scoring import scored
from tests.world.stage import Wish, play


def main() -> int:
    """Play one world and print its figures; 1 if an aim is missed, 2 for a senseless wish."""
    given = _arguments()
    wish = Wish(
        scenario=given.scenario,
        seed=given.seed,
        speed=given.speed,
        days=given.days,
        stations=given.stations,
        faults=tuple(given.fault),
        keep=given.keep,
    )
    try:
        report = scored(wish, play(wish))
    except SimulatorError as error:
        sys.stderr.write(f"world: {error}\n")
        return 2
    given.details.parent.mkdir(parents=True, exist_ok=True)
    report.write_details(given.details)
    if given.json:
        sys.stdout.write(json.dumps(report.as_json(), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(report.lines()) + "\n")
        sys.stdout.write(f"each miss, false alarm and difference: {given.details}\n")
    return 0 if report.aims_met else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.world", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", default="mixed-week", help="a shipped one, or a file")
    parser.add_argument("--speed", type=float, default=200.0, help="simulated seconds in a second")
    parser.add_argument("--days", type=float, default=7.0, help="simulated days")
    parser.add_argument("--stations", type=int, help="as many instead of the scenario's")
    parser.add_argument("--fault", action="append", default=[], help="as of simulator run")
    parser.add_argument("--json", action="store_true", help="figures for machines")
    parser.add_argument("--keep", type=Path, help="keep the world's folder in this one")
    parser.add_argument(
        "--details", type=Path, default=Path("var/world-details.jsonl"), help="what to look up"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
