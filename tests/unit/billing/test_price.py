"""The plain prices of the settings, and the tariff that they come to."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from csms.billing import Price, Prices, dump_tariff, read_tariff, tariff_of_prices
from csms.engine.price_settings import PriceSettings, SitePrices
from tests.unit.billing.made_tariffs import bill

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("price", "stretches", "total"),
    [
        (Price(), [(60, 30, True)], "0.00"),
        (Price(energy_per_kwh=Decimal("0.35")), [(60, 10, True)], "3.50"),
        (Price(energy_per_kwh=Decimal("0.1")), [(60, 0.05, True)], "0.01"),
        (Price(per_hour=Decimal("1.20")), [(60, 5, True), (30, 0, False)], "1.80"),
        (Price(session_fee=Decimal(1)), [], "1.00"),
        (Price("JPY", energy_per_kwh=Decimal(31)), [(60, 1.5, True)], "47"),
    ],
)
def test_prices_come_to_a_tariff_with_their_cost(price, stretches, total):
    made = tariff_of_prices(price, "settings", NOW)
    assert read_tariff(dump_tariff(made)) == made
    assert str(bill(made, *stretches).total) == total


def test_a_free_charge_has_a_line_that_says_so():
    (line,) = bill(tariff_of_prices(Price(), "settings", NOW), (60, 5, True)).lines
    assert (line.dimension, line.total) == ("FLAT", 0)


def test_a_site_inherits_what_it_does_not_set():
    general = PriceSettings(energy_per_kwh="0.40", session_fee="0.5", currency="SEK")
    prices = general.prices({"depot": SitePrices(energy_per_kwh="0")})
    assert prices.of("depot") == Price("SEK", session_fee=Decimal("0.5"))
    assert prices.of("elsewhere").energy_per_kwh == Decimal("0.40")


def test_no_price_is_free():
    assert Prices().of("anywhere") == Price()


@pytest.mark.parametrize("code", ["SEKK", "XQX", "sek", ""])
def test_what_is_no_currency_is_named(code):
    with pytest.raises(ValidationError, match=f"{code} is no currency of ISO 4217; write it as"):
        PriceSettings(currency=code)
