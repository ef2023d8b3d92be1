"""What one message costs: our durable central system beside a minimal one on the `ocpp` package.

    python bench/ingest.py                          # both servers, both versions: about 3 minutes
    python bench/ingest.py --seconds 5 --rounds 1   # a glance
    python bench/ingest.py --only baseline --version 1.6 --json

200 chargers play whole sessions, each with one call open: Authorize, StartTransaction, 10 x
MeterValues with 7 values, StopTransaction, Heartbeat; in 2.0.1 TransactionEvent Started, Updated
and Ended. BootNotification comes before the measured part. The servers take turns: a, b, a, b.

(a) is `csms serve` as it comes, on its embedded PostgreSQL: an answer leaves when its writes are
committed. Tokens are known to it, no profile is assigned. (b) is `_baseline.py`: the package as it
comes, default validation, default asyncio loop, nothing stored, its log of payloads off. No deflate
for either. All is on one machine and loopback.

CPU is user and system time from /proc: the server process with all threads and helpers, and
PostgreSQL by itself. p50 and p99 are with all 200 calls open at once, thus mostly waiting in line.
At the end the API must know each session that was answered, with its energy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import httpx
import uvloop
from _client import RefusedError
from _proc import Cores, TargetError, pinned, prepare
from _report import as_json, summarize, write_table
from _rounds import play
from _targets import BASELINE, NAMES, OURS, started, workspace
from _verify import Verdict, check
from _workload import VERSIONS, Bookings, Version, station_ids, token_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _report import Summary
    from _rounds import Round
    from _targets import Target


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    targets: tuple[str, ...]
    versions: tuple[Version, ...]
    connections: int
    seconds: float
    rounds: int
    as_json: bool


def main() -> int:
    """Measures, prints, and returns 0, or 1 if a server failed or has lost something."""
    plan = _plan()
    try:
        prepare()
        return _run(plan, Cores.choose())
    except (TargetError, RefusedError) as error:
        print(f"The benchmark has failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the servers are stopped.", file=sys.stderr)
        return 130


def _run(plan: Plan, cores: Cores) -> int:
    with ExitStack() as stack:
        folder = stack.enter_context(workspace())
        targets = [stack.enter_context(started(name, folder, cores)) for name in plan.targets]
        stack.enter_context(pinned(cores.client))
        for target in targets:
            if target.api_url is not None:
                _issue_tokens(target, plan)
        booked: dict[str, Bookings] = {name: {} for name in plan.targets}
        results: list[tuple[Version, dict[str, Summary]]] = []
        if not plan.as_json:
            print(_heading(plan, cores))
        for version in plan.versions:
            summaries = _compare(plan, targets, version, booked)
            results.append((version, summaries))
            if not plan.as_json:
                write_table(version, summaries)
        verdicts = [_verify(each, booked[each.name]) for each in targets if each.api_url]
    return _conclude(plan, cores, results, verdicts)


def _compare(
    plan: Plan, targets: Sequence[Target], version: Version, booked: dict[str, Bookings]
) -> dict[str, Summary]:
    """Plays all rounds of one version, the servers in turn."""
    rounds: dict[str, list[Round]] = {target.name: [] for target in targets}
    for number in range(1, plan.rounds + 1):
        for target in targets:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                played = runner.run(_play(plan, target, version, number))
            rounds[target.name].append(played)
            booked[target.name].update(played.booked)
    return {name: summarize(each) for name, each in rounds.items()}


async def _play(plan: Plan, target: Target, version: Version, number: int) -> Round:
    try:
        return await play(target, version, number, plan.connections, plan.seconds)
    except RefusedError as error:
        target.child.ensure_running()
        raise target.child.failure(f"failed a charger: {error}") from error


def _verify(target: Target, booked: Bookings) -> Verdict:
    try:
        with httpx.Client(base_url=f"{target.api_url}/api/v1", timeout=60) as http:
            return check(http, booked)
    except httpx.HTTPError as error:
        raise target.child.failure(f"did not tell its sessions: {error}") from error


def _issue_tokens(target: Target, plan: Plan) -> None:
    """Makes the chargers' cards known, so that each Authorize finds one."""
    ids = [each for version in plan.versions for each in station_ids(version, plan.connections)]
    card = {"type": "ISO14443", "status": "Accepted"}
    try:
        with httpx.Client(base_url=f"{target.api_url}/api/v1", timeout=60) as http:
            for station_id in ids:
                http.put(f"/tokens/{token_of(station_id)}", json=card).raise_for_status()
    except httpx.HTTPError as error:
        raise target.child.failure(f"did not take a token: {error}") from error


def _conclude(
    plan: Plan,
    cores: Cores,
    results: Sequence[tuple[Version, dict[str, Summary]]],
    verdicts: Sequence[Verdict],
) -> int:
    """Prints what the API knows, or all as JSON, and returns the exit code."""
    if plan.as_json:
        document = {
            "plan": asdict(plan),
            "cores": str(cores),
            "versions": [as_json(version, summaries) for version, summaries in results],
            "verified": [asdict(verdict) for verdict in verdicts],
        }
        print(json.dumps(document, indent=2))
    for verdict in verdicts:
        _print_verdict(plan, verdict)
    return 1 if any(verdict.problems for verdict in verdicts) else 0


def _print_verdict(plan: Plan, verdict: Verdict) -> None:
    for problem in verdict.problems:
        print(f"NOT STORED AS ANSWERED: {problem}.", file=sys.stderr)
    if not plan.as_json and not verdict.problems:
        print(
            f"\nStored as answered: {verdict.sessions:,} sessions with their energy, and the "
            f"{verdict.samples} samples of some of them."
        )


def _heading(plan: Plan, cores: Cores) -> str:
    return (
        f"{plan.connections} connections, {plan.rounds} rounds of {plan.seconds:g} s each, "
        f"medians; {cores}.\nBaseline: the ocpp package with default validation, payload log off, "
        "no database."
    )


def _plan() -> Plan:
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10, help="measured time of a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each server and version")
    parser.add_argument("--connections", type=int, default=200, help="chargers at a time")
    parser.add_argument("--only", choices=sorted(NAMES), help="one of the servers")
    parser.add_argument("--version", choices=VERSIONS, help="one of the versions")
    parser.add_argument("--json", action="store_true", help="print figures for a machine")
    given = parser.parse_args()
    if min(given.seconds, given.rounds, given.connections) <= 0:
        parser.error("--seconds, --rounds and --connections must be above 0")
    return Plan(
        targets=(NAMES[given.only],) if given.only else (OURS, BASELINE),
        versions=(given.version,) if given.version else VERSIONS,
        connections=given.connections,
        seconds=given.seconds,
        rounds=given.rounds,
        as_json=given.json,
    )


if __name__ == "__main__":
    sys.exit(main())
