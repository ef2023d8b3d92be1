"""What earlier sessions tell of the car of the next one: a vehicle's, and a token's."""

from __future__ import annotations

import pytest

from csms.monitor.expected_end_habits import Car, Habits, Visit, car_of, load_habits, with_visit

HERE, THERE = "HERE", "THERE"


def a_visit(peak_a: float = 16.0, **values) -> Visit:
    known = {"station": HERE, "evse": 1, "is_dc": False, "phases": 3, "is_free": True}
    return Visit(peak_a=peak_a, **{**known, **values})


def expected_here(*visits: Visit, is_one_car: bool = False, is_shared: bool = False) -> Car:
    habits = Habits(visits=list(visits), is_shared=is_shared)
    return car_of(habits, HERE, 1, is_one_car=is_one_car)


KNOWN, UNKNOWN = Car(16.0, 3), Car()


@pytest.mark.parametrize(
    ("visits", "car"),
    [
        ([], UNKNOWN),
        ([a_visit()], KNOWN),
        ([a_visit(station=THERE)], UNKNOWN),
        ([a_visit(station=THERE)] * 3, KNOWN),
        ([a_visit(15.0), a_visit(16.0)], KNOWN),
        ([a_visit(32.0, phases=3), a_visit(16.0)], UNKNOWN),
        ([a_visit(16.0, phases=1), a_visit(16.0)], UNKNOWN),
        ([a_visit(10.0, is_free=False), a_visit(16.0, is_free=False)], KNOWN),
        ([a_visit(10.0, is_free=False), a_visit(16.0)], KNOWN),
        ([a_visit(0.0, phases=0), a_visit()], KNOWN),
        ([a_visit(0.0, phases=0, peak_w=11_040.0)], KNOWN),
        ([a_visit(0.0, phases=3, peak_w=11_040.0)], KNOWN),
        ([a_visit(0.0, phases=0, peak_w=7_360.0)], UNKNOWN),
        ([a_visit(48.0, phases=0, peak_w=11_040.0)], KNOWN),
        ([a_visit(0.0, phases=2, peak_w=11_040.0)], KNOWN),
        ([a_visit(16.0, phases=2, peak_w=11_040.0)], KNOWN),
        ([a_visit(), a_visit(10.0, phases=2, peak_w=6_900.0, is_free=False)], KNOWN),
        ([a_visit(24.0, phases=2, peak_w=11_040.0)], Car(24.0, 2)),
        ([a_visit(125.0, is_dc=True, phases=0), a_visit()], KNOWN),
    ],
)
def test_a_token_stands_for_a_car_as_far_as_its_sessions_agree(visits, car):
    assert expected_here(*visits) == car


def test_a_token_that_is_used_in_two_places_at_once_stands_for_the_car_at_each_of_them():
    elsewhere = [a_visit(32.0, station=THERE)] * 4
    assert expected_here(*elsewhere, is_shared=True) == UNKNOWN
    assert expected_here(a_visit(), *elsewhere, is_shared=True) == KNOWN
    assert expected_here(a_visit(evse=2), *elsewhere, is_shared=True) == UNKNOWN


def test_many_visits_elsewhere_do_not_crowd_out_those_here_and_none_are_kept_for_ever():
    visits: list[Visit] = []
    for number in range(200):
        visits = with_visit(visits, a_visit(6.0 + number / 100, station=f"S{number % 4}"))
    assert [each.station for each in visits].count("S1") == 5
    assert visits[-1].peak_a == 7.99
    for number in range(200):
        visits = with_visit(visits, a_visit(station=f"S{number}"))
    assert len(visits) < 50


def test_of_a_known_vehicle_its_newest_free_session_counts():
    visits = (a_visit(11.0, station=THERE), a_visit(16.0), a_visit(6.0, is_free=False))
    assert expected_here(*visits, is_one_car=True) == KNOWN


def test_direct_current_is_the_outlets_and_no_habit_of_the_car():
    at_dc = a_visit(125.0, is_dc=True, phases=0)
    assert expected_here(at_dc) == Car(is_dc=True)
    assert expected_here(at_dc._replace(evse=2), a_visit()) == KNOWN


def test_visits_come_back_from_their_document():
    habits = load_habits({"visits": [list(a_visit())], "is_shared": True})
    assert (habits.visits, habits.is_shared) == ([a_visit()], True)
    with pytest.raises(TypeError):
        load_habits({"visits": [["HERE", 1]]})
