"""Cars in scenario files: kinds of one's own, and cars that come to each EVSE of a block."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from simulator.vehicles.catalogue import VEHICLES
from simulator.vehicles.curve import Curve, knee
from simulator.vehicles.vehicle import CurrentType, VehicleModel
from simulator.worlds.spec import Amount, Spec

__all__ = ["VEHICLES", "CarSpec", "IdentifierKind", "VehicleSpec"]

IdentifierKind: TypeAlias = Literal[
    "Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress"
]


class VehicleSpec(Spec):
    """A kind of car of the scenario's own, under `[vehicles.NAME]`."""

    battery_kwh: float = Field(gt=0, le=1000, description="capacity of the battery, kWh")
    current: CurrentType = Field(default=CurrentType.AC, description="how it charges: AC or DC")
    max_a: float = Field(default=16, gt=0, le=80, description="AC: most it draws, A per phase")
    max_kw: float = Field(default=100, gt=0, le=1000, description="DC: most it draws, kW")
    phases: int = Field(default=3, ge=1, le=3, description="AC: phases it charges on")
    knee_percent: float | None = Field(
        default=None,
        ge=0,
        lt=100,
        description="charge level above which it draws less and less; AC 96, DC 55 if absent",
    )
    wake_s: float = Field(
        default=3, ge=0, le=3600, description="time from being allowed to draw to drawing, s"
    )
    ramp_s: float = Field(default=6, gt=0, le=3600, description="time from nothing to full draw, s")
    resume_s: float | None = Field(
        default=None,
        ge=0,
        le=86_400,
        description="time to wake after a pause of more than a minute, s; absent: `wake_s`",
    )
    waits_s: float = Field(
        default=0, ge=0, le=86_400, description="it begins this late by a timer of its own, s"
    )
    standby_w: float = Field(
        default=0, ge=0, le=500, description="what it draws while paused or full, W"
    )
    battery_celsius: float = Field(
        default=20, ge=-30, le=60, description="DC: temperature of the battery on arrival, °C"
    )
    taper_percent: tuple[tuple[float, float], ...] | None = Field(
        default=None,
        min_length=2,
        description="pairs of charge level and share of the full draw, %; instead of a knee",
    )
    iso15118: bool = Field(default=False, description="it tells its charging needs (2.0.1)")

    @model_validator(mode="after")
    def _has_one_taper(self) -> VehicleSpec:
        points = self.taper_percent or ()
        if points and self.knee_percent is not None:
            raise ValueError("give knee_percent or taper_percent, not both")
        levels = [level for level, _ in points]
        if any(one >= other for one, other in pairwise(levels)):
            raise ValueError("taper_percent: charge levels must grow")
        if any(not 0 <= level <= 100 or not 1 <= share <= 100 for level, share in points):  # noqa: PLR2004 - per cent
            raise ValueError("taper_percent: levels are 0 to 100 %, shares 1 to 100 %")
        return self

    def model(self, name: str) -> VehicleModel:
        """Return the physical model."""
        is_ac = self.current is CurrentType.AC
        return VehicleModel(
            name=name,
            battery_kwh=self.battery_kwh,
            current=self.current,
            max_draw=self.max_a if is_ac else self.max_kw * 1000,
            phases=self.phases if is_ac else 1,
            min_draw=6.0 if is_ac else 500.0,
            efficiency=0.9 if is_ac else 0.94,
            taper=self._taper(),
            bias=-0.2 if is_ac else 0.0,
            wake_s=self.wake_s,
            ramp_s=self.ramp_s,
            resume_s=self.resume_s,
            waits_s=self.waits_s,
            standby_w=self.standby_w,
            arrives_at_c=self.battery_celsius,
            speaks_iso15118=self.iso15118,
            summary="a car of the scenario's own",
        )

    def _taper(self) -> Curve:
        if self.taper_percent is not None:
            return Curve(tuple((level / 100, share / 100) for level, share in self.taper_percent))
        usual = 96 if self.current is CurrentType.AC else 55
        return knee((usual if self.knee_percent is None else self.knee_percent) / 100, 0.2)


class CarSpec(Spec):
    """A car that comes to each EVSE of a block, under `[[stations.cars]]`.

    A car waits until the one before has left.
    """

    token: str = Field(
        min_length=1, max_length=36, description="its token; `{n}` is the number of the station"
    )
    identifier_kind: IdentifierKind = Field(
        default="ISO14443", description="kind of the token (2.0.1)"
    )
    vehicle: str = Field(default="compact-11kw", description="a car of `simulator cars`, or own")
    arrives_s: Amount = Field(
        default=5, description="arrival, s after the station was first accepted"
    )
    soc_percent: Amount = Field(default=(20, 70), description="charge level on arrival, %")
    wants_kwh: Amount | None = Field(
        default=None, description="energy after which it is done, kWh; absent: a full battery"
    )
    stays_s: Amount | None = Field(
        default=None, description="unplugs then at the latest, s after arrival; absent: never"
    )
    leaves_after_s: Amount | None = Field(
        default=10, description="how long it stays plugged in when it is done, s"
    )
