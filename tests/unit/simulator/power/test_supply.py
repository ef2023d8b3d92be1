"""Power through one EVSE: exact for any observer, and settled without being looked at."""

import math
from dataclasses import replace
from random import Random

import pytest

from simulator.faults.fault import FaultBoard
from simulator.metering.forms import METER_FORMS
from simulator.power.evse import EvseModel, Offer
from simulator.power.mains import Mains
from simulator.power.supply import Supply
from simulator.vehicles.catalogue import VEHICLES
from simulator.vehicles.vehicle import CurrentType, Vehicle


def chance(seed):
    return Random(seed)  # noqa: S311 - a simulation


DC = EvseModel(CurrentType.DC, 1, 150_000.0)
AC = EvseModel()
CASES = [
    ("compact-11kw", AC),
    ("suv-11kw", AC),
    ("sleepy-compact-11kw", AC),
    ("two-phase-7kw", replace(AC, rotation=1)),
    ("sedan-dc-150kw", DC),
    ("suv-dc-250kw", DC),
]


def a_supply(car="compact-11kw", model=AC, *, soc=0.3, seed=4):
    supply = Supply(model, FaultBoard(), chance(seed))
    supply.vehicle = Vehicle(VEHICLES[car], soc)
    supply.close_circuit(100.0, model.offer(None))
    return supply


def play(supply, looks):
    """Charge for three hours with a changing limit, looked at whenever `looks` says."""
    model = supply.model
    share = {100.0: 1.0, 1_000.0: 0.5, 2_000.0: 0.0, 2_700.0: 0.0, 4_000.0: 1.0, 10_900.0: 1.0}
    for at in sorted({*looks, *share, *(each + 2.0 for each in share)}):
        supply.flow(at)
        wanted = max(since for since in share if since <= at)
        supply.follow(at, replace(model.offer(None), amount=model.max_offer * share[wanted]))
    return supply


@pytest.mark.parametrize(("car", "model"), CASES)
def test_energy_and_charge_level_are_the_same_whoever_looks(car, model):
    never = play(a_supply(car, model), ())
    often = play(a_supply(car, model), [100 + 7.3 * each for each in range(1_400)])
    random = chance(9)
    seldom = play(a_supply(car, model), [random.uniform(100, 10_900) for _ in range(40)])
    assert never.delivered_wh > 5_000
    for other in (often, seldom):
        assert other.delivered_wh == never.delivered_wh
        assert other.meter.energy_j == never.meter.energy_j
        assert other.vehicle.soc == never.vehicle.soc
        assert other.vehicle.draw == never.vehicle.draw


@pytest.mark.parametrize(("car", "model"), CASES)
def test_register_grows_by_what_flows(car, model):
    supply = a_supply(car, model)
    before, at, summed = supply.meter.energy_wh, 100.0, 0.0
    while at < 1_600:
        supply.flow(at)
        power = supply.power_w
        at += 0.25
        supply.flow(at)
        summed += (power + supply.power_w) / 2 * 0.25 / 3600
    assert supply.meter.energy_wh - before == pytest.approx(supply.delivered_wh)
    assert summed == pytest.approx(supply.delivered_wh, rel=0.001)


def test_car_that_is_done_is_looked_at_when_it_is_and_hardly_before():
    supply = a_supply()
    missing_wh, at, looks = 10_000.0, 100.0, 0
    while missing_wh - supply.delivered_wh > 0:
        at = supply.next_look(at, missing_wh - supply.delivered_wh)
        supply.flow(at)
        supply.follow(at, AC.offer(None))
        looks += 1
    assert supply.delivered_wh == pytest.approx(missing_wh, abs=0.1)
    assert 3_000 < at < 3_700
    assert looks < 25


def test_nothing_is_to_be_looked_at_without_a_car_or_a_transaction():
    assert Supply(AC, FaultBoard(), chance(1)).next_look(5.0, 100.0) == math.inf


def test_limit_is_applied_after_two_seconds_and_followed_within_five():
    supply = a_supply()
    supply.flow(200.0)
    assert not supply.follow(200.0, Offer(10.0, 3))
    assert supply.next_look(200.0, math.inf) == 202.0
    supply.flow(202.0)
    assert supply.follow(202.0, Offer(10.0, 3))
    supply.flow(207.0)
    assert supply.vehicle.draw == pytest.approx(9.8)


def test_fewer_phases_interrupt_the_car_for_a_moment():
    supply = a_supply()
    supply.flow(200.0)
    supply.follow(200.0, Offer(16.0, 1))
    supply.flow(202.0)
    supply.follow(202.0, Offer(16.0, 1))
    assert supply.drawn().draw == 0
    supply.flow(230.0)
    flow = supply.drawn()
    assert (flow.phases, flow.used) == (1, (0,))
    assert flow.draw == pytest.approx(15.8)


def test_no_energy_flows_in_the_dark_or_to_a_car_that_has_left():
    supply = a_supply()
    supply.flow(200.0)
    supply.darken(200.0)
    before = supply.delivered_wh
    supply.flow(500.0)
    assert (supply.delivered_wh, supply.power_w) == (before, 0)
    supply.light_up(500.0)
    supply.flow(530.0)
    assert supply.power_w > 10_000
    supply.vehicle = None
    after = supply.delivered_wh
    supply.flow(900.0)
    assert (supply.delivered_wh, supply.power_w) == (after, 0)


def test_one_phase_car_at_a_turned_outlet_shows_on_another_phase_of_the_grid():
    supply = a_supply("city-7kw", replace(AC, rotation=1))
    supply.flow(200.0)
    reading = supply.read()
    assert reading.phases == ("L1", "L2", "L3")
    assert reading.currents_a[0] == reading.currents_a[2] == 0
    assert reading.currents_a[1] == pytest.approx(31.8, abs=0.3)


def test_mains_stay_within_a_tenth_and_change_in_steps():
    for seed in range(50):
        mains = Mains(chance(seed))
        volts = [each for at in range(0, 200_000, 700) for each in mains.at(float(at))]
        assert 207 < min(volts) <= max(volts) < 253
        assert mains.at(301.0) == mains.at(599.0) != mains.at(601.0)
        assert mains.next_step(600.0) == 900.0


def test_registers_live_on_in_the_next_run():
    supply = a_supply()
    supply.flow(2_000.0)
    fresh = Supply(AC, FaultBoard(), chance(77))
    fresh.recall(supply.remember())
    assert fresh.meter.register_wh == supply.meter.register_wh


@pytest.mark.parametrize("damaged", [{}, {"energy_j": -1}, {"energy_j": "x"}, {"energy_j": "nan"}])
def test_a_damaged_memory_is_refused(damaged):
    with pytest.raises((ValueError, KeyError)):
        Supply(AC, FaultBoard(), chance(1)).recall(damaged)


@pytest.mark.parametrize("form", ["class-a", "class-c", "standard"])
def test_meter_errs_within_its_class(form):
    model = replace(AC, meter=METER_FORMS[form])
    supply = a_supply(model=model)
    supply.flow(200.0)
    true_w = supply.power_w
    errors = [abs(supply.read().power_w / true_w - 1) for _ in range(500)]
    assert 0.1 * model.meter.accuracy < max(errors) < 1.02 * model.meter.accuracy
