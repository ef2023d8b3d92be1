import pytest

MARGIN_A = 0.5


def after(lab_room, since):
    return [amperes for when, amperes in lab_room.currents() if when >= since]


def test_honest_station_obeys_a_tx_profile_within_seconds(lab, version):
    room = lab(version, interval=5)
    room.run(60)
    assert after(room, 40)[-1] == pytest.approx(16, abs=MARGIN_A)
    assert room.tx_profile(10) == "Accepted"
    room.run(60)
    drawn = after(room, 75)
    assert all(amperes == pytest.approx(9.8, abs=MARGIN_A) for amperes in drawn)
    assert len(drawn) >= 8


def test_limit_of_zero_pauses_and_the_end_of_the_pause_resumes(lab, version):
    room = lab(version, interval=5)
    room.run(20)
    assert room.tx_profile(16, pauses=[(60, 0), (120, 8)]) == "Accepted"
    room.run(200)
    paused = [amperes for when, amperes in room.currents() if 85 <= when <= 125]
    assert paused
    assert all(amperes == 0 for amperes in paused)
    assert after(room, 160)[-1] == pytest.approx(7.8, abs=MARGIN_A)
    statuses = [each.fields["status"] for each in room.happened("status.changed")]
    assert statuses == ["Preparing", "Charging", "SuspendedEVSE", "Charging"]
    if version == "2.0.1":
        states = [
            each["transactionInfo"].get("chargingState") for each in room.said("TransactionEvent")
        ]
        assert [each for each in states if each] == [
            "EVConnected",
            "Charging",
            "SuspendedEVSE",
            "Charging",
        ]


def test_less_than_six_amperes_is_a_pause(lab, version):
    room = lab(version, interval=5)
    room.run(30)
    room.tx_profile(5.9)
    room.run(60)
    assert after(room, 60)[-1] == 0


def test_tx_profile_replaces_the_default_and_the_station_maximum_still_binds(lab, version):
    room = lab(version, vehicle="van-22kw", interval=5)
    maximum = "ChargePointMaxProfile" if version == "1.6" else "ChargingStationMaxProfile"
    assert room.install("TxDefaultProfile", [(0, 8)], profile_id=10) == "Accepted"
    room.run(60)
    assert after(room, 40)[-1] == pytest.approx(7.8, abs=MARGIN_A)
    assert room.tx_profile(24, profile_id=11) == "Accepted"
    room.run(60)
    assert after(room, 90)[-1] == pytest.approx(23.8, abs=MARGIN_A)
    assert room.install(maximum, [(0, 13)], profile_id=12) == "Accepted"
    room.run(60)
    assert after(room, 150)[-1] == pytest.approx(12.8, abs=MARGIN_A)


def test_clearing_gives_the_power_back(lab, version):
    room = lab(version, interval=5)
    room.run(30)
    room.tx_profile(6)
    room.run(60)
    by_id = {"id": 1} if version == "1.6" else {"chargingProfileId": 1}
    assert room.command("ClearChargingProfile", by_id) == {"status": "Accepted"}
    assert room.command("ClearChargingProfile", by_id) == {"status": "Unknown"}
    room.run(60)
    assert after(room, 120)[-1] == pytest.approx(16, abs=MARGIN_A)


def test_watts_are_shared_by_the_phases(lab, version):
    room = lab(version, interval=5)
    room.run(20)
    room.install("TxProfile", [(0, 6900)], unit="W")
    room.run(60)
    assert after(room, 60)[-1] == pytest.approx(9.8, abs=MARGIN_A)


def test_station_maximum_is_shared_by_its_evses(lab, version):
    room = lab(version, evses=2, interval=5)
    maximum = "ChargePointMaxProfile" if version == "1.6" else "ChargingStationMaxProfile"
    room.install(maximum, [(0, 20)])
    room.run(120)
    assert room.station.charging_count() == 2
    assert after(room, 80)[-1] == pytest.approx(9.8, abs=MARGIN_A)


def test_tx_profile_dies_with_its_transaction(lab, version):
    room = lab(version, stays=100)
    room.run(30)
    room.tx_profile(8)
    assert len(room.station.book.profiles) == 1
    room.run(120)
    assert len(room.station.book.profiles) == 0


def test_tx_profile_without_a_transaction_is_rejected(lab, version):
    room = lab(version)
    if version == "1.6":
        profile = {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
            },
        }
        request = {"connectorId": 1, "csChargingProfiles": profile}
    else:
        profile = {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": [
                {
                    "id": 1,
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
                }
            ],
        }
        request = {"evseId": 1, "chargingProfile": profile}
    assert room.command("SetChargingProfile", request)["status"] == "Rejected"


def test_composite_schedule_tells_the_limit_and_the_hardware_in_gaps(lab, version):
    room = lab(version)
    room.run(30)
    room.tx_profile(10)
    asked = {"duration": 600, "chargingRateUnit": "A"}
    asked |= {"connectorId": 1} if version == "1.6" else {"evseId": 1}
    answer = room.command("GetCompositeSchedule", asked)
    assert answer["status"] == "Accepted"
    schedule = answer["chargingSchedule"] if version == "1.6" else answer["schedule"]
    assert schedule["chargingSchedulePeriod"][0]["limit"] == 10
    asked |= {"connectorId": 9} if version == "1.6" else {"evseId": 9}
    assert room.command("GetCompositeSchedule", asked)["status"] == "Rejected"
