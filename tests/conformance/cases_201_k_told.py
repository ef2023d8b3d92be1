"""OCPP 2.0.1, block K: what stations tell of charging profiles, schedules and outer limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import anything
from tests.conformance.schedules import DURATION_S, Asked, get, report
from tests.conformance.states import Bay, stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage

MAX, DEFAULT = "ChargingStationMaxProfile", "TxDefaultProfile"
EXTERNAL = "ChargingStationExternalConstraints"
_REQUIREMENT = ("K09.FR.03",)
ANY_SOURCE = {"chargingLimitSource": anything(["CSO", "EMS", "Other", "SO"])}
"""What stands for no criterion: one must be given. Source: OCPP 2.0.1 part 2, K09.FR.03."""


async def _got(
    stage: Stage,
    body: dict[str, Any],
    criteria: Any,
    *told: Asked,
    evse: int = 1,
) -> None:
    """Plays a case of GetChargingProfiles whose report is one message."""
    charger = await stage.charger()
    got = await get(stage, charger, body, criteria)
    assert got.view["state"] == "accepted", got.view
    await report(charger, got, *told, evse=evse)
    await got.comes_to("done")


@case(
    "TC_K_29_CSMS",
    version=V201,
    block="K",
    title="Get Charging Profile - EvseId 0",
    requirements=_REQUIREMENT,
)
async def of_the_station(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    body = {"evse": 0, "purpose": MAX}
    got = await get(stage, bay.charger, body, {"chargingProfilePurpose": MAX})
    await report(bay.charger, got, Asked(MAX), evse=0)
    await got.comes_to("done")


@case(
    "TC_K_30_CSMS",
    version=V201,
    block="K",
    title="Get Charging Profile - EvseId > 0",
    requirements=_REQUIREMENT,
)
async def of_an_evse(stage: Stage) -> None:
    await _got(stage, {"evse": 1}, ANY_SOURCE, Asked(DEFAULT))


@case(
    "TC_K_31_CSMS",
    version=V201,
    block="K",
    title="Get Charging Profile - No EvseId",
    requirements=_REQUIREMENT,
    variants=("purpose", "no criterion"),
)
async def of_all(stage: Stage) -> None:
    """A report for each EVSE; that of the last one ends it."""
    has_purpose = stage.variant == "purpose"
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    body = {"purpose": DEFAULT} if has_purpose else {}
    criteria = {"chargingProfilePurpose": DEFAULT} if has_purpose else ANY_SOURCE
    got = await get(stage, charger, body, criteria)
    await report(charger, got, Asked(DEFAULT), evse=1, tbc=True)
    assert (await got.look())["state"] == "accepted", got.view
    await report(charger, got, Asked(DEFAULT), evse=2, tbc=False)
    await got.comes_to("done")


@case(
    "TC_K_32_CSMS",
    version=V201,
    block="K",
    title="Get Charging Profile - chargingProfileId",
    requirements=_REQUIREMENT,
)
async def by_id(stage: Stage) -> None:
    there = Asked(DEFAULT)
    body = {"profile_ids": [there.id]}
    await _got(stage, body, {"chargingProfileId": [there.id]}, there)


@case(
    "TC_K_33_CSMS",
    version=V201,
    block="K",
    title="Get Charging Profile - EvseId > 0 + stackLevel",
    requirements=_REQUIREMENT,
)
async def by_stack_level(stage: Stage) -> None:
    await _got(stage, {"evse": 1, "stack_level": 0}, {"stackLevel": 0}, Asked(DEFAULT))


@case(
    "TC_K_34_CSMS",
    version=V201,
    block="K",
    title="Get Charging Profile - EvseId > 0 + chargingLimitSource",
    requirements=_REQUIREMENT,
)
async def by_source(stage: Stage) -> None:
    body = {"evse": 1, "sources": ["CSO"]}
    await _got(stage, body, {"chargingLimitSource": ["CSO"]}, Asked(DEFAULT))


@case(
    "TC_K_35_CSMS",
    version=V201,
    block="K",
    title="Get Charging Profile - EvseId > 0 + chargingProfilePurpose",
    requirements=_REQUIREMENT,
)
async def by_purpose(stage: Stage) -> None:
    body = {"evse": 1, "purpose": DEFAULT}
    await _got(stage, body, {"chargingProfilePurpose": DEFAULT}, Asked(DEFAULT))


@case(
    "TC_K_36_CSMS",
    version=V201,
    block="K",
    title="Get Charging Profile - EvseId > 0 + chargingProfilePurpose + stackLevel",
    requirements=_REQUIREMENT,
)
async def by_purpose_and_stack_level(stage: Stage) -> None:
    body = {"evse": 1, "purpose": DEFAULT, "stack_level": 0}
    criteria = {"chargingProfilePurpose": DEFAULT, "stackLevel": 0}
    await _got(stage, body, criteria, Asked(DEFAULT))


@case(
    "TC_K_52_CSMS",
    version=V201,
    block="K",
    title="Set / Update External Charging Limit (not on a transaction) - "
    "ChargingStationExternalConstraints in report",
)
async def external_in_report(stage: Stage) -> None:
    charger = await stage.charger()
    body = {"evse": 0, "purpose": EXTERNAL}
    got = await get(stage, charger, body, {"chargingProfilePurpose": EXTERNAL})
    await report(charger, got, Asked(EXTERNAL), evse=0, source="EMS")
    await got.comes_to("done")


async def _composite(stage: Stage, evse: int, unit: str) -> None:
    charger = await stage.charger()
    limit = 10.0 if unit == "A" else 10_000.0
    schedule = {
        "evseId": evse,
        "duration": DURATION_S,
        "scheduleStart": stamp(),
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    asked = await stage.operate(
        charger,
        "get_composite_schedule",
        {"evse": evse, "duration_s": DURATION_S, "unit": unit},
        sends=(
            "GetCompositeSchedule",
            {"duration": DURATION_S, "evseId": evse, "chargingRateUnit": unit},
        ),
        answer={"status": "Accepted", "schedule": schedule},
    )
    assert asked.view["state"] == "done", asked.view
    assert f"{limit}" in str(asked.result), asked.result


@case(
    "TC_K_43_CSMS",
    version=V201,
    block="K",
    title="Get Composite Schedule - Specific EVSE",
    requirements=("K08.FR.01",),
    variants=("A", "W"),
)
async def composite_of_evse(stage: Stage) -> None:
    await _composite(stage, 1, str(stage.variant))


@case(
    "TC_K_44_CSMS",
    version=V201,
    block="K",
    title="Get Composite Schedule - Charging Station",
    requirements=("K08.FR.01",),
    variants=("A", "W"),
)
async def composite_of_station(stage: Stage) -> None:
    await _composite(stage, 0, str(stage.variant))


_LIMIT = {"chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": False}}


def _limit_schedule() -> list[Payload]:
    period = {"startPeriod": 0, "limit": 10.0}
    return [{"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}]


@case(
    "TC_K_48_CSMS",
    version=V201,
    block="K",
    title="Set / Update External Charging Limit (not on a transaction)",
    variants=("source alone", "of an EVSE", "of the station", "with schedule"),
)
async def external_limit(stage: Stage) -> None:
    charger = await stage.charger()
    more = {
        "of an EVSE": {"evseId": 1},
        "of the station": {"evseId": 0},
        "with schedule": {"chargingSchedule": _limit_schedule()},
    }.get(str(stage.variant), {})
    told = {"chargingLimit": {"chargingLimitSource": "EMS"}, **more}
    assert await charger.call("NotifyChargingLimit", told) == {}


@case(
    "TC_K_50_CSMS",
    version=V201,
    block="K",
    title="Reset / release external charging limit - Without ongoing transaction",
    variants=("alone", "of an EVSE", "of the station", "told before"),
)
async def external_limit_cleared(stage: Stage) -> None:
    charger = await stage.charger()
    place = {"of an EVSE": {"evseId": 1}, "of the station": {"evseId": 0}}
    if stage.variant == "told before":
        limit = _LIMIT | {"chargingSchedule": _limit_schedule()}
        assert await charger.call("NotifyChargingLimit", limit) == {}
    told = {"chargingLimitSource": "EMS", **place.get(str(stage.variant), {})}
    assert await charger.call("ClearedChargingLimit", told) == {}


@case(
    "TC_K_51_CSMS",
    version=V201,
    block="K",
    title="Reset / release external charging limit - With ongoing transaction",
)
async def external_limit_cleared_in_use(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    limit = _LIMIT | {"chargingSchedule": _limit_schedule(), "evseId": 1}
    assert await bay.charger.call("NotifyChargingLimit", limit) == {}
    cleared = {"chargingLimitSource": "EMS", "evseId": 1}
    assert await bay.charger.call("ClearedChargingLimit", cleared) == {}
    await bay.updated("ChargingRateChanged")
    await bay.session(state="active")
