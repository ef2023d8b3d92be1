"""Scenario files: which stations there are, which cars come, what goes wrong on purpose.

TOML, checked by pydantic; a mistake is told with file, line, field and what was expected.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import Field, ValidationError

from simulator.errors import ScenarioError, SimulatorError
from simulator.naming import unknown
from simulator.worlds import checks, mistakes
from simulator.worlds.arrivals import Replay
from simulator.worlds.calendar import CalendarSpec
from simulator.worlds.cars import VEHICLES, VehicleSpec
from simulator.worlds.faulty import SpreadSpec
from simulator.worlds.happenings import HappeningSpec
from simulator.worlds.populations import PopulationSpec
from simulator.worlds.sessions import read
from simulator.worlds.spec import Spec
from simulator.worlds.stations import StationSpec

if TYPE_CHECKING:
    from simulator.vehicles.vehicle import VehicleModel

SUFFIX: Final = ".toml"


class Scenario(Spec):
    """A whole file."""

    name: str = Field(min_length=1, max_length=60, description="its name")
    description: str = Field(default="", description="what it shows, in a sentence")
    meter_interval_s: int = Field(
        default=60, ge=0, le=86_400, description="time between meter values, s; 0 sends none"
    )
    calendar: CalendarSpec = Field(
        default=CalendarSpec(), description="when it plays, for populations and events"
    )
    vehicles: dict[str, VehicleSpec] = Field(default={}, description="cars of one's own")
    stations: tuple[StationSpec, ...] = Field(min_length=1, description="station blocks")
    populations: tuple[PopulationSpec, ...] = Field(default=(), description="cars that come")
    faults: tuple[SpreadSpec, ...] = Field(default=(), description="faults spread over stations")
    events: tuple[HappeningSpec, ...] = Field(default=(), description="what happens to whole sites")

    @property
    def length_s(self) -> float | None:
        """How many simulated seconds there is something to play; None for a scenario without end.

        Blocks whose cars come again and again have no end of their own.
        """
        return self.calendar.length_s if self.populations or self.events else None

    def sites(self) -> list[str]:
        """Return the sites, in the order of the blocks."""
        return list(dict.fromkeys(block.site for block in self.stations))

    def knows(self, vehicle: str) -> bool:
        """Whether there is such a car."""
        return vehicle in self.vehicles or vehicle in VEHICLES

    def vehicle(self, name: str) -> VehicleModel:
        """Return a vehicle by name, the scenario's own first."""
        own = self.vehicles.get(name)
        return VEHICLES[name] if own is None else own.model(name)

    def remarks(self) -> list[str]:
        """Return what is worth knowing though it is no mistake: lines of files that are not used.

        Raises: ScenarioError if a file of sessions cannot be used at all.
        """
        files = [
            each.arrivals.file for each in self.populations if isinstance(each.arrivals, Replay)
        ]
        return [
            f"{file}:{bad.line}: not used: {bad.reason}"
            for file in dict.fromkeys(files)
            for bad in read(file).bad
        ]


def shipped() -> list[str]:
    """Return the names of the scenarios that come with the simulator."""
    folder = resources.files("simulator") / "scenarios"
    return sorted(
        each.name.removesuffix(SUFFIX) for each in folder.iterdir() if each.name.endswith(SUFFIX)
    )


def source(name_or_path: str) -> str:
    """Return the text of a scenario, by the name of a shipped one or from a file.

    Raises: ScenarioError.
    """
    if name_or_path in shipped():
        file = resources.files("simulator") / "scenarios" / f"{name_or_path}{SUFFIX}"
        return file.read_text(encoding="utf-8")
    try:
        return Path(name_or_path).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if "/" in name_or_path or name_or_path.endswith(SUFFIX):
            hint = f"there is no file {name_or_path!r}; shipped are {', '.join(shipped())}"
        else:
            hint = unknown("scenario", name_or_path, shipped(), listed_by="simulator scenarios")
        raise ScenarioError(hint) from error
    except OSError as error:
        raise ScenarioError(f"{name_or_path!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{name_or_path} is no text: {error}") from error


def load(name_or_path: str) -> Scenario:
    """Return a scenario by the name of a shipped one, or from a file.

    Raises: ScenarioError with file, line, field and what was expected.
    """
    text = source(name_or_path)
    folder = Path() if name_or_path in shipped() else Path(name_or_path).parent
    return parse(text, name_or_path, folder)


def parse(text: str, source: str, folder: Path | None = None) -> Scenario:
    """Return the scenario that a text holds; `source` is named in errors.

    Files that it names are looked for in `folder`. Raises: ScenarioError.
    """
    try:
        document = tomllib.loads(text)
        scenario = Scenario.model_validate(document, context={"folder": folder or Path()})
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{source} is no TOML: {error}") from error
    except ValidationError as error:
        found = mistakes.of(error, tomllib.loads(text))
        raise ScenarioError(mistakes.sentences(source, text, found)) from error
    except SimulatorError as error:
        raise ScenarioError(f"{source}: {error}") from error
    if contradictions := list(checks.mistakes(scenario)):
        raise ScenarioError(mistakes.sentences(source, text, contradictions))
    return scenario
