"""What happens to sites, played in virtual time."""

import json

import pytest
from unit.simulator.worlds.stage import World

from simulator.worlds.scenario import parse

HOUR = 3600.0
BASE = """
name = "x"
meter_interval_s = 600
[calendar]
start = "2026-11-23T00:00"
length_h = 12
[[stations]]
id = "A-{n}"
count = 4
site = "A"
version = "mixed"
[[stations]]
id = "B-{n}"
count = 2
site = "B"
version = "2.0.1"
[[populations]]
name = "a"
site = "A"
cars = 4
own_evse = true
token = "A{n}"
soc_percent = 10
vehicles = { van-22kw = 1 }
[populations.arrivals]
kind = "timetable"
entries = [{ at = "01:00", until = "09:00", cars = 4, apart_min = 1 }]
"""


def world(more, **options):
    return World(parse(BASE + more, "x"), strict=True, **options)


def test_a_dimming_holds_each_evse_of_the_site_and_2_0_1_tells():
    played = world(
        '[[events]]\nkind = "dimming"\nsites = ["A"]\nat = "02:00"\nlength_min = 60\n'
        "limit_kw = 4.2\n",
        keep=("truth.world",),
    )
    played.play(1.9 * HOUR)
    charging = [station.bays[1].supply for station in played.stations[:4]]
    assert {round(each.offer.amount, 1) for each in charging} == {32}
    played.play(2.5 * HOUR)
    assert {round(each.offer.amount, 1) for each in charging} == {6}
    assert played.said["NotifyChargingLimit"] == 2
    played.play(3.5 * HOUR)
    assert {round(each.offer.amount, 1) for each in charging} == {32}
    assert played.said["ClearedChargingLimit"] == 2
    assert [(at, event.fields["is_on"]) for at, event in played.events] == [
        (2 * HOUR, True),
        (3 * HOUR, False),
    ]


def test_a_grid_outage_kills_a_site_that_comes_back_and_charges_on():
    played = world(
        '[[events]]\nkind = "grid-outage"\nsites = ["A"]\nat = "02:00"\nlength_min = 12\n',
        keep=("power.lost", "power.returned", "session.started", "session.stopped"),
    )
    played.play(10 * HOUR)
    times = {
        name: [at for at, event in played.events if event.name == name] for name in played.keep
    }
    assert times["power.lost"] == [2 * HOUR] * 4
    assert all(2.2 * HOUR <= at <= 2.2 * HOUR + 20 for at in times["power.returned"])
    assert len(set(times["power.returned"])) == 4
    assert played.said["BootNotification"] == 6 + 4
    assert len(times["session.started"]) == len(times["session.stopped"]) == 8
    assert sum(at > 2.2 * HOUR for at in times["session.started"]) == 4


def test_a_link_outage_is_queued_through():
    played = world(
        '[[events]]\nkind = "link-outage"\nsites = ["A"]\nat = "08:30"\nlength_min = 60\n',
        keep=("StopTransaction", "TransactionEvent", "connection.lost"),
    )
    played.play(9.2 * HOUR)
    assert len([event for _, event in played.events]) == 4
    assert not played.said["StopTransaction"]
    played.play(10 * HOUR)
    ends = [at for at, _, payload in played.calls if payload.get("eventType") == "Ended"]
    assert len(ends) == played.said["StopTransaction"] == 2
    assert min(ends) >= 9.5 * HOUR


def test_a_firmware_wave_boots_one_after_another_when_nobody_charges():
    played = world(
        '[[events]]\nkind = "firmware-wave"\nat = "02:00"\nfirmware = "9.9"\napart_s = 300\n',
        keep=("BootNotification",),
    )
    played.play(12 * HOUR)
    boots = [(at, name, json.dumps(told)) for at, name, told in played.calls if at > 60]
    assert sorted(name for _, name, _ in boots) == ["A-1", "A-2", "A-3", "A-4", "B-1", "B-2"]
    assert all('"9.9"' in told for *_, told in boots)
    assert all(at > 9 * HOUR for at, name, _ in boots if name.startswith("A"))
    assert all(2 * HOUR < at < 3 * HOUR for at, name, _ in boots if name.startswith("B"))


def test_a_car_comes_again_with_what_was_left_less_what_it_drove():
    text = BASE.replace("length_h = 12", "length_h = 48").replace("soc_percent = 10", "")
    more = "target_percent = 80\ndrives_km = 100\nkwh_per_100km = 18\n[populations.arrivals]"
    text = text.replace("[populations.arrivals]", more)
    played = World(parse(text, "x"), keep=("car.arrived", "car.left"), strict=True)
    played.play(48 * HOUR)
    told = {}
    for _, event in played.events:
        told.setdefault(event.station, []).append(event.fields["charge_level"])
    assert all(levels[1:] == [80, 60, 80] for levels in told.values())
    assert len(told) == 4


def test_who_finds_no_place_is_told():
    text = BASE.replace("own_evse = true", "waits_min = 5").replace("cars = 4\n", "cars = 7\n", 1)
    text = text.replace("cars = 4, apart_min = 1", "cars = 7, apart_min = 1")
    played = World(parse(text, "x"), keep=("truth.turned_away",), strict=True)
    played.play(12 * HOUR)
    assert [(round(at - HOUR), event.fields["token"]) for at, event in played.events] == [
        (4 * 60 + 300, "A5"),
        (5 * 60 + 300, "A6"),
        (6 * 60 + 300, "A7"),
    ]
    assert {event.fields["reason"] for _, event in played.events} == {"busy"}
    assert played.happened["session.started"] == 4


@pytest.mark.parametrize("spread", ['at = "03:00"', "start_s = 10_800\nlength_s = 900"])
def test_a_fault_is_on_at_a_time(spread):
    more = f'[[faults]]\nnames = ["drop-connection"]\nsites = ["A"]\nshare = 0.5\n{spread}\n'
    played = world(more, keep=("connection.lost",))
    played.play(6 * HOUR)
    lost = [at for at, _ in played.events]
    assert len(lost) == 2
    assert all(3 * HOUR <= at <= 4.1 * HOUR for at in lost)
