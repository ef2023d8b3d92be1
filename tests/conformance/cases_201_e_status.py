"""OCPP 2.0.1, block E: what the central system asks of transactions, and their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.book import V201, case
from tests.conformance.states import Bay, samples

if TYPE_CHECKING:
    from tests.conformance.stage import Stage


async def _ask_status(stage: Stage, bay: Bay, transaction_id: str | None, **told: bool) -> None:
    body = {} if transaction_id is None else {"transaction_id": transaction_id}
    payload = {} if transaction_id is None else {"transactionId": transaction_id}
    asked = await stage.operate(
        bay.charger,
        "get_transaction_status",
        body,
        sends=("GetTransactionStatus", payload),
        answer=dict(told),
    )
    assert asked.view["state"] == "done", asked.view
    assert asked.result["messages_in_queue"] is told["messagesInQueue"]
    assert asked.result.get("ongoing_indicator") is told.get("ongoingIndicator")


async def _queued_update(bay: Bay) -> None:
    """Sends what was measured while the connection was away."""
    meter = samples("Sample.Periodic", 500.0)
    await bay.updated("MeterValuePeriodic", offline=True, meterValue=meter)
    assert len(await bay.stage.sessions(bay.charger)) == 1


@case(
    "TC_E_29_CSMS",
    version=V201,
    block="E",
    title="Check Transaction status - Transaction with id ongoing - with message in queue",
    requirements=("E14.FR.02", "E14.FR.04"),
)
async def status_with_queue(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await bay.charger.reconnect()
    await _ask_status(stage, bay, bay.transaction_id, ongoingIndicator=True, messagesInQueue=True)
    await _queued_update(bay)
    await bay.session(state="active")


@case(
    "TC_E_30_CSMS",
    version=V201,
    block="E",
    title="Check Transaction status - Transaction with id ongoing - without message in queue",
    requirements=("E14.FR.02", "E14.FR.05"),
)
async def status_without_queue(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await _ask_status(stage, bay, bay.transaction_id, ongoingIndicator=True, messagesInQueue=False)
    await bay.session(state="active")


@case(
    "TC_E_31_CSMS",
    version=V201,
    block="E",
    title="Check Transaction status - Transaction with id ended - with message in queue",
    requirements=("E14.FR.03", "E14.FR.04"),
)
async def status_of_ended_with_queue(stage: Stage) -> None:
    """The central system asks by itself: two sequence numbers are missing."""
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    transaction_id, skipped = bay.transaction_id, bay.seq_no
    await bay.charger.reconnect()
    await bay.charger.status(1, 1, "Available")
    asked = bay.charger.expects(
        "GetTransactionStatus",
        {"transactionId": transaction_id},
        {"ongoingIndicator": False, "messagesInQueue": True},
    )
    await bay.ended("EVCommunicationLost", chargingState="Idle", offline=True, seqNo=skipped + 2)
    await asked
    bay.transaction_id = transaction_id
    await bay.updated("StopAuthorized", offline=True, seqNo=skipped)
    await bay.updated(
        "ChargingStateChanged", chargingState="EVConnected", offline=True, seqNo=skipped + 1
    )
    await bay.session(state="ended")
    assert len(await stage.sessions(bay.charger)) == 1


@case(
    "TC_E_33_CSMS",
    version=V201,
    block="E",
    title="Check Transaction status - Without transactionId - with message in queue",
    requirements=("E14.FR.06", "E14.FR.07"),
)
async def status_of_all_with_queue(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await bay.charger.reconnect()
    await _ask_status(stage, bay, None, messagesInQueue=True)
    await _queued_update(bay)
    await bay.session(state="active")


@case(
    "TC_E_34_CSMS",
    version=V201,
    block="E",
    title="Check Transaction status - Without transactionId - without message in queue",
    requirements=("E14.FR.06", "E14.FR.08"),
)
async def status_of_all_without_queue(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await _ask_status(stage, bay, None, messagesInQueue=False)


@case(
    "TC_E_53_CSMS",
    version=V201,
    block="E",
    title="Reset Sequence Number - CSMS accepting seqNo = 0 at start of transaction",
    requirements=("E01.FR.07",),
)
async def sequence_starts_anew(stage: Stage) -> None:
    bay = await Bay.of(stage)
    for _ in range(2):
        await bay.energy_transfer_started()
        await bay.disconnected()
        await bay.session(state="ended")
    assert len(await stage.sessions(bay.charger)) == 2
