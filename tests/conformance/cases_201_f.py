"""OCPP 2.0.1, block F: remote control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import ANY_INT
from tests.conformance.states import Bay, samples

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage


async def _start(
    stage: Stage, bay: Bay, evse: int | None = None, answer: Payload | None = None
) -> Operated:
    """Has the operator start a transaction for the bay's token."""
    place = {} if evse is None else {"evse": evse}
    asked = {} if evse is None else {"evseId": evse}
    return await stage.operate(
        bay.charger,
        "start_transaction",
        {"token": bay.token["idToken"], **place},
        sends=(
            "RequestStartTransaction",
            {"remoteStartId": ANY_INT, "idToken": bay.token, **asked},
        ),
        answer=answer or {"status": "Accepted"},
    )


async def _is_linked(start: Operated, bay: Bay) -> None:
    """The operation must come to its end, with the transaction that it started."""
    view = await start.comes_to("done")
    assert view["result"]["transaction_id"] == bay.transaction_id, view


@case(
    "TC_F_01_CSMS",
    version=V201,
    block="F",
    title="Remote start transaction - Cable plugin first",
    variants=("with token", "without token"),
)
async def start_after_cable(stage: Stage) -> None:
    """The event that tells of the remote start may name the token once more, or not."""
    bay = await Bay.of(stage)
    await bay.connected_pre_session()
    answer = {"status": "Accepted", "transactionId": bay.transaction_id}
    start = await _start(stage, bay, evse=1, answer=answer)
    token = {"idToken": bay.token} if stage.variant == "with token" else {}
    number = start.request["remoteStartId"]
    told = await bay.updated("RemoteStart", remoteStartId=number, evse=bay.place, **token)
    if token:
        assert told["idTokenInfo"]["status"] == "Accepted", told
    bay.is_authorized = True
    await bay.energy_transfer_started()
    await _is_linked(start, bay)
    await bay.session(state="active", charging_state="Charging")
    assert len(await stage.sessions(bay.charger)) == 1


@case(
    "TC_F_02_CSMS",
    version=V201,
    block="F",
    title="Remote start transaction - Remote start first - AuthorizeRemoteStart is true",
    requirements=("F02.FR.01", "F01.FR.01"),
)
async def start_first_authorized(stage: Stage) -> None:
    bay = await Bay.of(stage)
    start = await _start(stage, bay)
    await bay.authorize()
    number = start.request["remoteStartId"]
    told = await bay.started("RemoteStart", remoteStartId=number, idToken=bay.token)
    assert told["idTokenInfo"]["status"] == "Accepted", told
    bay.is_authorized = True
    await bay.energy_transfer_started()
    await _is_linked(start, bay)
    await bay.session(state="active", evse=1, token=bay.token["idToken"])


@case(
    "TC_F_03_CSMS",
    version=V201,
    block="F",
    title="Remote start transaction - Remote start first - AuthorizeRemoteStart is false",
    requirements=("F02.FR.01", "F01.FR.02"),
)
async def start_first_not_authorized(stage: Stage) -> None:
    bay = await Bay.of(stage)
    start = await _start(stage, bay)
    number = start.request["remoteStartId"]
    told = await bay.started("RemoteStart", remoteStartId=number, idToken=bay.token)
    assert told["idTokenInfo"]["status"] == "Accepted", told
    bay.is_authorized = True
    await bay.energy_transfer_started()
    await _is_linked(start, bay)


@case(
    "TC_F_04_CSMS",
    version=V201,
    block="F",
    title="Remote start transaction - Remote start first - Cable plugin timeout",
    requirements=("E03.FR.04", "E03.FR.05"),
    variants=("Updated", "Ended"),
)
async def start_first_without_cable(stage: Stage) -> None:
    """The text has the transaction go on, to be ended by what the case does not play."""
    bay = await Bay.of(stage)
    start = await _start(stage, bay)
    await bay.started("RemoteStart", remoteStartId=start.request["remoteStartId"])
    await _is_linked(start, bay)
    if stage.variant == "Updated":
        await bay.updated("EVConnectTimeout")
    else:
        await bay.ended("EVConnectTimeout", stoppedReason="Timeout")
        await bay.session(state="ended", stop_reason="Timeout")
    assert len(await stage.sessions(bay.charger)) == 1


@case(
    "TC_F_06_CSMS",
    version=V201,
    block="F",
    title="Remote unlock Connector - Without ongoing transaction - Accepted",
)
async def unlock(stage: Stage) -> None:
    charger = await stage.charger()
    unlocked = await stage.operate(
        charger,
        "unlock_connector",
        {"evse": 1, "connector": 1},
        sends=("UnlockConnector", {"evseId": 1, "connectorId": 1}),
        answer={"status": "Unlocked"},
    )
    assert unlocked.view["state"] == "done", unlocked.view


async def _trigger(
    stage: Stage,
    charger: Charger,
    message: str,
    place: dict[str, int] | None = None,
    answer: Payload | None = None,
) -> Operated:
    """Has the operator ask for a message, of a place as EVSEType or of none."""
    body: dict[str, Any] = {"message": message}
    asked: Payload = {"requestedMessage": message}
    if place is not None:
        body |= {"evse": place["id"]}
        body |= {"connector": place["connectorId"]} if "connectorId" in place else {}
        asked["evse"] = place
    return await stage.operate(
        charger, "trigger_message", body, sends=("TriggerMessage", asked), answer=answer
    )


async def _meter_values(charger: Charger, evse: int) -> None:
    values = {"evseId": evse, "meterValue": samples("Trigger", 12_000.0)}
    assert await charger.call("MeterValues", values) == {}


@case(
    "TC_F_11_CSMS",
    version=V201,
    block="F",
    title="Trigger message - MeterValues - Specific EVSE",
    requirements=("F06.FR.01", "F06.FR.02"),
)
async def trigger_meter_values(stage: Stage) -> None:
    charger = await stage.charger()
    triggered = await _trigger(stage, charger, "MeterValues", {"id": 1})
    await _meter_values(charger, 1)
    await triggered.comes_to("done")


@case(
    "TC_F_12_CSMS",
    version=V201,
    block="F",
    title="Trigger message - MeterValues - All EVSE",
    requirements=("F06.FR.01",),
)
async def trigger_all_meter_values(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    triggered = await _trigger(stage, charger, "MeterValues")
    for evse in (1, 2):
        await _meter_values(charger, evse)
    await triggered.comes_to("done")


async def _triggered_event(bay: Bay, **place: Any) -> None:
    await bay.updated(
        "Trigger",
        chargingState="Charging",
        meterValue=samples("Trigger", 12_000.0),
        **place,
    )


@case(
    "TC_F_13_CSMS",
    version=V201,
    block="F",
    title="Trigger message - TransactionEvent - Specific EVSE",
    requirements=("F06.FR.01", "F06.FR.02"),
)
async def trigger_transaction_event(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    triggered = await _trigger(stage, bay.charger, "TransactionEvent", {"id": 1})
    await _triggered_event(bay, evse={"id": 1})
    await triggered.comes_to("done")
    await bay.session(state="active", charging_state="Charging")


@case(
    "TC_F_14_CSMS",
    version=V201,
    block="F",
    title="Trigger message - TransactionEvent - All EVSE",
    requirements=("F06.FR.01",),
)
async def trigger_all_transaction_events(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    bays = [await Bay.of(stage, charger, evse=evse) for evse in (1, 2)]
    for bay in bays:
        await bay.energy_transfer_started()
    triggered = await _trigger(stage, charger, "TransactionEvent")
    for bay in bays:
        await _triggered_event(bay)
    await triggered.comes_to("done")
    assert len(await stage.sessions(charger)) == 2


@case(
    "TC_F_15_CSMS",
    version=V201,
    block="F",
    title="Trigger message - LogStatusNotification - Idle",
    requirements=("F06.FR.01",),
)
async def trigger_log_status(stage: Stage) -> None:
    charger = await stage.charger()
    triggered = await _trigger(stage, charger, "LogStatusNotification")
    assert await charger.call("LogStatusNotification", {"status": "Idle"}) == {}
    await triggered.comes_to("done")


@case(
    "TC_F_18_CSMS",
    version=V201,
    block="F",
    title="Trigger message - FirmwareStatusNotification - Idle",
    requirements=("F06.FR.01",),
)
async def trigger_firmware_status(stage: Stage) -> None:
    charger = await stage.charger()
    triggered = await _trigger(stage, charger, "FirmwareStatusNotification")
    assert await charger.call("FirmwareStatusNotification", {"status": "Idle"}) == {}
    await triggered.comes_to("done")


@case(
    "TC_F_20_CSMS",
    version=V201,
    block="F",
    title="Trigger message - Heartbeat",
    requirements=("F06.FR.01",),
)
async def trigger_heartbeat(stage: Stage) -> None:
    charger = await stage.charger()
    triggered = await _trigger(stage, charger, "Heartbeat")
    await charger.call("Heartbeat")
    await triggered.comes_to("done")


async def _trigger_status(stage: Stage, bay: Bay, status: str) -> None:
    triggered = await _trigger(stage, bay.charger, "StatusNotification", bay.place)
    await bay.status(status)
    await triggered.comes_to("done")


@case(
    "TC_F_23_CSMS",
    version=V201,
    block="F",
    title="Trigger message - StatusNotification - Specific EVSE - Available",
    requirements=("F06.FR.01", "F06.FR.02", "F06.FR.13"),
)
async def trigger_status_available(stage: Stage) -> None:
    await _trigger_status(stage, await Bay.of(stage), "Available")


@case(
    "TC_F_24_CSMS",
    version=V201,
    block="F",
    title="Trigger message - StatusNotification - Specific EVSE - Occupied",
    requirements=("F06.FR.01", "F06.FR.02", "F06.FR.13"),
)
async def trigger_status_occupied(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.status("Occupied")
    await _trigger_status(stage, bay, "Occupied")


@case(
    "TC_F_27_CSMS",
    version=V201,
    block="F",
    title="Trigger message - NotImplemented",
    requirements=("F06.FR.08",),
)
async def trigger_not_implemented(stage: Stage) -> None:
    charger = await stage.charger()
    triggered = await _trigger(
        stage,
        charger,
        "PublishFirmwareStatusNotification",
        answer={"status": "NotImplemented"},
    )
    assert triggered.view["state"] == "refused", triggered.view
