"""One decimal, and profiles in another unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles import ChargingProfile, Kind, Period, Purpose, RateUnit, Schedule, convert
from profiles.units import effective_amperes, has_one_decimal_at_most, truncate


@pytest.mark.parametrize(
    ("limit", "cut"), [(8.1, 8.1), (15.94, 15.9), (15.99, 15.9), (16, 16.0), (0.09, 0.0)]
)
def test_limits_are_cut_down_to_one_decimal(limit: float, cut: float) -> None:
    assert truncate(limit) == cut


@given(st.floats(0, 1e6))
def test_cut_limit_fits_the_wire_and_is_never_higher(limit: float) -> None:
    cut = truncate(limit)
    assert has_one_decimal_at_most(cut)
    assert limit - 0.1 - 1e-6 < cut <= limit + 1e-6


@given(st.integers(0, 10**7))
def test_what_has_one_decimal_is_left_alone(tenths: int) -> None:
    assert has_one_decimal_at_most(tenths / 10)
    assert truncate(tenths / 10) == tenths / 10


@pytest.mark.parametrize("limit", [16.25, 0.01, float("nan"), float("inf")])
def test_more_than_one_decimal_is_seen(limit: float) -> None:
    assert not has_one_decimal_at_most(limit)


@pytest.mark.parametrize(("limit", "effective"), [(5.9, 0.0), (6.0, 6.0), (0.0, 0.0)])
def test_below_six_amperes_is_a_pause(limit: float, effective: float) -> None:
    assert effective_amperes(limit) == effective


def a_profile(unit: RateUnit, *periods: Period) -> ChargingProfile:
    schedule = Schedule(unit, periods, min_charging_rate=6.0 if unit is RateUnit.A else None)
    return ChargingProfile(1, 0, Purpose.TX, Kind.RELATIVE, schedule)


def test_watts_become_amperes_with_each_period_s_phases_cut_down() -> None:
    watts = a_profile(RateUnit.W, Period(0, 11000.0), Period(60, 3680.0, 1))
    assert convert(watts, RateUnit.A).schedule.periods == (
        Period(0, 15.9, 3),
        Period(60, 16.0, 1),
    )


def test_amperes_become_watts_and_take_the_least_rate_along() -> None:
    schedule = convert(a_profile(RateUnit.A, Period(0, 16.0, 3)), RateUnit.W).schedule
    assert schedule.periods == (Period(0, 11040.0, 3),)
    assert schedule.min_charging_rate == 4140.0


def test_profile_in_the_right_unit_already_is_left_alone() -> None:
    amperes = a_profile(RateUnit.A, Period(0, 16.0))
    assert convert(amperes, RateUnit.A) == amperes
