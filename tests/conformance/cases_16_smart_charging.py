"""OCPP 1.6, Smart Charging."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, case
from tests.conformance.patterns import ANY_INT, Subset, same_time, such, text_of
from tests.conformance.states_16 import Bay16, authorize

if TYPE_CHECKING:
    from tests.conformance.stage import Operated, Stage

SMART = "SmartCharging"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@case("TC_056", version=V16, block=SMART, title="Central Smart Charging - TxDefaultProfile")
async def tx_default(stage: Stage) -> None:
    charger = await stage.charger()
    since, until = _now(), _now() + timedelta(days=2)
    profile = {
        "id": 77,
        "stack_level": 0,
        "purpose": "TxDefaultProfile",
        "kind": "Absolute",
        "valid_from": text_of(since),
        "valid_to": text_of(until),
        "schedule": {
            "unit": "A",
            "start": text_of(since),
            "duration_s": 86_400,
            "periods": [{"start_s": 0, "limit": 6}, {"start_s": 3600, "limit": 10}],
        },
    }
    sent = {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 77,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "validFrom": same_time(since),
            "validTo": same_time(until),
            "chargingSchedule": {
                "duration": 86_400,
                "startSchedule": same_time(since),
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 6},
                    {"startPeriod": 3600, "limit": 10},
                ],
            },
        },
    }
    await stage.operate(
        charger,
        "set_charging_profile",
        {"evse": 1, "charging_profile": profile},
        sends=("SetChargingProfile", sent),
    )


@case("TC_057", version=V16, block=SMART, title="Central Smart Charging - TxProfile")
async def tx_profile(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.charging()
    sent = {
        "connectorId": 1,
        "csChargingProfiles": Subset(
            {
                "chargingProfileId": ANY_INT,
                "transactionId": bay.transaction_id,
                "stackLevel": ANY_INT,
                "chargingProfilePurpose": "TxProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": Subset(
                    {
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [Subset({"startPeriod": 0, "limit": 16})],
                    }
                ),
            }
        ),
    }
    await stage.operate(
        bay.charger,
        "set_charging_profile",
        {"evse": 1, "profile": "fixed-current-16a", "purpose": "TxProfile"},
        sends=("SetChargingProfile", sent),
    )


@case(
    "X_PROFILE_REFUSED",
    version=V16,
    block=SMART,
    title="SetChargingProfile - Rejected and NotSupported are kept as results",
    variants=("Rejected", "NotSupported"),
)
async def profile_refused(stage: Stage) -> None:
    charger = await stage.charger()
    sent = {
        "connectorId": 1,
        "csChargingProfiles": Subset(
            {
                "chargingProfileId": ANY_INT,
                "stackLevel": ANY_INT,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": Subset(
                    {
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [Subset({"startPeriod": 0, "limit": 16})],
                    }
                ),
            }
        ),
    }
    operated = await stage.operate(
        charger,
        "set_charging_profile",
        {"evse": 1, "profile": "fixed-current-16a", "purpose": "TxDefaultProfile"},
        sends=("SetChargingProfile", sent),
        answer={"status": str(stage.variant)},
    )
    assert operated.view["state"] == "refused"


def _is_plain(profile: Any) -> bool:
    """Whether a profile of a remote start is as it must be."""
    schedule = profile["chargingSchedule"]
    return (
        profile["chargingProfilePurpose"] == "TxProfile"
        and profile["chargingProfileKind"] == "Relative"
        and "transactionId" not in profile
        and "startSchedule" not in schedule
        and schedule["chargingSchedulePeriod"][0]["startPeriod"] == 0
    )


@case("TC_059", version=V16, block=SMART, title="Remote Start Transaction with Charging Profile")
async def start_with_profile(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    example = {
        "chargingProfileId": 4711,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}],
        },
    }
    sent = {
        "connectorId": 1,
        "idTag": bay.tag,
        "chargingProfile": such("a Relative TxProfile without transaction", _is_plain, example),
    }
    started = await stage.operate(
        bay.charger,
        "start_transaction",
        {"token": bay.tag, "evse": 1, "profile": "fixed-current-16a"},
        sends=("RemoteStartTransaction", sent),
    )
    await authorize(bay.charger, bay.tag)
    await bay.shows("Preparing")
    await bay.start()
    await bay.shows("Charging")
    await started.comes_to("done")


async def composite(
    stage: Stage, connector: int, unit: str | None, answer: dict[str, Any]
) -> Operated:
    """Has the operator ask for a composite schedule."""
    charger = await stage.charger()
    body = {"evse": connector, "duration_s": 300} | ({} if unit is None else {"unit": unit})
    sent = {"connectorId": connector, "duration": 300}
    return await stage.operate(
        charger,
        "get_composite_schedule",
        body,
        sends=("GetCompositeSchedule", sent | ({} if unit is None else {"chargingRateUnit": unit})),
        answer=answer,
    )


@case(
    "TC_066",
    version=V16,
    block=SMART,
    title="Get Composite Schedule",
    variants=("without unit", "in A", "in W", "of the station", "rejected"),
)
async def get_composite(stage: Stage) -> None:
    if stage.variant == "rejected":
        refused = await composite(stage, 1, None, {"status": "Rejected"})
        assert refused.view["state"] == "refused"
        return
    unit = {"in A": "A", "in W": "W"}.get(str(stage.variant))
    connector = 0 if stage.variant == "of the station" else 1
    schedule = {
        "duration": 300,
        "chargingRateUnit": unit or "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 13.5}],
    }
    answer = {
        "status": "Accepted",
        "connectorId": connector,
        "scheduleStart": text_of(_now()),
        "chargingSchedule": schedule,
    }
    operated = await composite(stage, connector, unit, answer)
    assert "13.5" in str(operated.result)


@case(
    "TC_067",
    version=V16,
    block=SMART,
    title="Clear Charging Profile",
    variants=("by id", "by criteria", "all", "unknown"),
)
async def clear_profile(stage: Stage) -> None:
    charger = await stage.charger()
    body, sent = {
        "by id": ({"profile_id": 8}, {"id": 8}),
        "unknown": ({"profile_id": 9}, {"id": 9}),
        "all": ({}, {}),
        "by criteria": (
            {"evse": 1, "purpose": "TxDefaultProfile", "stack_level": 0},
            {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0},
        ),
    }[str(stage.variant)]
    status = "Unknown" if stage.variant == "unknown" else "Accepted"
    await stage.operate(
        charger,
        "clear_charging_profile",
        body,
        sends=("ClearChargingProfile", sent),
        answer={"status": status},
    )
