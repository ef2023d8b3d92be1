"""Beyond certification: meter values outside transactions, many of them, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import check
from tests.conformance.servers import SERVERS
from tests.conformance.states import Bay, samples, stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage

_PRICES = {"energy_per_kwh": "0.30", "session_fee": "1.00", "currency": "EUR"}
SERVERS["priced"] = {"prices": _PRICES | {"running": "answer"}}
SERVERS["priced-by-message"] = {"prices": _PRICES | {"running": "message"}}


async def _told(charger: Charger, evse: int, values: list[Payload]) -> None:
    assert await charger.call("MeterValues", {"evseId": evse, "meterValue": values}) == {}


@case(
    "X_J_PLACES",
    version=V201,
    block="X",
    title="Meter values of the grid meter, of an idle EVSE, of one that is not known",
    variants=("0", "1", "99", "2147483647"),
)
async def places(stage: Stage) -> None:
    charger = await stage.charger()
    await _told(charger, int(str(stage.variant)), samples("Sample.Clock", 1.0, 2.0, every_s=900))
    assert await stage.sessions(charger) == []


_MEASURANDS = {
    "Current.Export": "A",
    "Current.Import": "A",
    "Current.Offered": "A",
    "Energy.Active.Export.Register": "kWh",
    "Energy.Active.Import.Register": "kWh",
    "Energy.Active.Import.Interval": "Wh",
    "Energy.Reactive.Import.Register": "kvarh",
    "Frequency": "Hertz",
    "Power.Active.Import": "kW",
    "Power.Factor": "None",
    "Power.Offered": "W",
    "SoC": "Percent",
    "Voltage": "V",
}


@case(
    "X_J_MANY",
    version=V201,
    block="X",
    title="An event of 400 moments with every measurand: each value is kept",
)
async def many(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    began = datetime.now(UTC) - timedelta(minutes=400)
    values = [
        {
            "timestamp": stamp(began, minutes=minute),
            "sampledValue": [
                {
                    "value": 10.0 + minute / 100 if "Register" in name else 5.0,
                    "context": "Sample.Periodic",
                    "measurand": name,
                    "unitOfMeasure": {"unit": unit},
                }
                for name, unit in _MEASURANDS.items()
            ],
        }
        for minute in range(400)
    ]
    await bay.updated("MeterValuePeriodic", meterValue=values)
    session = await bay.session(state="active")
    shown = await stage.get(f"/sessions/{session['id']}/samples", limit=1000)
    assert len(shown["items"]) == 400, len(shown["items"])
    assert shown["items"][0]["register_wh"] == 13_990, shown["items"][0]


@case(
    "X_J_OLD_WAY",
    version=V201,
    block="X",
    title="MeterValues of an EVSE on which a transaction runs count for it",
    requirements=("J01",),
)
async def old_way(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await _told(bay.charger, 1, samples("Sample.Clock", 1_000.0))
    await _told(bay.charger, 1, samples("Sample.Clock", 1_025.0))
    await bay.session(state="active", register_wh=1_025, energy_wh=25)


async def _charged(bay: Bay, *registers_wh: float) -> list[Payload]:
    """Charges with a meter value each; returns the answers."""
    await bay.authorized()
    await bay.connected_pre_session(meterValue=samples("Transaction.Begin", registers_wh[0]))
    await bay.energy_transfer_started()
    return [
        await bay.updated("MeterValuePeriodic", meterValue=samples("Sample.Periodic", each))
        for each in registers_wh[1:]
    ]


@case(
    "X_I_PRICE",
    version=V201,
    block="X",
    title="The cost is that of the energy and the fee, to the cent, on the way and at the end",
    requirements=("I02.FR.01", "I03.FR.02"),
    server="priced",
)
async def price(stage: Stage) -> None:
    bay = await Bay.of(stage)
    answers = await _charged(bay, 1_000.0, 1_050.0, 1_080.0)
    costs: list[Any] = [each.get("totalCost") for each in answers]
    assert costs == [1.02, 1.02], answers  # 1.015 and 1.024
    bay.is_after_session = True
    answer = await bay.disconnected(meterValue=samples("Transaction.End", 1_090.0))
    assert answer["totalCost"] == 1.03, answer
    session = await bay.session(state="ended", energy_wh=90)
    assert "1.03" in str(session.get("cost")), session


@case(
    "X_I_MESSAGE",
    version=V201,
    block="X",
    title="The cost on the way goes out by CostUpdated where the operator has it so",
    requirements=("I02.FR.01",),
    server="priced-by-message",
)
async def message(stage: Stage) -> None:
    bay = await Bay.of(stage)
    told = bay.charger.answers("CostUpdated")
    transaction: list[str] = []
    answers = await _charged(bay, 1_000.0, 1_050.0)
    transaction.append(str(bay.transaction_id))
    assert all("totalCost" not in each for each in answers), answers

    async def has_come() -> bool:
        return bool(told) and told[-1]["totalCost"] == 1.02

    await stage.until(has_come, lambda: f"told was {told}")
    check({"transactionId": transaction[0], "totalCost": 1.02}, told[-1], "CostUpdated")
    bay.is_after_session = True
    answer = await bay.disconnected(meterValue=samples("Transaction.End", 1_090.0))
    assert answer["totalCost"] == 1.03, answer


@case(
    "X_I_FREE",
    version=V201,
    block="X",
    title="Free is a cost of 0 that is told: also for a transaction that nobody knew, or twice",
    requirements=("I03.FR.02",),
)
async def free(stage: Stage) -> None:
    bay = await Bay.of(stage)
    bay.transaction_id = stage.unique("NEVER")
    answer = await bay.ended("StopAuthorized", stoppedReason="Local")
    assert answer["totalCost"] == 0, answer
    bay.transaction_id = bay.before[-1]
    again = await bay.ended("StopAuthorized", stoppedReason="Local", seqNo=0)
    assert again["totalCost"] == 0, again
