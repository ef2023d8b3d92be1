"""OCPP 2.0.1, block K: load leveling with vehicles that speak ISO 15118."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import Subset
from tests.conformance.schedules import Asked, is_sound, put
from tests.conformance.states import Bay, stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage

TX = "TxProfile"
TUPLES = 3
_AC = {
    "requestedEnergyTransfer": "AC_three_phase",
    "acChargingParameters": {
        "energyAmount": 20_000,
        "evMinCurrent": 6,
        "evMaxCurrent": 16,
        "evMaxVoltage": 400,
    },
}
_DC = {
    "requestedEnergyTransfer": "DC",
    "dcChargingParameters": {
        "evMaxCurrent": 200,
        "evMaxVoltage": 800,
        "evMaxPower": 100_000,
        "energyAmount": 40_000,
        "stateOfCharge": 35,
        "fullSoC": 100,
        "bulkSoC": 80,
    },
}
NEEDS = {"AC": _AC, "DC": _DC}


async def connected(stage: Stage) -> Bay:
    """Returns a bay in the states Authorized and EVConnectedPreSession."""
    bay = await Bay.of(stage)
    await bay.authorized()
    await bay.connected_pre_session()
    return bay


async def negotiated(
    bay: Bay, needs: Payload, *, has_time: bool = True, status: set[str] | None = None
) -> Payload:
    """Tells what the vehicle needs; returns the profile that the central system sends of itself."""
    profile = {"chargingProfilePurpose": TX, "transactionId": bay.transaction_id}
    sent = bay.charger.expects(
        "SetChargingProfile",
        {"evseId": bay.evse, "chargingProfile": Subset(profile)},
        {"status": "Accepted"},
    )
    more = {"departureTime": stamp(hours=6)} if has_time else {}
    asked = {
        "evseId": bay.evse,
        "maxScheduleTuples": TUPLES,
        "chargingNeeds": {**needs, **more},
    }
    answer = await bay.charger.call("NotifyEVChargingNeeds", asked)
    assert answer["status"] in (status or {"Accepted", "Processing"}), answer
    found: Payload = (await sent)["chargingProfile"]
    is_sound(found)
    for schedule in found["chargingSchedule"]:
        assert len(schedule["chargingSchedulePeriod"]) <= TUPLES, found
    return found


async def chosen(bay: Bay, schedule: Payload, status: str = "Accepted") -> None:
    """Tells the schedule that the vehicle has made of the profile."""
    told = {"timeBase": stamp(), "evseId": bay.evse, "chargingSchedule": schedule}
    answer = await bay.charger.call("NotifyEVChargingSchedule", told)
    assert answer["status"] == status, f"{schedule} was answered {answer}"


async def smart_charging(bay: Bay, needs: Payload) -> Payload:
    """Brings a bay into ISO15118SmartCharging (table 710); returns the profile."""
    profile = await negotiated(bay, needs)
    await chosen(bay, profile["chargingSchedule"][0])
    await bay.updated("ChargingStateChanged", chargingState="Charging")
    return profile


def above(schedule: Payload) -> Payload:
    """Returns a schedule that exceeds another in each period."""
    more = copy.deepcopy(schedule)
    for period in more["chargingSchedulePeriod"]:
        period["limit"] = period["limit"] * 2 + 10
    return more


@case(
    "TC_K_53_CSMS",
    version=V201,
    block="K",
    title="Charging with load leveling based on High Level Communication - Success",
    requirements=("K15.FR.02", "K15.FR.03", "K15.FR.05", "K15.FR.07", "K15.FR.11"),
    variants=("AC", "DC"),
)
async def load_leveling(stage: Stage) -> None:
    """One profile comes, and no second: what is not expected is a fault."""
    bay = await connected(stage)
    await smart_charging(bay, NEEDS[str(stage.variant)])
    await bay.session(state="active", charging_state="Charging")


@case(
    "TC_K_55_CSMS",
    version=V201,
    block="K",
    title="Charging with load leveling based on High Level Communication - EV charging profile "
    "exceeds limits",
    requirements=(
        *("K15.FR.12", "K15.FR.13", "K16.FR.07"),
        *("K16.FR.08", "K17.FR.12", "K17.FR.13"),
    ),
    variants=("AC", "DC"),
)
async def limits_exceeded(stage: Stage) -> None:
    bay = await connected(stage)
    profile = await negotiated(bay, NEEDS[str(stage.variant)], status={"Accepted"})
    wanted = {"chargingProfilePurpose": TX, "transactionId": bay.transaction_id}
    again = bay.charger.expects(
        "SetChargingProfile", {"evseId": 1, "chargingProfile": Subset(wanted)}
    )
    await chosen(bay, above(profile["chargingSchedule"][0]), "Rejected")
    await bay.updated("ChargingStateChanged", chargingState="Charging")
    second = (await again)["chargingProfile"]
    is_sound(second)
    await chosen(bay, second["chargingSchedule"][0])
    await bay.updated("ChargingRateChanged")


@case(
    "TC_K_57_CSMS",
    version=V201,
    block="K",
    title="Renegotiating a Charging Schedule - Initiated by EV",
    requirements=("K17.FR.02", "K17.FR.03", "K17.FR.05", "K17.FR.07", "K17.FR.11"),
    variants=("same", "other"),
)
async def renegotiated_by_ev(stage: Stage) -> None:
    """The needs come once more, the same or others."""
    bay = await connected(stage)
    await smart_charging(bay, _AC)
    needs: dict[str, Any] = copy.deepcopy(_AC)
    if stage.variant == "other":
        needs["acChargingParameters"] |= {"energyAmount": 8_000, "evMaxCurrent": 10}
    profile = await negotiated(bay, needs)
    await bay.updated("ChargingRateChanged")
    await chosen(bay, profile["chargingSchedule"][0])
    await bay.updated("ChargingRateChanged")
    if stage.variant == "other":
        for period in profile["chargingSchedule"][0]["chargingSchedulePeriod"]:
            most = 10 if profile["chargingSchedule"][0]["chargingRateUnit"] == "A" else 6_930
            assert period["limit"] <= most, profile


async def _by_operator(stage: Stage, bay: Bay) -> Payload:
    """Has the operator put a TxProfile on the EVSE; returns its schedule."""
    asked = Asked(TX, limit=8.0, transaction_id=bay.transaction_id)
    operated = await put(stage, bay.charger, 1, asked)
    schedule: Payload = operated.request["chargingProfile"]["chargingSchedule"][0]
    return schedule


@case(
    "TC_K_58_CSMS",
    version=V201,
    block="K",
    title="Renegotiating a Charging Schedule - Initiated by CSMS",
    requirements=("K16.FR.06",),
)
async def renegotiated_by_operator(stage: Stage) -> None:
    bay = await connected(stage)
    await smart_charging(bay, _AC)
    await chosen(bay, await _by_operator(stage, bay))
    await bay.updated("ChargingRateChanged")


@case(
    "TC_K_59_CSMS",
    version=V201,
    block="K",
    title="Renegotiating a Charging Schedule - Initiated by CSMS - Send NotifyEVChargingNeeds",
    requirements=("K16.FR.12",),
)
async def needs_after_operator(stage: Stage) -> None:
    """The text's schedule of "step 3" can only be that of step 5."""
    bay = await connected(stage)
    await smart_charging(bay, _AC)
    await _by_operator(stage, bay)
    profile = await negotiated(bay, _AC)
    await chosen(bay, profile["chargingSchedule"][0])
    await bay.updated("ChargingRateChanged")
