"""Faults as the command line and scenario files give them, and who gets them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from simulator.errors import SimulatorError
from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import FaultPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORM: Final = "NAME[:SHARE][@START[+LENGTH]][%CHANCE][~EVERY]"
_EXAMPLE: Final = "ignore-limits:0.25@15+60"
_OPTION: Final = re.compile(
    r"(?P<name>[^:@%~]*)(?::(?P<share>[^@%~]*))?(?:@(?P<start>[^+%~]*)(?:\+(?P<length>[^%~]*))?)?"
    r"(?:%(?P<chance>[^~]*))?(?:~(?P<every>.*))?"
)


def plan(
    name: str,
    start_s: float | None = None,
    length_s: float | None = None,
    *,
    chance: float = 1.0,
    every_s: float | None = None,
) -> FaultPlan:
    """Return a plan; without a start and a length, the fault's own window holds.

    `chance` is the share of the transactions (of the stations, where the fault's windows count
    from the start of the simulation) in which it happens. `every_s` is the mean time between
    windows, which then need a length.

    Raises: SimulatorError for an unknown name, or a repetition of what never ends.
    """
    if name not in FAULTS:
        raise SimulatorError(unknown(name))
    fault = FAULTS[name]
    if start_s is None and length_s is None:
        start_s, length_s = fault.start_s, fault.length_s
    repeats_s = fault.every_s if every_s is None else every_s
    if repeats_s is not None and length_s is None:
        length_s = fault.length_s
    if repeats_s is not None and length_s is None:
        raise SimulatorError(
            f"{name}: what comes again must end: give a length, as in {name}@0+60~3600"
        )
    return FaultPlan(fault, start_s or 0.0, length_s, chance, repeats_s)


def unknown(name: str) -> str:
    """Return the sentence about a fault that there is not, with those that are like it."""
    near = get_close_matches(name, FAULTS, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`simulator faults` lists them"
    return f"there is no fault {name!r}; {hint}"


@dataclass(frozen=True, slots=True)
class FaultOption:
    """A fault for a share of the fleet, as the command line gives it."""

    plan: FaultPlan
    share: float


def parse_option(text: str) -> FaultOption:
    """Read `NAME[:SHARE][@START[+LENGTH]][%CHANCE][~EVERY]`, as in `ignore-limits:0.25@15+60`.

    Raises: SimulatorError with what was expected.
    """
    found = _OPTION.fullmatch(text)
    parts = found.groupdict() if found else {"name": text}
    share = _share(text, "share", parts.get("share"))
    chance = _share(text, "chance", parts.get("chance"))
    start_s = _number(text, parts.get("start"))
    length_s = _number(text, parts.get("length"))
    every_s = _number(text, parts.get("every"))
    if length_s == 0 or every_s == 0:
        raise SimulatorError(f"--fault {text}: a length and a time between windows are above 0")
    made = plan(str(parts["name"]), start_s, length_s, chance=chance, every_s=every_s)
    return FaultOption(made, share)


def deal(options: Iterable[FaultOption], versions: Sequence[str]) -> list[tuple[FaultPlan, ...]]:
    """Return the plans of each station of a fleet, of which `versions` are what they speak.

    A share is of the stations in whose version the fault can happen, and at least one of them.
    Faults fall on different stations while they can.

    Raises: SimulatorError for a fault that can happen at none of them.
    """
    dealt: list[tuple[FaultPlan, ...]] = [() for _ in versions]
    for option in options:
        fault = option.plan.fault
        able = [index for index, version in enumerate(versions) if version in fault.versions]
        if not able and versions:
            spoken = " and ".join(sorted(fault.versions))
            raise SimulatorError(
                f"--fault {fault.name}: it is of {spoken}, which no station speaks"
            )
        wanted = max(1, round(option.share * len(able)))
        for index in sorted(able, key=lambda each: len(dealt[each]))[:wanted]:
            dealt[index] = (*dealt[index], option.plan)
    return dealt


def _share(text: str, what: str, part: str | None) -> float:
    number = _number(text, part)
    if number is None:
        return 1.0
    if not 0 < number <= 1:
        raise SimulatorError(f"--fault {text}: the {what} is more than 0 and at most 1")
    return number


def _number(text: str, part: str | None) -> float | None:
    if part is None:
        return None
    try:
        number = float(part)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        raise SimulatorError(
            f"--fault {text}: {part!r} is no number; write {FORM}, as in {_EXAMPLE}"
        )
    return number
