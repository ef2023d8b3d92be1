"""OCPP 2.0.1, blocks B and D, beyond certification: every way to name, split, refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, V201, case
from tests.conformance.cases_201_b_model import OFFLINE, REMOTE, on_wire, wanted, writes
from tests.conformance.charger import Error
from tests.conformance.patterns import ANY_INT, Subset, in_any_order
from tests.conformance.states import TOKEN_TYPE

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage


@case(
    "X_B_NAMED_IN_FULL",
    version=V201,
    block="B",
    title="Variables are named with instances, EVSE, connector and attribute, as far as given",
    requirements=("B05.FR.01", "B06.FR.01"),
)
async def named_in_full(stage: Stage) -> None:
    charger = await stage.charger()
    asked = {
        "component": "Connector",
        "component_instance": "left",
        "evse": 2,
        "connector": 1,
        "variable": "ConnectorType",
        "instance": "plug",
        "attribute": "MaxSet",
    }
    sent = {
        "component": {
            "name": "Connector",
            "instance": "left",
            "evse": {"id": 2, "connectorId": 1},
        },
        "variable": {"name": "ConnectorType", "instance": "plug"},
        "attributeType": "MaxSet",
    }
    result = sent | {"attributeStatus": "Accepted", "attributeValue": "cType2"}
    operated = await stage.operate(
        charger,
        "get_variables",
        {"variables": [asked]},
        sends=("GetVariables", {"getVariableData": [sent]}),
        answer={"getVariableResult": [result]},
    )
    assert "cType2" in json.dumps(operated.result)


@case(
    "X_B_SET_SPLIT",
    version=V201,
    block="B",
    title="SetVariables with more items than the station takes goes in parts, results joined",
    requirements=("B05.FR.11",),
)
async def set_split(stage: Stage) -> None:
    charger = await stage.charger(items_per_message={"SetVariables": 1})
    values = {OFFLINE: "60", REMOTE: "true"}
    sent = [
        {"attributeValue": value} | each
        for each, value in zip(on_wire(*values), values.values(), strict=True)
    ]
    asked = [
        each | {"value": value}
        for each, value in zip(wanted(*values), values.values(), strict=True)
    ]
    statuses = {"OfflineThreshold": "Accepted", "AuthorizeRemoteStart": "RebootRequired"}
    operated = await stage.operate(
        charger,
        "set_variables",
        {"variables": asked},
        sends=[("SetVariables", {"setVariableData": [each]}) for each in sent],
        answer=writes(statuses),
        relays=("SetVariables", {"setVariableData": sent}),
    )
    assert "RebootRequired" in json.dumps(operated.result)
    if operated.answer:
        assert len(operated.answer["payload"]["setVariableResult"]) == 2


REFUSALS: dict[str, tuple[str, Payload, Payload, Any]] = {
    "reset": ("Reset", {"type": "OnIdle"}, {"type": "OnIdle"}, Error("InternalError", "broken")),
    "get_base_report": (
        "GetBaseReport",
        {"report_base": "SummaryInventory"},
        {"requestId": ANY_INT, "reportBase": "SummaryInventory"},
        {"status": "NotSupported"},
    ),
    "get_report": (
        "GetReport",
        {"criteria": ["Problem"]},
        {"requestId": ANY_INT, "componentCriteria": ["Problem"]},
        {"status": "NotSupported"},
    ),
    "clear_cache": ("ClearCache", {}, {}, Error("NotImplemented", "")),
}


@case(
    "X_B_REFUSALS",
    version=V201,
    block="B",
    title="What the station refuses, or answers by an error, is a result",
    variants=tuple(REFUSALS),
)
async def refusals(stage: Stage) -> None:
    charger = await stage.charger()
    name = str(stage.variant)
    action, body, sent, answer = REFUSALS[name]
    operated = await stage.operate(charger, name, body, sends=(action, sent), answer=answer)
    assert operated.view["state"] in {"refused", "failed"}, operated.view
    await charger.call("Heartbeat")


async def long_list(stage: Stage) -> None:
    """A local list that is longer than the station takes goes in several messages."""
    charger = await stage.charger(items_per_message={"SendLocalList": 2})
    texts = [await stage.token(type=TOKEN_TYPE) for _ in range(5)]
    is_16 = stage.version == V16
    heard: list[Payload] = charger.answers("SendLocalList", {"status": "Accepted"})
    path = f"/stations/{charger.id}/operations/send_local_list"
    view = await stage.post(path, {"update_type": "Full", "tokens": texts})
    assert view["state"] == "done", view
    kinds = [each["updateType"] for each in heard]
    assert kinds == ["Full", "Differential", "Differential"], heard
    versions = [each["listVersion" if is_16 else "versionNumber"] for each in heard]
    assert versions[0] > 0
    assert versions == sorted(versions), heard
    assert all(len(each["localAuthorizationList"]) <= 2 for each in heard), heard
    sent = [entry for each in heard for entry in each["localAuthorizationList"]]
    told = {each["idTag"] if is_16 else each["idToken"]["idToken"] for each in sent}
    assert told == set(texts)
    kept = await stage.get(f"/stations/{charger.id}/local-list")
    assert kept["version"] == versions[-1], kept


for _version, _block, _short in ((V16, "LocalAuthList", "16"), (V201, "D", "201")):
    case(
        f"X_{_short}_LONG_LIST",
        version=_version,
        block=_block,
        title=str(long_list.__doc__),
    )(long_list)


@case(
    "X_D_CONTENTS",
    version=V201,
    block="D",
    title="The list carries the status, the group and the expiry of each token",
    requirements=("D01.FR.01",),
)
async def contents(stage: Stage) -> None:
    charger = await stage.charger()
    member = await stage.token(type=TOKEN_TYPE, group="FAMILY", expires_at="2040-01-01T00:00:00Z")
    blocked = await stage.token(type="Central", status="Blocked")
    expected = [
        {
            "idToken": {"idToken": member, "type": TOKEN_TYPE},
            "idTokenInfo": Subset(
                {"status": "Accepted", "groupIdToken": {"idToken": "FAMILY", "type": "Central"}}
            ),
        },
        {
            "idToken": {"idToken": blocked, "type": "Central"},
            "idTokenInfo": Subset({"status": "Blocked"}),
        },
    ]
    await stage.operate(
        charger,
        "send_local_list",
        {"update_type": "Full", "tokens": [member, blocked]},
        sends=(
            "SendLocalList",
            {
                "versionNumber": ANY_INT,
                "updateType": "Full",
                "localAuthorizationList": in_any_order(expected),
            },
        ),
    )
