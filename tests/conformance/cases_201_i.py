"""OCPP 2.0.1, block I: tariff and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.conformance.book import V201, case
from tests.conformance.patterns import check, such
from tests.conformance.states import Bay, samples

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage

_COST = such("a cost", lambda value: isinstance(value, int | float) and not isinstance(value, bool))


@case(
    "TC_I_01_CSMS",
    version=V201,
    block="I",
    title="Show EV Driver running total cost during charging - costUpdatedRequest",
    requirements=("I02.FR.01",),
    variants=("as written", "started"),
)
async def running_cost(stage: Stage) -> None:
    """As written, the first event that is heard of the transaction is an Updated one."""
    bay = await Bay.of(stage)
    told = bay.charger.answers("CostUpdated")
    if stage.variant == "as written":
        bay.transaction_id, bay.seq_no = str(uuid4()), 0
        await bay.authorize()
        answer = await bay.updated("Authorized", idToken=bay.token)
        assert answer["idTokenInfo"]["status"] == "Accepted", answer
        bay.is_authorized = True
    await bay.connected_pre_session()
    await bay.energy_transfer_started()
    told.clear()
    for register_wh in (1_000.0, 2_000.0):
        await _cost_follows(bay, told, register_wh)


async def _cost_follows(bay: Bay, told: list[Payload], register_wh: float) -> None:
    """The answer to a meter event has the cost, or CostUpdated follows; never both."""
    before = len(told)
    meter = samples("Sample.Periodic", register_wh)
    answer = await bay.updated("MeterValuePeriodic", meterValue=meter)
    if "totalCost" in answer:
        check(_COST, answer["totalCost"], "totalCost")
        return

    async def has_come() -> bool:
        return len(told) > before

    await bay.stage.until(has_come, lambda: "neither totalCost nor CostUpdated came")
    check({"transactionId": bay.transaction_id, "totalCost": _COST}, told[-1], "CostUpdated")
    assert len(told) == before + 1, told


@case(
    "TC_I_02_CSMS",
    version=V201,
    block="I",
    title="Show EV Driver Final Total Cost After Charging",
    requirements=("I03.FR.02",),
)
async def final_cost(stage: Stage) -> None:
    bay = await Bay.of(stage)
    bay.charger.answers("CostUpdated")
    await bay.connected_post_session()
    answer = await bay.disconnected()
    check(_COST, answer.get("totalCost"), "totalCost")
