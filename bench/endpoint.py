"""What the endpoint costs: CPU for one message, from its text to the text of the answer.

    python bench/endpoint.py                 # both versions, ten messages each: a minute
    python bench/endpoint.py --count 200     # a glance
    python bench/endpoint.py --json

Parse, validate against the official schema, translate, handle, answer. Ours is `Peer.receive`, the
translator's `decode` and `encode`, and `Peer.result`. The baseline is the route of the `ocpp`
package as it comes: `ChargePoint.route_message`, with its validation of calls and answers, and its
own types for the answers. To handle a message is the same for both: an answer that is ready. No
socket, no database: what those cost with all the rest is in bench/ingest.py.

CPU is that of this process. Both take turns, message by message; of each slice of 50 calls the
fastest round counts, since whatever else the machine does only makes one slower. At last where our
time goes for the message that costs most.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import json
import logging
import pstats
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from _messages import MESSAGES, NOW, answer_to, texts
from _package import charge_point

from csms.ocpp.routes import ROUTES
from csms.ocppj.peer import CallReceived, Peer
from csms.ocppj.version import Role, Version

if TYPE_CHECKING:
    from collections.abc import Sequence

AIM = 30.0
AIMED_AT = {
    (Version.V16, "MeterValues"),
    (Version.V201, "MeterValues"),
    (Version.V201, "TransactionEvent"),
}
_SLICE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """Microseconds of CPU for one message."""

    version: str
    action: str
    bytes: int
    ours_us: float
    package_us: float
    has_aim: bool

    @property
    def ratio(self) -> float:
        """How many times as dear the package's route is."""
        return self.package_us / self.ours_us


def main() -> int:
    """Measures and prints; returns 1 if an answer of ours is none."""
    given = _arguments()
    logging.disable(logging.CRITICAL)  # the package logs each payload: that is not what is compared
    rows = [
        _measure(version, action, given.count, given.rounds)
        for version in MESSAGES
        for action in MESSAGES[version]
    ]
    if given.json:
        shown = [{**asdict(row), "ratio": row.ratio} for row in rows]
        print(json.dumps({"aim": AIM, "rows": shown}, indent=2))
    else:
        _print(rows)
        print(_where(given.count))
    return 0


def _measure(version: Version, action: str, count: int, rounds: int) -> Row:
    sent = texts(version, action, count)
    best: dict[str, list[float]] = {}
    ours = _Ours(version)
    package = _Package(version)
    _same(version, action, ours, package)
    for _ in range(rounds):
        for name, way in (("ours", ours), ("package", package)):
            slices = way.time(sent)
            known = best.setdefault(name, slices)
            best[name] = [min(pair) for pair in zip(known, slices, strict=True)]
    ours_us, package_us = (sum(best[name]) / len(best[name]) for name in ("ours", "package"))
    has_aim = (version, action) in AIMED_AT
    return Row(version.value, action, len(sent[0]), ours_us, package_us, has_aim)


class _Ours:
    """Our way from text to text."""

    def __init__(self, version: Version) -> None:
        self.peer, self.routes = Peer(version, Role.CSMS), ROUTES[version]

    def serve(self, text: str) -> str:
        """Returns the answer to a call."""
        received = self.peer.receive(text)
        if not isinstance(received, CallReceived) or received.violation is not None:
            raise TypeError(received)
        route = self.routes[received.call.action]
        route.decode(received.call.payload, NOW)
        answer = answer_to(received.call.action)
        return self.peer.result(received.call, route.encode(answer))

    def time(self, sent: Sequence[str]) -> list[float]:
        """Returns the microseconds for a call, by slices."""
        serve, slices = self.serve, []
        gc.collect()
        for start in range(0, len(sent), _SLICE):
            part = sent[start : start + _SLICE]
            before = time.process_time()
            for text in part:
                serve(text)
            slices.append((time.process_time() - before) * 1e6 / len(part))
        return slices


class _Package:
    """The package's way."""

    def __init__(self, version: Version) -> None:
        self.answers: list[str] = []
        self.point = charge_point(version, self.answers)

    def serve(self, text: str) -> str:
        """Returns the answer to a call."""
        asyncio.run(self.point.route_message(text))
        return self.answers.pop()

    def time(self, sent: Sequence[str]) -> list[float]:
        """Returns the microseconds for a call, by slices."""
        return asyncio.run(self._time(sent))

    async def _time(self, sent: Sequence[str]) -> list[float]:
        route, slices = self.point.route_message, []
        gc.collect()
        for start in range(0, len(sent), _SLICE):
            part = sent[start : start + _SLICE]
            before = time.process_time()
            for text in part:
                await route(text)
            slices.append((time.process_time() - before) * 1e6 / len(part))
            self.answers.clear()
        return slices


def _same(version: Version, action: str, ours: _Ours, package: _Package) -> None:
    """Makes sure that both answer, and answer the same call."""
    (text,) = texts(version, action, 1)
    answers: list[list[Any]] = [json.loads(each.serve(text)) for each in (ours, package)]
    if [each[:2] for each in answers] != [[3, "message-0"]] * 2:
        raise SystemExit(f"{version} {action} is not answered by both: {answers}")


def _print(rows: Sequence[Row]) -> None:
    print(f"{'':7} {'message':30} {'bytes':>6} {'ours us':>9} {'ocpp us':>9} {'ratio':>7}")
    for row in rows:
        mark = (
            ""
            if not row.has_aim
            else f"  aim {AIM:g}: {'reached' if row.ratio >= AIM else 'not reached'}"
        )
        print(
            f"{row.version:7} {row.action:30} {row.bytes:6} {row.ours_us:9.1f} "
            f"{row.package_us:9.1f} {row.ratio:7.1f}{mark}"
        )


def _where(count: int) -> str:
    """Returns where our time goes for a TransactionEvent."""
    ours, sent = _Ours(Version.V201), texts(Version.V201, "TransactionEvent", count)
    profile = cProfile.Profile()
    profile.enable()
    for text in sent:
        ours.serve(text)
    profile.disable()
    stats: Any = pstats.Stats(profile)
    total = stats.total_tt
    dearest = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:8]
    lines = [
        f"  {100 * timing[2] / total:4.0f} %  {file.rsplit('/', 1)[-1]}:{line} {name}"
        for (file, line, name), timing in dearest
    ]
    return "\nWhere the time of a TransactionEvent goes (profiled):\n" + "\n".join(lines)


def _arguments() -> argparse.Namespace:
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="calls of each kind in a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each way")
    parser.add_argument("--json", action="store_true", help="print figures for a machine")
    given = parser.parse_args()
    if min(given.count, given.rounds) <= 0:
        parser.error("--count and --rounds must be above 0")
    return given


if __name__ == "__main__":
    sys.exit(main())
