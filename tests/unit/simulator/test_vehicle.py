import math
from dataclasses import replace

import pytest

from simulator.vehicles.catalogue import VEHICLES
from simulator.vehicles.curve import Curve, knee
from simulator.vehicles.leg import Leg, Phase
from simulator.vehicles.vehicle import CurrentType, Vehicle, VehicleModel

WATTS = 690.0


class Road:
    """Drives a car from leg to leg: `(seconds, draw, charge level)` at each leg's beginning."""

    def __init__(self, car, watts=WATTS):
        self.car, self.watts, self.now, self.legs = car, watts, 0.0, []

    def run(self, seconds, offered, *, trickle=0.0):
        end = self.now + seconds
        while self.now < end:
            leg = self.car.plan(offered, self.watts, trickle)
            elapsed = min(leg.length_s, end - self.now)
            self.legs.append((self.now, leg))
            self.car.end(leg, elapsed, self.watts)
            self.now += elapsed
        return self.car.draw


def a_car(name="compact-11kw", soc=0.3, **changes):
    return Vehicle(replace(VEHICLES[name], **changes), soc)


def test_car_wakes_then_ramps_to_its_own_maximum():
    road = Road(a_car())
    assert road.run(3.0, 32.0) == 0
    assert road.run(7.0, 32.0) == pytest.approx(16)


def test_car_follows_a_lower_offer_within_five_seconds():
    road = Road(a_car("van-22kw"))
    road.run(30, 32.0)
    assert road.run(5.0, 10.0) == pytest.approx(9.8)


def test_less_than_the_least_stops_the_car_within_three_seconds():
    road = Road(a_car("van-22kw"))
    road.run(30, 32.0)
    assert road.run(3.0, 5.9) == 0


def test_trickle_flows_in_a_pause_and_only_while_energy_is_wanted():
    road = Road(a_car())
    road.run(30, 16.0)
    assert road.run(30, 0.0, trickle=3.0) == pytest.approx(3)
    road.car.is_satisfied = True
    assert road.run(30, 0.0, trickle=3.0) == 0


def test_ac_taper_is_flat_to_its_knee_and_takes_minutes_then():
    road = Road(a_car(soc=0.9))
    road.run(20_000, 32.0)
    assert road.car.soc == 1.0
    full = [leg for _, leg in road.legs if leg.draw == 16]
    assert max(leg.soc for leg in full) == pytest.approx(0.96, abs=0.001)
    tail = [at for at, leg in road.legs if leg.soc >= 0.96 and leg.phase is Phase.CHARGING]
    assert 600 < tail[-1] - tail[0] < 3_600
    assert not road.car.wants_energy
    assert road.car.draw == 0


def test_dc_taper_follows_its_curve_and_never_exceeds_it():
    road = Road(a_car("suv-dc-250kw", soc=0.05), watts=1.0)
    road.run(3_600, 400_000)
    model = road.car.model
    for _, leg in road.legs:
        assert leg.draw <= model.max_draw * model.taper.at(leg.soc) * 1.02
    assert road.car.soc > 0.8


def test_cold_battery_takes_less_and_warms_up():
    cold, mild = (a_car(name, 0.1) for name in ("winter-sedan-dc-150kw", "sedan-dc-150kw"))
    assert cold.target(300_000) < 0.5 * mild.target(300_000)
    road = Road(cold, watts=1.0)
    road.run(1_200, 300_000)
    assert cold.temperature_c > 10
    assert cold.draw > 0.7 * 150_000


def test_little_power_is_poorly_used():
    model = VEHICLES["compact-11kw"]
    poor, good = model.share_used(6 * 230.0), model.share_used(11_000.0)
    assert 0.8 < poor < 0.86 < good < 0.93


def test_battery_gains_what_flowed_less_what_is_lost():
    car = a_car(soc=0.5, wake_s=0.0)
    road = Road(car)
    road.run(3_600, 16.0)
    watts = 15.8 * WATTS
    gained = watts * car.model.share_used(watts) / (car.model.battery_kwh * 1000)
    assert car.soc - 0.5 == pytest.approx(gained, rel=0.01)


def test_sleepy_car_wakes_late_after_a_long_pause_and_soon_after_a_short_one():
    road = Road(a_car("sleepy-compact-11kw"))
    road.run(30, 16.0)
    road.run(30, 0.0)
    assert road.run(20, 16.0) > 15
    road.run(600, 0.0)
    assert road.run(290, 16.0) < 1
    assert not road.car.asks_for_power
    assert road.run(30, 16.0) > 15
    assert road.car.asks_for_power


def test_stubborn_car_never_wakes_but_after_it_was_plugged_in_anew():
    road = Road(a_car("stubborn-sedan-11kw"))
    road.run(30, 16.0)
    road.run(700, 0.0)
    assert road.run(50_000, 16.0) == 0
    assert Road(a_car("stubborn-sedan-11kw")).run(30, 16.0) > 15


def test_standby_flows_in_a_pause_and_when_full():
    road = Road(a_car("suv-11kw", soc=1.0))
    assert road.run(60, 16.0) * WATTS == pytest.approx(60)


def test_full_car_warms_itself_now_and_then_and_stays_full():
    car = a_car("suv-11kw", soc=1.0)
    road = Road(car)
    road.run(7_300, 16.0)
    warm = [(at, leg) for at, leg in road.legs if leg.phase is Phase.ASIDE and leg.is_steady]
    assert [round(leg.draw * WATTS) for _, leg in warm] == [2_500, 2_500]
    assert warm[0][0] == pytest.approx(3_000, abs=5)
    assert car.soc == 1.0


def test_timer_of_its_own_delays_the_beginning():
    road = Road(a_car("timer-hatch-7kw"), watts=230.0)
    assert road.run(3_590, 32.0) == 0
    assert not road.car.asks_for_power
    assert road.run(60, 32.0) > 31


def test_timer_runs_on_in_a_pause_and_the_car_says_that_it_sleeps_after_it():
    road = Road(a_car("timer-hatch-7kw"), watts=230.0)
    road.run(1_000, 32.0)
    road.run(1_000, 0.0)
    assert road.run(1_590, 32.0) == 0
    assert not road.car.asks_for_power
    assert road.run(60, 32.0) > 31


def test_cold_car_takes_a_quarter_of_an_hour_to_its_full_current():
    road = Road(a_car("cold-estate-11kw"))
    assert 5 < road.run(450, 16.0) < 11
    assert road.run(480, 16.0) > 15


def test_stepping_car_draws_whole_amperes():
    road = Road(a_car("stepping-saloon-11kw"))
    assert road.run(60, 10.7) == 10


@pytest.mark.parametrize("name", VEHICLES)
def test_each_car_of_the_catalogue_gets_full_without_standing_still(name):
    car = a_car(name, soc=0.05)
    is_dc = car.model.current is CurrentType.DC
    road = Road(car, watts=1.0 if is_dc else 230.0 * car.model.phases)
    road.run(200_000, car.model.max_draw * 2)
    assert car.soc == 1.0
    assert len(road.legs) < 20_000
    assert car.model.summary


def test_legs_are_exact_where_they_are_straight():
    leg = Leg(Phase.CHARGING, 10.0, -0.5, 20.0)
    assert leg.draw_at(20.0) == 0
    assert leg.area(20.0) == pytest.approx(100)
    assert leg.area_reached(leg.area(7.3)) == pytest.approx(7.3)
    assert leg.area_reached(101) == math.inf


def test_curve_is_level_outside_and_finds_where_it_falls():
    curve = Curve(((0.0, 0.6), (0.1, 1.0), (0.3, 1.0), (0.5, 0.5)))
    assert [curve.at(x) for x in (-1, 0.05, 0.2, 0.4, 2)] == pytest.approx([0.6, 0.8, 1, 0.75, 0.5])
    assert curve.falls_to(0.75, 0.0) == pytest.approx(0.4)
    assert curve.falls_to(0.4, 0.0) == math.inf
    assert knee(0.9, 0.2).falls_to(1.0, 0.0) == pytest.approx(0.9)


def test_model_without_a_name_of_its_own_is_an_ordinary_car():
    model = VehicleModel("x", 50.0, CurrentType.AC, 16.0)
    assert Vehicle(model, 0.5).target(10.0) == pytest.approx(9.8)
