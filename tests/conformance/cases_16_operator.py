"""OCPP 1.6, Core: what operators ask of a station."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, case
from tests.conformance.states_16 import Bay16, authorize

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage

CORE = "Core"
ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}


async def remote_start(
    bay: Bay16, answer: Payload = ACCEPTED, *, with_connector: bool = True
) -> Operated:
    """Has the operator start a transaction."""
    body = {"token": bay.tag} | ({"evse": bay.connector} if with_connector else {})
    sent = {"connectorId": bay.connector} if with_connector else {}
    return await bay.stage.operate(
        bay.charger,
        "start_transaction",
        body,
        sends=("RemoteStartTransaction", sent | {"idTag": bay.tag}),
        answer=answer,
    )


@case(
    "TC_010",
    version=V16,
    block=CORE,
    title="Remote Start Charging Session - Cable Plugged in First",
    variants=("authorizes", "does not authorize", "without a connector"),
)
async def remote_start_plugged(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.shows("Preparing")
    started = await remote_start(bay, with_connector="without" not in str(stage.variant))
    if stage.variant != "does not authorize":
        await authorize(bay.charger, bay.tag)
    await bay.start()
    await bay.shows("Charging")
    await bay.session()
    await started.comes_to("done")


@case(
    "TC_011_1",
    version=V16,
    block=CORE,
    title="Remote Start Charging Session - Remote Start First",
)
async def remote_start_first(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    started = await remote_start(bay)
    await authorize(bay.charger, bay.tag)
    await bay.shows("Preparing")
    await bay.start()
    await bay.shows("Charging")
    await started.comes_to("done")


@case(
    "TC_011_2",
    version=V16,
    block=CORE,
    title="Remote Start Charging Session - Time Out",
)
async def remote_start_times_out(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await remote_start(bay)
    await authorize(bay.charger, bay.tag)
    await bay.shows("Preparing")
    await bay.shows("Available")
    assert await stage.sessions(bay.charger) == []


@case("TC_012", version=V16, block=CORE, title="Remote Stop Charging Session")
async def remote_stop(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.charging()
    await stop_by(bay)
    await bay.stop(reason="Remote")
    await bay.is_free()
    await bay.session(state="ended", stop_reason="Remote")


async def stop_by(bay: Bay16, answer: Payload = ACCEPTED, number: int | None = None) -> Operated:
    """Has the operator stop a transaction."""
    transaction = bay.transaction_id if number is None else number
    return await bay.stage.operate(
        bay.charger,
        "stop_transaction",
        {"transaction_id": str(transaction)},
        sends=("RemoteStopTransaction", {"transactionId": transaction}),
        answer=answer,
    )


@case("TC_026", version=V16, block=CORE, title="Remote Start Charging Session - Rejected")
async def remote_start_rejected(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    started = await remote_start(bay, REJECTED)
    assert started.view["state"] == "refused"
    assert await stage.sessions(bay.charger) == []


@case(
    "TC_028",
    version=V16,
    block=CORE,
    title="Remote Stop Transaction - Rejected",
    variants=("unknown", "running"),
)
async def remote_stop_rejected(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    if stage.variant == "running":
        await bay.charging()
        await stop_by(bay, REJECTED)
        assert (await bay.session())["state"] != "ended"
    else:
        await stop_by(bay, REJECTED, number=987_654)


async def reset(bay: Bay16, kind: str, answer: Payload = ACCEPTED) -> Operated:
    """Has the operator reset the station."""
    sends = ("Reset", {"type": kind})
    return await bay.stage.operate(bay.charger, "reset", {"type": kind}, sends=sends, answer=answer)


@case(
    "TC_013",
    version=V16,
    block=CORE,
    title="Hard Reset",
    variants=("without transaction", "with transaction"),
)
async def hard_reset(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    charges = stage.variant == "with transaction"
    if charges:
        await bay.charging()
    operated = await reset(bay, "Hard")
    if charges:  # its last word before the link is gone
        await bay.charger.post("StopTransaction", bay.stopping(reason="HardReset"))
    await bay.charger.disconnect(abruptly=True)
    await bay.charger.connect()
    await bay.charger.boot()
    await operated.comes_to("done")
    if charges:
        await bay.session(state="ended", stop_reason="HardReset")


@case(
    "TC_014",
    version=V16,
    block=CORE,
    title="Soft Reset",
    variants=("without transaction", "with transaction"),
)
async def soft_reset(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    if stage.variant == "with transaction":
        await bay.charging()
    operated = await reset(bay, "Soft")
    if stage.variant == "with transaction":
        await bay.stop(reason="SoftReset")
        await bay.session(state="ended", stop_reason="SoftReset")
    await bay.charger.boot()  # on the same connection
    await operated.comes_to("done")


@case("X_RESET_REJECTED", version=V16, block=CORE, title="Reset - Rejected is kept as the result")
async def reset_rejected(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    operated = await reset(bay, "Hard", REJECTED)
    assert operated.view["state"] == "refused"


async def unlock(bay: Bay16, status: str, connector: int | None = None) -> Operated:
    """Has the operator unlock a connector."""
    number = bay.connector if connector is None else connector
    return await bay.stage.operate(
        bay.charger,
        "unlock_connector",
        {"evse": number},
        sends=("UnlockConnector", {"connectorId": number}),
        answer={"status": status},
    )


@case(
    "TC_017_1",
    version=V16,
    block=CORE,
    title="Unlock Connector - no charging session running (not fixed cable)",
)
async def unlock_idle(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    operated = await unlock(bay, "Unlocked")
    assert operated.view["state"] == "done"


@case(
    "TC_017_2",
    version=V16,
    block=CORE,
    title="Unlock Connector - no charging session running (fixed cable)",
)
async def unlock_fixed(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    operated = await unlock(bay, "NotSupported")
    assert operated.view["state"] == "refused"


@case("TC_018_1", version=V16, block=CORE, title="Unlock Connector - with charging session")
async def unlock_charging(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.charging()
    await unlock(bay, "Unlocked")
    await bay.stop(reason="UnlockCommand")
    await bay.is_free()
    await bay.session(state="ended", stop_reason="UnlockCommand")


@case("TC_030", version=V16, block=CORE, title="Unlock Connector - Unlock Failure")
async def unlock_failure(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    operated = await unlock(bay, "UnlockFailed")
    assert operated.view["state"] == "refused"


@case("TC_031", version=V16, block=CORE, title="Unlock Connector - Unknown Connector")
async def unlock_unknown(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await unlock(bay, "NotSupported", 99)


def settings(values: dict[str, str], unknown: list[str] | None = None) -> Payload:
    """Returns what a station answers to GetConfiguration."""
    keys = [{"key": key, "readonly": False, "value": value} for key, value in values.items()]
    return {"configurationKey": keys} | ({} if unknown is None else {"unknownKey": unknown})


@case("TC_019_1", version=V16, block=CORE, title="Retrieve Configuration - all keys")
async def all_keys(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await stage.operate(
        charger,
        "get_variables",
        {"variables": []},
        sends=("GetConfiguration", {}),
        answer=settings({"HeartbeatInterval": "4711", "SupportedFeatureProfiles": "Core"}),
    )
    assert "4711" in json.dumps(operated.result)
    found = await stage.get(f"/stations/{charger.id}/variables", variable="HeartbeatInterval")
    assert "4711" in json.dumps(found), found


@case(
    "TC_019_2",
    version=V16,
    block=CORE,
    title="Retrieve Configuration - specific key",
    variants=("known", "unknown"),
)
async def one_key(stage: Stage) -> None:
    charger = await stage.charger()
    known = stage.variant == "known"
    key = "SupportedFeatureProfiles" if known else "NobodyKnows"
    answer = settings({key: "Core,RemoteTrigger"}) if known else settings({}, [key])
    operated = await stage.operate(
        charger,
        "get_variables",
        {"variables": [{"variable": key}]},
        sends=("GetConfiguration", {"key": [key]}),
        answer=answer,
    )
    assert ("Core,RemoteTrigger" if known else "NobodyKnows") in json.dumps(operated.result)


@case(
    "X_MAX_KEYS",
    version=V16,
    block=CORE,
    title="Retrieve Configuration - no more keys at once than the operator says",
)
async def max_keys(stage: Stage) -> None:
    charger = await stage.charger(items_per_message={"GetConfiguration": 2})
    keys = ["One", "Two", "Three"]
    operated = await stage.operate(
        charger,
        "get_variables",
        {"variables": [{"variable": key} for key in keys]},
        sends=[("GetConfiguration", {"key": keys[:2]}), ("GetConfiguration", {"key": keys[2:]})],
        answer=lambda request: settings({key: f"value of {key}" for key in request["key"]}),
        relays=("GetConfiguration", {"key": keys}),
    )
    for key in keys:
        assert f"value of {key}" in json.dumps(operated.result)


async def change(charger: Charger, stage: Stage, key: str, value: str, status: str) -> Operated:
    """Has the operator change a configuration key."""
    return await stage.operate(
        charger,
        "set_variables",
        {"variables": [{"variable": key, "value": value}]},
        sends=("ChangeConfiguration", {"key": key, "value": value}),
        answer={"status": status},
        status=status,
    )


@case("TC_021", version=V16, block=CORE, title="Change/Set Configuration")
async def change_configuration(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await change(charger, stage, "MeterValueSampleInterval", "42", "Accepted")
    assert operated.view["state"] == "done"
    found = await stage.get(
        f"/stations/{charger.id}/variables", variable="MeterValueSampleInterval"
    )
    assert '"42"' in json.dumps(found), found


@case("TC_040_1", version=V16, block=CORE, title="Configuration Keys - NotSupported")
async def change_unknown(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await change(charger, stage, "NobodyKnows", "1", "NotSupported")
    assert operated.view["state"] == "refused"


@case("TC_040_2", version=V16, block=CORE, title="Configuration Keys - Invalid Value")
async def change_to_nonsense(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await change(charger, stage, "MeterValueSampleInterval", "-1", "Rejected")
    assert operated.view["state"] == "refused"
    found = await stage.get(
        f"/stations/{charger.id}/variables", variable="MeterValueSampleInterval"
    )
    assert '"-1"' not in json.dumps(found), found


@case(
    "X_REBOOT_REQUIRED",
    version=V16,
    block=CORE,
    title="Configuration Keys - RebootRequired is agreed, and shown",
)
async def change_needs_reboot(stage: Stage) -> None:
    charger = await stage.charger()
    await change(charger, stage, "ConnectorPhaseRotation", "1.RST", "RebootRequired")


@case(
    "TC_061",
    version=V16,
    block=CORE,
    title="Clear Authorization Data in Authorization Cache",
    variants=("Accepted", "Rejected"),
)
async def clear_cache(stage: Stage) -> None:
    charger = await stage.charger()
    answer = {"status": str(stage.variant)}
    await stage.operate(charger, "clear_cache", {}, sends=("ClearCache", {}), answer=answer)


@case(
    "TC_062",
    version=V16,
    block=CORE,
    title="Data Transfer to a Charge Point",
    variants=("Accepted", "Rejected", "UnknownVendorId", "UnknownMessageId"),
)
async def data_transfer(stage: Stage) -> None:
    charger = await stage.charger()
    given: dict[str, Any] = {"vendor_id": "example.com", "message_id": "Hello", "data": "a text"}
    sent = {"vendorId": "example.com", "messageId": "Hello", "data": "a text"}
    answer = {"status": str(stage.variant), "data": "told"}
    operated = await stage.operate(
        charger, "data_transfer", given, sends=("DataTransfer", sent), answer=answer
    )
    assert "told" in json.dumps(operated.result)


@case(
    "X_CHANGE_AVAILABILITY",
    version=V16,
    block=CORE,
    title="Change Availability - station and connector, Accepted, Scheduled, Rejected",
    variants=("0 Accepted", "1 Accepted", "1 Scheduled", "1 Rejected"),
)
async def change_availability(stage: Stage) -> None:
    connector, status = str(stage.variant).split()
    bay = await Bay16.of(stage)
    if status == "Scheduled":
        await bay.charging()
    body = {"status": "Inoperative"} | ({"evse": 1} if connector == "1" else {})
    operated = await stage.operate(
        bay.charger,
        "change_availability",
        body,
        sends=("ChangeAvailability", {"connectorId": int(connector), "type": "Inoperative"}),
        answer={"status": status},
    )
    if status == "Scheduled":
        assert await stage.connector(bay.charger) == "Charging"
        await bay.stop(idTag=bay.tag)
    if status == "Rejected":
        assert await stage.connector(bay.charger) == "Available"
        return
    if connector == "0":
        await bay.charger.status(0, 0, "Unavailable")
    await bay.shows("Unavailable")
    await operated.comes_to("done")
