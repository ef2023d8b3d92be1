from simulator.faults.catalogue import FAULTS
from simulator.faults.options import plan

MARGIN_A = 0.6


def last(room, since=0.0):
    return [amperes for when, amperes in room.currents() if when >= since][-1]


def charging(lab, version, fault, **more):
    room = lab(version, vehicle="van-22kw", interval=5, faults=[fault] if fault else [], **more)
    room.run(30)
    return room


def test_drop_connection_goes_away_and_comes_back_with_everything(lab, version):
    room = charging(lab, version, "drop-connection@60+60")
    room.run(50)
    assert not room.is_up
    assert not room.station.wants_connection
    room.run(60)
    assert room.station.wants_connection
    room.connect()
    room.run(10)
    times = [
        each["meterValue"][0]["timestamp"]
        for each in (room.said("MeterValues") or room.said("TransactionEvent"))
        if "meterValue" in each
    ]
    assert len(times) >= 24


def test_honest_station_differs_from_each_fault_only_where_named(lab, version):
    honest = charging(lab, version, None)
    for name in (name for name, fault in FAULTS.items() if version in fault.versions):
        room = charging(lab, version, f"{name}@1000+10")
        assert room.calls == honest.calls, name


def test_combined_faults_are_both_on():
    both = plan("ignore-limits").fault.effects.with_(plan("silent-meter").fault.effects)
    assert both.ignores_limits
    assert both.is_meter_silent
