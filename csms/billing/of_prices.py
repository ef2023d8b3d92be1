"""The tariff that the plain prices of the settings come to. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.billing.tariff import Element, PriceComponent, Tariff

if TYPE_CHECKING:
    from datetime import datetime

    from csms.billing.price import Price


def tariff_of_prices(
    price: Price,
    tariff_id: str,
    last_updated: datetime,
    party: tuple[str, str] = ("ZZ", "ZZZ"),
) -> Tariff:
    """Returns a tariff with a price for energy, for all time plugged in, and for the session.

    `party` is (country_code, party_id). Energy is billed in whole Wh, time in whole seconds, and
    no VAT applies.
    """
    components = [PriceComponent("FLAT", price.session_fee)]
    if price.energy_per_kwh:
        components.append(PriceComponent("ENERGY", price.energy_per_kwh))
    if price.per_hour:
        components.append(PriceComponent("TIME", price.per_hour))
        components.append(PriceComponent("PARKING_TIME", price.per_hour))
    return Tariff(
        country_code=party[0],
        party_id=party[1],
        id=tariff_id,
        currency=price.currency,
        elements=(Element(tuple(components)),),
        last_updated=last_updated,
    )
