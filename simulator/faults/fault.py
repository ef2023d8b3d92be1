"""What a fault is, when it is on, and those of one EVSE together."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from simulator.faults.effects import HONEST, Effects

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random


class Group(StrEnum):
    """What a fault is about, as `simulator faults` lists them."""

    LIMITS = "limits"
    METERS = "meters"
    TRANSACTIONS = "transactions"
    CLOCKS = "clocks"
    CONNECTIONS = "connections"
    LIFE = "life"
    PAYLOADS = "payloads"


class Span(StrEnum):
    """From when on a window counts."""

    TRANSACTION = "transaction"
    """From the start of each transaction."""
    STATION = "station"
    """From the start of the simulation."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A named fault, with the window in which it is on when nothing else is said.

    Windows count from the start of each transaction, or of the simulation (`span`); without
    `length_s` it stays on, and with `start_s` 0 and no length it is on always. `every_s` is the
    mean time between windows of the span of a station. `quirks` are the
    numbers of known complaints about real chargers, `shows_as` the kinds of deviation that a
    watching central system should find; `versions` the versions that it can happen in.
    """

    name: str
    summary: str
    effects: Effects
    start_s: float = 0.0
    length_s: float | None = None
    every_s: float | None = None
    group: Group = Group.LIMITS
    span: Span = Span.TRANSACTION
    shows_as: tuple[str, ...] = ()
    quirks: tuple[int, ...] = ()
    versions: frozenset[str] = frozenset({"1.6", "2.0.1"})


@dataclass(frozen=True, slots=True, eq=False)
class FaultPlan:
    """A fault with its window in seconds; each is one of its own, even with equal members.

    `chance` is the share of the transactions (or of the stations) in which it happens at all.
    `every_s` is the mean time between windows, which then count from the start of the simulation;
    None has one window.
    """

    fault: Fault
    start_s: float = 0.0
    length_s: float | None = None
    chance: float = 1.0
    every_s: float | None = None

    @property
    def span(self) -> Span:
        """From when on its windows count."""
        return self.fault.span if self.every_s is None else Span.STATION

    @property
    def is_permanent(self) -> bool:
        """Whether it is on also where no transaction runs."""
        return self.start_s == 0 and self.length_s is None and self.chance == 1.0

    @property
    def end_s(self) -> float:
        """When the window closes; infinity when it does not."""
        return math.inf if self.length_s is None else self.start_s + self.length_s

    def is_within(self, elapsed_s: float) -> bool:
        """Whether the window is open."""
        return self.start_s <= elapsed_s < self.end_s


def together(plans: Iterable[FaultPlan]) -> Effects:
    """Return faults as one; one that is there several times counts once."""
    found = HONEST
    for effects in {each.fault.name: each.fault.effects for each in plans}.values():
        found = found.with_(effects)
    return found


@dataclass(slots=True)
class _Window:
    """The next window of a plan that counts from the start of the simulation."""

    start_s: float
    end_s: float


@dataclass(slots=True)
class FaultBoard:
    """The faults of one EVSE, or of a station. `random` decides what chance has a say in.

    `shared` are those of the whole station, which count for each of its EVSEs.

    Times are simulated seconds; `elapsed_s` those of the running transaction, None without one.
    """

    plans: tuple[FaultPlan, ...] = ()
    random: Random | None = None
    shared: FaultBoard | None = None
    _luck: dict[FaultPlan, bool] = field(default_factory=dict)
    _windows: dict[FaultPlan, _Window] = field(default_factory=dict)
    _known: dict[tuple[FaultPlan, ...], Effects] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there are none at all."""
        return not (self.plans or (self.shared is not None and self.shared.plans))

    def begin(self) -> None:
        """Draw anew which faults the transaction that begins will have."""
        self._luck = {
            each: self._happens(each.chance) for each in self.plans if each.span is Span.TRANSACTION
        }

    def put(self, plan: FaultPlan) -> None:
        """Have one more, by hand; tell the station afterwards."""
        self.plans = (*self.plans, plan)

    def take_off(self, name: str) -> None:
        """Take a fault away, by hand; tell the station afterwards."""
        self.plans = tuple(each for each in self.plans if each.fault.name != name)
        self._known.clear()
        self._windows = {plan: each for plan, each in self._windows.items() if plan in self.plans}

    def active(self, now: float, elapsed_s: float | None) -> frozenset[str]:
        """Return the names of the faults that are on."""
        return frozenset(each.fault.name for each in self._on(now, elapsed_s))

    def effects(self, now: float, elapsed_s: float | None) -> Effects:
        """Return all faults that are on, as one."""
        if self.is_empty:
            return HONEST
        active = tuple(self._on(now, elapsed_s))
        known = self._known.get(active)
        if known is None:
            known = self._known[active] = together(active)
        return known

    def on(self, now: float, elapsed_s: float | None) -> tuple[FaultPlan, ...]:
        """Return what is on, shared ones first."""
        return tuple(self._on(now, elapsed_s))

    def next_change(self, now: float, elapsed_s: float | None) -> float:
        """Return when, in simulated seconds, a fault goes on or off next."""
        found = math.inf
        for each in self.plans:
            if each.span is Span.STATION:
                window = self._window(each, now)
                edges = [window.start_s, window.end_s]
            elif elapsed_s is None:
                continue
            else:
                began = now - elapsed_s
                edges = [began + each.start_s, began + each.end_s]
            found = min([found, *(edge for edge in edges if edge > now)])
        return found

    def _on(self, now: float, elapsed_s: float | None) -> Iterable[FaultPlan]:
        if self.shared is not None:
            yield from self.shared._on(now, elapsed_s)  # noqa: SLF001 - one of its kind
        for each in self.plans:
            if each.span is Span.STATION:
                window = self._window(each, now)
                is_on = window.start_s <= now < window.end_s
            elif elapsed_s is None:
                is_on = each.is_permanent
            else:
                is_on = each.is_within(elapsed_s) and self._luck.get(each, each.chance >= 1.0)
            if is_on:
                yield each

    def _window(self, plan: FaultPlan, now: float) -> _Window:
        """Return the window that is open or comes next; one drawn by chance is drawn once."""
        found = self._windows.get(plan)
        if found is None:
            first_s = plan.start_s + self._gap(plan) if plan.every_s else plan.start_s
            end_s = math.inf if plan.length_s is None else first_s + plan.length_s
            found = _Window(first_s, end_s) if self._happens(plan.chance) else _NEVER
            self._windows[plan] = found
        while plan.every_s and found.end_s <= now:
            start_s = found.end_s + self._gap(plan)
            found = _Window(start_s, start_s + (plan.length_s or 0.0))
            self._windows[plan] = found
        return found

    def _gap(self, plan: FaultPlan) -> float:
        if plan.every_s is None or self.random is None:
            return 0.0
        return max(1.0, self.random.expovariate(1 / plan.every_s))

    def _happens(self, chance: float) -> bool:
        return chance >= 1.0 or (self.random is not None and self.random.random() < chance)


_NEVER = _Window(math.inf, math.inf)
