"""Runs one scenario in a folder of its own, and says in one line what came of it."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from tests.chaos.plan import Outcome, Plan
from tests.chaos.registry import SCENARIOS, load

if TYPE_CHECKING:
    from collections.abc import Coroutine


def run_scenario(
    name: str, seed: int, size: str, out: TextIO | None = None, *, keep: bool = False
) -> bool:
    """Runs it, writes its line, and tells whether it kept every limit."""
    line = result_line(name, seed, size, keep=keep)
    if out is not None:
        out.write(json.dumps(line) + "\n")
        out.flush()
    return bool(line["ok"])


def result_line(
    name: str,
    seed: int,
    size: str,
    *,
    is_quiet: bool = False,
    with_times: bool = True,
    keep: bool = False,
) -> dict[str, Any]:
    """Runs it and returns its line; an exception of the scenario is a missed figure."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{name}-", dir="/tmp"))
    folder.chmod(0o755)
    plan = Plan(name, seed, folder, size, is_quiet=is_quiet)
    begun = time.monotonic()
    try:
        outcome = _run(load(SCENARIOS[name])(plan))
        missed = outcome.missed(with_times=with_times)
    except Exception as error:  # noqa: BLE001 - told in the line
        if not is_quiet:
            traceback.print_exc()
        outcome = Outcome({})
        missed = [f"{type(error).__name__}: {error}"[:2000]]
    finally:
        if keep:
            plan.say(f"everything is in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return {
        "scenario": name,
        "seed": seed,
        "short": size == "short",
        "ok": not missed,
        "figures": outcome.figures,
        "limits": {each.figure: each.text for each in outcome.limits},
        "missed": missed,
        "duration_s": round(time.monotonic() - begun, 1),
    }


def _run(scenario: Coroutine[Any, Any, Outcome]) -> Outcome:
    if sys.platform == "win32":
        return asyncio.run(scenario)
    import uvloop  # noqa: PLC0415 - not on every platform

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(scenario)
