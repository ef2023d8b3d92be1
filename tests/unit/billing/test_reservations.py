"""The examples of OCPI 2.2.1, chapter 11, with prices for reservations."""

import json
from datetime import UTC, timedelta

import pytest

from csms.billing import Tally
from tests.unit.billing.made_tariffs import KWH, START, component, element, tariff, totals

CHARGING = element(component("FLAT", 0.5, vat=20), component("ENERGY", 0.25, vat=10))


def reserved(*components, kind="RESERVATION"):
    return element(*components, reservation=kind)


PRICE = tariff(reserved(component("TIME", 5, 60, vat=20)), CHARGING)
FEE = tariff(reserved(component("FLAT", 2, vat=20), component("TIME", 5, 300, vat=20)), CHARGING)
EXPIRE_FEE = tariff(
    reserved(component("FLAT", 4, vat=20), kind="RESERVATION_EXPIRES"),
    reserved(component("TIME", 2, 600, vat=20)),
    CHARGING,
)
EXPIRE_TIME = tariff(
    reserved(component("TIME", 6, 600, vat=20), kind="RESERVATION_EXPIRES"),
    reserved(component("TIME", 3, 600, vat=20)),
    CHARGING,
)


@pytest.mark.parametrize(
    ("priced", "minutes", "expected"),
    [
        (PRICE, 15, ("6.75", "7.60")),
        (FEE, 13, ("8.75", "10.00")),  # the text has 10.00: 2.40 + 1.50 + 0.60 + 5.50
        (EXPIRE_FEE, 22, ("6.50", "7.30")),
        (EXPIRE_TIME, 22, ("7.00", "7.90")),
    ],
)
def test_a_reservation_before_a_session_is_billed_with_it(priced, minutes, expected):
    tally = Tally.begin(priced, UTC, START)
    tally.reserve(START - timedelta(minutes=minutes), START)
    tally.take(START + timedelta(hours=1), 20 * KWH, is_charging=True)
    again = Tally.load(json.loads(json.dumps(tally.dump())), priced, UTC)
    assert totals(again.bill(tally.at, None, {})) == expected


@pytest.mark.parametrize(
    ("priced", "minutes", "expected"),
    [(EXPIRE_FEE, 60, ("6.00", "7.20")), (EXPIRE_TIME, 90, ("9.00", "10.80"))],
)
def test_a_reservation_that_nobody_came_for_is_all_there_is_to_pay(priced, minutes, expected):
    tally = Tally.begin(priced, UTC, START)
    tally.reserve(START - timedelta(minutes=minutes), START, is_expired=True)
    assert totals(tally.bill(START, 0, {})) == expected


def test_prices_of_a_reservation_never_apply_to_a_session():
    tally = Tally.begin(FEE, UTC, START)
    tally.take(START + timedelta(hours=1), 20 * KWH, is_charging=True)
    assert totals(tally.bill(tally.at, None, {})) == ("5.50", "6.10")
