"""Beyond certification, block N: parts in any order, results of several kinds, strays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, V201, case
from tests.conformance.cases_201_l import later
from tests.conformance.cases_201_n_diagnostics import (
    LOGS,
    ask,
    by_token,
    get_log,
    reports,
    sends_list,
)
from tests.conformance.cases_201_n_monitoring import (
    POWER,
    POWER_OF_EVSE,
    STATE,
    STATE_OF_EVSE,
    clear,
    monitor,
    report,
    shows,
)
from tests.conformance.patterns import ANY_INT, same_time, text_of
from tests.conformance.states import notice, stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage


@case(
    "X_N_LOG_FAILS",
    version=V201,
    block="N",
    title="An upload fails",
    requirements=("N01.FR.10",),
    variants=("BadMessage", "NotSupportedOperation", "PermissionDenied", "UploadFailure"),
)
async def log_fails(stage: Stage) -> None:
    charger = await stage.charger()
    job = await get_log(stage, charger)
    await reports(charger, job, "Uploading", str(stage.variant))
    assert str(stage.variant) in str(await job.comes_to("failed"))


@case("X_N_LOG_STRAY", version=V201, block="N", title="Statuses of uploads that nobody asked for")
async def log_stray(stage: Stage) -> None:
    charger = await stage.charger()
    for told in ({"status": "Idle"}, {"status": "Uploaded", "requestId": 424_242}):
        assert await charger.call("LogStatusNotification", told) == {}
    job = await get_log(stage, charger, "SecurityLog")
    told = {"status": "Uploaded", "requestId": job.request["requestId"] + 50_000}
    assert await charger.call("LogStatusNotification", told) == {}
    assert await charger.call("LogStatusNotification", {"status": "Idle"}) == {}
    assert (await job.look())["state"] == "accepted"


@case("X_N_LOG_FULL", version=V201, block="N", title="All that can be said of a log is said")
async def log_full(stage: Stage) -> None:
    charger = await stage.charger()
    oldest, latest = later(days=-2), later(days=-1)
    body = {
        "location": LOGS,
        "log_type": "SecurityLog",
        "oldest_at": text_of(oldest),
        "latest_at": text_of(latest),
        "retries": 2,
        "retry_interval_s": 30,
        "request_id": 99,
    }
    sends = {
        "logType": "SecurityLog",
        "requestId": 99,
        "retries": 2,
        "retryInterval": 30,
        "log": {
            "remoteLocation": LOGS,
            "oldestTimestamp": same_time(oldest),
            "latestTimestamp": same_time(latest),
        },
    }
    answer = {"status": "Accepted", "filename": "security.log"}
    job = await stage.operate(charger, "get_log", body, sends=("GetLog", sends), answer=answer)
    assert "security.log" in str(job.view["result"]), job.view


@case(
    "X_N_LOG_16",
    version=V16,
    block="Firmware",
    title="A 1.6 station is asked for its diagnostics, or has none",
    variants=("a file", "none"),
)
async def log_16(stage: Stage) -> None:
    charger = await stage.charger()
    answer = {"fileName": "diagnostics.zip"} if stage.variant == "a file" else {}
    job = await stage.operate(
        charger,
        "get_log",
        {"location": "ftp://logs.example.org/"},
        sends=("GetDiagnostics", {"location": "ftp://logs.example.org/"}),
        answer=answer,
    )
    if stage.variant == "none":
        assert (await job.look())["ended_at"] is not None, "no file, nothing to wait for"
        return
    for status in ("Uploading", "Uploaded"):
        assert await charger.call("DiagnosticsStatusNotification", {"status": status}) == {}
        await job.told(status=status)
    assert "diagnostics.zip" in str((await job.comes_to("done"))["result"])


async def part(
    charger: Charger, number: int, sequence: int, text: str, *, is_last: bool = False
) -> None:
    """Tells a part of what is held of a customer."""
    told = {"data": text, "seqNo": sequence, "generatedAt": stamp(), "requestId": number}
    if not is_last:
        told["tbc"] = True
    assert await charger.call("NotifyCustomerInformation", told) == {}


@case("X_N_CUSTOMER_PARTS", version=V201, block="N", title="Parts that come twice, and strays")
async def customer_parts(stage: Stage) -> None:
    charger = await stage.charger()
    await part(charger, 31_337, 0, "of nobody", is_last=True)
    asked = await ask(stage, charger, await by_token(stage), report=True, clear=False)
    number = asked.request["requestId"]
    await part(charger, number, 0, "one ")
    await part(charger, number, 0, "one ")
    await part(charger, number + 100_000, 1, "of another")
    await part(charger, number, 1, "two ")
    await part(charger, number, 2, "three", is_last=True)
    view = await asked.comes_to("done")
    assert view["result"]["data"] == "one two three", view
    await part(charger, number, 2, "three", is_last=True)


_CUSTOMERS: dict[str, Payload] = {
    "nobody": {"report": True},
    "two": {"token": "A", "customer_identifier": "B"},
    "neither": {"token": "A", "report": False, "clear": False},
    "no hash": {"certificate": {"hash_algorithm": "SHA256"}},
    "too long": {"customer_identifier": "x" * 65},
}


@case("X_N_CUSTOMER_WHO", version=V201, block="N", title="Nobody is named", variants=_CUSTOMERS)
async def customer_who(stage: Stage) -> None:
    charger = await stage.charger()
    path = f"/stations/{charger.id}/operations/customer_information"
    problem = await stage.post(path, _CUSTOMERS[str(stage.variant)], told=(409, 422))
    assert problem["detail"], problem


@case("X_N_CUSTOMER_16", version=V16, block="Core", title="1.6 tells of no customer")
async def customer_16(stage: Stage) -> None:
    charger = await stage.charger()
    await stage.refused(charger, "customer_information", {"customer_identifier": "Ada"})
    await stage.refused(charger, "set_monitoring_level", {"severity": 1})


async def monitors(
    charger: Charger, number: int, sequence: int, told: list[Payload], *, is_last: bool = False
) -> None:
    """Tells a part of a report of monitors."""
    payload = {"requestId": number, "seqNo": sequence, "generatedAt": stamp(), "tbc": not is_last}
    if told:
        payload["monitor"] = told
    assert await charger.call("NotifyMonitoringReport", payload) == {}


@case(
    "X_N_REPORTS",
    version=V201,
    block="N",
    title="Two reports at a time, parts out of order and twice",
)
async def two_reports(stage: Stage) -> None:
    charger = await stage.charger()
    first = await report(stage, charger, criteria="ThresholdMonitoring")
    second = await report(stage, charger, criteria="DeltaMonitoring")
    one, two = first.request["requestId"], second.request["requestId"]
    assert one != two
    await monitors(charger, two, 1, [monitor(STATE, 202, "Delta")], is_last=True)
    await monitors(charger, one, 0, [monitor(POWER, 101, "UpperThreshold")])
    await monitors(charger, one, 0, [monitor(POWER, 101, "UpperThreshold")])
    await monitors(charger, one + 10_000, 0, [monitor(POWER, 900, "Delta")], is_last=True)
    await monitors(charger, two, 0, [monitor(STATE_OF_EVSE, 201, "Delta")])
    await monitors(charger, one, 1, [monitor(POWER_OF_EVSE, 102, "LowerThreshold")], is_last=True)
    await first.comes_to("done")
    await second.comes_to("done")
    await shows(
        stage,
        charger,
        (POWER, 101, "UpperThreshold"),
        (POWER_OF_EVSE, 102, "LowerThreshold"),
        (STATE_OF_EVSE, 201, "Delta"),
        (STATE, 202, "Delta"),
    )


@case("X_N_REPORT_EMPTY", version=V201, block="N", title="A report without a monitor")
async def empty_report(stage: Stage) -> None:
    charger = await stage.charger()
    asked = await report(stage, charger)
    await monitors(charger, asked.request["requestId"], 0, [], is_last=True)
    await asked.comes_to("done")


@case(
    "X_N_REPORT_REFUSED",
    version=V201,
    block="N",
    title="No report",
    requirements=("N02.FR.02",),
    variants=("NotSupported", "Rejected"),
)
async def report_refused(stage: Stage) -> None:
    charger = await stage.charger()
    status = str(stage.variant)
    asked = await report(stage, charger, criteria="PeriodicMonitoring", status=status)
    assert asked.view["state"] == "refused"


@case("X_N_MONITORS_MIXED", version=V201, block="N", title="One monitor is taken, another is not")
async def mixed_results(stage: Stage) -> None:
    charger = await stage.charger()
    sent = [
        {"value": 30_000.5, "type": "UpperThreshold", "severity": 2, **POWER.wire},
        {"value": 1, "type": "Delta", "severity": 8, "transaction": True, **STATE_OF_EVSE.wire},
    ]
    refused = {"status": "Duplicate", "type": "Delta", "severity": 8, **STATE_OF_EVSE.wire}
    taken = {
        "id": 301,
        "status": "Accepted",
        "type": "UpperThreshold",
        "severity": 2,
        **POWER.wire,
    }
    asked = [
        {"value": 30_000.5, "type": "UpperThreshold", "severity": 2, **POWER.asked},
        {"value": 1, "type": "Delta", "severity": 8, "transaction": True, **STATE_OF_EVSE.asked},
    ]
    done = await stage.operate(
        charger,
        "set_variable_monitoring",
        {"monitors": asked},
        sends=("SetVariableMonitoring", {"setMonitoringData": sent}),
        answer={"setMonitoringResult": [refused, taken]},
    )
    assert "Duplicate" in str(done.view), "the operator is told of both"
    assert "Accepted" in str(done.view), done.view
    found = (await stage.get(f"/stations/{charger.id}/monitors"))["items"]
    assert [(each["id"], each["value"]) for each in found] == [(301, 30_000.5)], found


@case("X_N_CLEAR_MIXED", version=V201, block="N", title="Monitors are cleared, kept, and not there")
async def clear_mixed(stage: Stage) -> None:
    charger = await stage.charger()
    asked = await report(stage, charger)
    told = [monitor(POWER, number, "UpperThreshold", number) for number in (401, 402, 403)]
    await monitors(charger, asked.request["requestId"], 0, told, is_last=True)
    await asked.comes_to("done")
    statuses = {401: "Accepted", 402: "Rejected", 403: "NotFound"}
    results = [{"id": number, "status": status} for number, status in statuses.items()]
    done = await stage.operate(
        charger,
        "clear_variable_monitoring",
        {"ids": list(statuses)},
        sends=("ClearVariableMonitoring", {"id": list(statuses)}),
        answer={"clearMonitoringResult": results},
    )
    assert all(status in str(done.view["result"]) for status in statuses.values()), done.view
    found = (await stage.get(f"/stations/{charger.id}/monitors"))["items"]
    assert [each["id"] for each in found] == [402], found


@case("X_N_LIMIT_REPORTED", version=V201, block="N", title="A limit is learnt from a report")
async def limit_reported(stage: Stage) -> None:
    charger = await stage.charger()
    asked = await stage.operate(
        charger,
        "get_base_report",
        {"report_base": "FullInventory"},
        sends=("GetBaseReport", {"requestId": ANY_INT, "reportBase": "FullInventory"}),
        answer={"status": "Accepted"},
    )
    told = {
        "component": {"name": "MonitoringCtrlr"},
        "variable": {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"},
        "variableAttribute": [{"type": "Actual", "value": "2", "mutability": "ReadOnly"}],
        "variableCharacteristics": {"dataType": "integer", "supportsMonitoring": False},
    }
    payload = {
        "requestId": asked.request["requestId"],
        "generatedAt": stamp(),
        "seqNo": 0,
        "reportData": [told],
    }
    assert await charger.call("NotifyReport", payload) == {}
    await asked.comes_to("done")
    await clear(stage, charger, [[1, 2], [3, 4], [5]])


@case(
    "X_N_LIMIT_OPERATOR",
    version=V201,
    block="N",
    title="Of two limits the operator's own counts; what is no number counts for nothing",
    variants=("3", "0", "-1", "many", ""),
)
async def limit_of_operator(stage: Stage) -> None:
    charger = await stage.charger(items_per_message={"ClearVariableMonitoring": 2})
    variable = {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"}
    asked = {"component": {"name": "MonitoringCtrlr"}, "variable": variable}
    told = {**asked, "attributeStatus": "Accepted", "attributeValue": str(stage.variant)}
    body = {
        "component": "MonitoringCtrlr",
        "variable": "ItemsPerMessage",
        "instance": "ClearVariableMonitoring",
    }
    await stage.operate(
        charger,
        "get_variables",
        {"variables": [body]},
        sends=("GetVariables", {"getVariableData": [asked]}),
        answer={"getVariableResult": [told]},
    )
    await clear(stage, charger, [[1, 2], [3]])


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
