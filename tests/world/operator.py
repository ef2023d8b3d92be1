"""What an operator of a world has set up before its first day: profiles, and who gets which.

Limits change often, so that whoever does not follow one is seen; all is drawn by the seed.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from simulator.power.evse import AC_NOMINAL_V
from simulator.vehicles.vehicle import CurrentType
from simulator.worlds.build import FleetOptions, build

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from simulator.station.core import Station
    from simulator.worlds.scenario import Scenario

_LADDERS: Final = 3
_STEPS: Final = 14
_AMPERES: Final = (6.0, 8.0, 10.0, 13.0, 16.0, 20.0, 25.0, 32.0)
_KILOWATTS_AC: Final = (2.3, 3.6, 4.2, 6.9, 11.0, 16.5, 22.0)
_KILOWATTS_DC: Final = (20.0, 30.0, 50.0, 80.0, 120.0)
_PAUSES: Final = 0.15
_UNLIMITED: Final = 0.125
_LEAST_A: Final = 6.0


@dataclass(frozen=True, slots=True)
class Rating:
    """What EVSEs of a kind can give; limits above it would limit nothing."""

    current: CurrentType
    phases: int
    most: float

    @property
    def most_w(self) -> float:
        is_ac = self.current is CurrentType.AC
        return self.most * AC_NOMINAL_V * self.phases if is_ac else self.most


def set_up(folder: Path, scenario: Scenario, options: FleetOptions) -> list[str]:
    """Write the files of the operator and return the flags of `csms serve` that name them."""
    random = Random(f"{options.seed}/operator")  # noqa: S311 - no secrets
    profiles = folder / "profiles"
    profiles.mkdir(parents=True)
    ratings = {member.station.id: _rating(member.station) for member in build(scenario, options)}
    names: dict[Rating, list[str]] = {}
    for number, rating in enumerate(dict.fromkeys(ratings.values()), 1):
        names[rating] = []
        for name, text in _profiles(number, rating, random):
            (profiles / f"{name}.toml").write_text(text, encoding="utf-8")
            names[rating].append(name)
        if rating.current is CurrentType.AC:
            names[rating].append("night-window")
    rules = folder / "assignments.toml"
    rules.write_text("\n".join(_rules(ratings, names, random)), encoding="utf-8")
    return ["--profiles-dir", str(profiles), "--assignments-file", str(rules)]


def limited_in_watts(folder: Path) -> frozenset[str]:
    """Return the AC stations whose profile is in watts."""
    rules = tomllib.loads((folder / "assignments.toml").read_text(encoding="utf-8"))
    return frozenset(
        each["station"] for each in rules.get("rule", ()) if each["profile"].startswith("power-")
    )


def _rating(station: Station) -> Rating:
    model = next(iter(station.bays.values())).supply.model
    return Rating(model.current, model.phases, model.max_offer)


def _profiles(kind: int, rating: Rating, random: Random) -> Iterator[tuple[str, str]]:
    for number in range(1, _LADDERS + 1):
        if rating.current is CurrentType.DC:
            watts = _up_to(rating.most_w, _KILOWATTS_DC)
            yield f"dc-{kind}-{number}", _ladder("DC", "W", watts, random, shortest_min=6)
            continue
        wiring = "AC3" if rating.phases == 3 else "AC1"
        amperes = [each for each in _AMPERES if each <= rating.most]
        yield f"steps-{kind}-{number}", _ladder(wiring, "A", amperes, random)
        least_w = _LEAST_A * AC_NOMINAL_V * rating.phases
        watts = [each for each in _up_to(rating.most_w, _KILOWATTS_AC) if each >= least_w]
        yield f"power-{kind}-{number}", _ladder(wiring, "W", watts, random)


def _up_to(most_w: float, kilowatts: Sequence[float]) -> list[float]:
    return [1000 * each for each in kilowatts if 1000 * each <= most_w]


def _ladder(
    current: str, unit: str, amounts: Sequence[float], random: Random, shortest_min: int = 15
) -> str:
    """Return a relative profile whose limit goes up and down, with a pause now and then."""
    lines = [
        'description = "Made up for a simulated world"',
        f'current_type = "{current}"',
        f'charging_rate_unit = "{unit}"',
        'kind = "Relative"',
    ]
    at_s, last = 0, -1.0
    for _ in range(_STEPS):
        may_pause = at_s > 0 and last != 0
        is_pause = may_pause and random.random() < _PAUSES
        others = [each for each in amounts if each != last] or list(amounts)
        limit = 0.0 if is_pause else random.choice(others)
        lines += ["", "[[periods]]", f"start_period = {at_s}", f"limit = {limit:g}"]
        last = limit
        at_s += 60 * random.randint(shortest_min, 4 * shortest_min)
    return "\n".join(lines) + "\n"


def _rules(
    ratings: Mapping[str, Rating], names: Mapping[Rating, list[str]], random: Random
) -> Iterator[str]:
    """Yield a rule for each station; one in eight has no limit at all."""
    for station_id, rating in ratings.items():
        name = random.choice(names[rating])
        if random.random() >= _UNLIMITED:
            yield f'[[rule]]\nstation = "{station_id}"\nprofile = "{name}"\n'
