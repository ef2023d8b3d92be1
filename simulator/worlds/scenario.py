"""Scenario files: which stations there are, which cars come, what goes wrong on purpose.

TOML, checked by pydantic; a mistake is told with file, field and what was expected. Where a
number is asked for, `[low, high]` draws one anew each time, evenly, by the seed.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from simulator.errors import ScenarioError, SimulatorError
from simulator.faults.catalogue import FAULTS
from simulator.power.evse import EvseModel
from simulator.station.retries import retry_dialect
from simulator.vehicles.vehicle import VEHICLES, CurrentType, VehicleModel

_Amount: TypeAlias = Annotated[float, Field(ge=0, le=10_000_000)]
Span: TypeAlias = _Amount | tuple[_Amount, _Amount]
"""A number, or the two ends between which it is drawn."""

VersionChoice: TypeAlias = Literal["1.6", "2.0.1", "mixed"]
_SUFFIX: Final = ".toml"


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VehicleSpec(_Spec):
    """A car of the scenario's own; `max_a` is for AC, `max_kw` for DC."""

    battery_kwh: float = Field(gt=0, le=1000)
    current: CurrentType = CurrentType.AC
    max_a: float = Field(default=16, gt=0, le=80)
    max_kw: float = Field(default=100, gt=0, le=1000)
    phases: int = Field(default=3, ge=1, le=3)
    knee_percent: float | None = Field(default=None, ge=0, lt=100)
    wake_s: float = Field(default=3, ge=0, le=3600)
    ramp_s: float = Field(default=6, gt=0, le=600)

    def model(self, name: str) -> VehicleModel:
        """Return the physical model."""
        is_ac = self.current is CurrentType.AC
        knee = self.knee_percent if self.knee_percent is not None else (96 if is_ac else 55)
        return VehicleModel(
            name=name,
            battery_kwh=self.battery_kwh,
            current=self.current,
            max_draw=self.max_a if is_ac else self.max_kw * 1000,
            phases=self.phases if is_ac else 1,
            min_draw=6.0 if is_ac else 500.0,
            efficiency=0.9 if is_ac else 0.94,
            knee=knee / 100,
            bias=-0.2 if is_ac else 0.0,
            wake_s=self.wake_s,
            ramp_s=self.ramp_s,
        )


class CarSpec(_Spec):
    """A car that comes to each EVSE of a station block.

    `token` may hold `{n}`, the number of the station. `arrives_s` counts from the moment at
    which the station was first accepted; a car waits until the one before has left.
    """

    token: str = Field(min_length=1, max_length=36)
    identifier_kind: Literal["Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local"] = (
        "ISO14443"
    )
    vehicle: str = "compact-11kw"
    arrives_s: Span = 5
    soc_percent: Span = (20, 70)
    wants_kwh: Span | None = None
    stays_s: Span | None = None
    leaves_after_s: Span | None = 10


class FaultSpec(_Spec):
    """A fault, on from `start_s` to `start_s + length_s` of each transaction."""

    name: str
    start_s: float | None = Field(default=None, ge=0)
    length_s: float | None = Field(default=None, gt=0)

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in FAULTS:
            raise ValueError(f"there is no fault {name!r}; known are {', '.join(FAULTS)}")
        return name


class StationSpec(_Spec):
    """A block of `count` equal stations; with more than one, `id` holds `{n}`."""

    id: str = Field(min_length=1, max_length=48)
    count: int = Field(default=1, ge=1, le=20_000)
    version: VersionChoice = "mixed"
    site: str = ""
    current: CurrentType = CurrentType.AC
    phases: int = Field(default=3, ge=1, le=3)
    max_a: float = Field(default=32, gt=0, le=80)
    max_kw: float = Field(default=150, gt=0, le=1000)
    evses: int = Field(default=1, ge=1, le=16)
    password: str | None = None
    cars: tuple[CarSpec, ...] = ()
    repeat_after_s: Span | None = None
    faults: tuple[FaultSpec, ...] = ()
    retries: str = "default"

    @field_validator("retries")
    @classmethod
    def _are_known(cls, name: str) -> str:
        try:
            retry_dialect(name)
        except SimulatorError as error:
            raise ValueError(str(error)) from error
        return name

    @model_validator(mode="after")
    def _has_distinct_ids(self) -> StationSpec:
        if self.count > 1 and "{n" not in self.id:
            raise ValueError("id: with a count, write {n} where the number goes, as in BAY-{n:03}")
        self.station_id(1)
        return self

    @property
    def evse(self) -> EvseModel:
        """What each EVSE can deliver."""
        if self.current is CurrentType.DC:
            return EvseModel(CurrentType.DC, 1, self.max_kw * 1000)
        return EvseModel(CurrentType.AC, self.phases, self.max_a)

    def station_id(self, number: int) -> str:
        """Return the ID of the block's station `number`, counted from 1."""
        return numbered(self.id, number)


class Scenario(_Spec):
    """A whole file."""

    name: str
    description: str = ""
    meter_interval_s: int = Field(default=60, ge=0, le=86_400)
    vehicles: dict[str, VehicleSpec] = {}
    stations: tuple[StationSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _knows_its_vehicles(self) -> Scenario:
        known = {**VEHICLES, **self.vehicles}
        for block in self.stations:
            for car in block.cars:
                if car.vehicle not in known:
                    raise ValueError(
                        f"stations {block.id}: there is no vehicle {car.vehicle!r}; "
                        f"known are {', '.join(known)}"
                    )
                if self.vehicle(car.vehicle).current is not block.current:
                    raise ValueError(
                        f"stations {block.id}: the vehicle {car.vehicle!r} does not charge "
                        f"with {block.current.value}"
                    )
        return self

    def vehicle(self, name: str) -> VehicleModel:
        """Return a vehicle by name, the scenario's own first."""
        own = self.vehicles.get(name)
        return VEHICLES[name] if own is None else own.model(name)


def numbered(text: str, number: int) -> str:
    """Put a number where a text holds `{n}`. Raises: ValueError for other braces."""
    try:
        return text.format(n=number)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise ValueError(f"{text!r}: only {{n}} may stand in braces, as in BAY-{{n:03}}") from error


def shipped() -> list[str]:
    """Return the names of the scenarios that come with the simulator."""
    folder = resources.files("simulator") / "scenarios"
    return sorted(
        each.name.removesuffix(_SUFFIX) for each in folder.iterdir() if each.name.endswith(_SUFFIX)
    )


def load(name_or_path: str) -> Scenario:
    """Return a scenario by the name of a shipped one, or from a file.

    Raises: ScenarioError with file, field and what was expected.
    """
    if name_or_path in shipped():
        file = resources.files("simulator") / "scenarios" / f"{name_or_path}{_SUFFIX}"
        return parse(file.read_text(encoding="utf-8"), name_or_path)
    try:
        text = Path(name_or_path).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ScenarioError(
            f"there is no scenario {name_or_path!r}: give a file, or one of {', '.join(shipped())}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{name_or_path} cannot be read: {error}") from error
    return parse(text, name_or_path)


def parse(text: str, source: str) -> Scenario:
    """Return the scenario that a text holds; `source` is named in errors.

    Raises: ScenarioError.
    """
    try:
        return Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{source} is no TOML: {error}") from error
    except ValidationError as error:
        raise ScenarioError(_sentence(source, error)) from error
    except SimulatorError as error:
        raise ScenarioError(f"{source}: {error}") from error


def _sentence(source: str, error: ValidationError) -> str:
    lines = []
    for each in error.errors(include_url=False):
        steps = [str(step) for step in each["loc"] if not str(step).startswith(("tuple[", "float"))]
        message = each["msg"].removeprefix("Value error, ")
        lines.append(f"{source}: {'.'.join(steps) or 'file'}: {message}")
    return "\n".join(dict.fromkeys(lines))
