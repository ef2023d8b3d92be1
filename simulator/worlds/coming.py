"""The cars of a block: they come to each of its EVSEs, one after another."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from simulator.station.transaction import Token
from simulator.vehicles.visit import Visit
from simulator.worlds.spec import draw, draw_or, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from simulator.worlds.cars import CarSpec
    from simulator.worlds.scenario import Scenario
    from simulator.worlds.stations import StationSpec

_NEXT_CAR_S = 5.0


def visits(scenario: Scenario, block: StationSpec, random: Random, number: int) -> Iterator[Visit]:
    """Yield the cars of one EVSE, round and round where the block says so.

    `number` is that of the station in the fleet, from 1.
    """
    for lap in count():
        for car in block.cars:
            gap_s = draw_or(block.repeat_after_s, random, _NEXT_CAR_S)
            yield _visit(scenario, car, random, number, gap_s if lap else None)
        if block.repeat_after_s is None or not block.cars:
            return


def _visit(
    scenario: Scenario, car: CarSpec, random: Random, number: int, gap_s: float | None
) -> Visit:
    arrives_s = draw(car.arrives_s, random)
    return Visit(
        vehicle=scenario.vehicle(car.vehicle),
        soc=min(1.0, draw(car.soc_percent, random) / 100),
        token=Token(numbered(car.token, number), car.identifier_kind),
        at_s=arrives_s if gap_s is None else 0.0,
        gap_s=0.0 if gap_s is None else gap_s,
        wants_wh=draw_or(car.wants_kwh, random) * 1000,
        stays_s=draw_or(car.stays_s, random),
        leaves_after_s=draw_or(car.leaves_after_s, random),
    )
