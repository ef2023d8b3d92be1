"""OCPP 2.0.1, block N: what monitors report. Source: part 6, 3.15."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.states import notice

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage


async def event(stage: Stage, **members: Any) -> Payload:
    """Has a station tell of an event; returns it as the operator is shown it."""
    charger = await stage.charger()
    told = notice(
        {"name": "EVSE", "evse": {"id": 1}},
        "Power",
        members.pop("actualValue", "23000.5"),
        **({"eventNotificationType": "CustomMonitor", "variableMonitoringId": 91} | members),
    )
    assert await charger.call("NotifyEvent", told) == {}
    assert await charger.call("NotifyEvent", {**told, "seqNo": 1, "tbc": False}) == {}
    found = (await stage.get(f"/stations/{charger.id}/monitoring-events"))["items"]
    mine = [each for each in found if (each["component"], each["variable"]) == ("EVSE", "Power")]
    assert mine, found
    return dict(mine[0])


@case(
    "TC_N_21_CSMS",
    version=V201,
    block="N",
    title="Set Variable Monitoring - Return of a NotifyEvent",
    requirements=("N07.FR.03",),
    variants=("HardWiredNotification", "HardWiredMonitor", "PreconfiguredMonitor"),
)
async def alert_event(stage: Stage) -> None:
    """Part 6 tells of it only that it is TC_N_24 with an event that is not periodic."""
    kind = str(stage.variant)
    shown = await event(stage, trigger="Alerting", eventNotificationType=kind)
    assert (shown["trigger"], shown["notification"]) == ("Alerting", kind), shown


@case(
    "TC_N_24_CSMS",
    version=V201,
    block="N",
    title="Set Variable Monitoring - Periodic event",
    requirements=("N08.FR.02",),
)
async def periodic_event(stage: Stage) -> None:
    assert (await event(stage, trigger="Periodic"))["trigger"] == "Periodic"


@case("TC_N_48_CSMS", version=V201, block="N", title="Alert Event - monitoring on write only")
async def write_only_event(stage: Stage) -> None:
    await event(stage, trigger="Alerting", actualValue="")


@case(
    "TC_N_49_CSMS",
    version=V201,
    block="N",
    title="Alert Event - LowerThreshold/UpperThreshold cleared after reboot",
)
async def cleared_event(stage: Stage) -> None:
    assert (await event(stage, trigger="Alerting", cleared=True))["cleared"] is True


@case("TC_N_50_CSMS", version=V201, block="N", title="Alert Event - Periodic Triggered")
async def periodic_alert(stage: Stage) -> None:
    await event(stage, trigger="Periodic", cause=7, techCode="E7", techInfo="beyond the limit")
