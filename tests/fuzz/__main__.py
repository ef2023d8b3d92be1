"""Fuzzing from the command line: `python -m tests.fuzz --seed 1 --frames 1000000`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import resource
import sys
import time
import traceback
from random import Random
from typing import TYPE_CHECKING, Any

import structlog

from csms.ocppj.version import Version
from tests.fuzz.corpus import drawn, hostile, recorded
from tests.fuzz.drive import Driver
from tests.fuzz.mutate import mutated
from tests.messages import a_payload

if TYPE_CHECKING:
    from collections.abc import Iterator

_DRAWN = 400
_REDRAWN_EVERY = 20_000
_KEPT = 20
_ANSWERS = 1 / 8


def texts(random: Random, driver: Driver, count: int) -> Iterator[str]:
    """That many texts: first those known to be hostile, then mutations of good frames.

    One in eight answers the call that is open.
    """
    version = driver.version
    known = hostile(version)
    yield from known[:count]
    seeds, others = recorded(version), list[list[Any]]()
    for number in range(count - len(known)):
        if number % _REDRAWN_EVERY == 0:
            others = [*seeds, *drawn(random, version, _DRAWN)]
        call = driver.peer.open_call
        frame = random.choice(others)
        if call is not None and random.random() < _ANSWERS:
            payload = a_payload(random, version, call.action, is_answer=True)
            frame = [3, call.message_id, payload]
        yield mutated(random, frame, others)


async def fuzz(seed: int, frames: int) -> dict[str, Any]:
    """Runs both versions, and returns the figures; `escapes` are texts with what they did."""
    began, escapes = time.monotonic(), []
    told: dict[str, Any] = {"seed": seed, "frames": 0}
    slowest, memory_kib = 0.0, 0
    for version in Version:
        random = Random(f"{seed}-{version}")  # noqa: S311 - repeatable on purpose
        driver = Driver(version, random)
        for number, text in enumerate(texts(random, driver, frames // 2)):
            before = time.process_time()
            try:
                await driver.take(text)
            except Exception:  # noqa: BLE001 - whatever it is, it is an escape
                driver.peer.abandon()
                escapes.append([version.value, text[:2000], traceback.format_exc()])
                if sum(each[0] == version.value for each in escapes) >= _KEPT:
                    break
            slowest = max(slowest, time.process_time() - before)
            told["frames"] += 1
            if number == frames // 20:
                memory_kib = max(memory_kib, _peak_kib())
        told[f"handled {version}"], told[f"answers {version}"] = driver.handled, driver.answered
    told["slowest_ms"] = round(slowest * 1000, 1)
    told["growth_mib"] = round((_peak_kib() - memory_kib) / 1024, 1)
    told["seconds"] = round(time.monotonic() - began, 1)
    return told | {"escapes": escapes}


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """Fuzzes, prints one line of figures, and each escape; returns 1 if there was one."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frames", type=int, default=1_000_000, help="of both versions together")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    told = asyncio.run(fuzz(given.seed, given.frames))
    escapes = told.pop("escapes")
    print(json.dumps(told | {"escapes": len(escapes)}))  # noqa: T201
    for version, text, trace in escapes:
        print(f"\n{version}: {text!r}\n{trace}", file=sys.stderr)  # noqa: T201
    return 1 if escapes else 0


if __name__ == "__main__":
    sys.exit(main())
