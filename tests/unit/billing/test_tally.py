"""Tallies: odd points, estimates, power, ends, and how small and quick they stay."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from csms.billing import Tally
from csms.billing.plan import Plan
from tests.unit.billing.made_tariffs import (
    KWH,
    START,
    STOCKHOLM,
    bill,
    component,
    element,
    tally_of,
    tariff,
    totals,
)

ENERGY = tariff(element(component("ENERGY", 0.5)))
TIMES = tariff(element(component("TIME", 6), component("PARKING_TIME", 12)))
HOUR = timedelta(hours=1)


def test_a_point_before_the_last_is_refused_and_changes_nothing():
    tally = tally_of(ENERGY, (60, 5, True))
    before = tally.dump()
    assert tally.take(START + HOUR / 2, 3 * KWH, is_charging=True) is False
    assert tally.dump() == before


def test_energy_that_falls_counts_as_none_and_is_an_estimate():
    tally = tally_of(ENERGY, (60, 5, True))
    tally.take(START + 2 * HOUR, 3 * KWH, is_charging=True)
    tally.take(START + 3 * HOUR, 6 * KWH, is_charging=True)
    made = tally.bill(tally.at, None, {})
    assert (made.energy_milliwh, made.reasons) == (6 * KWH, ("register_fell",))
    assert made.lines[0].reasons == ("register_fell",)


def test_energy_without_time_is_billed_at_its_instant():
    priced = tariff(element(component("ENERGY", 1), max_kwh=2), element(component("ENERGY", 3)))
    made = bill(priced, (0, 5, True))
    assert totals(made) == ("11.00", "11.00")
    assert made.charging_s == 0


def test_a_session_of_nothing_has_a_period_and_its_flat_price():
    priced = tariff(element(component("FLAT", 2)), element(component("ENERGY", 1)))
    made = bill(priced)
    assert totals(made) == ("2.00", "2.00")
    assert len(made.periods) == 1


def test_a_flat_price_is_paid_once_and_from_when_it_applies():
    priced = tariff(
        element(component("FLAT", 3), min_duration=3600),
        element(component("FLAT", 1), min_kwh=2),
        element(component("ENERGY", 0)),
    )
    assert totals(bill(priced, (30, 1, True))) == ("0.00", "0.00")
    assert totals(bill(priced, (30, 4, True), (60, 0, False))) == ("1.00", "1.00")
    made = bill(priced, (90, 1, True))
    assert totals(made) == ("3.00", "3.00")
    flat = next(line for line in made.lines if line.dimension == "FLAT")
    assert flat.start == flat.end == START + HOUR


def test_elements_without_a_dimension_do_not_hide_later_ones():
    priced = tariff(
        element(component("TIME", 1), start_time="00:00", end_time="00:00"),
        element(component("ENERGY", 2)),
    )
    assert totals(bill(priced, (60, 1, True))) == ("3.00", "3.00")


def test_reasons_go_to_the_lines_of_their_stretch_and_to_the_bill():
    night = tariff(
        element(component("ENERGY", 1), start_time="11:00"), element(component("ENERGY", 2))
    )
    tally = Tally.begin(night, UTC, START)
    tally.take(START + HOUR, KWH, is_charging=True)
    tally.take(START + 2 * HOUR, 2 * KWH, is_charging=True, reasons=["gap", "clock_corrected"])
    made = tally.bill(tally.at, None, {})
    assert [line.reasons for line in made.lines] == [(), ("clock_corrected", "gap")]
    assert made.is_estimated
    assert made.reasons == ("clock_corrected", "gap")


def test_a_bill_leaves_its_tally_as_it_is():
    tally = tally_of(TIMES, (60, 5, True), (30, 0, False))
    before = json.dumps(tally.dump())
    first = tally.bill(START + 3 * HOUR, 7 * KWH, {})
    assert tally.bill(START + 3 * HOUR, 7 * KWH, {}) == first
    assert json.dumps(tally.dump()) == before


def test_what_comes_after_the_last_point_belongs_to_the_last_stretch():
    tally = tally_of(TIMES, (60, 5, True))
    assert tally.bill(START + 2 * HOUR, 5 * KWH, {}).charging_s == 7200
    tally.take(START + 2 * HOUR, 5 * KWH, is_charging=False)
    made = tally.bill(START + 3 * HOUR, 5 * KWH, {})
    assert (made.charging_s, made.parking_s) == (3600, 7200)


def test_an_end_before_the_last_point_counts_as_that_point():
    tally = tally_of(TIMES, (60, 5, True))
    assert tally.bill(START, None, {}) == tally.bill(START + HOUR, None, {})


def test_a_smaller_final_energy_is_spread_in_proportion():
    priced = tariff(
        element(component("ENERGY", 1), end_time="11:00"), element(component("ENERGY", 2))
    )
    tally = tally_of(priced, (60, 6, True), (60, 3, True))
    made = tally.bill(tally.at, 3 * KWH, {})
    assert [line.quantity for line in made.lines] == [Decimal(2), Decimal(1)]
    assert tally.bill(tally.at, 0, {}).energy_milliwh == 0


def test_time_that_is_neither_is_not_billed():
    tally = tally_of(TIMES, (60, 5, True), (60, 0, None), (60, 0, False))
    made = tally.bill(tally.at, None, {})
    assert (made.charging_s, made.parking_s) == (3600, 3600)
    assert totals(made) == ("18.00", "18.00")


POWERS = tariff(
    element(component("ENERGY", 1), max_power=11),
    element(component("ENERGY", 2), min_power=11, max_power=22),
    element(component("ENERGY", 3), min_power=22),
)


@pytest.mark.parametrize(
    ("kwh", "told", "total"),
    [
        (10.999, {}, "11.00"),
        (11, {}, "22.00"),
        (21.999, {}, "44.00"),
        (22, {}, "66.00"),
        (11, {"power_w": 10_999}, "11.00"),
        (11, {"power_w": Decimal("10999.9")}, "11.00"),
        (11, {"power_w": 22_000.0}, "33.00"),
    ],
)
def test_power_is_from_the_lower_bound_on_and_below_the_upper(kwh, told, total):
    assert str(bill(POWERS, (60, kwh, True, told)).total) == total


def test_a_session_that_is_only_an_end_has_the_power_of_its_mean():
    made = Tally.begin(POWERS, UTC, START).bill(START + HOUR, 15 * KWH, {})
    assert (str(made.total), made.charging_s) == ("30.00", 3600)


def test_current_is_the_sum_over_phases_at_the_nominal_voltage_unless_told():
    priced = tariff(
        element(component("ENERGY", 1), max_current=48),
        element(component("ENERGY", 2), min_current=48),
    )
    assert str(bill(priced, (60, 11.0, True)).total) == "11.00"  # 47.8 A at 230 V
    assert str(bill(priced, (60, 11.04, True)).total) == "22.08"  # 48 A
    assert str(bill(priced, (60, 11.04, True, {"current_a": 47.9})).total) == "11.04"


def test_a_weekday_ends_at_local_midnight():
    priced = tariff(
        element(component("TIME", 60), day_of_week=["WEDNESDAY"]), element(component("TIME", 0))
    )
    start = datetime(2026, 1, 14, 22, 30, tzinfo=UTC)  # 23:30 in Stockholm
    assert totals(bill(priced, (60, 1, True), start=start, zone=STOCKHOLM))[0] == "30.00"


def test_dates_hold_from_the_first_until_before_the_last():
    priced = tariff(
        element(component("TIME", 60), start_date="2026-01-15", end_date="2026-01-16"),
        element(component("TIME", 0)),
    )
    start = datetime(2026, 1, 14, 23, 30, tzinfo=UTC)
    assert totals(bill(priced, (25 * 60, 1, True), start=start))[0] == "1440.00"


def test_a_time_that_wraps_holds_before_and_after_midnight():
    priced = tariff(
        element(component("ENERGY", 1), start_time="22:00", end_time="06:00"),
        element(component("ENERGY", 5)),
    )
    start = datetime(2026, 1, 14, 21, tzinfo=UTC)
    assert totals(bill(priced, (600, 10, True), start=start))[0] == "18.00"


def test_a_change_within_a_stretch_cuts_it_at_the_exact_instant_and_energy():
    priced = tariff(
        element(component("ENERGY", 1), max_kwh=1),
        element(component("ENERGY", 2), max_duration=4000),
        element(component("ENERGY", 3)),
    )
    made = bill(priced, (120, 7.2, True))
    assert [line.end for line in made.lines] == [
        START + timedelta(seconds=1000),
        START + timedelta(seconds=4000),
        START + timedelta(seconds=7200),
    ]
    assert [str(line.quantity) for line in made.lines] == ["1.000000", "3.000000", "3.200000"]


@pytest.mark.parametrize(
    ("currency", "total"), [("EUR", "1.23"), ("JPY", "1"), ("KWD", "1.235"), ("CLF", "1.2346")]
)
def test_totals_are_in_whole_minor_units_half_up(currency, total):
    priced = tariff(element(component("FLAT", 1.23455, 0)), currency=currency)
    assert str(bill(priced).total) == total


def test_halves_are_not_lost_in_thirds():
    """Three times 0.005/3 are half a cent, which is rounded up."""
    priced = tariff(
        element(component("TIME", 0.01), end_time="10:10"),
        element(component("TIME", 0.01), end_time="10:20"),
        element(component("TIME", 0.01)),
    )
    assert totals(bill(priced, (30, 1, True))) == ("0.01", "0.01")


def test_minimum_price_without_vat_carries_the_rate_of_the_session():
    priced = tariff(element(component("ENERGY", 1, vat=25)), min_price={"excl_vat": 4})
    assert totals(bill(priced, (60, 1, True))) == ("4.00", "5.00")
    assert totals(bill(priced)) == ("4.00", "5.00")
    limited = tariff(element(component("ENERGY", 1, vat=25)), max_price={"excl_vat": 4})
    assert totals(bill(limited, (60, 10, True))) == ("4.00", "5.00")


def test_both_amounts_of_a_limit_apply_each_to_its_own_sum():
    parts = component("ENERGY", 1, vat=0), component("FLAT", 1, vat=50)
    least = tariff(element(*parts), min_price={"excl_vat": 3, "incl_vat": 3.2})
    assert totals(bill(least, (60, 1.9, True))) == ("3.00", "3.40")
    most = tariff(element(*parts), max_price={"excl_vat": 3, "incl_vat": 3.2})
    assert totals(bill(most, (60, 1.9, True))) == ("2.90", "3.20")


def test_a_night_of_minutes_stays_small():
    priced = tariff(
        element(component("ENERGY", 3), start_time="06:00", end_time="22:00"),
        element(component("ENERGY", 2)),
    )
    tally = Tally.begin(priced, STOCKHOLM, START)
    for minute in range(1, 14 * 60):
        reasons = ["gap"] if minute % 50 == 0 else []
        tally.take(
            START + timedelta(minutes=minute), minute * 50_000, is_charging=True, reasons=reasons
        )
    assert len(json.dumps(tally.dump())) < 500


def test_a_car_that_starts_and_stops_for_days_stays_small_and_loses_nothing():
    tally = Tally.begin(TIMES, STOCKHOLM, START)
    for minute in range(1, 5000):
        tally.take(START + timedelta(minutes=minute), minute * 1000, is_charging=minute % 2 == 0)
    assert len(json.dumps(tally.dump())) < 10_000
    made = tally.bill(tally.at, None, {})
    assert made.charging_s + made.parking_s == 4999 * 60
    assert made.energy_milliwh == 4_999_000
    assert str(made.net) == "749.90"  # 2499 min at 6.00/h and 2500 min at 12.00/h


def test_a_year_at_rest_is_one_step_and_what_flows_then_has_the_prices_of_its_quarters(monkeypatch):
    looks = []
    look = Plan.times
    monkeypatch.setattr(
        Plan, "times", lambda *given, **more: looks.append(1) or look(*given, **more)
    )
    priced = tariff(element(component("ENERGY", 9, spot={"series": "SE3"})))
    tally = tally_of(priced, (15, 1, True), (365 * 24 * 60, 0, False), (30, 4, True))
    assert len(looks) < 6
    slots = [slot for run in tally.dump()["runs"] for slot in run[-1]]
    assert slots[1::2] == [1 * KWH, 2 * KWH, 2 * KWH]
    assert slots[2::2] == [365 * 24 * 4 + 1, 1]


def test_rules_between_dates_hold_on_their_days_only_whatever_was_looked_up_before():
    priced = tariff(
        element(component("ENERGY", 5), start_date="2026-01-15", end_date="2026-01-16"),
        element(component("ENERGY", 3), start_time="10:00", day_of_week=["THURSDAY"]),
        element(component("ENERGY", 1)),
    )
    # Nine days from a Wednesday at ten on, at 1 kWh an hour.
    made = bill(priced, (9 * 24 * 60, 216, True))
    told = [(line.element, str(line.quantity.normalize())) for line in made.lines]
    assert told == [(2, "14"), (0, "24"), (2, "154"), (1, "14"), (2, "1E+1")]
