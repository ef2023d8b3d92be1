"""Misbehaviour on purpose: what a fault changes, and when it is switched on.

A new fault is a new row of `FAULTS`; the parts that it touches read `Effects` only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from simulator.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Effects:
    """What is different from an honest station; the defaults change nothing.

    `limit_factor` multiplies a limit, `pause_floor_a` is still offered (A per phase) where a
    limit asks for a pause, `limit_delay_s` passes before a new limit is applied, and up to
    `random_delay_s` more. `highest_level` and `refused_units` are of profiles that are refused
    though the station reports that it takes them. `external_limit_a` is set by an energy manager.
    """

    ignores_limits: bool = False
    refuses_profiles: bool = False
    is_meter_silent: bool = False
    is_offline: bool = False
    forgets_at_reboot: bool = False
    keeps_pause: bool = False
    tells_nonsense: bool = False
    limit_factor: float = 1.0
    pause_floor_a: float = 0.0
    limit_delay_s: float = 0.0
    random_delay_s: float = 0.0
    highest_level: float = math.inf
    external_limit_a: float = math.inf
    refused_units: frozenset[str] = frozenset()

    def with_(self, other: Effects) -> Effects:
        """Return both together: switches are or-ed, factors multiplied, the rest is the worse."""
        return Effects(
            **{each.name: getattr(self, each.name) or getattr(other, each.name) for each in _FLAGS},
            limit_factor=self.limit_factor * other.limit_factor,
            pause_floor_a=max(self.pause_floor_a, other.pause_floor_a),
            limit_delay_s=max(self.limit_delay_s, other.limit_delay_s),
            random_delay_s=max(self.random_delay_s, other.random_delay_s),
            highest_level=min(self.highest_level, other.highest_level),
            external_limit_a=min(self.external_limit_a, other.external_limit_a),
            refused_units=self.refused_units | other.refused_units,
        )


_FLAGS: Final = tuple(each for each in fields(Effects) if each.default is False)
HONEST: Final = Effects()


@dataclass(frozen=True, slots=True)
class Fault:
    """A named fault, with the window in which it is on when nothing else is said.

    Windows count from the start of each transaction; without `length_s` it stays on, and with
    `start_s` 0 and no length it is on always.
    """

    name: str
    summary: str
    effects: Effects
    start_s: float = 0.0
    length_s: float | None = None


FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        fault.name: fault
        for fault in (
            Fault(
                "ignore-limits",
                "answers Accepted to every profile and lets the car draw all it can",
                Effects(ignores_limits=True),
            ),
            Fault(
                "charge-through-pause",
                "obeys limits, but keeps drawing 9 A where a limit asks for a pause",
                Effects(pause_floor_a=9.0),
            ),
            Fault(
                "silent-meter",
                "sends no meter values for 15 minutes of a transaction, then again",
                Effects(is_meter_silent=True),
                start_s=120.0,
                length_s=900.0,
            ),
            Fault(
                "over-by-20-percent",
                "draws a fifth more than the limit",
                Effects(limit_factor=1.2),
            ),
            Fault(
                "reject-profiles",
                "answers Rejected to SetChargingProfile",
                Effects(refuses_profiles=True),
            ),
            Fault(
                "level-0-only",
                "reports that it takes levels up to 10, and rejects all above 0",
                Effects(highest_level=0),
            ),
            Fault(
                "amperes-only",
                "reports that it takes both units, and rejects limits in W",
                Effects(refused_units=frozenset({"W"})),
            ),
            Fault(
                "watts-only",
                "reports that it takes both units, and rejects limits in A",
                Effects(refused_units=frozenset({"A"})),
            ),
            Fault(
                "forget-at-reboot",
                "has lost all its profiles after a reboot",
                Effects(forgets_at_reboot=True),
            ),
            Fault(
                "keep-pause",
                "keeps a TxProfile that pauses when its transaction ends, for the next one",
                Effects(keeps_pause=True),
            ),
            Fault(
                "nonsense-composite",
                "answers GetCompositeSchedule with negative limits, out of order",
                Effects(tells_nonsense=True),
            ),
            Fault(
                "external-limit",
                "is held to 8 A by an energy manager for 15 minutes of a transaction; 2.0.1 tells",
                Effects(external_limit_a=8.0),
                start_s=300.0,
                length_s=900.0,
            ),
            Fault(
                "random-delay",
                "applies every new limit up to ten minutes late, each time another delay",
                Effects(random_delay_s=600.0),
            ),
            Fault(
                "late-10-min",
                "applies every new limit ten minutes late",
                Effects(limit_delay_s=600.0),
            ),
            Fault(
                "drop-connection",
                "loses its connection for two minutes of a transaction and queues its messages",
                Effects(is_offline=True),
                start_s=60.0,
                length_s=120.0,
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """A fault with its window, in seconds from the start of each transaction."""

    fault: Fault
    start_s: float = 0.0
    length_s: float | None = None

    @property
    def is_permanent(self) -> bool:
        """Whether it is on also where no transaction runs."""
        return self.start_s == 0 and self.length_s is None

    @property
    def end_s(self) -> float:
        """When the window closes; infinity when it does not."""
        return math.inf if self.length_s is None else self.start_s + self.length_s

    def is_on(self, elapsed_s: float | None) -> bool:
        """Whether it is on `elapsed_s` after the start of a transaction, None without one."""
        if elapsed_s is None:
            return self.is_permanent
        return self.start_s <= elapsed_s < self.end_s


@dataclass(frozen=True, slots=True)
class FaultBoard:
    """The faults of one station."""

    plans: tuple[FaultPlan, ...] = field(default=())

    def active(self, elapsed_s: float | None) -> frozenset[str]:
        """Return the names of the faults that are on."""
        return frozenset(plan.fault.name for plan in self.plans if plan.is_on(elapsed_s))

    def effects(self, elapsed_s: float | None) -> Effects:
        """Return all faults that are on, as one."""
        together = HONEST
        for plan in self.plans:
            if plan.is_on(elapsed_s):
                together = together.with_(plan.fault.effects)
        return together

    def next_change(self, elapsed_s: float) -> float:
        """Return when, after the transaction's start, a fault goes on or off next."""
        edges = [edge for plan in self.plans for edge in (plan.start_s, plan.end_s)]
        return min((edge for edge in edges if edge > elapsed_s), default=math.inf)


def plan(name: str, start_s: float | None = None, length_s: float | None = None) -> FaultPlan:
    """Return a plan; without a start, the fault's own window holds.

    Raises: SimulatorError for an unknown name.
    """
    if name not in FAULTS:
        raise SimulatorError(f"there is no fault {name!r}; known are {', '.join(FAULTS)}")
    fault = FAULTS[name]
    if start_s is None and length_s is None:
        return FaultPlan(fault, fault.start_s, fault.length_s)
    return FaultPlan(fault, start_s or 0.0, length_s)


@dataclass(frozen=True, slots=True)
class FaultOption:
    """A fault for a share of the fleet, as the command line gives it."""

    plan: FaultPlan
    share: float


def parse_option(text: str) -> FaultOption:
    """Read `NAME[:SHARE][@START[+LENGTH]]`, as in `ignore-limits:0.25@15+60`.

    Raises: SimulatorError with what was expected.
    """
    head, at, window = text.partition("@")
    name, colon, share_text = head.partition(":")
    start_text, plus, length_text = window.partition("+")
    share = _number(text, share_text) if colon else 1.0
    if not 0 < share <= 1:
        raise SimulatorError(f"--fault {text}: the share is more than 0 and at most 1")
    start_s = _number(text, start_text) if at else None
    length_s = _number(text, length_text) if plus else None
    return FaultOption(plan(name, start_s, length_s), share)


def deal(options: Iterable[FaultOption], count: int) -> list[tuple[FaultPlan, ...]]:
    """Return the plans of each of `count` stations; faults fall on different ones while they can.

    A share of a fleet is at least one station.
    """
    dealt: list[tuple[FaultPlan, ...]] = [() for _ in range(count)]
    position = 0
    for option in options:
        for _ in range(max(1, round(option.share * count)) if count else 0):
            dealt[position % count] = (*dealt[position % count], option.plan)
            position += 1
    return dealt


def _number(text: str, part: str) -> float:
    try:
        number = float(part)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        raise SimulatorError(
            f"--fault {text}: {part!r} is no number; write NAME[:SHARE][@START[+LENGTH]], "
            "as in ignore-limits:0.25@15+60"
        )
    return number
