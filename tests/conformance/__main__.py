"""`python -m tests.conformance`: plays all cases, prints how they went (docs/conformance.md)."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from pathlib import Path

import structlog

from tests.conformance.book import BROKEN, V16, V201, Case, load
from tests.conformance.document import document
from tests.conformance.report import as_json, from_json, lines
from tests.conformance.runner import FAILED, play_all


def main() -> int:
    arguments = _arguments()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    cases = _chosen(arguments)
    if not cases and not BROKEN:
        sys.stderr.write("no such case\n")
        return 2
    if arguments.results:
        played = from_json(each.read_text() for each in arguments.results)
    else:
        played = asyncio.run(play_all(cases, arguments.at_a_time))
    if arguments.json:
        sys.stdout.write(as_json(played) + "\n")
    elif arguments.document:
        sys.stdout.write(document(played))
    else:
        sys.stdout.write("\n".join(lines(played, with_transcripts=arguments.transcripts)) + "\n")
    for name, reason in BROKEN.items():
        sys.stderr.write(f"\n{name} does not import:\n{reason}\n")
    for trouble in played.troubles:
        sys.stderr.write(f"the server logged: {trouble}\n")
    has_failed = any(each.outcome == FAILED for each in played.results)
    return 1 if has_failed or played.troubles or BROKEN else 0


def _chosen(arguments: argparse.Namespace) -> list[Case]:
    return [
        each
        for each in load().values()
        if arguments.version in {None, each.version}
        and arguments.block in {None, each.block}
        and (not arguments.only or any(re.search(one, each.name) for one in arguments.only))
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="PATTERN", help="cases that match, by ID")
    parser.add_argument("--version", choices=(V16, V201), help="by default both")
    parser.add_argument("--block", help="such as B; in 1.6 a feature profile such as Core")
    parser.add_argument("--at-a-time", type=int, default=16, help="cases played at a time")
    parser.add_argument("--transcripts", action="store_true", help="show failures' messages")
    parser.add_argument(
        "--results",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="take what --json has told, play none",
    )
    parser.add_argument("--json", action="store_true", help="results as JSON")
    parser.add_argument("--document", action="store_true", help="print docs/conformance.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
