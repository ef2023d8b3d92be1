import pytest

from simulator.vehicles.vehicle import VEHICLES, Vehicle


def settle(car, offered, seconds=30):
    for _ in range(seconds):
        car.step(1.0, offered)
    return car.draw


def test_car_wakes_then_ramps_to_its_own_maximum():
    car = Vehicle(VEHICLES["compact-11kw"], 0.3)
    assert car.step(1.0, 32.0) == 0
    assert settle(car, 32.0) == pytest.approx(15.8, abs=0.3)


def test_car_follows_a_lower_offer_within_five_seconds():
    car = Vehicle(VEHICLES["van-22kw"], 0.3)
    settle(car, 32.0)
    for _ in range(5):
        car.step(1.0, 10.0)
    assert car.draw == pytest.approx(9.8)


def test_less_than_the_least_pauses_the_car():
    car = Vehicle(VEHICLES["van-22kw"], 0.3)
    settle(car, 32.0)
    assert settle(car, 5.9) == 0


def test_draw_tapers_towards_full_and_stops_there():
    car = Vehicle(VEHICLES["sedan-dc-150kw"], 0.5)
    assert car.target(200_000) == 150_000
    car.soc = 0.8
    assert 60_000 < car.target(200_000) < 110_000
    car.soc = 1.0
    assert car.target(200_000) == 0
    assert not car.wants_energy


def test_energy_fills_the_battery_with_losses():
    car = Vehicle(VEHICLES["compact-11kw"], 0.5)
    car.store(58 * 3_600_000 * 0.1)
    assert car.soc == pytest.approx(0.59)
