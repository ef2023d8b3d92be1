"""Populations: cars of a kind that come to a site, what they want, and how their drivers are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from simulator.worlds.arrivals import ArrivalsSpec, Shifts
from simulator.worlds.cars import IdentifierKind
from simulator.worlds.spec import Amount, Number, Spec, numbered

if TYPE_CHECKING:
    from typing import Self

Habit: TypeAlias = Literal["stays", "leaves-when-done", "unplugs-early"]


class PopulationSpec(Spec):
    """Cars that come to the stations of a site, under `[[populations]]`.

    A car takes any free EVSE that it can charge at. If none is free it waits, and gives up after
    a while. With `cars` the same cars come again and again, each with its token and its battery.
    """

    name: str = Field(min_length=1, max_length=40, description="a name for it")
    site: str = Field(default="", description="the site to which they come")
    arrivals: ArrivalsSpec = Field(description="when they come, a table with `kind`")
    cars: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="size of a pool whose cars come again; absent: always another car",
    )
    own_evse: bool = Field(
        default=False, description="each car of the pool has an EVSE of its own, in turn"
    )
    token: str = Field(
        min_length=1, max_length=36, description="token; `{n}` is the number of the car"
    )
    identifier_kind: IdentifierKind = Field(
        default="ISO14443", description="kind of the tokens (2.0.1)"
    )
    vehicles: dict[str, Number] = Field(
        default={"compact-11kw": 1.0}, min_length=1, description="kinds of cars and their shares"
    )
    soc_percent: Amount = Field(
        default=(20, 70), description="charge level on arrival (pool: on the first), %"
    )
    drives_km: Amount = Field(
        default=(20, 60), description="pool: driven between leaving and coming again, km"
    )
    kwh_per_100km: float = Field(default=18.0, gt=0, le=500, description="energy for driving, kWh")
    wants_kwh: Amount | None = Field(
        default=None, description="energy after which it is done, kWh; absent: the charge level"
    )
    target_percent: Amount = Field(default=100, description="charge level with which it is done, %")
    stays_min: Amount | None = Field(
        default=None, description="time until it leaves, minutes; absent: the arrivals' `until`"
    )
    waits_min: Amount = Field(
        default=10, description="how long a driver waits for a free EVSE, minutes"
    )
    leaves_after_min: Amount = Field(
        default=(0, 10), description="leaves-when-done: how long after it is done, minutes"
    )
    habits: dict[Habit, Number] = Field(
        default={"stays": 1.0},
        min_length=1,
        description="what drivers do and their shares: `stays` until its time is up, "
        "`leaves-when-done`, `unplugs-early`",
    )

    @field_validator("token")
    @classmethod
    def _holds_a_number(cls, token: str) -> str:
        numbered(token, 1)
        return token

    @field_validator("vehicles", "habits")
    @classmethod
    def _has_a_share(cls, shares: dict[str, float]) -> dict[str, float]:
        if not any(shares.values()):
            raise ValueError("one of the shares must be above 0")
        return shares

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if isinstance(self.arrivals, Shifts) and self.cars is None:
            raise ValueError("cars: arrivals in shifts need a pool; say how many cars it has")
        if self.own_evse and self.cars is None:
            raise ValueError("cars: own_evse needs a pool; say how many cars it has")
        if (self.cars or 0) > 1 and "{n" not in self.token:
            raise ValueError(
                "token: with a pool, write {n} where the number goes, as in CAR-{n:03}"
            )
        return self
