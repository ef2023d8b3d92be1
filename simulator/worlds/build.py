"""From a scenario and a seed to stations: the same two give the same fleet, to the last bit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, cycle, islice
from random import Random
from typing import TYPE_CHECKING, Final

from csms.ocppj.version import Version
from simulator.faults.options import FaultOption, deal, plan
from simulator.station.core import Station
from simulator.station.dialect import Identity
from simulator.station.retries import retry_dialect
from simulator.station.setup import Outlet, StationSetup
from simulator.station.transaction import Token
from simulator.v16.dialect import V16
from simulator.v201.dialect import V201
from simulator.vehicles.visit import Visit
from simulator.worlds.scenario import numbered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.faults.fault import FaultPlan
    from simulator.station.dialect import Dialect
    from simulator.worlds.scenario import CarSpec, Scenario, Span, StationSpec

DEFAULT_PREFIX: Final = "SIM"
_ANSWER_WITHIN_S: Final = 30.0
_MIXED: Final = (Version.V16, Version.V201)


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """What the command line adds to a scenario; None keeps what the scenario says.

    `speed` None is virtual time. `switched_on` is what the stations' clocks show until a central system sets them;
    `tells_messages` reports each step of each transaction message, `tells_truth` what really
    happened.
    """

    seed: int = 1
    count: int | None = None
    version: str | None = None
    retries: str | None = None
    prefix: str | None = None
    password: str | None = None
    speed: float | None = 1.0
    strict: bool = True
    faults: tuple[FaultOption, ...] = ()
    switched_on: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    tells_messages: bool = False
    tells_truth: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One station of a fleet, and how it gets in."""

    station: Station
    site: str
    password: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a station comes from: its block and its number within."""

    block: StationSpec
    number: int


def build(scenario: Scenario, options: FleetOptions) -> list[Member]:
    """Return the stations, in the scenario's order."""
    places = _places(scenario, options.count)
    dealt = deal(options.faults, len(places))
    return [
        _member(scenario, options, place, index, dealt[index]) for index, place in enumerate(places)
    ]


def _places(scenario: Scenario, wanted: int | None) -> list[_Place]:
    """Return what is to be built; more than the scenario has goes round again."""
    own = [
        _Place(block, number) for block in scenario.stations for number in range(1, block.count + 1)
    ]
    return own if wanted is None else list(islice(cycle(own), wanted))


def _member(
    scenario: Scenario,
    options: FleetOptions,
    place: _Place,
    index: int,
    dealt: tuple[FaultPlan, ...],
) -> Member:
    block = place.block
    station_id = _station_id(scenario, options, place, index)
    random = Random(f"{options.seed}/{station_id}")  # noqa: S311 - a simulation, no secrets
    own = tuple(plan(each.name, each.start_s, each.length_s) for each in block.faults)
    retries = retry_dialect(options.retries or block.retries, index).on_clock(options.speed or 1.0)
    setup = StationSetup(
        id=station_id,
        dialect=_dialect(scenario, options, block, index, station_id),
        outlets=tuple(
            Outlet(block.evse, _visits(scenario, block, random, index + 1))
            for _ in range(block.evses)
        ),
        random=random,
        faults=(*own, *dealt),
        luck=Random(f"{options.seed}/{station_id}/faults"),  # noqa: S311 - no secrets
        call_timeout_s=_ANSWER_WITHIN_S * (options.speed or 1.0),
        follows_time=options.speed == 1.0,
        strict=options.strict,
        switched_on=options.switched_on,
        retries=retries,
        tells_messages=options.tells_messages,
        tells_truth=options.tells_truth,
    )
    password = options.password if options.password is not None else block.password
    return Member(Station(setup), block.site, password)


def _station_id(scenario: Scenario, options: FleetOptions, place: _Place, index: int) -> str:
    own = sum(block.count for block in scenario.stations)
    if options.prefix is None and (options.count is None or options.count <= own):
        return place.block.station_id(place.number)
    return f"{options.prefix or DEFAULT_PREFIX}-{index + 1:04}"


def _dialect(
    scenario: Scenario, options: FleetOptions, block: StationSpec, index: int, station_id: str
) -> Dialect:
    choice = options.version or block.version
    version = _MIXED[index % 2] if choice == "mixed" else Version(choice)
    kind = f"{block.current.value}{block.phases}-{block.max_a:g}A"
    if block.current.value == "DC":
        kind = f"DC-{block.max_kw:g}kW"
    identity = Identity("Laddvakt", f"Sim {kind}", station_id[-25:], "sim-1")
    if version is Version.V16:
        unknown = retry_dialect(options.retries or block.retries, index).unknown_transaction
        return V16(identity, block.evse, scenario.meter_interval_s, unknown, block.evses)
    return V201(identity, block.evse, scenario.meter_interval_s)


def _visits(scenario: Scenario, block: StationSpec, random: Random, number: int) -> Iterator[Visit]:
    """Yield the cars of one EVSE, round and round where the block says so."""
    for lap in count():
        for car in block.cars:
            gap_s = 5.0 if block.repeat_after_s is None else _draw(block.repeat_after_s, random)
            yield _visit(scenario, car, random, number, gap_s if lap else None)
        if block.repeat_after_s is None or not block.cars:
            return


def _visit(
    scenario: Scenario, car: CarSpec, random: Random, number: int, gap_s: float | None
) -> Visit:
    arrives_s = _draw(car.arrives_s, random)
    return Visit(
        vehicle=scenario.vehicle(car.vehicle),
        soc=min(1.0, _draw(car.soc_percent, random) / 100),
        token=Token(numbered(car.token, number), car.identifier_kind),
        at_s=arrives_s if gap_s is None else 0.0,
        gap_s=0.0 if gap_s is None else gap_s,
        wants_wh=_draw_or(car.wants_kwh, random) * 1000,
        stays_s=_draw_or(car.stays_s, random),
        leaves_after_s=_draw_or(car.leaves_after_s, random),
    )


def _draw_or(span: Span | None, random: Random) -> float:
    return math.inf if span is None else _draw(span, random)


def _draw(span: Span, random: Random) -> float:
    if isinstance(span, tuple):
        return random.uniform(*span)
    return float(span)
