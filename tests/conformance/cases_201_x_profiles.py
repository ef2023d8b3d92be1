"""Beyond certification: charging profiles that cannot be, and what comes of those that can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import filled
from tests.conformance.schedules import Asked, get, put, report
from tests.conformance.states import Bay

if TYPE_CHECKING:
    from tests.conformance.stage import Stage

MAX, DEFAULT, TX = "ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"


def _body(asked: Asked, evse: int = 1, **schedule: Any) -> dict[str, Any]:
    body = asked.body(evse)
    body["charging_profile"]["schedule"] |= schedule
    return body


def _periods(*periods: dict[str, Any]) -> dict[str, Any]:
    return _body(Asked(DEFAULT), periods=list(periods))


_BAD: dict[str, Any] = {
    "neither": {"evse": 1},
    "both": Asked(DEFAULT).body(1) | {"profile": "fixed-current-16a"},
    "unknown name": {"evse": 1, "profile": "nobody-wrote-this"},
    "no periods": _periods(),
    "late start": _periods({"start_s": 60, "limit": 6.0}),
    "disorder": _periods(
        {"start_s": 0, "limit": 6.0}, {"start_s": 60, "limit": 8.0}, {"start_s": 30, "limit": 9.0}
    ),
    "negative": _periods({"start_s": 0, "limit": -6.0}),
    "no number": _periods({"start_s": 0, "limit": "six"}),
    "phase to use": _periods({"start_s": 0, "limit": 6.0, "number_phases": 3, "phase_to_use": 1}),
    "station max of EVSE": Asked(MAX).body(1),
    "relative station max": Asked(MAX, kind="Relative").body(0),
    "external": Asked("ChargingStationExternalConstraints").body(0),
    "recurring without kind": Asked(DEFAULT, kind="Recurring").body(1),
    "tx of station": Asked(TX, transaction_id="X").body(0),
    "stack level": Asked(DEFAULT, stack_level=-1).body(1),
    "unknown kind": Asked(DEFAULT, kind="Sometimes").body(1),
    "unknown unit": Asked(DEFAULT, unit="kW").body(1),
    "unknown member": _body(Asked(DEFAULT), bogus=1),
}


@case(
    "X_K_BAD",
    version=V201,
    block="X",
    title="A charging profile that cannot be is refused in a sentence, and does not leave",
    requirements=("K01.FR.22", "K01.FR.38", "K01.FR.40"),
    variants=_BAD,
)
async def bad(stage: Stage) -> None:
    charger = await stage.charger()
    path = f"/stations/{charger.id}/operations/set_charging_profile"
    problem = await stage.post(path, _BAD[str(stage.variant)], (404, 409, 422))
    assert problem["detail"], problem
    await charger.call("Heartbeat")


@case(
    "X_K_BAD_CLEAR",
    version=V201,
    block="X",
    title="What may not be cleared together is refused",
    requirements=("K10.FR.02",),
    variants=("nothing", "ID and purpose"),
)
async def bad_clear(stage: Stage) -> None:
    charger = await stage.charger()
    body = {} if stage.variant == "nothing" else {"profile_id": 7, "purpose": DEFAULT}
    path = f"/stations/{charger.id}/operations/clear_charging_profile"
    problem = await stage.post(path, body, (409, 422))
    assert problem["detail"], problem


@case(
    "X_K_COUNTS",
    version=V201,
    block="X",
    title="A profile that a station has agreed to limits its session, until it is cleared",
    requirements=("api",),
)
async def counts(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    session = await bay.session(state="active")
    asked = Asked(TX, kind="Relative", limit=9.0, transaction_id=bay.transaction_id)
    await put(stage, bay.charger, 1, asked)

    async def limit() -> Any:
        shown = await stage.get(f"/sessions/{session['id']}")
        return None if shown["limit_now"] is None else shown["limit_now"]["limit_a"]

    assert await limit() == 9.0
    refused = Asked(TX, kind="Relative", limit=7.0, transaction_id=bay.transaction_id)
    await put(stage, bay.charger, 1, refused, {"status": "Rejected"})
    assert await limit() == 9.0
    await stage.operate(
        bay.charger,
        "clear_charging_profile",
        {"profile_id": asked.id},
        sends=("ClearChargingProfile", {"chargingProfileId": asked.id}),
    )
    assert await limit() is None


@case(
    "X_K_REPORTS",
    version=V201,
    block="X",
    title="Reports of profiles come twice, for nobody, or never end",
    variants=("twice", "for nobody", "odd"),
)
async def reports(stage: Stage) -> None:
    charger = await stage.charger()
    got = await get(stage, charger, {"purpose": DEFAULT}, {"chargingProfilePurpose": DEFAULT})
    there = Asked(DEFAULT)
    match stage.variant:
        case "twice":
            for _ in range(2):
                await report(charger, got, there, tbc=True)
            for _ in range(2):
                await report(charger, got, Asked(DEFAULT), evse=2)
            await got.comes_to("done")
        case "for nobody":
            told = {
                "requestId": 2**31 - 1,
                "chargingLimitSource": "CSO",
                "evseId": 1,
                "chargingProfile": [filled(there.wire())],
            }
            assert await charger.call("ReportChargingProfiles", told) == {}
            assert (await got.look())["state"] == "accepted", got.view
        case _:
            odd = filled(there.wire())
            odd["chargingSchedule"][0]["chargingSchedulePeriod"] = [
                {"startPeriod": 60, "limit": -1.0},
                {"startPeriod": 0, "limit": 1e300},
            ]
            told = {
                "requestId": got.request["requestId"],
                "chargingLimitSource": "Other",
                "evseId": 77,
                "chargingProfile": [odd],
            }
            assert await charger.call("ReportChargingProfiles", told) == {}
            await got.comes_to("done")


@case(
    "X_K_COMPOSITE",
    version=V201,
    block="X",
    title="A composite schedule is refused, or accepted without any schedule",
    variants=("Rejected", "Accepted"),
)
async def composite(stage: Stage) -> None:
    charger = await stage.charger()
    asked = await stage.operate(
        charger,
        "get_composite_schedule",
        {"evse": 99, "duration_s": 60},
        sends=("GetCompositeSchedule", {"duration": 60, "evseId": 99}),
        answer={"status": stage.variant},
    )
    state = "done" if stage.variant == "Accepted" else "refused"
    assert asked.view["state"] == state, asked.view


@case(
    "X_K_NAMED",
    version=V201,
    block="X",
    title="A profile of the catalogue: for the transaction that runs, else for those to come",
    variants=("running", "idle"),
)
async def named(stage: Stage) -> None:
    """Typed only: a relayed call has no names."""
    bay = await Bay.of(stage)
    is_running = stage.variant == "running"
    if is_running:
        await bay.energy_transfer_started()
    sent = bay.charger.expects("SetChargingProfile")
    path = f"/stations/{bay.charger.id}/operations/set_charging_profile"
    view = await stage.post(path, {"evse": 1, "profile": "fixed-current-6a"})
    profile = (await sent)["chargingProfile"]
    assert view["state"] == "done", view
    assert profile["chargingProfilePurpose"] == (TX if is_running else DEFAULT), profile
    assert profile.get("transactionId") == (bay.transaction_id if is_running else None), profile
    assert profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 6.0, profile
