"""Prices as an operator sets them: the tables [prices] and [sites.NAME.prices]."""

from __future__ import annotations

from decimal import Decimal
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from csms.billing import Price, Prices
from csms.billing.money import is_currency

if TYPE_CHECKING:
    from collections.abc import Mapping

SERIES_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,35}$"
_PRICE: Final = {"currency", "energy_per_kwh", "per_hour", "session_fee"}
_LONGEST_NUMBER = 28


def _is_iso(code: str) -> str:
    if not is_currency(code):
        raise ValueError(f"{code} is no currency of ISO 4217; write it as EUR")
    return code


def _is_number_format(text: str) -> str:
    fields = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    unknown = [name for name in fields if name not in {"year", "month", "number"}]
    if unknown:
        raise ValueError(
            f"unknown field {{{unknown[0]}}}; known are {{year}}, {{month}}, {{number}}"
        )
    if fields.count("number") != 1:
        raise ValueError("has to have {number} in it, once")
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"has at most {_LONGEST_NUMBER} characters: OCPI allows IDs of 39")
    return text


def _is_web(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is no http or https URL")
    return url


Amount = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=12, allow_inf_nan=False)]
Currency = Annotated[str, AfterValidator(_is_iso)]


class SitePrices(BaseModel):
    """What differs at one site; what is left out is as everywhere."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency | None = None
    energy_per_kwh: Amount | None = None
    per_hour: Amount | None = None
    session_fee: Amount | None = None


class SeriesSettings(BaseModel):
    """A price series that is fetched by HTTP. See docs/costs.md."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=SERIES_NAME, description="Name that tariffs know it by, such as SE3.")
    url: Annotated[str, AfterValidator(_is_web)] = Field(
        max_length=2000,
        description="Where it is; {date} and {next_date} become local dates such as 2026-11-21.",
    )
    currency: Currency | None = Field(None, description="Where the answer does not name it.")
    unit: Literal["kWh", "MWh"] | None = Field(None, description="As currency.")
    every_s: int = Field(3600, ge=60, le=86_400, description="How often it is fetched.")
    timeout_s: float = Field(20, gt=0, le=120, description="How long an answer may take.")


class PriceSettings(BaseModel):
    """What charging costs. See docs/costs.md."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency = Field(default="EUR", description="Currency of all prices, ISO 4217.")
    energy_per_kwh: Amount = Field(default=Decimal(0), description="Price of a kWh; 0 for free.")
    per_hour: Amount = Field(default=Decimal(0), description="Price of an hour of the transaction.")
    session_fee: Amount = Field(default=Decimal(0), description="Price of a transaction as such.")
    running: Literal["answer", "message", "off"] = Field(
        default="answer",
        description="How a station is told what a transaction costs so far, at each of its meter "
        "values: in the answer, by a CostUpdated of its own, or not. See docs/costs.md.",
    )
    record_numbers: Annotated[str, AfterValidator(_is_number_format)] = Field(
        default="CDR-{year}-{number}",
        description="Shape of charge records' numbers: {number} counts from 1 for each distinct "
        "rest of it; also {year} and {month}.",
    )
    series: list[SeriesSettings] = Field(
        default_factory=list,
        description="Price series fetched by HTTP, a table [[prices.series]] each: name, url, "
        "currency, unit, every_s, timeout_s. See docs/costs.md.",
    )

    def prices(self, sites: Mapping[str, SitePrices]) -> Prices:
        """Returns what the rest of the program works with."""
        general = self._with({})
        own = {name: self._with(site.model_dump(exclude_none=True)) for name, site in sites.items()}
        return Prices(general, own, self.running)

    def _with(self, given: Mapping[str, object]) -> Price:
        return Price(**{**self.model_dump(include=_PRICE), **given})
