"""OCPP 2.0.1, block N: which monitors are active, and how grave reports are. Part 6, 3.15."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.book import V201, case

if TYPE_CHECKING:
    from tests.conformance.stage import Operated, Stage


@case(
    "TC_N_05_CSMS",
    version=V201,
    block="N",
    title="Set Monitoring Base - success",
    requirements=("N03.FR.03", "N03.FR.04", "N03.FR.05"),
)
async def monitoring_base(stage: Stage) -> None:
    charger = await stage.charger()
    for base in ("All", "FactoryDefault", "HardWiredOnly"):
        done = await stage.operate(
            charger,
            "set_monitoring_base",
            {"monitoring_base": base},
            sends=("SetMonitoringBase", {"monitoringBase": base}),
            answer={"status": "Accepted"},
        )
        assert done.view["state"] == "done"


async def monitoring_level(stage: Stage, status: str) -> Operated:
    """Has the operator set the severity up to which monitors report."""
    return await stage.operate(
        await stage.charger(),
        "set_monitoring_level",
        {"severity": 4},
        sends=("SetMonitoringLevel", {"severity": 4}),
        answer={"status": status},
    )


@case(
    "TC_N_16_CSMS",
    version=V201,
    block="N",
    title="Set Monitoring Level - Success",
    requirements=("N05.FR.01",),
)
async def level_success(stage: Stage) -> None:
    assert (await monitoring_level(stage, "Accepted")).view["state"] == "done"


@case(
    "TC_N_17_CSMS",
    version=V201,
    block="N",
    title="Set Monitoring Level - Out of range",
    requirements=("N05.FR.02",),
)
async def level_rejected(stage: Stage) -> None:
    assert (await monitoring_level(stage, "Rejected")).view["state"] == "refused"
