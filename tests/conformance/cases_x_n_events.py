"""Beyond certification, block N: events of all kinds, reports broken off, customers forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.cases_201_n_diagnostics import ask, by_token, sends_list
from tests.conformance.cases_201_n_monitoring import POWER, POWER_OF_EVSE, monitor, report, shows
from tests.conformance.cases_x_n import monitors, part
from tests.conformance.states import notice

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage


async def events(stage: Stage, charger: Charger, **query: Any) -> list[Payload]:
    """Returns the monitoring events that the operator is shown."""
    found: list[Payload] = (await stage.get(f"/stations/{charger.id}/monitoring-events", **query))[
        "items"
    ]
    return found


@case(
    "X_N_EVENTS", version=V201, block="N", title="Events in parts, of all kinds, with all members"
)
async def all_events(stage: Stage) -> None:
    charger = await stage.charger()
    kinds = (
        "HardWiredNotification",
        "HardWiredMonitor",
        "PreconfiguredMonitor",
        "CustomMonitor",
    )
    place = {"name": "EVSE", "instance": "left", "evse": {"id": 1, "connectorId": 1}}
    for number, kind in enumerate(kinds):
        told = notice(
            place,
            "Temperature",
            f"{60 + number}.5",
            eventId=700 + number,
            eventNotificationType=kind,
            cause=699 + number,
            cleared=number == 3,
            techCode="T7",
            techInfo="hot",
            transactionId="no-such-transaction",
            variableMonitoringId=70 + number,
            trigger=("Alerting", "Delta", "Periodic", "Alerting")[number],
        )
        told["tbc"] = number < len(kinds) - 1
        told["seqNo"] = number
        assert await charger.call("NotifyEvent", told) == {}
    found = await events(stage, charger, variable="Temperature")
    assert {each["event_id"] for each in found} == {700, 701, 702, 703}, found
    assert {each["notification"] for each in found} == set(kinds), found
    newest = next(each for each in found if each["event_id"] == 703)
    assert (newest["value"], newest["cleared"], newest["monitor_id"]) == ("63.5", True, 73)


@case("X_N_EVENT_STATE", version=V201, block="N", title="An event alone tells a connector's state")
async def event_of_state(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (1, 2), (2, 1)))
    for state in ("Occupied", "Reserved", "Unavailable", "Faulted", "Available"):
        assert await charger.call("NotifyEvent", charger.availability(1, 2, state)) == {}
        assert await stage.connector(charger, 1, 2) == state
    assert await stage.connector(charger, 1, 1) == "Available"
    assert await stage.connector(charger, 2, 1) == "Available"


@case("X_N_EVENT_STRANGE", version=V201, block="N", title="Events that say strange things")
async def strange_events(stage: Stage) -> None:
    charger = await stage.charger()
    strange = (
        notice({"name": "Connector", "evse": {"id": 9, "connectorId": 9}}, "AvailabilityState", ""),
        notice({"name": "Connector"}, "AvailabilityState", "Available"),
        notice(
            {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
            "AvailabilityState",
            "Asleep",
        ),
        notice({"name": "ChargingStation"}, "AvailabilityState", "Unavailable"),
        notice({"name": "EVSE", "evse": {"id": -1}}, "AvailabilityState", "Available"),
        notice({"name": "Controller"}, "Problem", "x" * 2500),
        notice({"name": "Controller"}, "Problem", "true", timestamp="1970-01-01T00:00:00Z"),
    )
    for told in strange:
        assert await charger.call("NotifyEvent", told) == {}
    state = await stage.connector(charger)
    assert state == "Available", f"the connector is shown as {state}"
    assert len(await events(stage, charger, limit=100)) >= len(strange)


@case(
    "X_N_PARTS_BROKEN_OFF",
    version=V201,
    block="N",
    title="The link is lost, or we are restarted, between the parts of a report",
    server="own",
    variants=("reconnect", "orderly", "killed"),
)
async def parts_broken_off(stage: Stage) -> None:
    charger = await stage.charger()
    customer = await ask(stage, charger, await by_token(stage), report=True, clear=False)
    watched = await report(stage, charger, criteria="ThresholdMonitoring")
    numbers = customer.request["requestId"], watched.request["requestId"]
    await part(charger, numbers[0], 0, "one ")
    await monitors(charger, numbers[1], 0, [monitor(POWER, 501, "UpperThreshold")])
    if stage.variant == "reconnect":
        await charger.reconnect()
    else:
        charger.may_end()
        await stage.server.restart(abruptly=stage.variant == "killed")
        await charger.reconnect()
    await part(charger, numbers[0], 1, "two", is_last=True)
    last = [monitor(POWER_OF_EVSE, 502, "LowerThreshold")]
    await monitors(charger, numbers[1], 1, last, is_last=True)
    assert (await customer.comes_to("done"))["result"]["data"] == "one two"
    await watched.comes_to("done")
    wanted = (POWER, 501, "UpperThreshold"), (POWER_OF_EVSE, 502, "LowerThreshold")
    await shows(stage, charger, *wanted)


@case(
    "X_N_FORGOTTEN",
    version=V201,
    block="N",
    title="A cleared customer leaves the local list once, and only one who is on it",
    requirements=("N10.FR.02",),
    variants=("on the list", "not on it", "rejected", "only reported", "list refused"),
)
async def forgotten(stage: Stage) -> None:
    charger = await stage.charger()
    who, other = await by_token(stage), await by_token(stage)
    listed = [other.asked["token"]]
    if stage.variant != "not on it":
        listed.append(who.asked["token"])
    version = await sends_list(stage, charger, *listed)
    sent = None
    if stage.variant in {"on the list", "list refused"}:
        removal = {
            "versionNumber": version + 1,
            "updateType": "Differential",
            "localAuthorizationList": [who.wire],
        }
        status = "Failed" if stage.variant == "list refused" else "Accepted"
        sent = charger.expects("SendLocalList", removal, {"status": status})
    is_cleared = stage.variant != "only reported"
    status = "Rejected" if stage.variant == "rejected" else "Accepted"
    asked = await ask(stage, charger, who, status=status, report=True, clear=is_cleared)
    if status == "Accepted":
        number = asked.request["requestId"]
        await part(charger, number, 0, "name=Ada", is_last=True)
        await part(charger, number, 0, "name=Ada", is_last=True)
        await asked.comes_to("done")
    if sent is not None:
        await sent
    assert await charger.call("Heartbeat")
