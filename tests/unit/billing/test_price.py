"""What a charge costs: exact, rounded once, never left out where it is free."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.billing import Price, Prices
from csms.engine.price_settings import PriceSettings, SitePrices

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("price", "milliwh", "lasted", "total"),
    [
        (Price(), 30_000_000, HOUR, "0"),
        (Price(energy_per_kwh=Decimal("0.35")), 10_000_000, HOUR, "3.50"),
        (Price(energy_per_kwh=Decimal("0.1")), 50_000, HOUR, "0.01"),
        (Price(per_hour=Decimal("1.20")), 0, timedelta(minutes=90), "1.80"),
        (Price(session_fee=Decimal(1)), 0, timedelta(0), "1.00"),
        (Price("JPY", energy_per_kwh=Decimal(31), decimals=0), 1_500_000, HOUR, "47"),
    ],
)
def test_cost_is_energy_time_and_fee(price, milliwh, lasted, total):
    assert str(price.cost(milliwh, lasted).total) == total


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 10**6))
def test_more_energy_never_costs_less(first, second, cents):
    price = Price(energy_per_kwh=Decimal(cents) / 1000)
    low, high = sorted((first, second))
    assert price.cost(low, HOUR).total <= price.cost(high, HOUR).total


def test_a_site_inherits_what_it_does_not_set():
    general = PriceSettings(energy_per_kwh="0.40", session_fee="0.5", currency="SEK")
    prices = general.prices({"depot": SitePrices(energy_per_kwh="0")})
    assert prices.of("depot") == Price("SEK", session_fee=Decimal("0.5"))
    assert prices.of("elsewhere").energy_per_kwh == Decimal("0.40")


def test_no_price_is_free():
    assert Prices().of("anywhere").is_free
