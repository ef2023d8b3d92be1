"""Running an energy through limits and a curve: as a slow walk by seconds does it."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from csms.monitor.expected_end_course import RESUME_S, Curve, Leg, drawn_until, follow

FLAT = Curve(((0.0, 11_000.0),))
limits = st.sampled_from([0.0, 1_400.0, 4_140.0, 7_000.0, 11_000.0, 50_000.0, math.inf])
powers = st.sampled_from([500.0, 2_000.0, 7_400.0, 11_000.0, 60_000.0])


@st.composite
def some_legs(draw: st.DrawFn) -> list[Leg]:
    ends = sorted(draw(st.lists(st.integers(60, 7_200), max_size=4, unique=True)))
    return [*(Leg(float(end), draw(limits)) for end in ends), Leg(math.inf, draw(limits))]


@st.composite
def some_curve(draw: st.DrawFn) -> Curve:
    places = sorted(draw(st.lists(st.integers(0, 20_000), min_size=1, max_size=5, unique=True)))
    return Curve(tuple((float(place), draw(powers)) for place in places))


def watts_at(curve: Curve, wh: float) -> float:
    points = curve.points
    if wh <= points[0][0]:
        return points[0][1]
    for (a, x), (b, y) in pairwise(points):
        if wh <= b:
            return x + (y - x) * (wh - a) / (b - a)
    return points[-1][1]


def walked(legs: list[Leg], wh: float, curve: Curve, most_s: int) -> float | None:
    """Seconds until the energy is there, second by second; None beyond `most_s`."""
    drawn, asleep_s = 0.0, 0.0
    for second in range(most_s):
        limit = next(leg.watts for leg in legs if second < leg.end_s)
        if limit <= 0:
            asleep_s = RESUME_S
        elif asleep_s > 0:
            asleep_s -= 1
        else:
            drawn += min(limit, watts_at(curve, drawn)) / 3600
        if drawn >= wh:
            return second + 1
    return None


@settings(max_examples=60, deadline=None)
@given(some_legs(), some_curve(), st.integers(100, 12_000))
@example([Leg(60.0, 0.0), Leg(61.0, 1400.0), Leg(math.inf, 1400.0)], Curve(((0.0, 500.0),)), 100)
def test_it_ends_when_a_walk_by_seconds_does(legs, curve, wh):
    expected = walked(legs, wh, curve, 12_000)
    course = follow(legs, float(wh), curve)
    if expected is None:
        assert course.end_s is None or course.end_s > 11_500
    else:
        assert course.end_s == pytest.approx(expected, abs=8, rel=0.01)


@settings(max_examples=80, deadline=None)
@given(some_legs(), some_curve(), st.integers(60, 9_000))
def test_what_was_drawn_by_then_takes_that_long(legs, curve, until_s):
    wh = drawn_until(legs, until_s, curve)
    ends_s = follow(legs, wh * 0.999, curve).end_s
    assert wh == 0 or (ends_s is not None and ends_s <= until_s + 1)
    more = follow(legs, wh * 1.001 + 1, curve).end_s
    assert more is None or more >= until_s - 1


def test_a_pause_costs_its_length_and_the_waking_up():
    legs = [Leg(600, 11_000), Leg(1_800, 0), Leg(math.inf, 11_000)]
    assert follow(legs, 5_500, FLAT).end_s == pytest.approx(1_800 + 1_200 + RESUME_S)


def test_a_car_that_sleeps_has_to_wake_first():
    legs = [Leg(math.inf, 11_000)]
    assert follow(legs, 1_100, FLAT, is_paused=True).end_s == pytest.approx(360 + RESUME_S)


def test_what_the_limits_never_allow_is_missing_where_they_stop():
    course = follow([Leg(3_600, 5_500), Leg(math.inf, 0)], 11_000, FLAT)
    assert (course.end_s, course.stops_s) == (None, 3_600)
    assert course.left_wh == pytest.approx(5_500)
    assert follow([Leg(math.inf, 0)], 1, FLAT).stops_s == 0


def test_two_years_of_changes_cost_no_more_than_their_number():
    legs = [Leg(3_600.0 * hour, 11_000.0 if hour % 2 else 0.0) for hour in range(1, 17_521)]
    legs.append(Leg(math.inf, 0.0))
    assert follow(legs, 11_000 * 8_000, FLAT).end_s == pytest.approx(3_600 * 16_000, rel=0.01)
