"""OCPP 2.0.1, block B: provisioning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.book import V201, case

if TYPE_CHECKING:
    from tests.conformance.stage import Stage


@case(
    "TC_B_01_CSMS",
    version=V201,
    block="B",
    title="Cold Boot Charging Station - Accepted",
    requirements=("B01.FR.01", "B01.FR.02"),
)
async def boot_accepted(stage: Stage) -> None:
    charger = await stage.charger(boot=False)
    await charger.boot("PowerUp")
    assert await stage.connector(charger) == "Available"


@case(
    "TC_B_20_CSMS",
    version=V201,
    block="B",
    title="Reset Charging Station - Without ongoing transaction - OnIdle",
    requirements=("B11.FR.04",),
)
async def reset_on_idle(stage: Stage) -> None:
    charger = await stage.charger()
    reset = await stage.operate(
        charger, "reset", {"type": "OnIdle"}, sends=("Reset", {"type": "OnIdle"})
    )
    await charger.reconnect()
    await charger.boot("RemoteReset")
    await reset.comes_to("done")


@case(
    "TC_B_27_CSMS",
    version=V201,
    block="B",
    title="Reset EVSE - rejected",
    requirements=("B11.FR.04",),
)
async def reset_evse_rejected(stage: Stage) -> None:
    charger = await stage.charger()
    reset = await stage.operate(
        charger,
        "reset",
        {"type": "Immediate", "evse": 1},
        sends=("Reset", {"type": "Immediate", "evseId": 1}),
        answer={"status": "Rejected"},
    )
    assert reset.view["state"] == "refused"
