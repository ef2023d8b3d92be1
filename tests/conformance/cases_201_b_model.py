"""OCPP 2.0.1, block B: variables and reports of the device model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.charger import now
from tests.conformance.patterns import ANY_INT, Maybe

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage

OFFLINE = ("OCPPCommCtrlr", "OfflineThreshold", None)
REMOTE = ("AuthCtrlr", "AuthorizeRemoteStart", None)
PER_MESSAGE = [
    ("DeviceDataCtrlr", variable, instance)
    for variable in ("ItemsPerMessage", "BytesPerMessage")
    for instance in ("GetReport", "GetVariables")
]

Named = tuple[str, str, str | None]


def wanted(*names: Named) -> list[Payload]:
    """Returns variables as the operation names them."""
    return [
        {"component": component, "variable": variable}
        | ({} if instance is None else {"instance": instance})
        for component, variable, instance in names
    ]


def on_wire(*names: Named) -> list[Payload]:
    """Returns them as a request names them; Actual may be said or not."""
    return [
        {
            "component": {"name": component},
            "variable": {"name": variable} | ({} if instance is None else {"instance": instance}),
            "attributeType": Maybe("Actual"),
        }
        for component, variable, instance in names
    ]


def reads(values: dict[str, str | None]) -> Any:
    """Answers GetVariables: a value by the variable's name, None if it is unknown."""

    def answer(request: Payload) -> Payload:
        results = []
        for each in request["getVariableData"]:
            value = values.get(each["variable"]["name"])
            known = {"attributeStatus": "Accepted", "attributeValue": value}
            results.append(
                (known if value is not None else {"attributeStatus": "UnknownVariable"})
                | {"component": each["component"], "variable": each["variable"]}
            )
        return {"getVariableResult": results}

    return answer


async def get_variables(
    stage: Stage, charger: Charger, *names: Named, values: dict[str, str | None]
) -> Operated:
    """Has the operator read variables."""
    return await stage.operate(
        charger,
        "get_variables",
        {"variables": wanted(*names)},
        sends=("GetVariables", {"getVariableData": on_wire(*names)}),
        answer=reads(values),
    )


async def shown(stage: Stage, charger: Charger, variable: str) -> str:
    """Returns what the API shows of a variable, as text."""
    found = await stage.get(f"/stations/{charger.id}/variables", variable=variable)
    return json.dumps(found["items"])


@case(
    "TC_B_06_CSMS",
    version=V201,
    block="B",
    title="Get Variables - single value",
    requirements=("B06.FR.01", "B06.FR.02", "B06.FR.03", "B06.FR.04", "B06.FR.10", "B06.FR.11"),
)
async def get_one(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await get_variables(stage, charger, OFFLINE, values={"OfflineThreshold": "4711"})
    assert "4711" in json.dumps(operated.result)
    assert "4711" in await shown(stage, charger, "OfflineThreshold")


@case(
    "TC_B_07_CSMS",
    version=V201,
    block="B",
    title="Get Variables - multiple values",
    requirements=("B06.FR.01", "B06.FR.02", "B06.FR.03"),
)
async def get_several(stage: Stage) -> None:
    charger = await stage.charger()
    values = {"OfflineThreshold": "4712", "AuthorizeRemoteStart": "true"}
    operated = await get_variables(stage, charger, OFFLINE, REMOTE, values=values)
    told = json.dumps(operated.result)
    assert "4712" in told
    assert '"true"' in told
    assert "4712" in await shown(stage, charger, "OfflineThreshold")
    assert '"true"' in await shown(stage, charger, "AuthorizeRemoteStart")


@case(
    "X_B_GET_MIXED",
    version=V201,
    block="B",
    title="Get Variables - each result keeps its own status",
    requirements=("B06.FR.04",),
)
async def get_mixed(stage: Stage) -> None:
    charger = await stage.charger()
    values = {"OfflineThreshold": "4713", "AuthorizeRemoteStart": None}
    operated = await get_variables(stage, charger, OFFLINE, REMOTE, values=values)
    told = json.dumps(operated.result)
    assert "4713" in told
    assert "UnknownVariable" in told


@case(
    "TC_B_08_CSMS",
    version=V201,
    block="B",
    title="Get Variables - limit to maximum number of values",
    requirements=("B06.FR.05",),
    variants=("read", "reported", "told by the operator"),
)
async def not_too_many(stage: Stage) -> None:
    limits = {"GetVariables": 4} if stage.variant == "told by the operator" else {}
    charger = await stage.charger(items_per_message=limits)
    if stage.variant == "read":
        name = ("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables")
        await get_variables(stage, charger, name, values={"ItemsPerMessage": "4"})
    elif stage.variant == "reported":
        await base_report(
            stage, charger, "FullInventory", [[("ItemsPerMessage", "GetVariables", "4")]]
        )
    five = [*PER_MESSAGE, REMOTE]
    values = {"ItemsPerMessage": "4", "BytesPerMessage": "8000", "AuthorizeRemoteStart": "false"}
    operated = await stage.operate(
        charger,
        "get_variables",
        {"variables": wanted(*five)},
        sends=[
            ("GetVariables", {"getVariableData": on_wire(*five[:4])}),
            ("GetVariables", {"getVariableData": on_wire(*five[4:])}),
        ],
        answer=reads(values),
        relays=("GetVariables", {"getVariableData": on_wire(*five)}),
    )
    if operated.answer:
        assert len(operated.answer["payload"]["getVariableResult"]) == 5
    told = json.dumps(operated.result)
    assert "8000" in told
    assert '"false"' in told


def writes(statuses: dict[str, str]) -> Any:
    """Answers SetVariables: a status by the variable's name."""

    def answer(request: Payload) -> Payload:
        return {
            "setVariableResult": [
                {
                    "attributeStatus": statuses[each["variable"]["name"]],
                    "component": each["component"],
                    "variable": each["variable"],
                }
                for each in request["setVariableData"]
            ]
        }

    return answer


async def set_variables(
    stage: Stage, charger: Charger, values: dict[Named, str], statuses: dict[str, str]
) -> Operated:
    """Has the operator write variables."""
    asked = [
        each | {"value": value}
        for each, value in zip(wanted(*values), values.values(), strict=True)
    ]
    sent = [
        {"attributeValue": value} | each
        for each, value in zip(on_wire(*values), values.values(), strict=True)
    ]
    return await stage.operate(
        charger,
        "set_variables",
        {"variables": asked},
        sends=("SetVariables", {"setVariableData": sent}),
        answer=writes(statuses),
    )


@case(
    "TC_B_09_CSMS",
    version=V201,
    block="B",
    title="Set Variables - single value",
    requirements=("B05.FR.01", "B05.FR.02", "B05.FR.03", "B05.FR.10", "B05.FR.12"),
)
async def set_one(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await set_variables(
        stage, charger, {OFFLINE: "123"}, {"OfflineThreshold": "Accepted"}
    )
    assert "Accepted" in json.dumps(operated.result)
    assert '"123"' in await shown(stage, charger, "OfflineThreshold")


@case(
    "TC_B_10_CSMS",
    version=V201,
    block="B",
    title="Set Variables - multiple values",
    requirements=("B05.FR.01", "B05.FR.02", "B05.FR.03"),
    variants=("accepted", "one rejected"),
)
async def set_several(stage: Stage) -> None:
    charger = await stage.charger()
    second = "Accepted" if stage.variant == "accepted" else "Rejected"
    statuses = {"OfflineThreshold": "Accepted", "AuthorizeRemoteStart": second}
    values = {OFFLINE: "123", REMOTE: "false"}
    operated = await set_variables(stage, charger, values, statuses)
    told = json.dumps(operated.result)
    assert second in told
    assert "Accepted" in told
    assert '"123"' in await shown(stage, charger, "OfflineThreshold")
    is_kept = '"false"' in await shown(stage, charger, "AuthorizeRemoteStart")
    assert is_kept is (second == "Accepted")


async def base_report(
    stage: Stage, charger: Charger, base: str, parts: list[list[tuple[str, str | None, str]]]
) -> Operated:
    """Has the operator get a base report, and the station send it in parts."""
    operated = await stage.operate(
        charger,
        "get_base_report",
        {"report_base": base},
        sends=("GetBaseReport", {"requestId": ANY_INT, "reportBase": base}),
    )
    await reports(charger, operated.request["requestId"], parts)
    return operated


async def reports(
    charger: Charger, request_id: int, parts: list[list[tuple[str, str | None, str]]]
) -> None:
    """Has the station send NotifyReports; each part lists (variable, instance, value)."""
    for number, part in enumerate(parts):
        payload: Payload = {
            "requestId": request_id,
            "generatedAt": now(),
            "seqNo": number,
            "tbc": number < len(parts) - 1,
            "reportData": [
                {
                    "component": {"name": "DeviceDataCtrlr"},
                    "variable": {"name": name}
                    | ({} if instance is None else {"instance": instance}),
                    "variableAttribute": [{"type": "Actual", "value": value}],
                    "variableCharacteristics": {"dataType": "string", "supportsMonitoring": False},
                }
                for name, instance, value in part
            ],
        }
        assert await charger.call("NotifyReport", payload) == {}


BASES = {
    "TC_B_12_CSMS": ("ConfigurationInventory", "B07.FR.07"),
    "TC_B_13_CSMS": ("FullInventory", "B07.FR.08"),
    "TC_B_14_CSMS": ("SummaryInventory", "B07.FR.09"),
}


async def report(stage: Stage) -> None:
    base, _ = BASES[stage.case.id]
    charger = await stage.charger()
    parts = [[("First", None, "one"), ("Second", None, "two")], [("Third", None, "three")]]
    operated = await base_report(stage, charger, base, parts)
    await operated.comes_to("done")
    for name, value in (("First", "one"), ("Second", "two"), ("Third", "three")):
        assert f'"{value}"' in await shown(stage, charger, name)


for _id, (_base, _requirement) in BASES.items():
    case(
        _id,
        version=V201,
        block="B",
        title=f"Get Base Report - {_base}",
        requirements=(_requirement,),
    )(report)


@case(
    "X_B_REPORT_DISORDERED",
    version=V201,
    block="B",
    title="Reports of two requests come mixed, out of order and twice",
)
async def disordered(stage: Stage) -> None:
    charger = await stage.charger()
    ids = []
    operations = []
    for _ in range(2):
        operated = await stage.operate(
            charger,
            "get_base_report",
            {"report_base": "FullInventory"},
            sends=("GetBaseReport", {"requestId": ANY_INT, "reportBase": "FullInventory"}),
        )
        operations.append(operated)
        ids.append(operated.request["requestId"])
    assert len(set(ids)) == 2

    async def part(request: int, number: int, *, last: bool) -> None:
        data = {
            "component": {"name": f"Ctrlr{request}"},
            "variable": {"name": f"Part{number}"},
            "variableAttribute": [{"value": f"value-{request}-{number}"}],
        }
        payload = {
            "requestId": ids[request],
            "generatedAt": now(),
            "seqNo": number,
            "tbc": not last,
            "reportData": [data],
        }
        assert await charger.call("NotifyReport", payload) == {}

    await part(0, 1, last=True)
    await part(1, 0, last=False)
    await part(1, 0, last=False)
    await part(0, 0, last=False)
    await part(1, 1, last=True)
    for operated in operations:
        await operated.comes_to("done")
    for request in range(2):
        for number in range(2):
            assert f"value-{request}-{number}" in await shown(stage, charger, f"Part{number}")


@case(
    "TC_B_18_CSMS",
    version=V201,
    block="B",
    title="Get Custom Report - with componentCriteria and component/variables",
    requirements=("B08.FR.01", "B08.FR.03"),
)
async def custom_report(stage: Stage) -> None:
    charger = await stage.charger()
    variable = {"component": "EVSE", "variable": "AvailabilityState", "evse": 1}
    on_the_wire = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "AvailabilityState"},
    }

    async def ask(criterion: str, status: str) -> Operated:
        sent = {
            "requestId": ANY_INT,
            "componentCriteria": [criterion],
            "componentVariable": [on_the_wire],
        }
        return await stage.operate(
            charger,
            "get_report",
            {"criteria": [criterion], "variables": [variable]},
            sends=("GetReport", sent),
            answer={"status": status},
        )

    empty = await ask("Problem", "EmptyResultSet")
    await empty.comes_to("done")
    found = await ask("Available", "Accepted")
    data = on_the_wire | {"variableAttribute": [{"value": "Available"}]}
    payload = {
        "requestId": found.request["requestId"],
        "generatedAt": now(),
        "seqNo": 0,
        "reportData": [data],
    }
    assert await charger.call("NotifyReport", payload) == {}
    await found.comes_to("done")
    assert '"Available"' in await shown(stage, charger, "AvailabilityState")
