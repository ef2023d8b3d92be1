"""Faults as the command line and scenario files give them, and who gets them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.errors import SimulatorError
from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import FaultPlan

if TYPE_CHECKING:
    from collections.abc import Iterable


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
