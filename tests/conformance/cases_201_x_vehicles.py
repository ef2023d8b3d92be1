"""Beyond certification: vehicles of ISO 15118 that ask early, oddly, or for what cannot be."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.cases_201_k_vehicles import NEEDS, TX, above, chosen, connected, negotiated
from tests.conformance.patterns import Subset
from tests.conformance.schedules import is_sound
from tests.conformance.states import Bay, stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage

_STATUSES = {"Accepted", "Processing", "Rejected"}
_QUIET_S = 1.5


async def _needs(bay: Bay, needs: Payload, tuples: int | None = 3, evse: int = 1) -> str:
    asked: Payload = {"evseId": evse, "chargingNeeds": needs}
    if tuples is not None:
        asked["maxScheduleTuples"] = tuples
    answer = await bay.charger.call("NotifyEVChargingNeeds", asked)
    assert answer["status"] in _STATUSES, answer
    return str(answer["status"])


@case(
    "X_EV_BEFORE",
    version=V201,
    block="X",
    title="Needs come before their transaction: the profile follows its start",
    requirements=("K15.FR.07",),
)
async def before_the_start(stage: Stage) -> None:
    bay = await Bay.of(stage)
    assert await _needs(bay, NEEDS["AC"]) in {"Accepted", "Processing"}
    sent = bay.charger.expects("SetChargingProfile")
    await bay.authorized(evse=bay.place)
    await bay.connected_pre_session()
    profile = (await sent)["chargingProfile"]
    is_sound(profile)
    assert profile["chargingProfilePurpose"] == TX, profile
    assert profile["transactionId"] == bay.transaction_id, profile


@case(
    "X_EV_ALONE",
    version=V201,
    block="X",
    title="Needs without a transaction, or of an EVSE that is not known: nothing is sent",
    variants=("no transaction", "unknown EVSE"),
)
async def alone(stage: Stage) -> None:
    if stage.variant == "unknown EVSE":
        bay = await connected(stage)
        await _needs(bay, NEEDS["AC"], evse=99)
    else:
        bay = await Bay.of(stage)
        await _needs(bay, NEEDS["DC"])
    await asyncio.sleep(_QUIET_S)
    await bay.charger.call("Heartbeat")


_ODD: dict[str, Payload] = {
    "mode alone": {"requestedEnergyTransfer": "AC_single_phase"},
    "zeros": {
        "requestedEnergyTransfer": "AC_three_phase",
        "acChargingParameters": {
            "energyAmount": 0,
            "evMinCurrent": 0,
            "evMaxCurrent": 0,
            "evMaxVoltage": 0,
        },
    },
    "huge": {
        "requestedEnergyTransfer": "DC",
        "dcChargingParameters": {
            "evMaxCurrent": 2**40,
            "evMaxVoltage": 2**40,
            "evMaxPower": 2**60,
            "energyAmount": 2**60,
            "evEnergyCapacity": 2**60,
        },
    },
    "negative": {
        "requestedEnergyTransfer": "DC",
        "dcChargingParameters": {"evMaxCurrent": -5, "evMaxVoltage": -400, "evMaxPower": -1},
    },
    "both": {**NEEDS["AC"], "dcChargingParameters": NEEDS["DC"]["dcChargingParameters"]},
    "departed": {**NEEDS["AC"], "departureTime": "2001-01-01T00:00:00Z"},
}


@case(
    "X_EV_ODD",
    version=V201,
    block="X",
    title="Needs that no vehicle can have: answered, and any profile that follows can be",
    variants=_ODD,
)
async def odd(stage: Stage) -> None:
    bay = await connected(stage)
    sent = bay.charger.answers("SetChargingProfile")
    await _needs(bay, _ODD[str(stage.variant)])
    await bay.updated("ChargingStateChanged", chargingState="Charging")
    await asyncio.sleep(_QUIET_S)
    assert len(sent) <= 1, sent
    for each in sent:
        is_sound(each["chargingProfile"])
        for schedule in each["chargingProfile"]["chargingSchedule"]:
            limits = [period["limit"] for period in schedule["chargingSchedulePeriod"]]
            assert all(0 <= limit <= 1_000_000 for limit in limits), limits
    await bay.ended("StopAuthorized", stoppedReason="Local")
    await bay.session(state="ended")


@case(
    "X_EV_REFUSED",
    version=V201,
    block="X",
    title="The station refuses the profile: it is not asked for ever",
)
async def refused(stage: Stage) -> None:
    bay = await connected(stage)
    sent = bay.charger.answers("SetChargingProfile", {"status": "Rejected"})
    await _needs(bay, NEEDS["AC"])
    await asyncio.sleep(3 * _QUIET_S)
    assert 1 <= len(sent) <= 8, sent
    await bay.ended("StopAuthorized", stoppedReason="Local")


def _bound(limits: list[float]) -> Payload:
    """Returns a ChargingStationMaxProfile of the next hours, one limit each half hour."""
    periods = [{"startPeriod": 1_800 * at, "limit": limit} for at, limit in enumerate(limits)]
    return {
        "id": 9,
        "stackLevel": 0,
        "chargingProfilePurpose": "ChargingStationMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [
            {
                "id": 1,
                "startSchedule": stamp(minutes=-10),
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": periods,
            }
        ],
    }


@case(
    "X_EV_WITHIN",
    version=V201,
    block="X",
    title="A bound of many periods stands on the station: what is sent has few, and never more",
    requirements=("K15.FR.07",),
    variants=("1", "2", "3"),
)
async def within(stage: Stage) -> None:
    """The first half hour allows 12 A, later ones 7 and up to 14."""
    bay = await connected(stage)
    bay.charger.expects("SetChargingProfile")
    bound = {"evseId": 0, "chargingProfile": _bound([12.0, 9.0, 14.0, 7.0, 13.0])}
    await stage.relay(bay.charger, "SetChargingProfile", bound)
    sent = bay.charger.expects("SetChargingProfile")
    await _needs(bay, NEEDS["AC"], tuples=int(str(stage.variant)))
    profile = (await sent)["chargingProfile"]
    is_sound(profile)
    schedule = profile["chargingSchedule"][0]
    periods = schedule["chargingSchedulePeriod"]
    assert len(periods) <= int(str(stage.variant)), profile
    assert schedule["chargingRateUnit"] == "A", profile
    assert 0 < periods[0]["limit"] <= 16.0, profile


_VOLTS, _PHASES = 230, 3


@case(
    "X_EV_OTHER_UNIT",
    version=V201,
    block="X",
    title="A vehicle tells its schedule in the other unit: it is compared all the same",
    requirements=("K15.FR.11", "K15.FR.12"),
    variants=("below", "above"),
)
async def other_unit(stage: Stage) -> None:
    bay = await connected(stage)
    profile = await negotiated(bay, NEEDS["AC"])
    schedule = profile["chargingSchedule"][0]
    is_above = stage.variant == "above"
    factor = _VOLTS * _PHASES * (1.5 if is_above else 0.8)
    told = {
        "id": schedule["id"],
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [
            {"startPeriod": each["startPeriod"], "limit": round(each["limit"] * factor, 1)}
            for each in schedule["chargingSchedulePeriod"]
        ],
    }
    if is_above:
        bay.charger.answers("SetChargingProfile")
    await chosen(bay, told, "Rejected" if is_above else "Accepted")


@case(
    "X_EV_FINER",
    version=V201,
    block="X",
    title="A vehicle tells a finer schedule within the limits; a hair above them is above",
    requirements=("K15.FR.11", "K15.FR.12"),
    variants=("finer", "a hair above", "later above"),
)
async def finer(stage: Stage) -> None:
    bay = await connected(stage)
    profile = await negotiated(bay, NEEDS["AC"])
    schedule = profile["chargingSchedule"][0]
    limit = schedule["chargingSchedulePeriod"][0]["limit"]
    limits = {
        "finer": [limit, limit / 2, 0.0, limit],
        "a hair above": [limit + 0.2],
        "later above": [limit, limit, limit + 4],
    }[str(stage.variant)]
    periods = [{"startPeriod": 600 * at, "limit": round(each, 1)} for at, each in enumerate(limits)]
    told = {
        "id": schedule["id"],
        "chargingRateUnit": schedule["chargingRateUnit"],
        "chargingSchedulePeriod": periods,
    }
    if stage.variant != "finer":
        bay.charger.answers("SetChargingProfile")
    await chosen(bay, told, "Accepted" if stage.variant == "finer" else "Rejected")


@case(
    "X_EV_STUBBORN",
    version=V201,
    block="X",
    title="A vehicle exceeds each profile that it is given: the exchange comes to rest",
    requirements=("K15.FR.13",),
)
async def stubborn(stage: Stage) -> None:
    bay = await connected(stage)
    profile = await negotiated(bay, NEEDS["AC"])
    sent = bay.charger.answers("SetChargingProfile")
    for _ in range(6):
        await chosen(bay, above(profile["chargingSchedule"][0]), "Rejected")
    await asyncio.sleep(_QUIET_S)
    told = len(sent)
    assert 1 <= told <= 6, sent
    await asyncio.sleep(_QUIET_S)
    assert len(sent) == told, sent


@case(
    "X_EV_HURRY",
    version=V201,
    block="X",
    title="The vehicle's schedule comes in the same breath as the answer to its profile",
    requirements=("K15.FR.12",),
)
async def hurry(stage: Stage) -> None:
    for _ in range(5):
        bay = await connected(stage)
        charger = bay.charger
        sent = charger.silent("SetChargingProfile")
        await _needs(bay, NEEDS["AC"])
        profile = (await sent)["chargingProfile"]
        again = charger.answers("SetChargingProfile")
        answer = json.dumps([3, sent.message_id, {"status": "Accepted"}], separators=(",", ":"))
        sending = asyncio.create_task(charger.send(answer))
        await chosen(bay, above(profile["chargingSchedule"][0]), "Rejected")
        await sending
        await asyncio.sleep(_QUIET_S)
        assert len(again) == 1, again


@case(
    "X_EV_SCHEDULE_ALONE",
    version=V201,
    block="X",
    title="A schedule comes for no needs, no transaction, or an EVSE that is not known",
    variants=("no needs", "no transaction", "unknown EVSE"),
)
async def schedule_alone(stage: Stage) -> None:
    bay = await (Bay.of(stage) if stage.variant == "no transaction" else connected(stage))
    periods = [{"startPeriod": 0, "limit": 10.0}]
    told = {
        "timeBase": stamp(),
        "evseId": 99 if stage.variant == "unknown EVSE" else 1,
        "chargingSchedule": {
            "id": 1,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": periods,
        },
    }
    answer = await bay.charger.call("NotifyEVChargingSchedule", told)
    assert answer["status"] in {"Accepted", "Rejected"}, answer
    await bay.charger.call("Heartbeat")


@case(
    "X_EV_TWO",
    version=V201,
    block="X",
    title="Two vehicles on one station: each is given its own profile, on its own EVSE",
)
async def two(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    bays = [await Bay.of(stage, charger, evse=evse) for evse in (1, 2)]
    for bay in bays:
        await bay.authorized()
        await bay.connected_pre_session()
    numbers = []
    for bay in bays:
        profile: dict[str, Any] = {"transactionId": bay.transaction_id}
        sent = charger.expects(
            "SetChargingProfile", {"evseId": bay.evse, "chargingProfile": Subset(profile)}
        )
        asked = {"evseId": bay.evse, "chargingNeeds": NEEDS["AC"], "maxScheduleTuples": 2}
        assert (await charger.call("NotifyEVChargingNeeds", asked))["status"] != "Rejected"
        numbers.append((await sent)["chargingProfile"]["id"])
    assert len(set(numbers)) == 2, numbers
