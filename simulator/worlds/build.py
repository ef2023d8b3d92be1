"""From a scenario and a seed to stations: the same two give the same fleet, to the last bit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Final

from csms.ocppj.version import Version
from simulator.faults.options import FaultOption, deal
from simulator.station.core import Station
from simulator.station.dialect import Identity
from simulator.station.retries import retry_dialect
from simulator.station.setup import Outlet, StationSetup
from simulator.v16.dialect import V16
from simulator.v201.dialect import V201
from simulator.worlds.acts import Fates, Place, happen
from simulator.worlds.coming import visits
from simulator.worlds.lineup import Choices, Position, line_up
from simulator.worlds.plan import SitePlan, Slot, planned
from simulator.worlds.spread import Bearer, of_block, spread

if TYPE_CHECKING:
    from simulator.faults.fault import FaultPlan
    from simulator.station.dialect import Dialect
    from simulator.worlds.scenario import Scenario

_ANSWER_WITHIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """What the command line adds to a scenario; None keeps what the scenario says.

    `speed` None is virtual time. `switched_on` is what the stations' clocks show until a central
    system sets them; `tells_messages` reports each step of each transaction message,
    `tells_truth` what really happened.
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


def build(scenario: Scenario, options: FleetOptions, share: slice = slice(None)) -> list[Member]:
    """Return the stations, in the scenario's order; `share` are those of them that are wanted.

    Raises: ScenarioError for a file of sessions that cannot be used.
    """
    choices = Choices(options.count, options.version, options.retries, options.prefix)
    positions = line_up(scenario, choices, options.seed)
    return _Builder(scenario, options, positions).members(share)


class _Builder:
    """Makes the stations of one fleet."""

    def __init__(
        self, scenario: Scenario, options: FleetOptions, positions: list[Position]
    ) -> None:
        self._scenario = scenario
        self._options = options
        self._positions = positions
        self._fates = Fates()
        self._sites: dict[tuple[int, str], SitePlan] = {}

    def members(self, share: slice) -> list[Member]:
        """Return the stations with all that the world has in store for them."""
        seed = self._options.seed
        self._plan_sites()
        places = [
            Place(each.index, each.block.site, each.block.model_name, each.evse)
            for each in self._positions
        ]
        happen(self._scenario, places, self._fates, seed)
        bearers = [self._bearer(each) for each in self._positions]
        spread(self._scenario, bearers, seed)
        wanted = self._positions[: self._options.count]
        dealt = deal(self._options.faults, [each.version.value for each in wanted])
        chosen = list(zip(wanted, bearers, dealt, strict=False))[share]
        return [self._member(position, (*bearer.plans, *more)) for position, bearer, more in chosen]

    def _bearer(self, position: Position) -> Bearer:
        block, slots = position.block, self._slots(position)
        return Bearer(
            site=block.site,
            version=position.version.value,
            plans=[of_block(fault) for fault in block.faults],
            visits=sum(len(slot.visits) for slot in slots or ()),
        )

    def _slots(self, position: Position) -> list[Slot] | None:
        """Return the EVSEs of a station as planned, None where no population comes."""
        plan = self._sites.get((position.lap, position.block.site))
        first, count = position.first, position.block.evses
        return None if plan is None else plan.slots[first : first + count]

    def _plan_sites(self) -> None:
        """Plan each site once for each time that the scenario is played side by side."""
        scenario = self._scenario
        visited = {population.site for population in scenario.populations}
        for position in self._positions:
            site, key = position.block.site, (position.lap, position.block.site)
            if site not in visited or key in self._sites:
                continue
            models = [
                block.evse()
                for block in scenario.stations
                if block.site == site
                for _ in range(block.count * block.evses)
            ]
            plan = planned(scenario, site, models, self._options.seed, position.lap)
            self._sites[key] = plan
            self._fates.turned_away(position.index, site, plan)

    def _member(self, position: Position, faults: tuple[FaultPlan, ...]) -> Member:
        options, block, index = self._options, position.block, position.index
        speed = options.speed or 1.0
        seed = f"{options.seed}/{position.id}"
        random = Random(seed)  # noqa: S311 - a simulation, no secrets
        setup = StationSetup(
            id=position.id,
            dialect=self._dialect(position),
            outlets=self._outlets(position, random),
            random=random,
            faults=(*faults, *self._fates.windows[index]),
            luck=Random(f"{seed}/faults"),  # noqa: S311 - no secrets
            call_timeout_s=_ANSWER_WITHIN_S * speed,
            follows_time=options.speed == 1.0,
            strict=options.strict,
            switched_on=options.switched_on,
            retries=retry_dialect(position.retries, index).on_clock(speed),
            tells_messages=options.tells_messages,
            tells_truth=options.tells_truth,
            agenda=tuple(self._fates.acts[index]),
        )
        password = options.password if options.password is not None else position.password
        return Member(Station(setup), block.site, password)

    def _outlets(self, position: Position, random: Random) -> tuple[Outlet, ...]:
        block, slots = position.block, self._slots(position)
        number = position.index + 1
        if slots is None:
            return tuple(
                Outlet(position.evse, visits(self._scenario, block, random, number))
                for _ in range(block.evses)
            )
        return tuple(Outlet(position.evse, iter(slot.visits)) for slot in slots)

    def _dialect(self, position: Position) -> Dialect:
        block, interval_s = position.block, position.block.meter_interval_s
        if interval_s is None:
            interval_s = self._scenario.meter_interval_s
        serial = position.id[-25:]
        identity = Identity(block.vendor, block.model_name, serial, block.firmware)
        if position.version is Version.V16:
            unknown = retry_dialect(position.retries, position.index).unknown_transaction
            return V16(identity, position.evse, interval_s, unknown, block.evses)
        return V201(
            identity,
            position.evse,
            interval_s,
            evses=block.evses,
            connectors=block.connectors,
        )
