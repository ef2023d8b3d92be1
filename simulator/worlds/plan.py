"""Which car comes to which EVSE when: a whole site, planned ahead from the seed.

A plan reckons with how long cars will probably stay, so that it does not depend on what a
central system makes of them: with the same scenario and seed the same cars stand at the same
EVSEs. Where one is really there for longer, the next waits and gives up at last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Final

from simulator.station.transaction import Token
from simulator.vehicles.vehicle import CurrentType
from simulator.vehicles.visit import Battery, Visit
from simulator.worlds.spec import draw, draw_or, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simulator.power.evse import EvseModel
    from simulator.vehicles.vehicle import VehicleModel
    from simulator.worlds.arrivals import Arrival
    from simulator.worlds.populations import Habit, PopulationSpec
    from simulator.worlds.scenario import Scenario
    from simulator.worlds.sessions import Session

_CHANGE_OVER_S: Final = 60.0
_LONGER: Final = 1.15
_SETTLING_S: Final = 300.0
_SHORTEST_STAY_S: Final = 60.0
_ROOM: Final = 0.02
_NOMINAL_V: Final = 230.0
_EARLY: Final = (0.2, 0.8)


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A car for which there was no place, at the simulated second at which it gave up."""

    at_s: float
    token: str
    vehicle: str
    waited_s: float


@dataclass(slots=True)
class Slot:
    """An EVSE in a plan: free from `free_s` on, with the visits that it gets."""

    model: EvseModel
    free_s: float = -math.inf
    visits: list[Visit] = field(default_factory=list)


@dataclass(slots=True)
class SitePlan:
    """The EVSEs of a site in the order of its stations, and who found no place there."""

    slots: list[Slot]
    turned_away: list[TurnedAway] = field(default_factory=list)


@dataclass(slots=True)
class _Car:
    """One of a pool: what it is, what is left in it, and until when it is at the site."""

    vehicle: VehicleModel
    habit: Habit
    battery: Battery
    soc: float | None = None
    until_s: float = -math.inf


@dataclass(frozen=True, slots=True)
class _Guest:
    """An arrival with all that was drawn for it. `home` is the EVSE that it has of its own."""

    visit: Visit
    ends_s: float
    home: int | None = None


class Cars:
    """The cars of a population, drawn from its shares; those of a pool once and for all."""

    def __init__(self, scenario: Scenario, spec: PopulationSpec, random: Random, lap: int) -> None:
        self.spec = spec
        self.random = random
        self._scenario = scenario
        self._lap = lap
        self._came = 0
        self._pool = [self._drawn() for _ in range(spec.cars or 0)]

    def come(self) -> Iterator[_Guest]:
        """Yield the guests, sorted by arrival. Raises: ScenarioError for sessions not to be had."""
        calendar = self._scenario.calendar
        arrivals = self.spec.arrivals.draw(calendar, len(self._pool), self.random)
        for arrival in sorted(arrivals, key=lambda each: each.at_s):
            if not calendar.is_within(arrival.at_s):
                continue
            number, car = self._who(arrival)
            if car is not None and arrival.at_s >= car.until_s:
                yield self._guest(arrival, number, car)

    def _who(self, arrival: Arrival) -> tuple[int, _Car | None]:
        """Return who comes: of a pool one that is away, None where all are there."""
        if not self._pool:
            self._came += 1
            return self._came, self._drawn()
        if arrival.car is not None:
            return arrival.car, self._pool[arrival.car - 1]
        away = [
            number
            for number, car in enumerate(self._pool, 1)
            if car.until_s + _CHANGE_OVER_S < arrival.at_s
        ]
        if not away:
            return 0, None
        number = self.random.choice(away)
        return number, self._pool[number - 1]

    def _drawn(self) -> _Car:
        names = list(self.spec.vehicles)
        name = self.random.choices(names, list(self.spec.vehicles.values()))[0]
        habits = list(self.spec.habits)
        habit = self.random.choices(habits, list(self.spec.habits.values()))[0]
        return _Car(self._scenario.vehicle(name), habit, Battery())

    def _guest(self, arrival: Arrival, number: int, car: _Car) -> _Guest:
        spec, random = self.spec, self.random
        vehicle = car.vehicle if arrival.session is None else _as_real(car.vehicle, arrival.session)
        driven_wh = draw(spec.drives_km, random) * spec.kwh_per_100km * 10
        first_soc = min(1.0, draw(spec.soc_percent, random) / 100)
        until_s = self._until(arrival, car)
        wants_wh = draw_or(spec.wants_kwh, random) * 1000
        is_pool = bool(self._pool)
        visit = Visit(
            vehicle=vehicle,
            soc=first_soc,
            token=Token(self._token(number), spec.identifier_kind),
            at_s=arrival.at_s,
            wants_wh=wants_wh,
            target_soc=min(1.0, draw(spec.target_percent, random) / 100),
            leaves_after_s=self._lingers(car.habit),
            is_scheduled=True,
            until_s=until_s,
            waits_s=draw(spec.waits_min, random) * 60,
            battery=car.battery if is_pool else None,
            driven_wh=driven_wh if is_pool else 0.0,
        )
        if arrival.session is not None:
            visit = _as_it_was(visit, arrival.session)
        ends_s = self._note(visit, car)
        return _Guest(visit, ends_s, (number - 1) if spec.own_evse else None)

    def _until(self, arrival: Arrival, car: _Car) -> float:
        """Return when it leaves at the latest, earlier for a driver who unplugs early."""
        until_s = arrival.until_s if arrival.until_s is not None else math.inf
        stays_s = draw_or(self.spec.stays_min, self.random) * 60
        ends_s = min(until_s, arrival.at_s + max(_SHORTEST_STAY_S, stays_s))
        if car.habit == "unplugs-early" and ends_s < math.inf:
            ends_s = arrival.at_s + (ends_s - arrival.at_s) * self.random.uniform(*_EARLY)
        return ends_s

    def _lingers(self, habit: Habit) -> float:
        after_s = draw(self.spec.leaves_after_min, self.random) * 60
        return after_s if habit == "leaves-when-done" else math.inf

    def _token(self, number: int) -> str:
        return numbered(self.spec.token, number + self._lap * (self.spec.cars or 0))

    def _note(self, visit: Visit, car: _Car) -> float:
        """Return when it has probably left, and remember its charge level until then."""
        soc = visit.soc
        if car.soc is not None and visit.battery is not None:
            soc = max(0.03, car.soc - visit.driven_wh / (visit.vehicle.battery_kwh * 1000))
        capacity_wh = visit.vehicle.battery_kwh * 1000
        wish_wh = min(visit.wish_wh(soc), (1 - soc) * capacity_wh / visit.vehicle.efficiency)
        ends_s = min(visit.until_s, visit.at_s + _takes_s(visit, wish_wh))
        if visit.battery is not None:
            car.soc = min(1.0, soc + wish_wh * visit.vehicle.efficiency / capacity_wh)
        car.until_s = ends_s
        return ends_s


def planned(
    scenario: Scenario, site: str, models: Sequence[EvseModel], seed: int, lap: int = 0
) -> SitePlan:
    """Return who comes to the EVSEs of a site. Equal seeds give equal plans.

    A fleet that is larger than its scenario plays it more than once; `lap` counts from 0.

    Raises: ScenarioError for a file of sessions that cannot be used.
    """
    plan = SitePlan([Slot(model) for model in models])
    guests = [
        (guest.visit.at_s, order, index, guest)
        for order, population in enumerate(scenario.populations)
        if population.site == site
        for index, guest in enumerate(
            Cars(scenario, population, _random(seed, lap, population.name), lap).come()
        )
    ]
    choice = _random(seed, lap, f"{site}/places")
    for _, _, _, guest in sorted(guests, key=lambda each: each[:3]):
        _seat(plan, guest, choice)
    return plan


def _seat(plan: SitePlan, guest: _Guest, random: Random) -> None:
    """Give a guest an EVSE that is free, or will be before it loses patience."""
    visit = guest.visit
    fitting = [slot for slot in plan.slots if slot.model.current is visit.vehicle.current]
    if guest.home is not None and fitting:
        fitting = [fitting[guest.home % len(fitting)]]
    free = [slot for slot in fitting if slot.free_s <= visit.at_s]
    if free:
        slot, begins_s = random.choice(free), visit.at_s
    else:
        slot = min(fitting, key=lambda each: each.free_s)
        begins_s = slot.free_s
    if begins_s > visit.at_s + visit.waits_s or begins_s >= visit.until_s:
        waited_s = min(visit.waits_s, visit.until_s - visit.at_s)
        plan.turned_away.append(
            TurnedAway(visit.at_s + waited_s, visit.token.text, visit.vehicle.name, waited_s)
        )
        return
    shift_s = begins_s - visit.at_s
    slot.visits.append(visit)
    slot.free_s = min(guest.ends_s + shift_s, visit.until_s) + _CHANGE_OVER_S


def _takes_s(visit: Visit, wish_wh: float) -> float:
    """Return how long it probably stands at an EVSE: to the end, unless it goes when done."""
    if visit.leaves_after_s == math.inf:
        return math.inf
    vehicle = visit.vehicle
    watts = vehicle.max_draw
    if vehicle.current is CurrentType.AC:
        watts *= _NOMINAL_V * vehicle.phases
    return _SETTLING_S + wish_wh / watts * 3600 * _LONGER + visit.leaves_after_s


def _as_real(vehicle: VehicleModel, session: Session) -> VehicleModel:
    """Return a car with the battery and the power that a real one had, as far as known."""
    if session.battery_kwh:
        vehicle = replace(vehicle, battery_kwh=session.battery_kwh)
    if session.max_kw and vehicle.current is CurrentType.DC:
        vehicle = replace(vehicle, max_draw=session.max_kw * 1000)
    return vehicle


def _as_it_was(visit: Visit, session: Session) -> Visit:
    """Return a visit with the energy of a real session, and a battery that has room for it."""
    vehicle = visit.vehicle
    needed = session.energy_kwh * vehicle.efficiency / vehicle.battery_kwh
    soc = visit.soc if session.soc_percent is None else session.soc_percent / 100
    soc = max(0.0, min(soc, 1.0 - needed - _ROOM))
    return replace(visit, soc=soc, wants_wh=session.energy_kwh * 1000, target_soc=1.0)


def _random(seed: int, lap: int, name: str) -> Random:
    return Random(f"{seed}/{lap}/{name}")  # noqa: S311 - a simulation, no secrets
