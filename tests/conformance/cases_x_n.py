"""Beyond certification, block N: parts in any order, results of several kinds, strays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.book import V16, V201, case
from tests.conformance.cases_201_l import later
from tests.conformance.cases_201_n_diagnostics import (
    LOGS,
    ask,
    by_token,
    get_log,
    reports,
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
from tests.conformance.states import stamp

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
