"""All cases: each is an async function, told by its decorator and found in `cases_*.py`.

    @case("TC_B_20_CSMS", version=V201, block="B", title="Reset ... OnIdle",
          requirements=("B11.FR.04",))
    async def reset_on_idle(stage):
        charger = await stage.charger()          # connected, booted, connectors told
        await stage.operate(charger, "reset", {"type": "OnIdle"},
                            sends=("Reset", {"type": "OnIdle"}))
        await charger.boot(reason="RemoteReset") # and says what it says after a boot

With `variants=("a", "b")` it is played once for each, as `TC_...[a]`, and reads `stage.variant`.
See `stage.Stage` and `charger.Charger` for what a case can do. A case that has used
`stage.operate` is played twice: through the typed operation, and through the raw relay.
"""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

V16, V201 = "1.6", "2.0.1"

Play = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    """A case of a certification, or of our own (its ID begins with X_).

    `server` names the server that it wants, of `servers.SERVERS`; "own..." is one that nobody
    shares, so that it can be restarted.
    """

    id: str
    version: str
    block: str
    title: str
    play: Play
    requirements: tuple[str, ...] = ()
    server: str = "main"
    variant: str | None = None

    @property
    def name(self) -> str:
        """Its ID, with its variant if it has several."""
        return self.id if self.variant is None else f"{self.id}[{self.variant}]"

    @property
    def where(self) -> str:
        """The module and function that play it."""
        return f"{self.play.__module__.removeprefix('tests.conformance.')}.{self.play.__name__}"


CASES: dict[str, Case] = {}
BROKEN: dict[str, str] = {}
"""Case modules that do not import, with the traceback."""


def case(
    id: str,  # noqa: A002 - the word of the specification
    *,
    version: str,
    block: str,
    title: str,
    requirements: Iterable[str] = (),
    server: str = "main",
    variants: Iterable[str] | None = None,
) -> Callable[[Play], Play]:
    """Puts a case into the book."""

    def enter(play: Play) -> Play:
        for variant in variants if variants is not None else (None,):
            made = Case(id, version, block, title, play, tuple(requirements), server, variant)
            known = CASES.setdefault(made.name, made)
            if known is not made and known.where != made.where:
                raise ValueError(f"{made.name} is in the book twice: {known.where}, {made.where}")
            CASES[made.name] = made
        return play

    return enter


def load() -> dict[str, Case]:
    """Returns all cases by name, from all modules `cases_*`; see `BROKEN` too."""
    package = importlib.import_module("tests.conformance")
    for found in pkgutil.iter_modules(package.__path__):
        if found.name.startswith("cases_"):
            try:
                importlib.import_module(f"tests.conformance.{found.name}")
            except Exception:  # noqa: BLE001 - one broken module hides no other
                BROKEN[found.name] = traceback.format_exc()
    return CASES
