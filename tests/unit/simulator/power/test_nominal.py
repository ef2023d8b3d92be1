"""Cars with habits of their own do nothing wrong: the truth tells no deviation of them."""

import pytest

from simulator.vehicles.catalogue import VEHICLES

HABITS = (
    "motorbike",
    "suv-11kw",
    "sleepy-compact-11kw",
    "stubborn-sedan-11kw",
    "cold-estate-11kw",
    "timer-hatch-7kw",
    "stepping-saloon-11kw",
    "winter-sedan-dc-150kw",
    "coupe-dc-200kw",
)


@pytest.mark.parametrize("name", HABITS)
def test_habits_of_a_car_are_no_deviation(lab, name):
    current = VEHICLES[name].current.value
    room = lab("2.0.1", vehicle=name, current=current, truth=True)
    room.run(900)
    unit, scale = ("W", 1000) if current == "DC" else ("A", 1)
    for limit in (10, 0, 16, 8, 32):
        assert room.install("TxProfile", [(0, limit * scale)], unit=unit) == "Accepted"
        room.run(1_500)
    assert room.station.bays[1].supply.delivered_wh > 100 or name == "timer-hatch-7kw"
    assert [each.fields for each in room.happened("truth.deviation")] == []
