"""All scenarios, in the order in which they run: name -> module and function."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.chaos.plan import Outcome, Plan

SCENARIOS: dict[str, str] = {
    "crash": "tests.chaos.crash:run",
    "pg-stop": "tests.chaos.outages:stop",
    "pg-blackhole": "tests.chaos.outages:blackhole",
    "pg-errors": "tests.chaos.outages:errors",
    "disk-full": "tests.chaos.outages:disk_full",
    "cut": "tests.chaos.cut:run",
    "permute": "tests.chaos.permute:run",
    "ledger": "tests.chaos.ledger:run",
    "takeover": "tests.chaos.takeover:run",
    "storm": "tests.chaos.storm:run",
    "frozen": "tests.chaos.frozen:run",
    "spam": "tests.chaos.mad:spam",
    "backlog": "tests.chaos.mad:backlog",
    "deploy": "tests.chaos.deploy:run",
    "clocks": "tests.chaos.clocks:run",
}


def load(place: str) -> Callable[[Plan], Coroutine[Any, Any, Outcome]]:
    module, _, name = place.partition(":")
    found: Callable[[Plan], Coroutine[Any, Any, Outcome]] = getattr(import_module(module), name)
    return found
