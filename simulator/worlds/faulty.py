"""Faults in scenario files: those of a block, and those that are spread over stations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator, model_validator

from simulator.errors import SimulatorError
from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import Group
from simulator.faults.options import plan
from simulator.naming import unknown
from simulator.worlds.calendar import Moment, Weekday
from simulator.worlds.spec import Spec

if TYPE_CHECKING:
    from typing import Self

_LISTED_BY = "simulator faults"


def _known(name: str) -> str:
    if name not in FAULTS:
        raise ValueError(unknown("fault", name, FAULTS, listed_by=_LISTED_BY))
    return name


def _check(name: str, start_s: float | None, length_s: float | None, every_s: float | None) -> None:
    """Raise ValueError for a window that makes no sense."""
    try:
        plan(name, start_s, length_s, every_s=every_s)
    except SimulatorError as error:
        raise ValueError(str(error)) from error


class FaultSpec(Spec):
    """A fault that all stations of a block have, in `faults` of `[[stations]]`."""

    name: str = Field(description="a fault of `simulator faults`")
    start_s: float | None = Field(
        default=None,
        ge=0,
        description="on from then, s since the transaction (or the simulation) began",
    )
    length_s: float | None = Field(default=None, gt=0, description="how long it is on, s")
    chance: float = Field(
        default=1.0, gt=0, le=1, description="share of the transactions that have it"
    )
    every_s: float | None = Field(
        default=None, gt=0, description="mean time between its windows, s; faults of stations only"
    )

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return _known(name)

    @model_validator(mode="after")
    def _can_be_planned(self) -> Self:
        _check(self.name, self.start_s, self.length_s, self.every_s)
        return self


class SpreadSpec(Spec):
    """Faults that are spread over the stations of the scenario, under `[[faults]]`.

    Each falls on other stations while it can, and only on those whose version knows it.
    """

    names: tuple[str, ...] = Field(default=(), description="faults of `simulator faults`")
    groups: tuple[Group, ...] = Field(default=(), description="all faults of these groups")
    all: bool = Field(default=False, description="all faults of the catalogue")
    without: tuple[str, ...] = Field(default=(), description="but not these")
    sites: tuple[str, ...] = Field(default=(), description="only stations there; empty: all")
    share: float = Field(
        default=1.0, gt=0, le=1, description="share of the stations that have it, at least one"
    )
    chance: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="share of the transactions there that have it; `times` says it otherwise",
    )
    times: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="how often in the whole run of the whole scenario, at some station; of "
        "transactions: about so often",
    )
    every_s: float | None = Field(
        default=None, gt=0, description="mean time between its windows at each of them, s"
    )
    at: Moment | None = Field(
        default=None, description="on from this time of the day, or local date and time"
    )
    days: tuple[Weekday, ...] = Field(default=(), description="with `at`: on these days only")
    start_s: float | None = Field(
        default=None,
        ge=0,
        description="on from then, s since the transaction (or the simulation) began",
    )
    length_s: float | None = Field(
        default=None, gt=0, description="how long it is on, s; absent: the fault's own window"
    )

    @field_validator("names", "without")
    @classmethod
    def _are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_known(name) for name in names)

    @model_validator(mode="after")
    def _names_some(self) -> Self:
        if not (self.names or self.groups or self.all):
            raise ValueError("say which faults: names = [...], groups = [...] or all = true")
        if not self.chosen():
            raise ValueError("no fault is left of those that are named")
        given = [self.at, self.times, self.every_s]
        if len([each for each in given if each is not None]) > 1:
            raise ValueError("give one of at, times and every_s")
        if self.start_s is not None and (self.at is not None or self.times is not None):
            raise ValueError("start_s: at and times say already from when on")
        for name in self.chosen():
            _check(name, self.start_s, self.length_s, self.every_s)
        return self

    def chosen(self) -> list[str]:
        """Return the names of the faults, in the order of the catalogue."""
        return [
            name
            for name, fault in FAULTS.items()
            if (self.all or name in self.names or fault.group in self.groups)
            and name not in self.without
        ]
