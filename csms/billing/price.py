"""A price for energy, time and the session itself, and what follows from it.

Source: OCPP 2.0.1 part 2, I02 and I03: a free charge costs 0, which is told, not left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

RUNNING: Final = ("answer", "message", "off")
"""How a station is told what a running transaction costs so far."""

_MILLIWH_PER_KWH: Final = 1_000_000
_US_PER_HOUR: Final = 3_600_000_000
_ZERO: Final = Decimal(0)


class Cost(NamedTuple):
    """What a charge costs, in whole smallest units of its currency, and in which."""

    total: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Price:
    """What is charged: for each kWh, for each hour, and once; all 0 is free.

    `decimals` is how many the currency has; totals are rounded to them, half up.
    """

    currency: str = "EUR"
    energy_per_kwh: Decimal = _ZERO
    per_hour: Decimal = _ZERO
    session_fee: Decimal = _ZERO
    decimals: int = 2

    @property
    def is_free(self) -> bool:
        """Whether nothing is charged at all."""
        return not (self.energy_per_kwh or self.per_hour or self.session_fee)

    def cost(self, energy_milliwh: int, lasted: timedelta) -> Cost:
        """Returns what that much energy in that time costs, rounded once, at the end."""
        if self.is_free:
            return Cost(_ZERO, self.currency)
        us = (lasted.days * 86_400 + lasted.seconds) * 1_000_000 + lasted.microseconds
        exact = (
            self.energy_per_kwh * energy_milliwh / _MILLIWH_PER_KWH
            + self.per_hour * us / _US_PER_HOUR
            + self.session_fee
        )
        step = Decimal(1).scaleb(-self.decimals)
        return Cost(exact.quantize(step, ROUND_HALF_UP), self.currency)


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
