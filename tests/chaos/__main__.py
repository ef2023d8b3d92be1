"""`python -m tests.chaos SCENARIO... --seed N`: one JSON line each, exit code 1 if one missed."""

from __future__ import annotations

import argparse
import sys

from tests.chaos.registry import SCENARIOS
from tests.chaos.runner import run_scenario


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    names = ", ".join(SCENARIOS)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"by default all: {names}")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same plan")
    sizes = parser.add_mutually_exclusive_group()
    for size, what in (("short", "as in make test"), ("long", "with the longest outages")):
        sizes.add_argument(f"--{size}", dest="size", action="store_const", const=size, help=what)
    parser.set_defaults(size="full")
    parser.add_argument("--keep", action="store_true", help="keep each folder, and say where it is")
    arguments = parser.parse_args()
    unknown = set(arguments.scenarios) - SCENARIOS.keys()
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {names}")
    kept = [
        run_scenario(name, arguments.seed, arguments.size, sys.stdout, keep=arguments.keep)
        for name in arguments.scenarios or SCENARIOS
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
