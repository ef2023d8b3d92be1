"""The plain prices of the settings: for energy, for time, and for the session itself.

What follows from them is a tariff; see `csms.billing.of_prices`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNNING: Final = ("answer", "message", "off")
"""How a station is told what a running transaction costs so far."""

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Price:
    """What is charged: for each kWh, for each hour plugged in, and once; all 0 is free."""

    currency: str = "EUR"
    energy_per_kwh: Decimal = _ZERO
    per_hour: Decimal = _ZERO
    session_fee: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Prices:
    """The price that holds everywhere, and those of sites that have their own.

    `running` is one of `RUNNING`.
    """

    general: Price = field(default_factory=Price)
    by_site: Mapping[str, Price] = field(default_factory=dict)
    running: str = "answer"

    def of(self, site: str) -> Price:
        """Returns the price at a site."""
        return self.by_site.get(site, self.general)
