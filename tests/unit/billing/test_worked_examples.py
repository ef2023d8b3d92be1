"""The worked examples of OCPI 2.2.1, chapter 11, with the totals that follow from their facts.

Totals are net and including VAT, worked out by hand. Those of the second edition (2.2.1-d2) are
what it prints, but for two in which it contradicts itself; examples that only OCPI 2.2 has, and
which round charging and parking each by itself, come to what 10.3.1 of 2.2.1 makes of them.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.unit.billing.made_tariffs import bill, component, element, tariff, totals

WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]

KWH_025 = element(component("ENERGY", 0.25, vat=10))
START_FEE = element(component("FLAT", 0.5, vat=20), component("ENERGY", 0.25, vat=10))
PER_HOUR = element(component("TIME", 2.0, 60, vat=10))
CHARGE_AND_PARK = element(
    component("TIME", 3.0, 60, vat=10), component("PARKING_TIME", 5.0, 300, vat=20)
)

CASES = {
    "0.25 euro per kWh": (tariff(KWH_025), [(60, 20, True)], ("5.00", "5.50")),
    "0.25 euro per kWh + start fee": (tariff(START_FEE), [(60, 20, True)], ("5.50", "6.10")),
    "minimum price, above it": (
        tariff(KWH_025, min_price={"excl_vat": 0.5, "incl_vat": 0.55}),
        [(60, 20, True)],
        ("5.00", "5.50"),
    ),
    "minimum price, below it": (
        tariff(KWH_025, min_price={"excl_vat": 0.5, "incl_vat": 0.55}),
        [(60, 1.9, True)],
        ("0.50", "0.55"),
    ),
    "energy + parking fee + start fee": (
        tariff(START_FEE, element(component("PARKING_TIME", 2.0, 900, vat=20))),
        [(120, 20, True), (40, 0, False)],
        ("7.00", "7.90"),
    ),
    "maximum price, above it": (
        tariff(START_FEE, max_price={"excl_vat": 10, "incl_vat": 11}),
        [(60, 50, True)],
        ("10.00", "11.00"),
    ),
    "maximum price, below it": (
        tariff(START_FEE, max_price={"excl_vat": 10, "incl_vat": 11}),
        [(60, 30, True)],
        ("8.00", "8.85"),
    ),
    "2 euro per hour": (tariff(PER_HOUR), [(150, 10, True)], ("5.00", "5.50")),
    "2 euro per hour, not for parking": (
        tariff(PER_HOUR),
        [(150, 10, True), (300, 0, False)],
        ("5.00", "5.50"),
    ),
    "3 euro per hour, 5 euro per hour parking": (
        tariff(CHARGE_AND_PARK),
        [(150, 20, True), (42, 0, False)],
        ("11.25", "12.75"),
    ),
    "ad hoc, 5.2% VAT": (
        tariff(element(component("TIME", 1.9, 300, vat=5.2)), type="AD_HOC_PAYMENT"),
        [(150, 20, True)],
        ("4.75", "5.00"),
    ),
    "0.25 euro per kWh, by 0.1 kWh, with a start fee": (
        tariff(element(component("FLAT", 0.5, vat=20), component("ENERGY", 0.25, 100, vat=10))),
        [(60, 20.45, True)],
        ("5.63", "6.24"),
    ),
    "0.22 euro per kWh, by 0.1 kWh, with a start fee": (
        tariff(element(component("FLAT", 0.5, vat=20), component("ENERGY", 0.22, 100, vat=10))),
        [(60, 20.45, True)],
        ("5.01", "5.56"),
    ),
    "0.25 euro per kWh, by 0.1 kWh": (
        tariff(element(component("ENERGY", 0.25, 100, vat=10))),
        [(60, 20.45, True)],
        # OCPI 2.2 has 5.50 and 6.05; 20.5 kWh at 0.25 are 5.125, and 5.6375 with VAT.
        ("5.13", "5.64"),
    ),
    "0.22 euro per kWh, by 0.1 kWh": (
        tariff(element(component("ENERGY", 0.22, 100, vat=10))),
        [(60, 20.45, True)],
        ("4.51", "4.96"),
    ),
    "free of charge": (
        tariff(element(component("FLAT", 0.0, 0))),
        [(60, 20, True)],
        ("0.00", "0.00"),
    ),
    "max_power": (
        tariff(
            element(component("ENERGY", 0.2), max_power=16),
            element(component("ENERGY", 0.35), max_power=32),
            element(component("ENERGY", 0.5)),
        ),
        [(10, 1, True), (50, 40, True), (7.5, 0.5, True)],
        ("20.30", "20.30"),
    ),
    "max_duration": (
        tariff(
            element(component("ENERGY", 0.0), max_duration=1800),
            element(component("ENERGY", 0.25), max_duration=3600),
            element(component("ENERGY", 0.4)),
        ),
        [(30, 5, True), (10, 1.2, True)],
        ("0.30", "0.30"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_example_of_the_specification_comes_to_its_total(name):
    priced, stretches, expected = CASES[name]
    assert totals(bill(priced, *stretches)) == expected


COMPLEX = tariff(
    element(component("FLAT", 2.5, vat=15)),
    element(component("TIME", 1.0, 900, vat=20), max_current=32),
    element(component("TIME", 2.0, 600, vat=20), min_current=32, day_of_week=WEEKDAYS),
    element(
        component("TIME", 1.25, 600, vat=20), min_current=32, day_of_week=["SATURDAY", "SUNDAY"]
    ),
    element(
        component("PARKING_TIME", 5.0, 300, vat=10),
        start_time="09:00",
        end_time="18:00",
        day_of_week=WEEKDAYS,
    ),
    element(
        component("PARKING_TIME", 6.0, 300, vat=10),
        start_time="10:00",
        end_time="17:00",
        day_of_week=["SATURDAY"],
    ),
)


def test_the_complex_example_on_a_monday_morning():
    """2.50 + 165 min at 1.00/h (2.75) + 42 min as 45 at 5.00/h (3.75): 9.00 and 10.30."""
    monday = datetime(2026, 1, 12, 9, 30, tzinfo=UTC)
    stretches = (165, 9, True, {"current_a": 16}), (42, 0, False)
    assert totals(bill(COMPLEX, *stretches, start=monday)) == ("9.00", "10.30")


def test_the_complex_example_as_ocpi_2_2_has_it():
    """2.50 + 147 min at 1.00/h (2.45) + 42 min as 45 at 5.00/h (3.75); charging not rounded."""
    monday = datetime(2026, 1, 12, 9, 30, tzinfo=UTC)
    stretches = (147, 9, True, {"current_a": 16}), (42, 0, False)
    assert totals(bill(COMPLEX, *stretches, start=monday)) == ("8.70", "9.94")


def test_the_complex_example_on_a_saturday_afternoon():
    """2.50 + 114 min at 1.25/h (2.375) + 71 min as 75 at 6.00/h (7.50): 12.375 and 13.975.

    The second edition prints 12.28 and 13.861, reckoned at 1.20 per hour, which is not its tariff.
    """
    saturday = datetime(2026, 1, 17, 13, 30, tzinfo=UTC)
    stretches = (114, 19, True, {"current_a": 43}), (71, 0, False)
    assert totals(bill(COMPLEX, *stretches, start=saturday)) == ("12.38", "13.98")


def test_the_complex_example_charges_no_parking_on_a_sunday():
    sunday = datetime(2026, 1, 18, 13, 30, tzinfo=UTC)
    stretches = (114, 19, True, {"current_a": 43}), (71, 0, False)
    # Without parking the charging is rounded up: 120 min at 1.25/h.
    assert totals(bill(COMPLEX, *stretches, start=sunday)) == ("5.00", "5.88")


FIRST_HOUR = tariff(
    element(component("PARKING_TIME", 0.0, 60), min_duration=0, max_duration=3600),
    element(component("PARKING_TIME", 2.0, 60), min_duration=3600, max_duration=10800),
    element(component("PARKING_TIME", 3.0, 60), min_duration=10800),
    element(component("ENERGY", 0.0), max_kwh=1.0),
    element(component("ENERGY", 0.2), min_kwh=1.0),
)


def test_first_hour_free_counts_from_the_start_of_the_session():
    """19 kWh at 0.20, and parking from 1:00 to 3:45: 2 h at 2.00, 0.75 h at 3.00."""
    made = bill(FIRST_HOUR, (60, 20, True), (165, 0, False))
    assert totals(made) == ("10.05", "10.05")


def test_first_hour_free_of_a_session_that_only_parks():
    """As the text counts it: 1 h free, 1.75 h at 2.00, beside 19 kWh at 0.20."""
    made = bill(FIRST_HOUR, (0, 20, True), (165, 0, False))
    assert totals(made) == ("7.30", "7.30")


STEPS = tariff(
    element(
        component("TIME", 1.2, 1800),
        component("PARKING_TIME", 1.0, 900),
        start_time="00:00",
        end_time="17:00",
    ),
    element(
        component("TIME", 2.4, 900),
        component("PARKING_TIME", 1.0, 900),
        start_time="17:00",
        end_time="20:00",
    ),
    element(component("TIME", 2.4, 900), start_time="20:00", end_time="00:00"),
)


def at(hour, minute):
    return datetime(2026, 1, 14, hour, minute, tzinfo=UTC)


def test_switching_elements_1_rounds_the_parking_alone():
    """5 min at 1.20/h (0.10), 5 at 2.40/h (0.20), 2 min of parking as 15 at 1.00/h (0.25)."""
    made = bill(STEPS, (10, 2, True), (2, 0, False), start=at(16, 55))
    assert totals(made) == ("0.55", "0.55")


def test_switching_elements_2_rounds_the_whole_charging_time():
    """25 min at 1.20/h (0.50); 35 min become 45, the other 20 at 2.40/h (0.80)."""
    made = bill(STEPS, (35, 5, True), start=at(16, 35))
    assert totals(made) == ("1.30", "1.30")
    assert [line.quantity for line in made.lines] == [Decimal("0.416667"), Decimal("0.333333")]


def test_switching_to_a_free_element_rounds_what_was_to_be_paid():
    """12 min of charging at 2.40/h (0.48); 8 of 20 min of parking are paid, as 15 (0.25).

    The second edition prints 0.80, reckoned at 1.20 and 2.40 per hour, which is not its tariff.
    """
    made = bill(STEPS, (12, 2, True), (20, 0, False), start=at(19, 40))
    assert totals(made) == ("0.73", "0.73")


def test_switching_to_a_free_element_rounds_charging_if_no_parking_was_paid():
    """5 min at 2.40/h before 20:00, 10 min after it instead of 5; parking after it is free."""
    made = bill(STEPS, (10, 2, True), (2, 0, False), start=at(19, 55))
    assert totals(made) == ("0.60", "0.60")


def test_step_size_of_energy_takes_the_total_of_the_session():
    """OCPI 2.2.1, 10.3.1: 4.3 kWh before 17:00 and 1.1 after it become 5.5, not 5.8."""
    priced = tariff(
        element(component("ENERGY", 0.2, 500), end_time="17:00"),
        element(component("ENERGY", 0.27, 500)),
    )
    made = bill(priced, (43, 4.3, True), (11, 1.1, True), start=at(16, 17))
    assert [str(line.quantity) for line in made.lines[:2]] == ["4.300000", "1.200000"]
    assert totals(made) == ("1.18", "1.18")


def test_step_size_of_time_takes_the_total_of_the_session():
    """OCPI 2.2.1, 10.3.1: 6 and 22 minutes become 30: 24 after 17:00."""
    priced = tariff(
        element(component("TIME", 5, 600), end_time="17:00"),
        element(component("TIME", 7, 600)),
    )
    made = bill(priced, (28, 5, True), start=at(16, 54))
    assert totals(made) == ("3.30", "3.30")


def test_step_size_is_not_taken_into_account_between_charging_and_parking():
    """OCPI 2.2.1, 10.3.1: 21 minutes of charging stay 21, 16 of parking become 20."""
    priced = tariff(element(component("TIME", 1, 600), component("PARKING_TIME", 2, 600)))
    made = bill(priced, (21, 5, True), (16, 0, False))
    assert [str(line.quantity) for line in made.lines[:2]] == ["0.350000", "0.333333"]
    assert totals(made) == ("1.02", "1.02")


@pytest.mark.parametrize(
    ("step_size", "expected"), [(1, "0.029000"), (25, "0.031250"), (500, "0.125000")]
)
def test_step_size_of_115_2_watt_hours(step_size, expected):
    """OCPI 2.2.1, 11.4.2."""
    made = bill(tariff(element(component("ENERGY", 0.25, step_size))), (10, 0.1152, True))
    assert str(made.lines[0].net) == expected
