"""Charging profiles of a 1.6 station (5.5, 5.7, 5.16)."""

import pytest

BEGIN = "2026-11-21T08:00:00Z"


def profile(number=1, purpose="TxDefaultProfile", limit=10.0, **more):
    schedule = {
        "chargingRateUnit": more.pop("unit", "A"),
        "chargingSchedulePeriod": more.pop("periods", [{"startPeriod": 0, "limit": limit}]),
        **more.pop("schedule", {}),
    }
    return {
        "chargingProfileId": number,
        "stackLevel": more.pop("level", 0),
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": more.pop("kind", "Relative"),
        "chargingSchedule": schedule,
        **more,
    }


def maximum(number=9, limit=12.0):
    return profile(
        number, "ChargePointMaxProfile", limit, kind="Absolute", schedule={"startSchedule": BEGIN}
    )


def install(room, each, connector=1):
    request = {"connectorId": connector, "csChargingProfiles": each}
    return room.command("SetChargingProfile", request)["status"]


def composite(room, connector=1, **more):
    request = {"connectorId": connector, "duration": 600, "chargingRateUnit": "A", **more}
    return room.command("GetCompositeSchedule", request)


def limits(answer):
    periods = answer["chargingSchedule"]["chargingSchedulePeriod"]
    return [(each["startPeriod"], each["limit"]) for each in periods]


def numbers(room):
    return sorted(each.profile.id for each in room.station.book.profiles)


@pytest.mark.parametrize(
    ("each", "connector"),
    [
        (profile(), 7),
        (profile(level=11), 1),
        (profile(level=-1), 1),
        (profile(periods=[{"startPeriod": 5, "limit": 1.0}]), 1),
        (profile(periods=[{"startPeriod": 0, "limit": 1.0}] * 2), 1),
        (profile(periods=[{"startPeriod": n, "limit": 1.0} for n in range(49)]), 1),
        (profile(kind="Recurring", schedule={"startSchedule": BEGIN}), 1),
        (maximum(), 1),
        (profile(purpose="ChargePointMaxProfile"), 0),
        (profile(purpose="TxProfile"), 0),
        (profile(purpose="TxProfile"), 1),
        (profile(transactionId=5), 1),
    ],
    ids=str,
)
def test_profile_that_cannot_hold_is_rejected(site, each, connector):
    room = site()
    assert install(room, each, connector) == "Rejected"
    assert numbers(room) == []


def test_profile_of_a_transaction_needs_that_transaction(site):
    room = site()
    number = room.charge()
    assert install(room, profile(1, "TxProfile", transactionId=number + 1)) == "Rejected"
    assert install(room, profile(1, "TxProfile", transactionId=number)) == "Accepted"
    assert install(room, profile(2, "TxProfile", level=1)) == "Accepted"
    room.show("TAG")
    assert numbers(room) == []


def test_same_number_and_same_place_replace(site):
    room = site()
    assert install(room, profile(1, limit=10.0)) == "Accepted"
    assert install(room, profile(1, limit=8.0)) == "Accepted"
    assert numbers(room) == [1]
    assert install(room, profile(2, limit=7.0)) == "Accepted"
    assert numbers(room) == [2]
    assert install(room, profile(3, level=1)) == "Accepted"
    assert numbers(room) == [2, 3]


def test_no_more_than_are_told_of(site):
    room = site(evses=2)
    most = int(room.get("MaxChargingProfilesInstalled"))
    places = [(connector, level) for connector in (1, 2) for level in range(11)]
    for number, (connector, level) in enumerate(places[:most]):
        assert install(room, profile(number, level=level), connector) == "Accepted"
    connector, level = places[most]
    assert install(room, profile(99, level=level), connector) == "Rejected"


@pytest.mark.parametrize(
    ("criteria", "left"),
    [
        ({}, []),
        ({"id": 2}, [1, 9]),
        ({"id": 5}, None),
        ({"connectorId": 1}, [2, 9]),
        ({"connectorId": 0}, [1, 2]),
        ({"chargingProfilePurpose": "TxDefaultProfile"}, [9]),
        ({"stackLevel": 1}, [1, 9]),
        ({"connectorId": 2, "stackLevel": 0}, None),
    ],
    ids=str,
)
def test_profiles_are_cleared_by_all_criteria(site, criteria, left):
    room = site(evses=2)
    install(room, profile(1), 1)
    install(room, profile(2, level=1), 2)
    install(room, maximum(9), 0)
    status = "Unknown" if left is None else "Accepted"
    assert room.command("ClearChargingProfile", criteria) == {"status": status}
    assert numbers(room) == ([1, 2, 9] if left is None else left)


def test_composite_is_the_least_of_all_that_holds(site):
    room = site()
    install(room, maximum(9, 12.0), 0)
    room.charge()
    steps = [{"startPeriod": 0, "limit": 20.0}, {"startPeriod": 300, "limit": 6.0}]
    install(room, profile(1, "TxProfile", periods=steps))
    answer = composite(room)
    assert (answer["status"], answer["connectorId"]) == ("Accepted", 1)
    assert answer["scheduleStart"]
    assert answer["chargingSchedule"]["duration"] == 600
    assert [limit for _, limit in limits(answer)] == [12.0, 6.0]
    watts = composite(room, chargingRateUnit="W")
    assert [limit for _, limit in limits(watts)] == pytest.approx([8280, 4140], abs=1)


def test_composite_of_the_whole_station_and_of_none(site):
    room = site(evses=2)
    install(room, maximum(9, 12.0), 0)
    assert limits(composite(room, 0)) == [(0, 12.0)]
    assert composite(room, 5) == {"status": "Rejected"}
    assert composite(room, duration=0) == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("current", "vehicle", "unit"), [("AC", "sedan-11kw", "A"), ("DC", "sedan-dc-150kw", "W")]
)
def test_composite_comes_in_the_unit_that_the_station_works_in(site, current, vehicle, unit):
    room = site(current=current, vehicle=vehicle)
    answer = room.command("GetCompositeSchedule", {"connectorId": 1, "duration": 60})
    assert answer["chargingSchedule"]["chargingRateUnit"] == unit


def test_higher_level_stands_above_and_gives_way_when_it_ends(site):
    room = site(interval=10)
    install(room, profile(1, limit=16.0))
    top = profile(
        2, limit=7.0, level=3, kind="Absolute", schedule={"startSchedule": BEGIN, "duration": 300}
    )
    install(room, top)
    room.charge()
    room.run(120)
    assert room.currents()[-1][1] == pytest.approx(7, abs=0.5)
    room.run(300)
    assert room.currents()[-1][1] == pytest.approx(16, abs=0.7)


def test_profile_outside_its_validity_does_not_hold(site):
    room = site(interval=10)
    install(room, profile(1, limit=7.0, validTo="2026-11-21T08:03:00Z"))
    room.charge()
    room.run(60)
    assert room.currents()[-1][1] == pytest.approx(7, abs=0.5)
    room.run(240)
    assert room.currents()[-1][1] > 14


def test_defaults_outlive_a_reboot_and_profiles_of_transactions_do_not(site):
    room = site()
    install(room, profile(1))
    install(room, maximum(9), 0)
    number = room.charge()
    install(room, profile(2, "TxProfile", transactionId=number))
    assert numbers(room) == [1, 2, 9]
    room.reboot()
    assert numbers(room) == [1, 9]
