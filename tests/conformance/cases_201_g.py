"""OCPP 2.0.1, block G: availability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.states import Bay, notice

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage

_TWO = ((1, 1), (2, 1))


async def _change(
    stage: Stage,
    charger: Charger,
    status: str,
    place: dict[str, int] | None = None,
    said: str = "Accepted",
) -> Operated:
    """Has the operator change the availability of a place as EVSEType, None being the station."""
    body: dict[str, Any] = {"status": status}
    asked: Payload = {"operationalStatus": status}
    if place is not None:
        body |= {"evse": place["id"]}
        body |= {"connector": place["connectorId"]} if "connectorId" in place else {}
        asked["evse"] = place
    return await stage.operate(
        charger,
        "change_availability",
        body,
        sends=("ChangeAvailability", asked),
        answer={"status": said},
    )


async def _scheduled(stage: Stage, bay: Bay, place: dict[str, int] | None) -> Operated:
    """Has a change be scheduled while the bay charges: nothing has changed yet."""
    await bay.energy_transfer_started()
    change = await _change(stage, bay.charger, "Inoperative", place, "Scheduled")
    assert await stage.connector(bay.charger) == "Occupied"
    return change


async def _over(bay: Bay) -> None:
    """Ends the transaction; the station then takes its connector out of service."""
    await bay.stop_authorized()
    await bay.connected_post_session()
    await bay.disconnected()
    await bay.session(state="ended")
    await bay.status("Unavailable")


@case(
    "TC_G_03_CSMS",
    version=V201,
    block="G",
    title="Change Availability EVSE - Operative to inoperative",
)
async def evse_inoperative(stage: Stage) -> None:
    charger = await stage.charger(connectors=_TWO)
    bay = await Bay.of(stage, charger)
    await bay.unavailable()
    assert await stage.connector(charger, 2) == "Available"


@case(
    "TC_G_04_CSMS",
    version=V201,
    block="G",
    title="Change Availability EVSE - Inoperative to operative",
)
async def evse_operative(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.unavailable()
    change = await _change(stage, bay.charger, "Operative", {"id": 1})
    assert await stage.connector(bay.charger) == "Unavailable"
    await bay.status("Available")
    await change.comes_to("done")


@case(
    "TC_G_05_CSMS",
    version=V201,
    block="G",
    title="Change Availability Charging Station - Operative to inoperative",
)
async def station_inoperative(stage: Stage) -> None:
    charger = await stage.charger(connectors=_TWO)
    change = await _change(stage, charger, "Inoperative")
    assert await stage.connector(charger) == "Available"
    await charger.tell_connectors("Unavailable")
    await change.comes_to("done")
    assert await stage.connector(charger, 2) == "Unavailable"


@case(
    "TC_G_06_CSMS",
    version=V201,
    block="G",
    title="Change Availability Charging Station - Inoperative to operative",
)
async def station_operative(stage: Stage) -> None:
    charger = await stage.charger(connectors=_TWO)
    await _change(stage, charger, "Inoperative")
    await charger.tell_connectors("Unavailable")
    change = await _change(stage, charger, "Operative")
    await charger.tell_connectors("Available")
    await change.comes_to("done")
    assert await stage.connector(charger, 2) == "Available"


@case(
    "TC_G_07_CSMS",
    version=V201,
    block="G",
    title="Change Availability Connector - Operative to inoperative",
)
async def connector_inoperative(stage: Stage) -> None:
    bay = await Bay.of(stage)
    change = await _change(stage, bay.charger, "Inoperative", bay.place)
    await bay.status("Unavailable")
    await change.comes_to("done")


@case(
    "TC_G_08_CSMS",
    version=V201,
    block="G",
    title="Change Availability Connector - Inoperative to operative",
)
async def connector_operative(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await _change(stage, bay.charger, "Inoperative", bay.place)
    await bay.status("Unavailable")
    change = await _change(stage, bay.charger, "Operative", bay.place)
    await bay.status("Available")
    await change.comes_to("done")


@case(
    "TC_G_11_CSMS",
    version=V201,
    block="G",
    title="Change Availability EVSE - With ongoing transaction",
)
async def evse_in_use(stage: Stage) -> None:
    bay = await Bay.of(stage)
    change = await _scheduled(stage, bay, {"id": 1})
    await _over(bay)
    await change.comes_to("done")


@case(
    "TC_G_14_CSMS",
    version=V201,
    block="G",
    title="Change Availability Charging Station - With ongoing transaction",
)
async def station_in_use(stage: Stage) -> None:
    charger = await stage.charger(connectors=_TWO)
    bay = await Bay.of(stage, charger)
    change = await _scheduled(stage, bay, None)
    await charger.status(2, 1, "Unavailable")
    await _over(bay)
    await change.comes_to("done")
    assert await stage.connector(charger, 2) == "Unavailable"


@case(
    "TC_G_17_CSMS",
    version=V201,
    block="G",
    title="Change Availability Connector - With ongoing transaction",
)
async def connector_in_use(stage: Stage) -> None:
    bay = await Bay.of(stage)
    change = await _scheduled(stage, bay, bay.place)
    await _over(bay)
    await change.comes_to("done")


@case(
    "TC_G_20_CSMS",
    version=V201,
    block="G",
    title="Connector status Notification - Lock Failure",
    requirements=("G05.FR.03",),
)
async def lock_failure(stage: Stage) -> None:
    charger = await stage.charger()
    lock = {"name": "ConnectorPlugRetentionLock", "evse": {"id": 1, "connectorId": 1}}
    assert await charger.call("NotifyEvent", notice(lock, "Problem", "true")) == {}
    assert await stage.connector(charger) == "Available"
