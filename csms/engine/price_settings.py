"""Prices as an operator sets them: the tables [prices] and [sites.NAME.prices]."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from csms.billing import Price, Prices

if TYPE_CHECKING:
    from collections.abc import Mapping

Amount = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=12, allow_inf_nan=False)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class SitePrices(BaseModel):
    """What differs at one site; what is left out is as everywhere."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency | None = None
    energy_per_kwh: Amount | None = None
    per_hour: Amount | None = None
    session_fee: Amount | None = None
    decimals: Annotated[int, Field(ge=0, le=4)] | None = None


class PriceSettings(BaseModel):
    """What charging costs. See docs/costs.md."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency = Field(default="EUR", description="Currency of all prices, ISO 4217.")
    energy_per_kwh: Amount = Field(default=Decimal(0), description="Price of a kWh; 0 for free.")
    per_hour: Amount = Field(default=Decimal(0), description="Price of an hour of the transaction.")
    session_fee: Amount = Field(default=Decimal(0), description="Price of a transaction as such.")
    decimals: int = Field(default=2, ge=0, le=4, description="Decimals that costs are rounded to.")
    running: Literal["answer", "message", "off"] = Field(
        default="answer",
        description="How a station is told what a transaction costs so far, at each of its meter "
        "values: in the answer, by a CostUpdated of its own, or not. See docs/costs.md.",
    )

    def prices(self, sites: Mapping[str, SitePrices]) -> Prices:
        """Returns what the rest of the program works with."""
        general = self._with({})
        own = {name: self._with(site.model_dump(exclude_none=True)) for name, site in sites.items()}
        return Prices(general, own, self.running)

    def _with(self, given: Mapping[str, object]) -> Price:
        return Price(**{**self.model_dump(exclude={"running"}), **given})
