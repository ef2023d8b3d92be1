"""Which stations get which of the faults that a scenario spreads over them, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Final

from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import FaultPlan, Span
from simulator.faults.options import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.faults.fault import Fault
    from simulator.worlds.calendar import CalendarSpec
    from simulator.worlds.faulty import FaultSpec, SpreadSpec
    from simulator.worlds.scenario import Scenario

_WINDOW_S: Final = 3600.0
"""How long a fault of a station is on that has no window of its own, where it comes at a time."""


@dataclass(slots=True)
class Bearer:
    """A station that may get faults: where it stands, what it speaks, what it has got.

    `visits` is how many cars are planned to come, 0 where nobody knows.
    """

    site: str
    version: str
    plans: list[FaultPlan]
    visits: int = 0


def of_block(spec: FaultSpec) -> FaultPlan:
    """Return the plan of a fault that all stations of a block have."""
    return plan(spec.name, spec.start_s, spec.length_s, chance=spec.chance, every_s=spec.every_s)


def spread(scenario: Scenario, bearers: Sequence[Bearer], seed: int) -> None:
    """Give the scenario's faults to stations, each to those that have fewest so far."""
    for index, spec in enumerate(scenario.faults):
        for name in spec.chosen():
            random = Random(f"{seed}/faults/{index}/{name}")  # noqa: S311 - no secrets
            fault = FAULTS[name]
            able = [
                each
                for each in bearers
                if each.version in fault.versions and (not spec.sites or each.site in spec.sites)
            ]
            if able:
                _give(spec, fault, scenario.calendar, able, random)


def _give(
    spec: SpreadSpec,
    fault: Fault,
    calendar: CalendarSpec,
    able: Sequence[Bearer],
    random: Random,
) -> None:
    if spec.times is not None and plan(fault.name).span is Span.STATION:
        for _ in range(spec.times):
            start_s = random.uniform(0, calendar.length_s)
            _chosen(able, 1, random)[0].plans.append(_window(spec, fault, start_s))
        return
    chosen = _chosen(able, max(1, round(spec.share * len(able))), random)
    plans = _plans(spec, fault, calendar, sum(bearer.visits for bearer in chosen))
    for bearer in chosen:
        bearer.plans.extend(plans)


def _plans(spec: SpreadSpec, fault: Fault, calendar: CalendarSpec, visits: int) -> list[FaultPlan]:
    """Return the plans of each station that has a fault; together they expect `visits` cars."""
    chance = min(1.0, spec.times / visits) if spec.times and visits else spec.chance
    if spec.at is None:
        made = plan(
            fault.name,
            spec.start_s,
            spec.length_s,
            chance=chance,
            every_s=spec.every_s,
        )
        return [made]
    starts = [each for each in calendar.moments(spec.at, spec.days) if calendar.is_within(each)]
    return [_window(spec, fault, start_s) for start_s in starts]


def _window(spec: SpreadSpec, fault: Fault, start_s: float) -> FaultPlan:
    """Return a window at a simulated second, also for a fault that belongs to transactions."""
    length_s = spec.length_s or fault.length_s or _WINDOW_S
    return FaultPlan(replace(fault, span=Span.STATION), start_s, length_s)


def _chosen(able: Sequence[Bearer], count: int, random: Random) -> list[Bearer]:
    """Return the stations that have fewest plans, by lot among equals."""
    lots = [(len(each.plans), random.random(), index) for index, each in enumerate(able)]
    return [able[index] for _, _, index in sorted(lots)[:count]]
