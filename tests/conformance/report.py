"""How a run went, as a table, as JSON and as docs/conformance.md."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tests.conformance.applicable import NOT_APPLICABLE
from tests.conformance.book import load
from tests.conformance.runner import FAILED, PASSED, Played, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.conformance.book import Case


def lines(played: Played, *, with_transcripts: bool = False) -> Iterator[str]:
    """Yields the table by version and block, then each failure with its reason."""
    yield f"{'version':8} {'block':14} {'passed':>7} {'failed':>7} {'not applicable':>15}"
    for (version, block), results in sorted(by_block(played).items()):
        cases = by_case(results)
        failed = sum(any(each.outcome == FAILED for each in plays) for plays in cases.values())
        away = sum(at[:2] == (version, block) for at in NOT_APPLICABLE.values())
        yield f"{version:8} {block:14} {len(cases) - failed:7} {failed:7} {away:15}"
    yield ""
    told: set[str] = set()
    for each in played.results:
        if each.outcome == FAILED and not (is_no_server(each) and each.reason in told):
            told.add(each.reason)
            mode = "" if each.mode is None else f" ({each.mode})"
            yield f"{each.case.name}{mode} in {each.case.where}"
            yield "    " + each.reason.replace("\n", "\n    ")
            if with_transcripts:
                yield "      " + each.transcript.replace("\n", "\n      ")
    for name, (_, _, reason) in NOT_APPLICABLE.items():
        yield f"not applicable: {name}: {reason}"
    plays = len(played.results)
    passed = sum(each.outcome == PASSED for each in played.results)
    yield f"{passed} of {plays} plays passed in {played.took_s:.0f} s"


def by_block(played: Played) -> dict[tuple[str, str], list[Result]]:
    """Returns the results by version and block."""
    found: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for each in played.results:
        found[each.case.version, each.case.block].append(each)
    return found


def by_case(results: list[Result]) -> dict[str, list[Result]]:
    """Returns the plays of each case."""
    found: dict[str, list[Result]] = defaultdict(list)
    for each in results:
        found[each.case.name].append(each)
    return found


def as_json(played: Played) -> str:
    """Returns all results as JSON."""
    results = [
        {
            "case": each.case.name,
            "version": each.case.version,
            "block": each.case.block,
            "mode": each.mode,
            "outcome": each.outcome,
            "reason": each.reason,
            "took_s": round(each.took_s, 3),
            "seen": sorted(map(list, each.seen)),
        }
        for each in played.results
    ]
    return json.dumps({"results": results, "troubles": played.troubles}, indent=2)


def from_json(texts: Iterable[str]) -> Played:
    """Returns the results of earlier runs as one; of a case that is in several the last counts."""
    book, found = load(), {}
    troubles: list[str] = []
    for run in map(json.loads, texts):
        troubles += run["troubles"]
        latest: dict[str, list[Result]] = defaultdict(list)
        for each in run["results"]:
            if each["case"] in book:
                latest[each["case"]].append(_result(book[each["case"]], each))
        found |= latest
    return Played([each for plays in found.values() for each in plays], troubles, 0.0)


def _result(case: Case, told: dict[str, Any]) -> Result:
    seen = frozenset((direction, action) for direction, action in told["seen"])
    outcome, reason = told["outcome"], told["reason"]
    return Result(case, told["mode"], outcome, reason, took_s=told["took_s"], seen=seen)


def is_no_server(result: Result) -> bool:
    """Whether a case could not be played since its server did not start."""
    return result.reason.startswith("no server")
