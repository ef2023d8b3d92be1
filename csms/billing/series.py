"""Prices of energy that change with time: what a power exchange publishes for an area. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from csms.billing.tariff import Finding, TariffInvalid
from csms.billing.wall import from_us

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

RESOLUTIONS_S: Final = (900, 1800, 3600)
"""What a series may be cut in; all are whole quarters of an hour."""

_US: Final = 1_000_000


class SeriesInvalid(TariffInvalid):
    """A text is no price series; `findings` names line or instant of every mistake."""


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Prices of a kWh, without VAT, each for `resolution_s` seconds.

    `prices` is by the slot's start, in seconds since 1970. `notes` tell what is missing in it
    or was said twice, each by its instant.
    """

    name: str
    currency: str
    resolution_s: int
    prices: Mapping[int, Decimal]
    notes: tuple[Finding, ...] = ()

    def slot(self, at_us: int) -> int:
        """Returns the start, in seconds since 1970, of the slot that an instant is in."""
        return at_us // _US // self.resolution_s * self.resolution_s

    def price(self, slot: int) -> Decimal | None:
        """Returns the price of a kWh in a slot; None in a hole."""
        return self.prices.get(slot)

    def holes(self, start_s: int, end_s: int) -> list[str]:
        """Returns the instants in a range, in UTC, at which no price begins that should."""
        first = -(-start_s // self.resolution_s) * self.resolution_s
        missing = (s for s in range(first, end_s, self.resolution_s) if s not in self.prices)
        return [from_us(s * _US).isoformat().replace("+00:00", "Z") for s in missing]
