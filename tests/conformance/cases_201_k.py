"""OCPP 2.0.1, block K: charging profiles that an operator sets and clears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import ANY_INT, Subset, such
from tests.conformance.schedules import Asked, get, is_sound, put, report
from tests.conformance.stage import Error
from tests.conformance.states import Bay

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage

MAX, DEFAULT, TX = "ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"


@case(
    "TC_K_01_CSMS",
    version=V201,
    block="K",
    title="Set Charging Profile - TxDefaultProfile - Specific EVSE",
    requirements=("K01.FR.31",),
    variants=("A", "W"),
)
async def default_profile(stage: Stage) -> None:
    limit = 6.0 if stage.variant == "A" else 6_000.0
    asked = Asked(DEFAULT, limit=limit, unit=str(stage.variant))
    await put(stage, await stage.charger(), 1, asked)


@case(
    "TC_K_02_CSMS",
    version=V201,
    block="K",
    title="Set Charging Profile - TxProfile without ongoing transaction on the specified EVSE",
)
async def tx_profile_without_transaction(stage: Stage) -> None:
    """The relay sends it; the typed operation may name what it lacks, as the case allows."""
    charger = await stage.charger()
    asked = Asked(TX, kind="Relative", limit=7.0)
    if stage.is_typed:
        problem = await stage.refused(charger, "set_charging_profile", asked.body(1))
        assert "transaction" in problem["detail"].lower(), problem
        return
    operated = await put(stage, charger, 1, asked, {"status": "Rejected"})
    assert operated.view["state"] == "refused", operated.view


@case(
    "TC_K_03_CSMS",
    version=V201,
    block="K",
    title="Set Charging Profile - ChargingStationMaxProfile",
    requirements=("K01.FR.31", "K01.FR.38"),
)
async def station_max_profile(stage: Stage) -> None:
    await put(stage, await stage.charger(), 0, Asked(MAX, limit=8.0))


@case(
    "TC_K_04_CSMS",
    version=V201,
    block="K",
    title="Replace charging profile - With chargingProfileId",
)
async def replaced(stage: Stage) -> None:
    charger = await stage.charger()
    first = Asked(DEFAULT, limit=8.0)
    await put(stage, charger, 1, first)
    await put(stage, charger, 1, Asked(DEFAULT, limit=6.0, id=first.id))


async def _clear(
    stage: Stage, charger: Charger, body: dict[str, Any], asked: Payload, status: str
) -> Operated:
    return await stage.operate(
        charger,
        "clear_charging_profile",
        body,
        sends=("ClearChargingProfile", asked),
        answer={"status": status},
    )


@case(
    "TC_K_05_CSMS",
    version=V201,
    block="K",
    title="Clear Charging Profile - With chargingProfileId",
    requirements=("K10.FR.02",),
)
async def cleared_by_id(stage: Stage) -> None:
    charger = await stage.charger()
    there = Asked(MAX, limit=8.0)
    got = await get(stage, charger, {"purpose": MAX}, {"chargingProfilePurpose": MAX})
    await report(charger, got, there, evse=0)
    asked = {"chargingProfileId": there.id}
    cleared = await _clear(stage, charger, {"profile_id": there.id}, asked, "Accepted")
    assert cleared.view["state"] == "done", cleared.view


_BY_CRITERIA = {"evse": 1, "purpose": DEFAULT, "stack_level": 0}
_CRITERIA = {"evseId": 1, "chargingProfilePurpose": DEFAULT, "stackLevel": 0}


@case(
    "TC_K_06_CSMS",
    version=V201,
    block="K",
    title="Clear Charging Profile - With stackLevel/purpose combination for one profile",
    requirements=("K10.FR.02",),
)
async def cleared_by_criteria(stage: Stage) -> None:
    charger = await stage.charger()
    await put(stage, charger, 1, Asked(DEFAULT))
    asked = {"chargingProfileCriteria": _CRITERIA}
    cleared = await _clear(stage, charger, _BY_CRITERIA, asked, "Accepted")
    assert cleared.view["state"] == "done", cleared.view


@case(
    "TC_K_08_CSMS",
    version=V201,
    block="K",
    title="Clear Charging Profile - Without previous charging profile",
)
async def nothing_to_clear(stage: Stage) -> None:
    charger = await stage.charger()
    asked = {"chargingProfileCriteria": _CRITERIA}
    await _clear(stage, charger, _BY_CRITERIA, asked, "Unknown")


@case(
    "TC_K_10_CSMS",
    version=V201,
    block="K",
    title="Set Charging Profile - TxDefaultProfile - All EVSE",
    requirements=("K01.FR.31",),
)
async def default_profile_of_all(stage: Stage) -> None:
    await put(stage, await stage.charger(), 0, Asked(DEFAULT))


@case(
    "TC_K_15_CSMS",
    version=V201,
    block="K",
    title="Set Charging Profile - Not Supported",
)
async def not_supported(stage: Stage) -> None:
    error = Error("NotSupported", "no charging profiles here")
    await put(stage, await stage.charger(), 1, Asked(DEFAULT), error)


@case(
    "TC_K_19_CSMS",
    version=V201,
    block="K",
    title="Set Charging Profile - ChargingProfileKind is Recurring",
    variants=("Daily", "Weekly"),
)
async def recurring(stage: Stage) -> None:
    asked = Asked(DEFAULT, kind="Recurring", recurrency=stage.variant)
    await put(stage, await stage.charger(), 1, asked)


@case(
    "TC_K_60_CSMS",
    version=V201,
    block="K",
    title="Set Charging Profile - TxProfile with ongoing transaction on the specified EVSE",
    requirements=("K01.FR.03", "K01.FR.31"),
    variants=("Absolute", "Relative"),
)
async def tx_profile(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    asked = Asked(TX, kind=str(stage.variant), transaction_id=bay.transaction_id)
    await put(stage, bay.charger, 1, asked)


@case(
    "TC_K_70_CSMS",
    version=V201,
    block="K",
    title="Set Charging Profile - Multiple Profiles",
    variants=("given", "ours"),
)
async def several(stage: Stage) -> None:
    """The IDs are the operator's, or ours where the typed operation names none."""
    charger = await stage.charger()
    numbers = []
    for level in (0, 1):
        asked = Asked(DEFAULT, stack_level=level)
        if stage.variant == "given":
            operated = await put(stage, charger, 1, asked)
        else:
            body = asked.body(1)
            del body["charging_profile"]["id"]
            pattern = asked.wire() | {"id": ANY_INT}
            operated = await stage.operate(
                charger,
                "set_charging_profile",
                body,
                sends=("SetChargingProfile", {"evseId": 1, "chargingProfile": pattern}),
            )
        numbers.append(operated.request["chargingProfile"]["id"])
    assert len(set(numbers)) == 2, numbers


@case(
    "TC_K_37_CSMS",
    version=V201,
    block="K",
    title="Remote start transaction with charging profile - Success",
    requirements=("K05.FR.02", "F01.FR.08", "F01.FR.09", "F01.FR.11"),
)
async def start_with_profile(stage: Stage) -> None:
    """The typed operation takes a profile of the catalogue."""
    bay = await Bay.of(stage)
    asked = Asked(TX, kind="Relative", limit=16.0)
    token = {"idToken": bay.token, "evseId": 1}
    profile = such("a TxProfile for no transaction yet", _goes_with_a_start)
    started = await stage.operate(
        bay.charger,
        "start_transaction",
        {"token": bay.token["idToken"], "evse": 1, "profile": "fixed-current-16a"},
        sends=(
            "RequestStartTransaction",
            Subset({**token, "remoteStartId": ANY_INT, "chargingProfile": profile}),
        ),
        relays=(
            "RequestStartTransaction",
            {"remoteStartId": ANY_INT, **token, "chargingProfile": asked.wire()},
        ),
    )
    number = started.request["remoteStartId"]
    await bay.started("RemoteStart", remoteStartId=number, idToken=bay.token, evse=bay.place)
    await started.comes_to("done")
    session = await bay.session(state="active")
    limits = (await stage.get(f"/sessions/{session['id']}/limits"))["items"]
    assert limits[-1]["limit_a"] == 16.0, limits


def _goes_with_a_start(profile: Payload) -> bool:
    is_sound(profile)
    return (
        profile["chargingProfilePurpose"] == TX
        and profile["chargingProfileKind"] == "Relative"
        and "transactionId" not in profile
    )
