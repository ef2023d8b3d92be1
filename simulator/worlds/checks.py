"""What each part of a scenario could not know by itself: names, contradictions, overlaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from simulator.naming import unknown
from simulator.worlds.arrivals import Rates, Replay, Timetable
from simulator.worlds.cars import VEHICLES
from simulator.worlds.spec import numbered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.worlds.happenings import HappeningSpec
    from simulator.worlds.mistakes import Mistake, Path
    from simulator.worlds.populations import PopulationSpec
    from simulator.worlds.scenario import Scenario
    from simulator.worlds.stations import StationSpec

_GOES = "leaves-when-done"
_LONGEST_TAG = 20
_Window: TypeAlias = tuple[str, str, float, float, int]
"""Kind, site, begin and end in simulated seconds, index of the event."""


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Yield what does not fit together."""
    yield from _twice(scenario)
    for index, block in enumerate(scenario.stations):
        yield from _cars(scenario, block, ("stations", index))
    for index, population in enumerate(scenario.populations):
        yield from _population(scenario, population, ("populations", index))
    for index, spread in enumerate(scenario.faults):
        yield from _sites(scenario, spread.sites, ("faults", index, "sites"))
        if spread.at is not None and not _is_ever(scenario, spread.at, spread.days):
            yield ("faults", index, "at"), "this is never within the calendar"
    yield from _happenings(scenario)


def _twice(scenario: Scenario) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for index, block in enumerate(scenario.stations):
        for number in range(1, block.count + 1):
            name = block.station_id(number)
            if name in seen:
                first = seen[name]
                where = "twice" if first == index else f"in stations.{first} too"
                yield ("stations", index, "id"), f"the ID {name!r} is there {where}"
                break
            seen[name] = index
    names = [population.name for population in scenario.populations]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield ("populations", index, "name"), f"the name {name!r} is there twice"


def _cars(scenario: Scenario, block: StationSpec, path: Path) -> Iterator[Mistake]:
    for index, car in enumerate(block.cars):
        speaks_16 = block.version == "mixed" or "1.6" in block.version
        if speaks_16 and len(numbered(car.token, block.count)) > _LONGEST_TAG:
            sentence = f"a token of OCPP 1.6 has at most {_LONGEST_TAG} characters"
            yield (*path, "cars", index, "token"), sentence
        where = (*path, "cars", index, "vehicle")
        yield from _vehicle(scenario, car.vehicle, where)
        if scenario.knows(car.vehicle):
            current = scenario.vehicle(car.vehicle).current
            if current is not block.current:
                yield (
                    where,
                    f"the vehicle {car.vehicle!r} does not charge with {block.current.value}",
                )
    visited = [each.name for each in scenario.populations if each.site == block.site]
    if block.cars and visited:
        yield (
            (*path, "cars"),
            f"give them either cars or populations; {visited[0]!r} comes to them already",
        )


def _population(scenario: Scenario, population: PopulationSpec, path: Path) -> Iterator[Mistake]:
    blocks = [block for block in scenario.stations if block.site == population.site]
    if not blocks:
        sites = scenario.sites()
        yield (*path, "site"), unknown("site", population.site, sites)
    for name, share in population.vehicles.items():
        where = (*path, "vehicles", name)
        yield from _vehicle(scenario, name, where)
        if not (blocks and share and scenario.knows(name)):
            continue
        current = scenario.vehicle(name).current
        if all(block.current is not current for block in blocks):
            yield where, f"the vehicle {name!r} cannot charge at {population.site!r}: no {current}"
    yield from _stay(population, (*path, "stays_min"))


def _stay(population: PopulationSpec, path: Path) -> Iterator[Mistake]:
    arrivals = population.arrivals
    if isinstance(arrivals, Replay) and population.stays_min is not None:
        yield path, "real sessions stay as long as they did: leave it out"
    knows_end = not isinstance(arrivals, Rates) and not (
        isinstance(arrivals, Timetable) and any(each.until is None for each in arrivals.entries)
    )
    stay = [name for name, share in population.habits.items() if share and name != _GOES]
    if population.stays_min is None and not knows_end and stay:
        yield path, f"drivers who do as {stay[0]!r} says need it, or they would never leave"


def _vehicle(scenario: Scenario, name: str, path: Path) -> Iterator[Mistake]:
    if not scenario.knows(name):
        known = [*scenario.vehicles, *VEHICLES]
        yield path, unknown("vehicle", name, known, listed_by="simulator cars")


def _sites(scenario: Scenario, sites: tuple[str, ...], path: Path) -> Iterator[Mistake]:
    known = scenario.sites()
    for site in sites:
        if site not in known:
            yield path, unknown("site", site, known)


def _is_ever(scenario: Scenario, at: object, days: tuple[object, ...]) -> bool:
    calendar = scenario.calendar
    return any(map(calendar.is_within, calendar.moments(at, days)))  # type: ignore[arg-type]


def _happenings(scenario: Scenario) -> Iterator[Mistake]:
    calendar = scenario.calendar
    taken: list[_Window] = []
    for index, each in enumerate(scenario.events):
        path: Path = ("events", index)
        yield from _sites(scenario, each.sites, (*path, "sites"))
        begins = [at for at in calendar.moments(each.at, each.days) if calendar.is_within(at)]
        if not begins:
            yield (*path, "at"), "this is never within the calendar"
        windows: list[_Window] = [
            (each.kind, site, at, at + each.lasts_s, index)
            for at in begins
            for site in each.sites or scenario.sites()
        ]
        other = _overlapped(windows, taken)
        if other is not None:
            yield (*path, "at"), f"this {each.kind} overlaps with events.{other} at the same site"
        taken.extend(windows)
        yield from _models(scenario, each, path)


def _overlapped(windows: list[_Window], taken: list[_Window]) -> int | None:
    for position, (kind, site, begin, end, _) in enumerate(windows):
        for other_kind, other_site, other_begin, other_end, index in taken + windows[:position]:
            is_same = kind == other_kind and site == other_site
            if is_same and begin < other_end and other_begin < end:
                return index
    return None


def _models(scenario: Scenario, event: HappeningSpec, path: Path) -> Iterator[Mistake]:
    if event.kind != "firmware-wave":
        return
    known = list(dict.fromkeys(block.model_name for block in scenario.stations))
    for model in event.models:
        if model not in known:
            yield (*path, "models"), unknown("model", model, known)
