"""Station blocks of scenario files: what is bought, where it stands, how it is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from simulator.errors import SimulatorError
from simulator.metering.forms import METER_FORMS
from simulator.naming import unknown
from simulator.power.evse import EvseModel
from simulator.station.retries import retry_dialect
from simulator.vehicles.vehicle import CurrentType
from simulator.worlds.cars import CarSpec
from simulator.worlds.faulty import FaultSpec
from simulator.worlds.spec import Amount, Number, Spec, numbered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

_GRID_PHASES: Final = 3
VersionChoice: TypeAlias = Literal["1.6", "2.0.1", "mixed"]


class StationSpec(Spec):
    """A block of `count` equal stations, under `[[stations]]`."""

    id: str = Field(
        min_length=1, max_length=48, description="ID; `{n}` is the number within the block"
    )
    count: int = Field(default=1, ge=1, le=20_000, description="how many stations")
    version: VersionChoice | dict[Literal["1.6", "2.0.1"], Number] = Field(
        default="mixed", description="version; `mixed` is in turn; or shares of both"
    )
    site: str = Field(default="", max_length=60, description="where they stand")
    vendor: str = Field(
        default="Laddvakt", min_length=1, max_length=20, description="vendor that they report"
    )
    model: str | None = Field(
        default=None, min_length=1, max_length=20, description="model; absent: after what it can"
    )
    firmware: str = Field(
        default="sim-1", min_length=1, max_length=50, description="firmware version they report"
    )
    current: CurrentType = Field(default=CurrentType.AC, description="AC or DC")
    phases: int = Field(default=3, ge=1, le=3, description="AC: phases")
    max_a: float = Field(default=32, gt=0, le=80, description="AC: most per EVSE, A per phase")
    max_kw: float = Field(default=150, gt=0, le=1000, description="DC: most per EVSE, kW")
    evses: int = Field(default=1, ge=1, le=16, description="EVSEs per station")
    connectors: int = Field(
        default=1, ge=1, le=8, description="2.0.1: connectors per EVSE, one in use at a time"
    )
    meter: str | dict[str, Number] = Field(
        default="standard",
        description="what the meters tell: a form of docs/simulator-cars.md, or shares of them",
    )
    meter_interval_s: int | None = Field(
        default=None,
        ge=0,
        le=86_400,
        description="time between meter values, s; absent: the file's",
    )
    rotation: Literal["none", "in-turn"] = Field(
        default="none", description="AC: `in-turn` begins with L1, L2, L3 from station to station"
    )
    password: str | None = Field(
        default=None,
        min_length=1,
        max_length=40,
        description="Basic-auth password, `{n}` the number within the block; absent: none",
    )
    retries: str | dict[str, Number] = Field(
        default="default",
        description="how messages are repeated: a name of `simulator retries`, or shares of them",
    )
    cars: tuple[CarSpec, ...] = Field(
        default=(), description="cars that come to each EVSE, one after another"
    )
    repeat_after_s: Amount | None = Field(
        default=None, description="the cars come again and again, so long apart, s; absent: once"
    )
    faults: tuple[FaultSpec, ...] = Field(default=(), description="faults of all its stations")

    @field_validator("retries")
    @classmethod
    def _are_known(cls, given: str | dict[str, float]) -> str | dict[str, float]:
        for name in [given] if isinstance(given, str) else given:
            try:
                retry_dialect(name)
            except SimulatorError as error:
                raise ValueError(str(error)) from error
        return _with_a_share(given)

    @field_validator("meter")
    @classmethod
    def _are_forms(cls, given: str | dict[str, float]) -> str | dict[str, float]:
        for name in [given] if isinstance(given, str) else given:
            if name not in METER_FORMS:
                raise ValueError(unknown("form of meter", name, METER_FORMS))
        return _with_a_share(given)

    @field_validator("version")
    @classmethod
    def _has_a_share(cls, given: str | dict[str, float]) -> str | dict[str, float]:
        return _with_a_share(given)

    @model_validator(mode="after")
    def _has_distinct_ids(self) -> StationSpec:
        if self.count > 1 and "{n" not in self.id:
            raise ValueError("id: with a count, write {n} where the number goes, as in BAY-{n:03}")
        self.station_id(1)
        self.password_of(1)
        return self

    def evse(self, meter: str = "standard", number: int = 1) -> EvseModel:
        """Return what each EVSE of the block's station `number` is, with a form of meter."""
        form = METER_FORMS[meter]
        if self.current is CurrentType.DC:
            return EvseModel(CurrentType.DC, 1, self.max_kw * 1000, form)
        rotation = (number - 1) % _GRID_PHASES if self.rotation == "in-turn" else 0
        return EvseModel(CurrentType.AC, self.phases, self.max_a, form, rotation)

    @property
    def model_name(self) -> str:
        """The model that they report."""
        if self.model is not None:
            return self.model
        if self.current is CurrentType.DC:
            return f"Sim DC-{self.max_kw:g}kW"
        return f"Sim AC{self.phases}-{self.max_a:g}A"

    def station_id(self, number: int) -> str:
        """Return the ID of the block's station `number`, counted from 1."""
        return numbered(self.id, number)

    def password_of(self, number: int) -> str | None:
        """Return the password of a station; braces without a number in them are its own."""
        if self.password is None or "{n" not in self.password:
            return self.password
        return numbered(self.password, number)


def dealt(shares: Mapping[str, float], count: int, random: Random) -> list[str]:
    """Return `count` names in the shares given, as exactly as numbers allow, shuffled."""
    total = sum(shares.values())
    exact = {name: share / total * count for name, share in shares.items()}
    names = [name for name, amount in exact.items() for _ in range(int(amount))]
    rest = sorted(exact, key=lambda name: int(exact[name]) - exact[name])
    names += rest[: count - len(names)]
    random.shuffle(names)
    return names


def _with_a_share(given: str | dict[str, float]) -> str | dict[str, float]:
    if isinstance(given, dict) and not any(given.values()):
        raise ValueError("one of the shares must be above 0")
    return given
