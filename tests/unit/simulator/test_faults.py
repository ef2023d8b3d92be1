import pytest

from simulator.errors import SimulatorError
from simulator.faults.catalogue import FAULTS
from simulator.faults.options import deal, parse_option, plan

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


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("level-0-only", {"level": 1}),
        ("amperes-only", {"unit": "W"}),
        ("watts-only", {"unit": "A"}),
    ],
)
def test_profile_in_a_form_that_the_station_says_it_takes_is_refused(lab, version, fault, options):
    room = charging(lab, version, fault)
    wanted = {"level": 0, "unit": "W" if fault == "watts-only" else "A"}
    assert room.install("TxProfile", [(0, 8000)], **{**wanted, **options}) == "Rejected"
    assert "on purpose" in room.happened("profile.refused")[0].fields["reason"]
    assert room.install("TxProfile", [(0, 8000)], **wanted) == "Accepted"


def test_forget_at_reboot_draws_all_it_can_afterwards(lab, version):
    def limited(fault):
        room = charging(lab, version, fault)
        assert room.install("TxDefaultProfile", [(0, 8)]) == "Accepted"
        hard = "Hard" if version == "1.6" else "Immediate"
        room.command("Reset", {"type": hard})
        room.run(30)
        return len(room.station.book.profiles)

    assert limited("forget-at-reboot") == 0
    assert limited(None) == 1


@pytest.mark.parametrize(("fault", "is_kept"), [("keep-pause", True), (None, False)])
def test_keep_pause_keeps_a_profile_that_pauses_for_the_next_transaction(
    lab, version, fault, is_kept
):
    room = charging(lab, version, fault)
    assert room.tx_profile(16, pauses=[(40, 0)]) == "Accepted"
    room.run(60)
    stop = (
        ("RemoteStopTransaction", {"transactionId": int(room.transaction_id())})
        if version == "1.6"
        else ("RequestStopTransaction", {"transactionId": room.transaction_id()})
    )
    assert room.command(*stop) == {"status": "Accepted"}
    (kept,) = room.station.book.profiles if is_kept else (None,)
    assert len(room.station.book.profiles) == int(is_kept)
    if kept is not None:
        assert kept.profile.schedule.periods[0].limit == 0
        assert kept.profile.transaction_id is None


def test_keep_pause_lets_a_profile_that_charges_go(lab, version):
    room = charging(lab, version, "keep-pause")
    assert room.tx_profile(16, pauses=[(4000, 0)]) == "Accepted"
    room.station.shut_down(room.now)
    assert len(room.station.book.profiles) == 0


def test_nonsense_composite_fits_the_schema_and_makes_no_sense(lab, version):
    room = charging(lab, version, "nonsense-composite")
    place = "connectorId" if version == "1.6" else "evseId"
    answer = room.command("GetCompositeSchedule", {place: 1, "duration": 600})
    assert answer["status"] == "Accepted"
    schedule = answer["chargingSchedule" if version == "1.6" else "schedule"]
    assert [each["limit"] for each in schedule["chargingSchedulePeriod"]] == [-7, 99_999_999]


def test_external_limit_binds_for_its_time_and_is_told_where_there_are_words(lab, version):
    room = charging(lab, version, "external-limit@40+60")
    room.run(50)
    assert last(room) == pytest.approx(7.8, abs=MARGIN_A)
    place = "connectorId" if version == "1.6" else "evseId"
    answer = room.command("GetCompositeSchedule", {place: 1, "duration": 600})
    schedule = answer["chargingSchedule" if version == "1.6" else "schedule"]
    assert schedule["chargingSchedulePeriod"][0]["limit"] == 8
    room.run(90)
    assert last(room) == pytest.approx(31.8, abs=MARGIN_A)
    told, gone = room.said("NotifyChargingLimit"), room.said("ClearedChargingLimit")
    if version == "1.6":
        assert (told, gone) == ([], [])
        return
    assert len(told) == 1
    assert told[0]["evseId"] == 1
    assert told[0]["chargingLimit"]["chargingLimitSource"] == "EMS"
    assert told[0]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 8
    assert gone == [{"chargingLimitSource": "EMS", "evseId": 1}]


def test_limit_of_others_is_reported_with_its_source(lab):
    room = charging(lab, "2.0.1", "external-limit@10+900")
    room.tx_profile(16)
    sources = {"chargingLimitSource": ["CSO", "EMS", "Other", "SO"]}
    request = {"requestId": 4, "chargingProfile": sources}
    assert room.command("GetChargingProfiles", request) == {"status": "Accepted"}
    room.run(1)
    reports = room.said("ReportChargingProfiles")
    assert [(each["chargingLimitSource"], each["tbc"]) for each in reports] == [
        ("CSO", True),
        ("EMS", False),
    ]
    (profile,) = reports[1]["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "ChargingStationExternalConstraints"
    assert profile["id"] < 0


def test_random_delay_follows_within_ten_minutes_and_not_at_once(lab, version):
    room = charging(lab, version, "random-delay")
    room.tx_profile(10)
    room.run(640)
    assert last(room) == pytest.approx(9.8, abs=MARGIN_A)
    late = [when for when, amperes in room.currents() if when > 35 and amperes > 20]
    assert late


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
