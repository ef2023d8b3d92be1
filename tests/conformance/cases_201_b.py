"""OCPP 2.0.1, block B: boots, restarts, network profiles; variables: `cases_201_b_model`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.conformance.book import V201, case
from tests.conformance.charger import boot_payload, now
from tests.conformance.states import Bay

if TYPE_CHECKING:
    from tests.conformance.charger import Charger
    from tests.conformance.stage import Operated, Stage

ACCEPTED, REJECTED, SCHEDULED = ({"status": each} for each in ("Accepted", "Rejected", "Scheduled"))


async def reset(stage: Stage, charger: Charger, answer: Any = None, **asked: Any) -> Operated:
    """Has the operator reset a station, or one EVSE of it."""
    sent = {"type": asked["type"]} | ({"evseId": asked["evse"]} if "evse" in asked else {})
    return await stage.operate(charger, "reset", asked, sends=("Reset", sent), answer=answer)


async def comes_back(charger: Charger, reason: str) -> None:
    """Has a station restart: it connects anew, boots and tells its connectors."""
    await charger.reconnect()
    await charger.boot(reason)


@case(
    "TC_B_01_CSMS",
    version=V201,
    block="B",
    title="Cold Boot Charging Station - Accepted",
    requirements=("B01.FR.02",),
)
async def boot_accepted(stage: Stage) -> None:
    charger = await stage.charger(boot=False)
    await charger.boot("PowerUp")
    assert await stage.connector(charger) == "Available"
    station = await stage.station(charger)
    assert (station["vendor"], station["model"]) == ("Conformance", "Scripted")


@case(
    "TC_B_02_CSMS",
    version=V201,
    block="B",
    title="Cold Boot Charging Station - Pending",
    requirements=("B02.FR.01", "B02.FR.06"),
)
async def boot_pending(stage: Stage) -> None:
    charger = await stage.charger(boot=False, registration="pending")
    await charger.boot("PowerUp", status="Pending")
    await stage.put(f"/stations/{charger.id}", registration="accepted")
    await charger.boot("PowerUp")
    assert await stage.connector(charger) == "Available"


@case(
    "TC_B_30_CSMS",
    version=V201,
    block="B",
    title="Cold Boot Charging Station - Pending/Rejected - SecurityError",
    requirements=("B02.FR.09", "B03.FR.07"),
    variants=("Pending", "Rejected"),
)
async def not_yet_accepted(stage: Stage) -> None:
    charger = await stage.charger(boot=False, registration=str(stage.variant).lower())
    await charger.boot("PowerUp", status=str(stage.variant))
    told = {"timestamp": now(), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
    for action, payload in (
        ("StatusNotification", told),
        ("NotifyEvent", charger.availability(1, 1, "Available")),
        ("Heartbeat", {}),
    ):
        refused = await charger.refused(action, payload)
        assert refused.code == "SecurityError", f"{action}: {refused}"
    await stage.put(f"/stations/{charger.id}", registration="accepted")
    await charger.boot("PowerUp")


@case(
    "TC_B_31_CSMS",
    version=V201,
    block="B",
    title="Cold Boot Charging Station - Pending/Rejected - TriggerMessage",
    variants=("Pending", "Rejected"),
)
async def trigger_boot(stage: Stage) -> None:
    charger = await stage.charger(boot=False, registration=str(stage.variant).lower())
    await charger.boot("PowerUp", status=str(stage.variant))
    asked = {"requestedMessage": "BootNotification"}
    await stage.operate(
        charger,
        "trigger_message",
        {"message": "BootNotification"},
        sends=("TriggerMessage", asked),
    )
    await stage.put(f"/stations/{charger.id}", registration="accepted")
    await charger.boot("Triggered")


@case(
    "X_B_PENDING_TRIGGERED",
    version=V201,
    block="B",
    title="While Pending, what TriggerMessage asked for is answered, and nothing else",
    requirements=("B02.FR.09",),
)
async def triggered_while_pending(stage: Stage) -> None:
    charger = await stage.charger(boot=False, registration="pending")
    await charger.boot("PowerUp", status="Pending")
    asked = {"requestedMessage": "Heartbeat"}
    await stage.operate(
        charger, "trigger_message", {"message": "Heartbeat"}, sends=("TriggerMessage", asked)
    )
    await charger.call("Heartbeat")
    event = charger.availability(1, 1, "Available")
    assert (await charger.refused("NotifyEvent", event)).code == "SecurityError"


@case(
    "TC_B_58_CSMS",
    version=V201,
    block="B",
    title="WebSocket Subprotocol validation",
    variants=("unknown", "several"),
)
async def subprotocol(stage: Stage) -> None:
    charger = await stage.charger(connect=False)
    if stage.variant == "unknown":
        with pytest.raises(InvalidStatus) as refused:
            await charger.connect(subprotocols=["ocpp0.1"])
        assert 400 <= refused.value.response.status_code < 500
    await charger.connect(subprotocols=["ocpp0.1", "ocpp2.0.1"])
    assert charger.socket is not None
    assert charger.socket.subprotocol == "ocpp2.0.1"
    await charger.boot()


@case(
    "TC_B_20_CSMS",
    version=V201,
    block="B",
    title="Reset Charging Station - Without ongoing transaction - OnIdle",
    requirements=("B11.FR.04",),
)
async def reset_on_idle(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await reset(stage, charger, ACCEPTED, type="OnIdle")
    await comes_back(charger, "RemoteReset")
    await operated.comes_to("done")


@case(
    "TC_B_21_CSMS",
    version=V201,
    block="B",
    title="Reset Charging Station - With Ongoing Transaction - OnIdle",
    requirements=("B12.FR.01", "B12.FR.03", "E07.FR.03"),
)
async def reset_after_transaction(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    operated = await reset(stage, bay.charger, SCHEDULED, type="OnIdle")
    await _ends_as_authorized(bay)
    await comes_back(bay.charger, "ScheduledReset")
    await operated.comes_to("done")
    await bay.session(state="ended")


async def _ends_as_authorized(bay: Bay) -> None:
    answer = await bay.updated("StopAuthorized", chargingState="EVConnected", idToken=bay.token)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    ended = {"chargingState": "Idle", "stoppedReason": "EVDisconnected"}
    await bay.ended("EVCommunicationLost", **ended)


@case(
    "TC_B_22_CSMS",
    version=V201,
    block="B",
    title="Reset Charging Station - With Ongoing Transaction - Immediate",
)
async def reset_at_once(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    bay = await Bay.of(stage, charger)
    await bay.energy_transfer_started()
    operated = await reset(stage, charger, ACCEPTED, type="Immediate")
    told = {"chargingState": "EVConnected", "stoppedReason": "ImmediateReset"}
    await bay.ended("ResetCommand", **told)
    await charger.reconnect()
    boot = await charger.call("BootNotification", boot_payload(V201, "RemoteReset"))
    assert boot["status"] == "Accepted"
    await charger.status(1, 1, "Occupied")
    await charger.status(2, 1, "Available")
    await operated.comes_to("done")
    await bay.session(state="ended", stop_reason="ImmediateReset")
    assert await stage.connector(charger, 1, 1) == "Occupied"


@case(
    "TC_B_25_CSMS",
    version=V201,
    block="B",
    title="Reset EVSE - Without ongoing transaction",
    requirements=("B11.FR.04",),
)
async def reset_evse(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    operated = await reset(stage, charger, ACCEPTED, type="OnIdle", evse=2)
    await operated.comes_to("done")  # no boot will follow


@case(
    "TC_B_26_CSMS",
    version=V201,
    block="B",
    title="Reset EVSE - With Ongoing Transaction - OnIdle",
    requirements=("B12.FR.07",),
)
async def reset_evse_after_transaction(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await reset(stage, bay.charger, SCHEDULED, type="OnIdle", evse=1)
    await _ends_as_authorized(bay)
    await bay.session(state="ended")


@case(
    "TC_B_27_CSMS",
    version=V201,
    block="B",
    title="Reset EVSE - With Ongoing Transaction - Immediate",
)
async def reset_evse_at_once(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await reset(stage, bay.charger, ACCEPTED, type="Immediate", evse=1)
    told = {"chargingState": "EVConnected", "stoppedReason": "ImmediateReset"}
    await bay.ended("ResetCommand", **told)
    await bay.session(state="ended", stop_reason="ImmediateReset")


@case("X_B_RESET_REFUSED", version=V201, block="B", title="Reset - Rejected is kept as the result")
async def reset_refused(stage: Stage) -> None:
    charger = await stage.charger()
    refusal = {"status": "Rejected", "statusInfo": {"reasonCode": "FwUpdateInProgress"}}
    operated = await reset(stage, charger, refusal, type="Immediate")
    assert operated.view["state"] == "refused"
    assert "FwUpdateInProgress" in str(operated.view)
    assert (await stage.station(charger))["is_online"] is True


def network_profile(**connection: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the operation's body, and the request that it must become."""
    asked = {
        "configuration_slot": 1,
        "security_profile": connection.get("security_profile", 1),
        "csms_url": "wss://csms.example.com/ocpp",
        "message_timeout_s": 30,
        "interface": "Wired0",
    }
    sent = {
        "configurationSlot": 1,
        "connectionData": {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "wss://csms.example.com/ocpp",
            "messageTimeout": 30,
            "securityProfile": asked["security_profile"],
            "ocppInterface": "Wired0",
        },
    }
    return asked, sent


@case(
    "TC_B_42_CSMS",
    version=V201,
    block="B",
    title="Set new NetworkConnectionProfile - Accepted",
    requirements=("B09.FR.01",),
)
async def network_profile_accepted(stage: Stage) -> None:
    charger = await stage.charger()
    asked, sent = network_profile()
    sends = ("SetNetworkProfile", sent)
    await stage.operate(charger, "set_network_profile", asked, sends=sends, answer=ACCEPTED)


@case(
    "TC_B_44_CSMS",
    version=V201,
    block="B",
    title="Set new NetworkConnectionProfile - Failed",
    requirements=("B09.FR.03",),
)
async def network_profile_failed(stage: Stage) -> None:
    charger = await stage.charger()
    asked, sent = network_profile()
    operated = await stage.operate(
        charger,
        "set_network_profile",
        asked,
        sends=("SetNetworkProfile", sent),
        answer={"status": "Failed"},
    )
    assert operated.view["state"] == "refused"
    await charger.reconnect()  # all is as it was
    await charger.boot()
