"""The scenarios by name; each is a function that draws, plays and labels on a stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.judge.stage import Stage

NOMINAL, HOSTILE, FAULTY, ENDS = "nominal", "hostile nominal", "faulty", "expected end"
VERSIONS = ("1.6", "2.0.1")


@dataclass(frozen=True, slots=True)
class Scenario:
    """`settings` are environment variables of the system, for what is declared there."""

    name: str
    sort: str
    build: Callable[[Stage], object]
    versions: tuple[str, ...] = VERSIONS
    settings: Mapping[str, str] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Callable[[str], Scenario], tuple[str]]:
        """Goes from one process to another by its name."""
        return named, (self.name,)


SCENARIOS: dict[str, Scenario] = {}


def named(name: str) -> Scenario:
    """Returns the scenario of this name."""
    import_module("tests.judge.catalogue")
    return SCENARIOS[name]


def _adder(sort: str):
    def add(build=None, *, versions=VERSIONS, settings=None):
        if build is None:
            return lambda each: add(each, versions=versions, settings=settings)
        name = build.__name__.strip("_").replace("_", "-")
        if name in SCENARIOS:
            raise ValueError(f"two scenarios are named {name}")
        SCENARIOS[name] = Scenario(name, sort, build, tuple(versions), settings or {})
        return build

    return add


nominal, hostile, faulty, ending = (_adder(each) for each in (NOMINAL, HOSTILE, FAULTY, ENDS))
