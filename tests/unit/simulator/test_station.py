from datetime import datetime, timedelta

import pytest


def at(text):
    return datetime.fromisoformat(text)


def test_station_boots_reports_status_and_beats_at_the_interval_given(lab, version):
    room = lab(version)
    room.run(1000)
    actions = [action for _, action, _ in room.calls]
    assert actions[0] == "BootNotification"
    assert "StatusNotification" in actions[:3]
    beats = [when for when, action, _ in room.calls if action == "Heartbeat"]
    assert beats == [300.0, 600.0, 900.0]


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_station_not_accepted_waits_the_interval_and_says_nothing_else(lab, version, status):
    room = lab(version, online=False)
    room.statuses["BootNotification"] = status
    room.connect()
    room.run(650)
    assert [(when, action) for when, action, _ in room.calls] == [
        (0.0, "BootNotification"),
        (300.0, "BootNotification"),
        (600.0, "BootNotification"),
    ]
    room.statuses.clear()
    room.run(300)
    assert room.station.is_accepted
    assert room.said("StatusNotification")


def test_session_of_1_6_goes_from_authorize_to_available(lab):
    room = lab("1.6", wants=1.0)
    room.run(900)
    actions = [action for _, action, _ in room.calls if action != "MeterValues"]
    start = actions.index("Authorize")
    assert actions[start : start + 3] == ["Authorize", "StartTransaction", "StatusNotification"]
    statuses = [each["status"] for each in room.said("StatusNotification")]
    expected = ["Preparing", "Charging", "SuspendedEV", "Finishing", "Available"]
    assert statuses[-5:] == expected
    stop = room.said("StopTransaction")[0]
    used = stop["meterStop"] - room.said("StartTransaction")[0]["meterStart"]
    assert used == pytest.approx(1000, abs=2)
    assert stop["reason"] == "Local"
    assert stop["idTag"] == "TAG-1"
    assert {each["transactionId"] for each in room.said("MeterValues")} == {101}


def test_session_of_2_0_1_is_started_updated_ended_with_growing_seq_no(lab):
    room = lab("2.0.1", wants=1.0)
    room.run(900)
    events = room.said("TransactionEvent")
    assert [each["seqNo"] for each in events] == list(range(len(events)))
    assert len({each["transactionInfo"]["transactionId"] for each in events}) == 1
    assert events[0]["eventType"] == "Started"
    assert events[0]["idToken"] == {"idToken": "TAG-1", "type": "ISO14443"}
    assert events[1]["transactionInfo"]["chargingState"] == "Charging"
    assert events[-1]["eventType"] == "Ended"
    assert events[-1]["transactionInfo"]["stoppedReason"] == "Local"
    assert events[-1]["triggerReason"] == "StopAuthorized"
    assert not any(each["offline"] for each in events)
    assert [each["connectorStatus"] for each in room.said("StatusNotification")][-2:] == [
        "Occupied",
        "Available",
    ]


def test_departure_before_the_car_is_done_ends_as_disconnected(lab, version):
    room = lab(version, stays=300)
    room.run(600)
    if version == "1.6":
        assert room.said("StopTransaction")[0]["reason"] == "EVDisconnected"
    else:
        last = room.said("TransactionEvent")[-1]
        assert last["transactionInfo"]["stoppedReason"] == "EVDisconnected"


def test_refused_token_starts_nothing_and_the_car_leaves(lab, version):
    room = lab(version)
    room.statuses["Authorize"] = "Invalid"
    room.run(120)
    assert not room.said("StartTransaction")
    assert not room.said("TransactionEvent")
    assert room.happened("authorize.refused")
    assert room.station.bays[1].status == "Available"


def test_transaction_refused_by_its_answer_is_stopped_as_deauthorized(lab, version):
    room = lab(version)
    room.statuses["StartTransaction"] = room.statuses["TransactionEvent"] = "Blocked"
    room.run(60)
    assert room.happened("session.stopped")[0].fields["reason"] == "DeAuthorized"


def test_meter_register_only_grows_and_fits_the_power(lab, version):
    room = lab(version, interval=10)
    room.run(600)
    rows = [values for _, _, values in room.samples()]
    energies = [values[("Energy.Active.Import.Register", None)] for values in rows]
    assert energies == sorted(energies)
    steady = rows[10:50]
    gained = (energies[50] - energies[10]) * 3600 / 400
    mean = sum(values[("Power.Active.Import", None)] for values in steady) / len(steady)
    assert gained == pytest.approx(mean, rel=0.02)
    one = steady[0]
    summed = sum(
        one[("Voltage", f"L{phase}-N")] * one[("Current.Import", f"L{phase}")]
        for phase in (1, 2, 3)
    )
    assert summed == pytest.approx(one[("Power.Active.Import", None)], rel=0.03)


def test_dc_session_reports_watts_charge_level_and_tapers(lab, version):
    room = lab(version, current="DC", vehicle="sedan-dc-150kw", soc=50)
    room.run(2400)
    rows = [values for _, _, values in room.samples() if ("SoC", None) in values]
    socs = [values[("SoC", None)] for values in rows]
    assert socs == sorted(socs)
    assert socs[-1] > 75
    powers = [values[("Power.Active.Import", None)] for values in rows if values]
    assert max(powers) == pytest.approx(150_000, rel=0.02)
    assert powers[-1] < 0.8 * max(powers)
    assert ("Current.Import", "L1") not in rows[0]


def test_one_phase_car_on_three_phases_draws_on_l1_only(lab, version):
    room = lab(version, vehicle="city-7kw")
    room.run(400)
    values = room.samples()[-1][2]
    assert values[("Current.Import", "L1")] == pytest.approx(31.8, abs=0.4)
    assert values[("Current.Import", "L2")] == 0


def test_full_car_is_suspended_by_the_ev_and_ends_local(lab, version):
    room = lab(version, soc=99)
    room.run(3600)
    statuses = [each.fields["status"] for each in room.happened("status.changed")]
    assert "SuspendedEV" in statuses
    assert room.happened("session.stopped")[0].fields["reason"] == "Local"


def test_clock_is_the_one_of_the_central_system(lab, version):
    room = lab(version, wants=0.5)
    room.run(400)
    if version == "1.6":
        told = room.said("StartTransaction")[0]["timestamp"]
    else:
        told = room.said("TransactionEvent")[0]["timestamp"]
    assert at(told) - at("2026-11-21T08:00:00Z") == timedelta(seconds=7)


def test_offline_station_charges_on_and_replays_in_order_with_the_old_times(lab, version):
    room = lab(version, wants=1.2, interval=30)
    room.run(60)
    room.drop()
    before = len(room.calls)
    room.run(600)
    assert len(room.calls) == before
    room.connect()
    room.run(5)
    replayed = room.calls[before:]
    names = ("MeterValues", "StopTransaction", "TransactionEvent")
    kept = [(action, payload) for _, action, payload in replayed if action in names]
    times = [
        payload.get("timestamp") or payload["meterValue"][0]["timestamp"] for _, payload in kept
    ]
    assert times == sorted(times)
    assert at(times[0]) < at("2026-11-21T08:02:00Z")
    assert len(kept) > 10
    if version == "1.6":
        assert kept[-1][0] == "StopTransaction"
    else:
        assert all(payload["offline"] for _, payload in kept)
        assert [payload["seqNo"] for _, payload in kept] == sorted(
            payload["seqNo"] for _, payload in kept
        )
        assert kept[-1][1]["eventType"] == "Ended"
    assert "BootNotification" not in [action for _, action, _ in replayed]


def test_whole_session_offline_reaches_the_central_system_later(lab, version):
    room = lab(version, wants=0.5, interval=60)
    room.run(1)
    room.drop()
    room.run(900)
    room.connect()
    room.run(5)
    if version == "1.6":
        assert room.said("StartTransaction")[0]["timestamp"].startswith("2026-11-21T08:00:07")
        assert {each["transactionId"] for each in room.said("MeterValues")} == {101}
        assert room.said("StopTransaction")[0]["transactionId"] == 101
    else:
        kinds = [each["eventType"] for each in room.said("TransactionEvent")]
        assert kinds[0] == "Started"
        assert kinds[-1] == "Ended"


def test_transaction_message_open_when_the_link_breaks_is_sent_again(lab, version):
    room = lab(version, interval=20)
    room.run(50)
    room.mute = True
    room.run(20)
    lost = room.calls[-1]
    assert lost[1] in ("MeterValues", "TransactionEvent")
    room.drop()
    room.mute = False
    room.run(10)
    room.connect()
    room.run(5)
    assert [each[2] for each in room.calls].count(lost[2]) == 2


def test_token_asked_for_when_the_link_breaks_is_taken_offline(lab, version):
    room = lab(version)
    room.run(6)
    room.mute = True
    room.run(2)
    assert room.calls[-1][1] == "Authorize"
    room.drop()
    assert room.station.charging_count() == 1


def test_unanswered_transaction_message_is_repeated_after_the_timeout(lab, version):
    room = lab(version, interval=60)
    room.run(60)
    room.mute = True
    room.run(20)
    count = len(room.calls)
    assert count
    open_call = room.calls[-1]
    room.mute = False
    room.run(45)
    repeated = [each for each in room.calls[count:] if each[2] == open_call[2]]
    assert repeated
    assert room.happened("call.timed_out")


def test_same_seed_gives_the_same_messages(lab, version):
    one, other = lab(version, seed=7), lab(version, seed=7)
    one.run(600)
    other.run(600)
    assert one.calls == other.calls
    third = lab(version, seed=8)
    third.run(600)
    assert third.calls != one.calls


def test_shutting_down_unplugs_and_says_so(lab, version):
    room = lab(version)
    room.run(60)
    room.station.shut_down(room.now)
    room.run(1)
    assert room.happened("session.stopped")[0].fields["reason"] == "EVDisconnected"
    assert room.station.is_idle
    assert room.station.bays[1].status == "Available"
