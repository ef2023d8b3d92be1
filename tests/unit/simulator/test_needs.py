"""What cars that speak ISO 15118 ask for."""

import pytest

from simulator.station.transaction import Token
from simulator.vehicles.catalogue import VEHICLES
from simulator.vehicles.needs import chosen_schedule, needs_of
from simulator.vehicles.vehicle import Vehicle
from simulator.vehicles.visit import Visit


def visit(name, **wishes):
    return Visit(VEHICLES[name], 0.5, Token("T"), **wishes)


def test_ac_car_asks_for_the_energy_of_its_visit_and_says_what_it_can():
    car = Vehicle(VEHICLES["sedan-11kw"], 0.5)
    needs = needs_of(car, visit("sedan-11kw", wants_wh=8_000.4, stays_s=3_600.0), 100.0)
    assert needs.transfer == "AC_three_phase"
    assert needs.departs_at_s == 3_700
    assert (needs.ac.energy_wh, needs.ac.min_current_a, needs.ac.max_current_a) == (8_001, 6, 16)
    assert needs.dc is None


def test_without_a_wish_it_is_a_full_battery_and_no_departure():
    car = Vehicle(VEHICLES["sedan-11kw"], 0.5)
    needs = needs_of(car, None, 0.0)
    assert needs.ac.energy_wh == pytest.approx(77_000 * 0.5 / 0.9, rel=0.01)
    assert needs.departs_at_s is None


def test_dc_car_tells_its_battery():
    needs = needs_of(Vehicle(VEHICLES["sedan-dc-150kw"], 0.421), None, 0.0)
    assert (needs.transfer, needs.ac) == ("DC", None)
    dc = needs.dc
    assert (dc.max_power_w, dc.soc_percent, dc.capacity_wh) == (150_000, 42, 77_000)
    assert dc.max_current_a * dc.max_voltage_v >= dc.max_power_w
    assert (dc.full_percent, dc.bulk_percent) == (100, 80)


def test_bus_has_a_higher_voltage_and_an_ordinary_car_says_nothing():
    assert needs_of(Vehicle(VEHICLES["bus-dc-150kw"], 0.2), None, 0.0).dc.max_voltage_v > 800
    assert needs_of(Vehicle(VEHICLES["compact-11kw"], 0.2), None, 0.0) is None


def test_chosen_schedule_keeps_to_what_is_offered_and_to_what_the_car_can():
    car = Vehicle(VEHICLES["sedan-11kw"], 0.5)
    chosen = chosen_schedule(car, [(0, 10.0, 3), (600, 0.0, 3), (900, 32.0, 3)])
    assert [(each.start_s, each.amount) for each in chosen] == [(0, 9.8), (600, 0.0), (900, 16.0)]
