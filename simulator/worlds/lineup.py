"""Who stands in a fleet: each station with its block, its version and its habits, by the seed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING, Final

from csms.ocppj.version import Version
from simulator.worlds.stations import dealt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.power.evse import EvseModel
    from simulator.worlds.scenario import Scenario
    from simulator.worlds.stations import StationSpec

DEFAULT_PREFIX: Final = "SIM"
_MIXED: Final = (Version.V16, Version.V201)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line says of all stations; None keeps what the scenario says."""

    count: int | None = None
    version: str | None = None
    retries: str | None = None
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A station of a fleet: `index` counts from 0.

    `lap` is how often the whole scenario stands before it, in a fleet that is larger. `first` is
    the number of its first EVSE among those of its site, from 0. `retries` is a name, `evse`
    what each of its EVSEs is.
    """

    index: int
    lap: int
    block: StationSpec
    id: str
    version: Version
    retries: str
    evse: EvseModel
    password: str | None
    first: int


@dataclass(frozen=True, slots=True)
class _Kin:
    """A station of the scenario: its block, its number within, and what it was dealt."""

    block: StationSpec
    number: int
    version: str
    retries: str
    evse: EvseModel


def line_up(scenario: Scenario, choices: Choices, seed: int) -> list[Position]:
    """Return the stations, in the scenario's order; more than it has go round again.

    Where fewer are wanted, the others stand behind them all the same: faults and events are
    dealt out to the whole scenario, so that a part of it is no more eventful than all of it.
    """
    blocks = list(_of_blocks(scenario, seed))
    own = sum(block.count for block in scenario.stations)
    wanted = own if choices.count is None else choices.count
    renamed = choices.prefix is not None or wanted > own
    positions: list[Position] = []
    firsts: dict[tuple[int, str], int] = {}
    for index, kin in zip(range(max(wanted, own)), cycle(blocks), strict=False):
        block = kin.block
        key = (index // own, block.site)
        first = firsts.get(key, 0)
        firsts[key] = first + block.evses
        name = f"{choices.prefix or DEFAULT_PREFIX}-{index + 1:04}"
        positions.append(
            Position(
                index=index,
                lap=index // own,
                block=block,
                id=name if renamed else block.station_id(kin.number),
                version=_version(choices.version or kin.version, index),
                retries=choices.retries or kin.retries,
                evse=kin.evse,
                password=block.password_of(kin.number),
                first=first,
            )
        )
    return positions


def _of_blocks(scenario: Scenario, seed: int) -> Iterator[_Kin]:
    """Yield the scenario's own stations, with shares dealt out by the seed."""
    for block in scenario.stations:
        versions = _names(block.version, block, f"{seed}/versions/{block.id}")
        retries = _names(block.retries, block, f"{seed}/retries/{block.id}")
        meters = _names(block.meter, block, f"{seed}/meters/{block.id}")
        known: dict[EvseModel, EvseModel] = {}
        for number in range(1, block.count + 1):
            evse = block.evse(meters[number - 1], number)
            evse = known.setdefault(evse, evse)
            yield _Kin(block, number, versions[number - 1], retries[number - 1], evse)


def _names(given: object, block: StationSpec, seed: str) -> list[str]:
    if isinstance(given, dict):
        return dealt(given, block.count, Random(seed))  # noqa: S311 - no secrets
    return [str(given)] * block.count


def _version(choice: str, index: int) -> Version:
    return _MIXED[index % len(_MIXED)] if choice == "mixed" else Version(choice)
