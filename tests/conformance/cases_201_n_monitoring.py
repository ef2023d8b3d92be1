"""OCPP 2.0.1, block N: monitors, their reports and their events. Source: part 6, 3.15."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import ANY_INT
from tests.conformance.states import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage

FROM_REPORT = ("N02.FR.05", "N02.FR.10")


@dataclass(frozen=True)
class Subject:
    """A variable that is monitored; `evse` None is the station as a whole."""

    component: str
    variable: str | None
    evse: int | None = None

    @property
    def asked(self) -> Payload:
        """As the operator names it."""
        named = {"component": self.component, "variable": self.variable, "evse": self.evse}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def wire(self) -> Payload:
        """As a ComponentVariableType."""
        component: Payload = {"name": self.component}
        if self.evse is not None:
            component["evse"] = {"id": self.evse}
        if self.variable is None:
            return {"component": component}
        return {"component": component, "variable": {"name": self.variable}}


POWER = Subject("ChargingStation", "Power")
POWER_OF_EVSE = Subject("EVSE", "Power", 1)
STATE = Subject("ChargingStation", "AvailabilityState")
STATE_OF_EVSE = Subject("EVSE", "AvailabilityState", 1)


async def learns_limit(stage: Stage, charger: Charger, limit: int, name: str) -> None:
    """Has the operator ask how many monitors may be cleared in one message."""
    named = {"component": name, "variable": "ItemsPerMessage"}
    asked = {
        "component": {"name": name},
        "variable": {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"},
    }
    answer = {
        "getVariableResult": [
            {**asked, "attributeStatus": "Accepted", "attributeValue": str(limit)}
        ]
    }
    await stage.operate(
        charger,
        "get_variables",
        {"variables": [{**named, "instance": "ClearVariableMonitoring"}]},
        sends=("GetVariables", {"getVariableData": [asked]}),
        answer=answer,
    )


async def report(
    stage: Stage,
    charger: Charger,
    *,
    criteria: str | None = None,
    subjects: Sequence[Subject] = (),
    status: str = "Accepted",
) -> Operated:
    """Has the operator ask for a report of monitors."""
    body: Payload = {}
    asked: Payload = {"requestId": ANY_INT}
    if criteria is not None:
        body["criteria"] = [criteria]
        asked["monitoringCriteria"] = [criteria]
    if subjects:
        body["variables"] = [each.asked for each in subjects]
        asked["componentVariable"] = [each.wire for each in subjects]
    return await stage.operate(
        charger,
        "get_monitoring_report",
        body,
        sends=("GetMonitoringReport", asked),
        answer={"status": status},
    )


def monitor(subject: Subject, number: int, kind: str, value: float = 1.0) -> Payload:
    """Returns a monitor as a station reports it, a MonitoringDataType."""
    set_up = {"id": number, "transaction": False, "value": value, "type": kind, "severity": 8}
    return {**subject.wire, "variableMonitoring": [set_up]}


async def notifies(charger: Charger, asked: Operated, *parts: list[Payload]) -> None:
    """Tells a report in parts; each is acknowledged by an empty answer."""
    for at, part in enumerate(parts):
        told = {
            "requestId": asked.request["requestId"],
            "seqNo": at,
            "generatedAt": stamp(),
            "monitor": part,
            **({"tbc": True} if at < len(parts) - 1 else {}),
        }
        assert await charger.call("NotifyMonitoringReport", told) == {}


async def shows(stage: Stage, charger: Charger, *wanted: tuple[Subject, int, str]) -> None:
    """Holds the monitors that the operator is shown against those that were told."""

    def plain(each: Payload) -> tuple[Any, ...]:
        return (each["component"], each["variable"], each["evse"], each["id"], each["type"])

    expected = {(of.component, of.variable, of.evse, number, kind) for of, number, kind in wanted}
    found: list[Payload] = []

    async def is_so() -> bool:
        found[:] = (await stage.get(f"/stations/{charger.id}/monitors"))["items"]
        return expected <= {plain(each) for each in found}

    await stage.until(is_so, lambda: f"{expected} is wanted, {found} is shown")


async def is_empty(asked: Operated) -> None:
    """Holds an operation against a report that has nothing in it, which is a normal end."""
    assert (await asked.look())["state"] == "done", asked.view
    assert asked.view["status"] == "EmptyResultSet", asked.view


@case(
    "TC_N_01_CSMS",
    version=V201,
    block="N",
    title="Get Monitoring Report - with monitoringCriteria",
    requirements=FROM_REPORT,
)
async def report_by_criteria(stage: Stage) -> None:
    charger = await stage.charger()
    await learns_limit(stage, charger, 4, "MonitoringCtrlr")
    await is_empty(
        await report(stage, charger, criteria="DeltaMonitoring", status="EmptyResultSet")
    )
    asked = await report(stage, charger, criteria="ThresholdMonitoring")
    upper, lower = (
        monitor(POWER, 11, "UpperThreshold", 22_000.5),
        monitor(POWER_OF_EVSE, 12, "LowerThreshold", 3.5),
    )
    await notifies(charger, asked, [upper], [lower])
    await asked.comes_to("done")
    await shows(
        stage, charger, (POWER, 11, "UpperThreshold"), (POWER_OF_EVSE, 12, "LowerThreshold")
    )


@case(
    "TC_N_02_CSMS",
    version=V201,
    block="N",
    title="Get Monitoring Report - with component/variable",
    requirements=FROM_REPORT,
)
async def report_by_variable(stage: Stage) -> None:
    charger = await stage.charger()
    await learns_limit(stage, charger, 4, "MonitoringCtrlr")
    await is_empty(await report(stage, charger, subjects=[POWER], status="EmptyResultSet"))
    asked = await report(stage, charger, subjects=[STATE_OF_EVSE])
    await notifies(charger, asked, [monitor(STATE_OF_EVSE, 21, "Delta")])
    await asked.comes_to("done")
    await shows(stage, charger, (STATE_OF_EVSE, 21, "Delta"))


@case(
    "TC_N_03_CSMS",
    version=V201,
    block="N",
    title="Get Monitoring Report - with component criteria and component/variable",
    requirements=FROM_REPORT,
)
async def report_by_both(stage: Stage) -> None:
    charger = await stage.charger()
    await learns_limit(stage, charger, 4, "MonitoringCtrlr")
    nothing = await report(
        stage,
        charger,
        criteria="DeltaMonitoring",
        subjects=[STATE_OF_EVSE],
        status="EmptyResultSet",
    )
    await is_empty(nothing)
    asked = await report(stage, charger, criteria="ThresholdMonitoring", subjects=[POWER])
    await notifies(charger, asked, [monitor(POWER, 31, "UpperThreshold", 11_000)])
    await asked.comes_to("done")
    await shows(stage, charger, (POWER, 31, "UpperThreshold"))


@case(
    "TC_N_60_CSMS",
    version=V201,
    block="N",
    title="Get Monitoring Report - with component criteria and list of components/variables",
    requirements=FROM_REPORT,
    variants=("as described", "as validated", "whole component"),
)
async def report_by_list(stage: Stage) -> None:
    """The text of the case and its validations tell the criteria in another order."""
    charger = await stage.charger()
    await learns_limit(stage, charger, 4, "MonitoringCtrlr")
    states = [STATE, STATE_OF_EVSE]
    first, second = {
        "as described": (
            ("ThresholdMonitoring", [POWER, POWER_OF_EVSE]),
            ("DeltaMonitoring", states),
        ),
        "as validated": (("DeltaMonitoring", states), ("ThresholdMonitoring", states)),
        "whole component": (
            ("ThresholdMonitoring", [Subject("ChargingStation", None), Subject("EVSE", None, 1)]),
            ("DeltaMonitoring", states),
        ),
    }[str(stage.variant)]
    nothing = await report(
        stage, charger, criteria=first[0], subjects=first[1], status="EmptyResultSet"
    )
    await is_empty(nothing)
    asked = await report(stage, charger, criteria=second[0], subjects=second[1])
    kind = "Delta" if second[0] == "DeltaMonitoring" else "UpperThreshold"
    await notifies(charger, asked, [monitor(STATE, 41, kind)], [monitor(STATE_OF_EVSE, 42, kind)])
    await asked.comes_to("done")
    await shows(stage, charger, (STATE, 41, kind), (STATE_OF_EVSE, 42, kind))


@case(
    "TC_N_47_CSMS",
    version=V201,
    block="N",
    title="Get Monitoring report - Report all",
    variants=("one part", "three parts"),
)
async def report_all(stage: Stage) -> None:
    charger = await stage.charger()
    asked = await report(stage, charger)
    assert set(asked.request) == {"requestId"}
    told = [
        monitor(POWER, 51, "UpperThreshold", 22_000),
        monitor(STATE_OF_EVSE, 52, "Delta"),
        monitor(STATE, 53, "PeriodicClockAligned", 900),
    ]
    parts = [told] if stage.variant == "one part" else [[each] for each in told]
    await notifies(charger, asked, *parts)
    await asked.comes_to("done")
    await shows(
        stage,
        charger,
        (POWER, 51, "UpperThreshold"),
        (STATE_OF_EVSE, 52, "Delta"),
        (STATE, 53, "PeriodicClockAligned"),
    )


async def set_monitors(stage: Stage, *subjects: Subject) -> Charger:
    """Has Delta monitors of severity 8 set on variables; the station accepts all."""
    charger = await stage.charger()
    sent = [{"value": 1, "type": "Delta", "severity": 8, **each.wire} for each in subjects]
    results = [
        {"id": 60 + at, "status": "Accepted", "type": "Delta", "severity": 8, **each.wire}
        for at, each in enumerate(subjects)
    ]
    asked = [{**each.asked, "value": 1, "type": "Delta", "severity": 8} for each in subjects]
    done = await stage.operate(
        charger,
        "set_variable_monitoring",
        {"monitors": asked},
        sends=("SetVariableMonitoring", {"setMonitoringData": sent}),
        answer={"setMonitoringResult": results},
    )
    assert done.view["state"] == "done"
    await shows(stage, charger, *((of, 60 + at, "Delta") for at, of in enumerate(subjects)))
    return charger


@case(
    "TC_N_08_CSMS",
    version=V201,
    block="N",
    title="Set Variable Monitoring - One SetMonitoringData element",
    requirements=("N04.FR.01", "N04.FR.02", "N04.FR.17"),
)
async def set_one_monitor(stage: Stage) -> None:
    await set_monitors(stage, STATE_OF_EVSE)


@case(
    "TC_N_09_CSMS",
    version=V201,
    block="N",
    title="Set Variable Monitoring - Multiple elements on different component and variable",
    requirements=("N04.FR.01", "N04.FR.02", "N04.FR.17"),
)
async def set_several_monitors(stage: Stage) -> None:
    await set_monitors(stage, STATE_OF_EVSE, STATE)


async def clear(
    stage: Stage, charger: Charger, parts: list[list[int]], status: str = "Accepted"
) -> Operated:
    """Has monitors cleared: all at once for the operator, in parts on the wire."""
    answers = [
        {"clearMonitoringResult": [{"status": status, "id": each} for each in part]}
        for part in parts
    ]
    ids = [each for part in parts for each in part]
    return await stage.operate(
        charger,
        "clear_variable_monitoring",
        {"ids": ids},
        sends=[("ClearVariableMonitoring", {"id": part}) for part in parts],
        relays=("ClearVariableMonitoring", {"id": ids}),
        answer=answers,
    )


@case(
    "TC_N_18_CSMS",
    version=V201,
    block="N",
    title="Clear Monitoring - Too many elements",
    requirements=("N06.FR.04",),
    variants=("MonitoringCtrlr", "MonitoringCtrl", "record"),
)
async def clear_too_many(stage: Stage) -> None:
    """Its text spells the component without its last r."""
    if stage.variant == "record":
        charger = await stage.charger(items_per_message={"ClearVariableMonitoring": 4})
    else:
        charger = await stage.charger()
        await learns_limit(stage, charger, 4, str(stage.variant))
    done = await clear(stage, charger, [[71, 72, 73, 74], [75]])
    if done.answer:
        results = done.answer["payload"]["clearMonitoringResult"]
    else:
        results = done.result["monitors"]
    assert [each["id"] for each in results] == [71, 72, 73, 74, 75], "in the order asked"


@case("TC_N_44_CSMS", version=V201, block="N", title="Clear Monitoring - Rejected")
async def clear_rejected(stage: Stage) -> None:
    charger = await stage.charger()
    done = await clear(stage, charger, [[81]], "Rejected")
    assert "Rejected" in str(done.view["result"]), done.view
