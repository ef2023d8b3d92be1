"""What an operator of a world has set up before its first day: profiles, and who gets which.

Limits change often, so that whoever does not follow one is seen; all is drawn by the seed.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from simulator.vehicles.vehicle import CurrentType
from simulator.worlds.build import FleetOptions, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulator.worlds.scenario import Scenario

_LADDERS: Final = 4
_STEPS: Final = 14
_AMPERES: Final = (6.0, 8.0, 10.0, 13.0, 16.0, 20.0, 25.0, 32.0)
_KILOWATTS_AC: Final = (4.2, 6.9, 11.0, 16.5, 22.0)
_KILOWATTS_DC: Final = (20.0, 30.0, 50.0, 80.0, 120.0)
_PAUSES: Final = 0.15


def set_up(folder: Path, scenario: Scenario, options: FleetOptions) -> list[str]:
    """Write the files of the operator and return the flags of `csms serve` that name them."""
    random = Random(f"{options.seed}/operator")  # noqa: S311 - no secrets
    profiles = folder / "profiles"
    profiles.mkdir(parents=True)
    names: dict[CurrentType, list[str]] = {CurrentType.AC: [], CurrentType.DC: []}
    for number in range(1, _LADDERS + 1):
        for current, name, text in _profiles(number, random):
            (profiles / f"{name}.toml").write_text(text, encoding="utf-8")
            names[current].append(name)
    names[CurrentType.AC] += ["night-window", "fixed-current-16a"]
    rules = folder / "assignments.toml"
    rules.write_text("\n".join(_rules(scenario, options, names, random)), encoding="utf-8")
    return ["--profiles-dir", str(profiles), "--assignments-file", str(rules)]


def _profiles(number: int, random: Random) -> Iterator[tuple[CurrentType, str, str]]:
    yield CurrentType.AC, f"steps-{number}", _ladder("AC3", "A", _AMPERES, random)
    watts = [1000 * each for each in _KILOWATTS_AC]
    yield CurrentType.AC, f"power-{number}", _ladder("AC3", "W", watts, random)
    watts = [1000 * each for each in _KILOWATTS_DC]
    yield CurrentType.DC, f"dc-{number}", _ladder("DC", "W", watts, random, shortest_min=6)


def _ladder(current, unit, amounts, random, shortest_min=15) -> str:
    """Return a relative profile whose limit goes up and down, with a pause now and then."""
    lines = [
        'description = "Made up for a simulated world"',
        f'current_type = "{current}"',
        f'charging_rate_unit = "{unit}"',
        'kind = "Relative"',
    ]
    at_s, last = 0, None
    for _ in range(_STEPS):
        may_pause = at_s > 0 and last != 0
        is_pause = may_pause and random.random() < _PAUSES
        limit = 0 if is_pause else random.choice([each for each in amounts if each != last])
        lines += ["", "[[periods]]", f"start_period = {at_s}", f"limit = {limit:g}"]
        last = limit
        at_s += 60 * random.randint(shortest_min, 4 * shortest_min)
    return "\n".join(lines) + "\n"


def _rules(scenario, options, names, random) -> Iterator[str]:
    """Yield a rule for each station; one in eight has no limit at all."""
    for member in build(scenario, options):
        station = member.station
        current = next(iter(station.bays.values())).supply.model.current
        if random.random() < 0.125:
            continue
        yield f'[[rule]]\nstation = "{station.id}"\nprofile = "{random.choice(names[current])}"\n'
