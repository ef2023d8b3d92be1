"""Each fault in obeying profiles, on the wire over many samples, and in the truth that is told."""

import pytest
from unit.simulator.faults.book import shows, was_told

MARGIN_A = 0.5
INTERVAL_S = 20


def charging(lab, version, fault, *, vehicle="van-22kw", seconds=60, **more):
    more = {"interval": INTERVAL_S, **more}
    room = lab(version, vehicle=vehicle, faults=[fault], truth=True, **more)
    room.run(seconds)
    return room


def amperes(room, since=0.0, phase="L1"):
    return [
        values[("Current.Import", phase)]
        for at, _, values in room.samples()
        if at >= since and ("Current.Import", phase) in values
    ]


def settles(room, expected, *, after_s=45, for_s=300):
    """Assert that L1 carries about `expected` from `after_s` on, for a time."""
    since = room.now + after_s
    room.run(after_s + for_s)
    drawn = amperes(room, since)
    assert len(drawn) >= for_s // INTERVAL_S - 1
    assert all(each == pytest.approx(expected, abs=MARGIN_A) for each in drawn), drawn


OVER = {
    "ignore-limits": 32,
    "over-by-20-percent": 11.8,
    "over-by-10-percent": 10.8,
    "over-by-2-a": 11.8,
    "full-power-offline": 9.8,
    "random-delay@100000": 9.8,
    "weak-mains": 9.8,
}


@shows("ignore-limits", "over-by-20-percent", "over-by-10-percent", "over-by-2-a")
@pytest.mark.parametrize(("fault", "drawn"), OVER.items())
def test_limit_of_10_a_is_drawn_as_the_fault_has_it(lab, version, fault, drawn):
    room = charging(lab, version, fault)
    assert room.tx_profile(10) == "Accepted"
    settles(room, drawn)
    assert was_told(room, fault) == ("@" not in fault)


def test_limits_are_ignored_within_the_window_alone(lab, version):
    room = charging(lab, version, "ignore-limits@30+60", seconds=10)
    room.tx_profile(10)
    room.run(200)
    by_time = {at: each for at, each in room.currents() if at > 15}
    inside = [each for at, each in by_time.items() if 50 < at < 95]
    outside = [each for at, each in by_time.items() if at < 37 or at > 115]
    assert inside
    assert all(each == pytest.approx(32, abs=MARGIN_A) for each in inside)
    assert all(each == pytest.approx(9.8, abs=MARGIN_A) for each in outside)
    told = [each.fields for each in room.happened("truth.fault")]
    assert [each["fault"] for each in told] == ["ignore-limits"] * 2


@shows("ignore-decrease")
def test_decrease_is_ignored_and_increase_is_not(lab, version):
    room = charging(lab, version, "ignore-decrease", seconds=3)
    room.install("TxDefaultProfile", [(0, 10)], profile_id=9)
    settles(room, 9.8)
    room.tx_profile(20)
    settles(room, 19.8)
    room.tx_profile(10)
    settles(room, 19.8)
    assert was_told(room, "ignore-decrease")


@shows("ignore-increase")
def test_increase_is_ignored_and_decrease_is_not(lab, version):
    room = charging(lab, version, "ignore-increase")
    room.tx_profile(20)
    settles(room, 19.8)
    room.tx_profile(10)
    settles(room, 9.8)
    room.tx_profile(20)
    settles(room, 9.8)
    assert was_told(room, "ignore-increase")


IN_PAUSE = {"charge-through-pause": 8.8, "trickle-in-pause": 3.0}


@shows(*IN_PAUSE)
@pytest.mark.parametrize(("fault", "drawn"), IN_PAUSE.items())
def test_pause_is_not_kept_and_limits_are(lab, version, fault, drawn):
    room = charging(lab, version, fault)
    room.tx_profile(16)
    settles(room, 15.8)
    room.tx_profile(0)
    settles(room, drawn)
    room.tx_profile(16)
    settles(room, 15.8)
    assert was_told(room, fault)


@shows("over-station-maximum")
def test_each_evse_takes_the_whole_of_what_is_to_be_shared(lab, version):
    maximum = "ChargePointMaxProfile" if version == "1.6" else "ChargingStationMaxProfile"

    def drawn(fault):
        room = charging(lab, version, fault, evses=2)
        room.install(maximum, [(0, 20)])
        room.run(300)
        return [bay.supply.vehicle.draw for bay in room.station.bays.values()], room

    honest, _ = drawn("ignore-limits@100000")
    faulty, room = drawn("over-station-maximum")
    assert sum(honest) <= 20
    assert sum(faulty) == pytest.approx(39.6, abs=MARGIN_A)
    assert amperes(room)[-1] == pytest.approx(19.8, abs=MARGIN_A)
    assert was_told(room, "over-station-maximum")


@shows("late-10-min")
def test_limit_is_applied_after_ten_minutes(lab, version):
    room = charging(lab, version, "late-10-min")
    room.tx_profile(10)
    settles(room, 32, after_s=20, for_s=560)
    settles(room, 9.8)
    assert was_told(room, "late-10-min")


@shows("random-delay")
def test_limit_is_applied_within_ten_minutes_and_not_at_once(lab, version):
    room = charging(lab, version, "random-delay")
    room.tx_profile(10)
    room.run(45)
    assert amperes(room)[-1] > 30
    room.run(575)
    settles(room, 9.8)
    assert was_told(room, "random-delay")


@shows("spike-at-change")
def test_everything_is_offered_for_a_moment_at_each_change(lab, version):
    room = charging(lab, version, "spike-at-change", interval=5)
    room.tx_profile(10)
    room.run(60)
    room.tx_profile(16)
    room.run(16)
    assert max(amperes(room, room.now - 15)) == pytest.approx(32, abs=MARGIN_A)
    room.run(30)
    assert amperes(room)[-1] == pytest.approx(15.8, abs=MARGIN_A)
    assert was_told(room, "spike-at-change")


@shows("full-power-at-start")
def test_first_two_minutes_know_of_no_limit(lab, version):
    room = charging(lab, version, "full-power-at-start", seconds=3)
    room.install("TxDefaultProfile", [(0, 10)], profile_id=9)
    room.run(115)
    assert amperes(room)[-1] == pytest.approx(32, abs=MARGIN_A)
    room.run(30)
    settles(room, 9.8)
    assert was_told(room, "full-power-at-start")


@shows("full-power-offline")
def test_lost_link_frees_the_car(lab, version):
    room = charging(lab, version, "full-power-offline")
    room.tx_profile(10)
    room.run(60)
    room.drop()
    room.run(200)
    supply = room.station.bays[1].supply
    assert supply.vehicle.draw == pytest.approx(32, abs=MARGIN_A)
    room.connect()
    settles(room, 9.8)
    assert was_told(room, "full-power-offline")


MISREAD = {
    "watts-read-as-amperes": 32,
    "watts-per-phase": 29.8,
    "watts-divided-by-3": 0,
    "watts-times-1000": 32,
}


@shows(*MISREAD)
@pytest.mark.parametrize(("fault", "drawn"), MISREAD.items())
def test_limit_in_watts_is_misread_and_one_in_amperes_is_not(lab, version, fault, drawn):
    room = charging(lab, version, fault)
    room.install("TxProfile", [(0, 6900)], unit="W")
    settles(room, drawn)
    room.tx_profile(12)
    settles(room, 11.8)
    assert was_told(room, fault)


def one_phase(room, limit):
    request = room.request("TxProfile", [(0, limit)])
    profile = request["csChargingProfiles" if room.version == "1.6" else "chargingProfile"]
    schedule = profile["chargingSchedule"]
    schedule = schedule if room.version == "1.6" else schedule[0]
    schedule["chargingSchedulePeriod"][0]["numberPhases"] = 1
    return room.command("SetChargingProfile", request)["status"]


@shows("three-phases-for-one")
def test_three_phases_are_used_where_one_is_allowed(lab, version):
    room = charging(lab, version, "three-phases-for-one")
    assert one_phase(room, 16) == "Accepted"
    settles(room, 15.8)
    assert amperes(room, phase="L3")[-1] == pytest.approx(15.8, abs=MARGIN_A)
    honest = charging(lab, version, "ignore-limits@100000")
    one_phase(honest, 16)
    honest.run(120)
    assert amperes(honest, phase="L3")[-1] == 0
    assert was_told(room, "three-phases-for-one")


@shows("lose-profiles")
def test_profiles_are_lost_and_new_ones_too(lab, version):
    room = charging(lab, version, "lose-profiles@120")
    room.tx_profile(10)
    room.run(60)
    assert amperes(room)[-1] == pytest.approx(9.8, abs=MARGIN_A)
    settles(room, 32)
    assert room.tx_profile(8) == "Accepted"
    settles(room, 32)
    assert len(room.station.book.profiles) == 0
    assert was_told(room, "lose-profiles")


@shows("lose-limit-after-pause")
def test_limit_is_lost_by_a_pause_until_the_next_one(lab, version):
    room = charging(lab, version, "lose-limit-after-pause")
    room.tx_profile(10, pauses=[(100, 0), (200, 10)])
    room.run(100)
    assert amperes(room)[-1] == 0
    room.run(60)
    settles(room, 32)
    room.tx_profile(12)
    settles(room, 11.8)
    assert was_told(room, "lose-limit-after-pause")


@shows("never-resume")
def test_pause_is_for_ever(lab, version):
    room = charging(lab, version, "never-resume")
    room.tx_profile(10)
    settles(room, 9.8)
    room.tx_profile(0)
    settles(room, 0)
    room.tx_profile(16)
    settles(room, 0, for_s=900)
    assert was_told(room, "never-resume")


@shows("stop-at-pause")
def test_pause_ends_the_transaction(lab, version):
    room = charging(lab, version, "stop-at-pause")
    assert room.tx_profile(0) == "Accepted"
    since = room.now
    room.run(10)
    (stopped,) = room.happened("session.stopped")
    stops = room.said("StopTransaction") or [
        each for each in room.said("TransactionEvent") if each["eventType"] == "Ended"
    ]
    assert len(stops) == 1
    assert stopped.fields["evse"] == 1
    assert room.now - since <= 10
    assert was_told(room, "stop-at-pause")


@shows("forget-at-reboot")
@pytest.mark.parametrize(("fault", "kept"), [("forget-at-reboot", 0), ("late-10-min", 1)])
def test_profiles_are_gone_after_a_reboot(lab, version, fault, kept):
    room = charging(lab, version, fault)
    assert room.install("TxDefaultProfile", [(0, 8)]) == "Accepted"
    room.command("Reset", {"type": "Hard" if version == "1.6" else "Immediate"})
    room.run(30)
    assert len(room.station.book.profiles) == kept
    assert was_told(room, fault)


def stop(room):
    if room.version == "1.6":
        request = "RemoteStopTransaction", {"transactionId": int(room.transaction_id())}
    else:
        request = "RequestStopTransaction", {"transactionId": room.transaction_id()}
    assert room.command(*request) == {"status": "Accepted"}


KEPT = {"keep-pause": [0.0], "orphan-profile": [16.0, 0.0], "late-10-min": []}


@shows("keep-pause", "orphan-profile")
@pytest.mark.parametrize(("fault", "limits"), KEPT.items())
def test_profile_outlives_its_transaction(lab, version, fault, limits):
    room = charging(lab, version, fault)
    assert room.tx_profile(16, pauses=[(40, 0)]) == "Accepted"
    room.run(60)
    stop(room)
    kept = [each.profile for each in room.station.book.profiles]
    assert [period.limit for each in kept for period in each.schedule.periods] == limits
    assert all(each.transaction_id is None for each in kept)
    assert was_told(room, fault)


def test_keep_pause_lets_a_profile_that_charges_go(lab, version):
    room = charging(lab, version, "keep-pause")
    assert room.tx_profile(16, pauses=[(4000, 0)]) == "Accepted"
    room.station.shut_down(room.now)
    assert len(room.station.book.profiles) == 0


@shows("defaults-bite-later")
def test_default_counts_from_the_next_transaction_on(lab, version):
    room = charging(lab, version, "defaults-bite-later")
    room.install("TxDefaultProfile", [(0, 10)])
    settles(room, 32)
    room.tx_profile(12, profile_id=7)
    settles(room, 11.8)
    stop(room)
    room.run(30)
    assert len(room.station.book.profiles) == 1
    assert was_told(room, "defaults-bite-later")


LESS = {"stale-cap": 9.8, "derated-to-6-a": 5.8, "thermal-throttling": 7.8, "stall": 0}


@shows(*LESS)
@pytest.mark.parametrize(("fault", "drawn"), LESS.items())
def test_less_flows_than_is_allowed(lab, version, fault, drawn):
    room = charging(lab, version, f"{fault}@120+1000")
    room.tx_profile(16)
    room.run(50)
    assert amperes(room)[-1] == pytest.approx(15.8, abs=MARGIN_A)
    room.run(20)
    settles(room, drawn)
    assert room.station.bays[1].status == "Charging"
    assert was_told(room, fault)


def test_throttling_shows_in_the_temperature(lab):
    room = charging(lab, "1.6", "thermal-throttling@120")
    measurands = "Temperature,Current.Import"
    change = {"key": "MeterValuesSampledData", "value": measurands}
    assert room.command("ChangeConfiguration", change) == {"status": "Accepted"}
    room.run(200)
    degrees = [values[("Temperature", None)] for _, _, values in room.samples()[5:] if values]
    assert degrees[-1] == 92


@shows("phase-lost")
def test_l3_is_dead(lab, version):
    room = charging(lab, version, "phase-lost@120")
    room.run(40)
    assert amperes(room, phase="L3")[-1] > 30
    settles(room, 32)
    assert amperes(room, phase="L3")[-1] == 0
    assert was_told(room, "phase-lost")


@shows("always-charging")
def test_full_car_is_charging_for_ever(lab, version):
    room = charging(lab, version, "always-charging", wants=1.0)
    bay = room.station.bays[1]
    while not bay.supply.vehicle.is_satisfied:
        room.run(1)
    since = room.now
    bay.timers.clear("leave")
    room.run(300)
    assert max(amperes(room, since + 20)) == 0
    assert bay.status == "Charging"
    assert was_told(room, "always-charging")


@shows("weak-mains")
def test_voltage_is_low_and_power_with_it(lab, version):
    room = charging(lab, version, "weak-mains")
    room.run(60)
    values = room.samples()[-1][2]
    volts = [values[("Voltage", f"L{phase}-N")] for phase in (1, 2, 3)]
    assert all(200 < each < 220 for each in volts)
    assert values[("Power.Active.Import", None)] == pytest.approx(sum(volts) * 32, rel=0.02)
    assert was_told(room, "weak-mains")


REFUSING = {
    "reject-profiles": {},
    "level-0-only": {"level": 1},
    "amperes-only": {"unit": "W"},
    "watts-only": {"unit": "A"},
    "reject-tx-profiles": {"purpose": "TxProfile"},
    "one-period-only": {"periods": [(0, 16000), (60, 10000)]},
    "reject-pauses": {"periods": [(0, 0)]},
}


@shows(*REFUSING)
@pytest.mark.parametrize(("fault", "refused"), REFUSING.items())
def test_profile_is_rejected_in_one_form_and_taken_in_others(lab, version, fault, refused):
    room = charging(lab, version, fault)

    def install(purpose="TxProfile", periods=((0, 8000),), **how):
        return room.install(purpose, periods, **how)

    unit = "W" if fault == "watts-only" else "A"
    assert install(**{"unit": unit, **refused}) == "Rejected"
    (event,) = room.happened("profile.refused")
    assert "on purpose" in event.fields["reason"]
    taken = {"purpose": "TxDefaultProfile"} if "purpose" in refused else {}
    expected = "Rejected" if fault == "reject-profiles" else "Accepted"
    assert install(**{"unit": unit, **taken}) == expected
    assert was_told(room, fault)


@shows("nonsense-composite")
def test_composite_fits_the_schema_and_makes_no_sense(lab, version):
    room = charging(lab, version, "nonsense-composite")
    place = "connectorId" if version == "1.6" else "evseId"
    answer = room.command("GetCompositeSchedule", {place: 1, "duration": 600})
    assert answer["status"] == "Accepted"
    schedule = answer["chargingSchedule" if version == "1.6" else "schedule"]
    assert [each["limit"] for each in schedule["chargingSchedulePeriod"]] == [-7, 99_999_999]
    assert was_told(room, "nonsense-composite")


@shows("external-limit")
def test_external_limit_binds_for_its_time_and_is_told_where_there_are_words(lab, version):
    room = charging(lab, version, "external-limit@40+60", seconds=85)
    assert amperes(room)[-1] == pytest.approx(7.8, abs=MARGIN_A)
    place = "connectorId" if version == "1.6" else "evseId"
    answer = room.command("GetCompositeSchedule", {place: 1, "duration": 600})
    schedule = answer["chargingSchedule" if version == "1.6" else "schedule"]
    assert schedule["chargingSchedulePeriod"][0]["limit"] == 8
    room.run(30)
    settles(room, 32)
    told, gone = room.said("NotifyChargingLimit"), room.said("ClearedChargingLimit")
    assert was_told(room, "external-limit")
    if version == "1.6":
        assert (told, gone) == ([], [])
        return
    (notice,) = told
    assert notice["evseId"] == 1
    assert notice["chargingLimit"]["chargingLimitSource"] == "EMS"
    assert notice["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 8
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
