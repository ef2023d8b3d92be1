import pytest

from simulator.errors import SimulatorError
from simulator.faults import FAULTS, deal, parse_option, plan

MARGIN_A = 0.6


def last(room, since=0.0):
    return [amperes for when, amperes in room.currents() if when >= since][-1]


def charging(lab, version, fault, **more):
    room = lab(version, vehicle="van-22kw", interval=5, faults=[fault] if fault else [], **more)
    room.run(30)
    return room


def test_ignore_limits_says_accepted_and_draws_on(lab, version):
    room = charging(lab, version, "ignore-limits")
    assert room.tx_profile(10) == "Accepted"
    room.run(60)
    assert last(room) == pytest.approx(31.8, abs=MARGIN_A)


def test_ignore_limits_in_a_window_obeys_before_and_after(lab, version):
    room = lab(version, vehicle="van-22kw", interval=5, faults=["ignore-limits@30+60"])
    room.run(10)
    room.tx_profile(10)
    room.run(150)
    by_time = dict(room.currents())
    assert by_time[32.0] == pytest.approx(9.8, abs=MARGIN_A)
    assert by_time[87.0] == pytest.approx(31.8, abs=MARGIN_A)
    assert by_time[122.0] == pytest.approx(9.8, abs=MARGIN_A)
    assert [each.fields["fault"] for each in room.happened("fault.started")] == ["ignore-limits"]
    assert [each.fields["fault"] for each in room.happened("fault.ended")] == ["ignore-limits"]


def test_charge_through_pause_obeys_limits_but_not_zero(lab, version):
    room = charging(lab, version, "charge-through-pause")
    room.tx_profile(16)
    room.run(60)
    assert last(room) == pytest.approx(15.8, abs=MARGIN_A)
    room.tx_profile(0)
    room.run(60)
    assert last(room) == pytest.approx(8.8, abs=MARGIN_A)


def test_silent_meter_charges_without_a_word_and_then_speaks_again(lab, version):
    room = charging(lab, version, "silent-meter@40+120", wants=5.0)
    room.run(220)
    times = [when for when, _ in room.currents()]
    assert not [when for when in times if 50 <= when <= 165]
    assert [when for when in times if when > 170]


def test_over_by_20_percent_draws_a_fifth_more(lab, version):
    room = charging(lab, version, "over-by-20-percent")
    room.tx_profile(10)
    room.run(60)
    assert last(room) == pytest.approx(11.8, abs=MARGIN_A)


def test_reject_profiles_refuses_and_draws_on(lab, version):
    room = charging(lab, version, "reject-profiles")
    assert room.tx_profile(10) == "Rejected"
    room.run(60)
    assert last(room) == pytest.approx(31.8, abs=MARGIN_A)


def test_late_10_min_follows_after_ten_minutes(lab, version):
    room = charging(lab, version, "late-10-min")
    room.tx_profile(10)
    room.run(590)
    assert last(room) == pytest.approx(31.8, abs=MARGIN_A)
    room.run(60)
    assert last(room) == pytest.approx(9.8, abs=MARGIN_A)


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
    for name in FAULTS:
        room = charging(lab, version, f"{name}@1000+10")
        assert room.calls == honest.calls, name


def test_option_is_read_in_all_its_parts():
    option = parse_option("ignore-limits:0.25@15+60")
    assert option.share == 0.25
    assert (option.plan.start_s, option.plan.length_s) == (15, 60)
    assert parse_option("silent-meter").plan.length_s == 900


@pytest.mark.parametrize(
    "text", ["nonsense", "ignore-limits:2", "ignore-limits:x", "late-10-min@-1"]
)
def test_bad_option_is_told_in_one_sentence(text):
    with pytest.raises(SimulatorError) as caught:
        parse_option(text)
    assert "\n" not in str(caught.value)


def test_faults_fall_on_different_stations_and_on_one_at_least():
    options = [parse_option("ignore-limits:0.2"), parse_option("silent-meter:0.01")]
    dealt = deal(options, 10)
    names = [[each.fault.name for each in plans] for plans in dealt]
    assert names[:4] == [["ignore-limits"], ["ignore-limits"], ["silent-meter"], []]


def test_combined_faults_are_both_on():
    both = plan("ignore-limits").fault.effects.with_(plan("silent-meter").fault.effects)
    assert both.ignores_limits
    assert both.is_meter_silent
