"""What the world does to one station: power and network gone, limits, new firmware, words."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING, Final

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, FaultPlan, Group, Span
from simulator.station.agenda import Planned
from simulator.vehicles.vehicle import CurrentType
from simulator.worlds.happenings import Dimming, FirmwareWave, GridOutage, LinkOutage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from simulator.power.evse import EvseModel
    from simulator.station.agenda import Act
    from simulator.station.core import Station
    from simulator.worlds.happenings import HappeningSpec
    from simulator.worlds.plan import SitePlan
    from simulator.worlds.scenario import Scenario

_NOMINAL_V: Final = 230.0
_DC_NOMINAL_V: Final = 400.0


class Fates:
    """What is in store for each station, by its index in the fleet: acts, and windows."""

    def __init__(self) -> None:
        self.acts: defaultdict[int, list[Planned]] = defaultdict(list)
        self.windows: defaultdict[int, list[FaultPlan]] = defaultdict(list)

    def tell(self, index: int, at_s: float, name: str, **fields: object) -> None:
        """Let a station tell something that is true of the world."""

        def act(station: Station, now: float) -> None:
            station.report(now, name, **fields)

        self.acts[index].append(Planned(at_s, act))

    def turned_away(self, index: int, site: str, plan: SitePlan) -> None:
        """Let a station tell of the cars that found no place at its site."""
        for each in plan.turned_away:
            self.tell(
                index,
                each.at_s,
                "truth.turned_away",
                site=site,
                token=each.token,
                vehicle=each.vehicle,
                reason="busy",
                waited_s=round(each.waited_s),
            )


class Place:
    """A station as far as the world cares: its index, where it stands, what it is."""

    def __init__(self, index: int, site: str, model_name: str, evse: EvseModel) -> None:
        self.index = index
        self.site = site
        self.model_name = model_name
        self.evse = evse


def happen(scenario: Scenario, places: Sequence[Place], fates: Fates, seed: int) -> None:
    """Put the scenario's events into the fates of the stations that they concern."""
    calendar = scenario.calendar
    for index, event in enumerate(scenario.events):
        random = Random(f"{seed}/events/{index}")  # noqa: S311 - a simulation, no secrets
        concerned = [each for each in places if not event.sites or each.site in event.sites]
        for at_s in calendar.moments(event.at, event.days):
            if calendar.is_within(at_s):
                _happen(event, at_s, concerned, fates, random)
                _tell(event, at_s, concerned, fates)


def _happen(
    event: HappeningSpec, at_s: float, places: Sequence[Place], fates: Fates, random: Random
) -> None:
    match event:
        case Dimming():
            for place in places:
                limit = Effects(external_limit_a=_amperes(event.limit_kw, place.evse))
                fates.windows[place.index].append(_window(event, "dimming", limit, at_s))
        case LinkOutage():
            gone = Effects(is_offline=True)
            for place in places:
                fates.windows[place.index].append(_window(event, "link-outage", gone, at_s))
        case GridOutage():
            for place in places:
                dark_s = event.lasts_s + random.uniform(0, event.back_within_s)
                fates.acts[place.index].append(Planned(at_s, _power_cut(dark_s)))
        case FirmwareWave():
            fitting = [
                each for each in places if not event.models or each.model_name in event.models
            ]
            for turn, place in enumerate(fitting):
                act = _new_firmware(event.firmware)
                fates.acts[place.index].append(Planned(at_s + turn * event.apart_s, act))


def _tell(event: HappeningSpec, at_s: float, places: Iterable[Place], fates: Fates) -> None:
    """Let the first station of each site tell of the event."""
    firsts: dict[str, int] = {}
    for place in places:
        firsts.setdefault(place.site, place.index)
    for site, index in firsts.items():
        fates.tell(index, at_s, "truth.world", kind=event.kind, site=site, is_on=True)
        if event.lasts_s:
            end_s = at_s + event.lasts_s
            fates.tell(index, end_s, "truth.world", kind=event.kind, site=site, is_on=False)


def _window(event: HappeningSpec, name: str, effects: Effects, at_s: float) -> FaultPlan:
    """Return a window of what is no fault of the station, but done to it."""
    fault = Fault(name, "an event of the world", effects, group=Group.LIMITS, span=Span.STATION)
    return FaultPlan(fault, at_s, event.lasts_s)


def _amperes(limit_kw: float, evse: EvseModel) -> float:
    """Return the limit in A per phase as stations take it."""
    if evse.current is CurrentType.DC:
        return limit_kw * 1000 / _DC_NOMINAL_V
    return int(limit_kw * 10_000 / _NOMINAL_V / evse.phases) / 10


def _power_cut(for_s: float) -> Act:
    def act(station: Station, now: float) -> None:
        station.lifecycle.power_cut(now, for_s)

    return act


def _new_firmware(version: str) -> Act:
    def act(station: Station, now: float) -> None:
        station.upkeep.firmware.install(version, now)

    return act
