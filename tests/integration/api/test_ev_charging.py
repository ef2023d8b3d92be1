"""Vehicles that negotiate by ISO 15118: one profile for their needs, their schedule judged."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

ACCEPTED = (3, {"status": "Accepted"})
AC = {
    "requestedEnergyTransfer": "AC_three_phase",
    "acChargingParameters": {
        "energyAmount": 20_000,
        "evMinCurrent": 6,
        "evMaxCurrent": 20,
        "evMaxVoltage": 400,
    },
}
DC = {
    "requestedEnergyTransfer": "DC",
    "dcChargingParameters": {"evMaxCurrent": 200, "evMaxVoltage": 400, "evMaxPower": 50_000},
}


def now():
    return datetime.now(UTC).isoformat()


async def event(station, kind="Started", sequence=0, trigger="CablePluggedIn", **more):
    payload = {
        "eventType": kind,
        "timestamp": now(),
        "triggerReason": trigger,
        "seqNo": sequence,
        "transactionInfo": {"transactionId": "TX-1"},
        "evse": {"id": 1, "connectorId": 1},
        **more,
    }
    return (await station.call("TransactionEvent", payload))[2]


async def needs(station, given=AC, evse=1, tuples=3):
    payload = {"evseId": evse, "maxScheduleTuples": tuples, "chargingNeeds": given}
    return (await station.call("NotifyEVChargingNeeds", payload))[2]["status"]


async def schedule(station, wanted):
    payload = {"timeBase": now(), "evseId": 1, "chargingSchedule": wanted}
    return (await station.call("NotifyEVChargingSchedule", payload))[2]["status"]


async def sent(station, action="SetChargingProfile"):
    call = json.loads(await asyncio.wait_for(station.received.get(), 20))
    assert call[2] == action
    return call[3]


def raised(wanted, by):
    periods = [{**each, "limit": each["limit"] + by} for each in wanted["chargingSchedulePeriod"]]
    return {**wanted, "chargingSchedulePeriod": periods}


@pytest.fixture
async def charging(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["SetChargingProfile"] = ACCEPTED
        await event(station)
        yield station


@pytest.mark.parametrize(
    ("given", "unit", "limit"), [(AC, "A", 20), (DC, "W", 50_000)], ids=["AC", "DC"]
)
async def test_k15_fr_07_needs_bring_one_profile_for_the_transaction(charging, given, unit, limit):
    assert await needs(charging, given) == "Accepted"
    request = await sent(charging)
    profile = request["chargingProfile"]
    assert request["evseId"] == 1
    assert (profile["chargingProfilePurpose"], profile["transactionId"]) == ("TxProfile", "TX-1")
    (wanted,) = profile["chargingSchedule"]
    assert wanted["chargingRateUnit"] == unit
    assert [each["limit"] for each in wanted["chargingSchedulePeriod"]] == [limit]
    assert await schedule(charging, wanted) == "Accepted"
    await event(charging, "Updated", 1, "ChargingStateChanged")
    await event(charging, "Ended", 2, "StopAuthorized")
    assert charging.received.empty()


async def test_k15_fr_12_a_schedule_above_the_limits_is_refused_and_negotiated_anew(charging):
    assert await needs(charging) == "Accepted"
    (wanted,) = (await sent(charging))["chargingProfile"]["chargingSchedule"]
    assert await schedule(charging, raised(wanted, 1)) == "Rejected"
    again = await sent(charging)
    assert again["chargingProfile"]["transactionId"] == "TX-1"
    assert await schedule(charging, again["chargingProfile"]["chargingSchedule"][0]) == "Accepted"
    assert charging.received.empty()


async def test_a_vehicle_that_always_wants_more_is_not_answered_for_ever(charging):
    await needs(charging)
    (wanted,) = (await sent(charging))["chargingProfile"]["chargingSchedule"]
    for _ in range(5):
        assert await schedule(charging, raised(wanted, 1)) == "Rejected"
        await sent(charging)
    assert await schedule(charging, raised(wanted, 1)) == "Rejected"
    await event(charging, "Updated", 1, "ChargingStateChanged")
    assert charging.received.empty()


async def test_k17_needs_may_come_again(charging):
    await needs(charging)
    first = await sent(charging)
    less = {**AC, "acChargingParameters": {**AC["acChargingParameters"], "evMaxCurrent": 10}}
    assert await needs(charging, less) == "Accepted"
    second = await sent(charging)
    assert second["chargingProfile"]["id"] == first["chargingProfile"]["id"]
    (wanted,) = second["chargingProfile"]["chargingSchedule"]
    assert [each["limit"] for each in wanted["chargingSchedulePeriod"]] == [10]
    assert await schedule(charging, wanted) == "Accepted"


async def test_k16_fr_12_an_operators_limit_outlives_needs_that_come_again(node, charging):
    await needs(charging)
    mine = (await sent(charging))["chargingProfile"]
    lower = raised(mine["chargingSchedule"][0], -12)
    theirs = {**mine, "id": 7, "chargingSchedule": [lower]}
    asked = {"evseId": 1, "chargingProfile": theirs}
    await node.http.post("/stations/CP1/calls/SetChargingProfile", json=asked)
    await sent(charging)
    assert await schedule(charging, lower) == "Accepted"
    assert await schedule(charging, mine["chargingSchedule"][0]) == "Rejected"
    await sent(charging)
    assert await needs(charging) == "Accepted"
    (wanted,) = (await sent(charging))["chargingProfile"]["chargingSchedule"]
    assert [each["limit"] for each in wanted["chargingSchedulePeriod"]] == [8]


async def test_needs_before_the_transaction_wait_for_it(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["SetChargingProfile"] = ACCEPTED
        assert await needs(station) == "Processing"
        assert station.received.empty()
        await event(station)
        assert (await sent(station))["chargingProfile"]["transactionId"] == "TX-1"


async def test_needs_of_no_evse_are_refused(charging):
    assert await needs(charging, evse=0) == "Rejected"
    assert charging.received.empty()


async def test_a_station_without_the_switch_is_sent_nothing(node, charging):
    node.hub.engine.policy.pushes_profiles = False
    assert await needs(charging) == "Rejected"
    assert charging.received.empty()


async def test_no_more_periods_than_the_vehicle_takes(node, charging):
    limits = [{"startPeriod": 60 * each, "limit": 16.0 - each} for each in range(6)]
    default = {
        "id": 9,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [
            {
                "id": 1,
                "chargingRateUnit": "A",
                "startSchedule": now(),
                "chargingSchedulePeriod": limits,
            }
        ],
    }
    asked = {"evseId": 0, "chargingProfile": default}
    await node.http.post("/stations/CP1/calls/SetChargingProfile", json=asked)
    await sent(charging)
    assert await needs(charging, tuples=2) == "Accepted"
    (wanted,) = (await sent(charging))["chargingProfile"]["chargingSchedule"]
    limits = [each["limit"] for each in wanted["chargingSchedulePeriod"]]
    assert len(limits) <= 2
    assert max(limits) <= 16
