"""OCPP 2.0.1, block E: transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.book import V201, case
from tests.conformance.states import Bay, samples

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage

SIGNED = {
    "signedMeterData": "T0NNRnx7IkZWIjoiMS4wIn18eyJTRCI6IjMwNDUifQ==",
    "signingMethod": "ECDSA-secp256r1-SHA256",
    "encodingMethod": "OCMF",
    "publicKey": "b3ViOmJhc2UxNjphc24xOjMwNTkzMDEz",
}


def _accepted(answer: Payload) -> None:
    assert answer["idTokenInfo"]["status"] == "Accepted", answer


async def _authorized_and_connected(stage: Stage) -> Bay:
    """The first four steps that the cases of start options share."""
    bay = await Bay.of(stage)
    await bay.authorize()
    await bay.status("Occupied")
    return bay


@case(
    "TC_E_01_CSMS",
    version=V201,
    block="E",
    title="Start transaction options - PowerPathClosed",
    requirements=("E01.FR.05",),
)
async def start_at_power_path_closed(stage: Stage) -> None:
    bay = await _authorized_and_connected(stage)
    _accepted(
        await bay.started(
            "ChargingStateChanged",
            chargingState="SuspendedEVSE",
            idToken=bay.token,
            evse=bay.place,
        )
    )
    await bay.updated("ChargingStateChanged", chargingState="Charging")
    session = await bay.session(state="active", charging_state="Charging")
    assert (session["evse"], session["connector"]) == (1, 1)
    assert session["token"] == bay.token["idToken"]


@case(
    "TC_E_02_CSMS",
    version=V201,
    block="E",
    title="Start transaction options - EnergyTransfer",
    requirements=("E01.FR.06",),
)
async def start_at_energy_transfer(stage: Stage) -> None:
    bay = await _authorized_and_connected(stage)
    _accepted(
        await bay.started(
            "ChargingStateChanged", chargingState="Charging", idToken=bay.token, evse=bay.place
        )
    )
    await bay.session(state="active", charging_state="Charging", token=bay.token["idToken"])


@case(
    "TC_E_03_CSMS",
    version=V201,
    block="E",
    title="Local start transaction - Cable plugin first - Success",
    requirements=("E02.FR.02",),
)
async def cable_first(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.connected_pre_session()
    await bay.authorized()
    await bay.energy_transfer_started()
    session = await bay.session(state="active", token=bay.token["idToken"])
    assert len(await stage.sessions(bay.charger)) == 1, session


@case(
    "TC_E_04_CSMS",
    version=V201,
    block="E",
    title="Local start transaction - Authorization first - Success",
    requirements=("E03.FR.02",),
)
async def authorization_first(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.authorized()
    await bay.energy_transfer_started()
    await bay.session(state="active", evse=1, connector=1, token=bay.token["idToken"])


@case(
    "TC_E_39_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - Deauthorized - timeout",
    requirements=("E03.FR.04", "E03.FR.05", "E06.FR.04"),
)
async def stop_by_connect_timeout(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.authorized()
    await bay.ended("EVConnectTimeout", stoppedReason="Timeout")
    await bay.session(state="ended", stop_reason="Timeout")


@case(
    "TC_E_14_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - EVDisconnected - Charging Station side",
    requirements=("E06.FR.02",),
)
async def stop_by_disconnection(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.connected_post_session()
    await bay.disconnected()
    await bay.session(state="ended", stop_reason="EVDisconnected")


@case(
    "TC_E_20_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - EVDisconnected - EV side (able to charge IEC 61851-1 EV)",
    requirements=("E06.FR.02",),
)
async def stop_by_disconnection_of_ev(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_suspended()
    await bay.disconnected()
    await bay.session(state="ended", stop_reason="EVDisconnected")


@case(
    "TC_E_15_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - StopAuthorized - Local",
    requirements=("E06.FR.03",),
)
async def stop_locally(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await bay.ended("StopAuthorized", stoppedReason="Local")
    await bay.session(state="ended", stop_reason="Local")


@case(
    "TC_E_21_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - StopAuthorized - Remote",
    requirements=("E06.FR.03", "F03.FR.01", "F03.FR.09", "F03.FR.10"),
)
async def stop_remotely(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    named = {"transaction_id": bay.transaction_id}
    await stage.operate(
        bay.charger,
        "stop_transaction",
        named,
        sends=("RequestStopTransaction", {"transactionId": bay.transaction_id}),
    )
    await bay.ended("RemoteStop", stoppedReason="Remote")
    await bay.session(state="ended", stop_reason="Remote")


@case(
    "TC_E_09_CSMS",
    version=V201,
    block="E",
    title="Start transaction options - EVConnected",
    requirements=("E01.FR.02",),
)
async def start_at_connection(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.connected_pre_session()
    await bay.session(state="active", charging_state="EVConnected", evse=1, connector=1)


@case(
    "TC_E_10_CSMS",
    version=V201,
    block="E",
    title="Start transaction options - Authorized - Local",
    requirements=("E01.FR.03",),
)
async def start_at_authorization(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.authorized()
    await bay.session(state="active", token=bay.token["idToken"], evse=None)


@case(
    "TC_E_11_CSMS",
    version=V201,
    block="E",
    title="Start transaction options - DataSigned",
    requirements=("E01.FR.04",),
)
async def start_at_signed_data(stage: Stage) -> None:
    bay = await _authorized_and_connected(stage)
    begin = samples("Transaction.Begin", 0.0, signedMeterValue=SIGNED)
    _accepted(
        await bay.started("SignedDataReceived", idToken=bay.token, evse=bay.place, meterValue=begin)
    )
    await bay.updated("ChargingStateChanged", chargingState="Charging")
    await bay.session(state="active", charging_state="Charging", energy_wh=0)


@case(
    "TC_E_12_CSMS",
    version=V201,
    block="E",
    title="Start transaction options - ParkingBayOccupied",
    requirements=("E01.FR.01",),
)
async def start_at_parking(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.started("EVDetected")
    await bay.session(state="active", token=None)


@case(
    "TC_E_38_CSMS",
    version=V201,
    block="E",
    title="Local start transaction - EV not ready",
)
async def ev_not_ready(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.authorized()
    await bay.connected_pre_session()
    await bay.updated("ChargingStateChanged", chargingState="SuspendedEV")
    await bay.session(state="active", charging_state="SuspendedEV")


@case(
    "TC_E_07_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - PowerPathClosed - Local stop",
    requirements=("E06.FR.06",),
)
async def stop_at_power_path(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await bay.ended("StopAuthorized", stoppedReason="Local")
    await bay.session(state="ended", stop_reason="Local")


@case(
    "TC_E_08_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - EnergyTransfer stopped - StopAuthorized",
    requirements=("E06.FR.07",),
)
async def stop_at_energy_transfer(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.stop_authorized()
    await bay.ended("ChargingStateChanged", chargingState="EVConnected", stoppedReason="Local")
    await bay.session(state="ended", stop_reason="Local")


@case(
    "TC_E_16_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - Deauthorized - Invalid idToken",
    requirements=("E06.FR.04", "E01.FR.11", "E01.FR.12"),
    variants=("unknown", "stored"),
)
async def stop_for_invalid_token(stage: Stage) -> None:
    """The invalid token may be one that nobody knows, or one that is stored as invalid."""
    decided = {"status": "Invalid"} if stage.variant == "stored" else {}
    bay = await Bay.of(stage, **decided)
    if stage.variant == "unknown":
        bay.token = bay.token | {"idToken": stage.unique("NOBODY")}
    answer = await bay.started("Authorized", idToken=bay.token)
    assert answer["idTokenInfo"]["status"] in {"Invalid", "Unknown"}, answer
    await bay.session(state="active", token=bay.token["idToken"])
    await bay.ended("Deauthorized", stoppedReason="DeAuthorized")
    await bay.session(state="ended", stop_reason="DeAuthorized")


@case(
    "TC_E_17_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - Deauthorized - EV side disconnect",
    requirements=("E06.FR.04",),
)
async def stop_for_lost_ev(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_suspended()
    await bay.ended("EVCommunicationLost", chargingState="Idle", stoppedReason="EVDisconnected")
    await bay.session(state="ended", stop_reason="EVDisconnected")


@case(
    "TC_E_22_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - EnergyTransfer stopped - SuspendedEV",
    requirements=("E06.FR.07",),
)
async def stop_by_ev(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await bay.ended(
        "ChargingStateChanged", chargingState="SuspendedEV", stoppedReason="StoppedByEV"
    )
    await bay.session(state="ended", stop_reason="StoppedByEV")


@case(
    "TC_E_19_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - ParkingBayUnoccupied",
    requirements=("E06.FR.01",),
)
async def stop_at_departure(stage: Stage) -> None:
    """The state before it has ended the transaction already, so both ways to read it are played.

    With the stop point ParkingBayOccupancy EVDisconnected cannot end it: it is updated, and ends
    when the bay is left.
    """
    bay = await Bay.of(stage)
    await bay.connected_post_session()
    await bay.status("Available")
    await bay.updated("EVCommunicationLost", chargingState="Idle")
    await bay.ended("EVDeparted", stoppedReason="Local")
    await bay.session(state="ended", stop_reason="Local")


@case(
    "TC_E_19_CSMS",
    version=V201,
    block="E",
    title="Stop transaction options - ParkingBayUnoccupied",
    requirements=("E06.FR.01",),
    variants=("ended before",),
)
async def stop_at_departure_again(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.disconnected()
    bay.transaction_id = bay.before[-1]
    await bay.ended("EVDeparted", stoppedReason="Local")
    await bay.session(state="ended")
    assert len(await stage.sessions(bay.charger)) == 1


@case(
    "TC_E_26_CSMS",
    version=V201,
    block="E",
    title="Disconnect cable on EV-side - Suspend transaction",
    requirements=("E10.FR.01",),
)
async def suspended_and_resumed(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_suspended()
    await bay.updated("EVCommunicationLost", chargingState="Idle")
    await bay.status("Available")
    await bay.updated("CablePluggedIn", chargingState="EVConnected")
    await bay.updated("ChargingStateChanged", chargingState="Charging")
    await bay.session(state="active", charging_state="Charging")
    assert len(await stage.sessions(bay.charger)) == 1
