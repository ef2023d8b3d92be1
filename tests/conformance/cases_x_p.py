"""Beyond certification, block P: vendors' own messages both ways, custom data in every message."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, V201, case
from tests.conformance.charger import Error
from tests.conformance.states import stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage

ACTIONS = (
    "Authorize",
    "BootNotification",
    "ClearedChargingLimit",
    "DataTransfer",
    "FirmwareStatusNotification",
    "Get15118EVCertificate",
    "GetCertificateStatus",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "NotifyChargingLimit",
    "NotifyCustomerInformation",
    "NotifyDisplayMessages",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingSchedule",
    "NotifyEvent",
    "NotifyMonitoringReport",
    "NotifyReport",
    "PublishFirmwareStatusNotification",
    "ReportChargingProfiles",
    "ReservationStatusUpdate",
    "SecurityEventNotification",
    "SignCertificate",
    "StatusNotification",
    "TransactionEvent",
)
"""All that a station may send. Source: OCPP 2.0.1 part 2, chapter 2."""
CUSTOM = {"vendorId": "org.example", "more": [{"a": None}, 1.5, "ö"]}


@cache
def schema_of(version: str, action: str) -> Payload:
    """Returns the official schema of a request."""
    folder, suffix = ("v16", "") if version == V16 else ("v201", "Request")
    file = resources.files("ocpp") / folder / "schemas" / f"{action}{suffix}.json"
    loaded: Payload = json.loads(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    return loaded


def made(schema: Payload, root: Payload, *, is_custom: bool) -> Any:  # noqa: PLR0911 - one for each type
    """Returns the least that fits a schema; with `is_custom` each object has custom data."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name == "CustomDataType":
            return CUSTOM
        return made(root["definitions"][name], root, is_custom=is_custom)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            told = {
                name: made(schema["properties"][name], root, is_custom=is_custom)
                for name in schema.get("required", ())
            }
            return {**told, "customData": CUSTOM} if is_custom else told
        case "array":
            return [made(schema["items"], root, is_custom=is_custom)]
        case "string":
            return stamp() if schema.get("format") == "date-time" else "a"
        case "boolean":
            return True
        case "integer" | "number":
            return 1
    return None


@case(
    "X_P_CUSTOM",
    version=V201,
    block="P",
    title="Custom data in every object of every message",
    variants=ACTIONS,
)
async def custom(stage: Stage) -> None:
    charger = await stage.charger()
    schema = schema_of(V201, str(stage.variant))
    said = await charger.exchange(str(stage.variant), made(schema, schema, is_custom=True))
    assert not isinstance(said, Error), said


@case(
    "X_P_LEAST",
    version=V201,
    block="P",
    title="The least that every message may be",
    variants=ACTIONS,
)
async def least(stage: Stage) -> None:
    charger = await stage.charger()
    schema = schema_of(V201, str(stage.variant))
    said = await charger.exchange(str(stage.variant), made(schema, schema, is_custom=False))
    assert not isinstance(said, Error), said


@case("X_P_EXTRA", version=V201, block="P", title="What is custom data, and what is not")
async def extra(stage: Stage) -> None:
    charger = await stage.charger()
    told = {"timestamp": stamp(), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
    wrong = await charger.refused("StatusNotification", {**told, "colour": "red"})
    assert wrong.code == "FormatViolation", wrong
    wrong = await charger.refused("StatusNotification", {**told, "customData": {"colour": 1}})
    assert wrong.code == "OccurrenceConstraintViolation", wrong
    wrong = await charger.refused("StatusNotification", {**told, "customData": "red"})
    assert wrong.code == "TypeConstraintViolation", wrong
    wrong = await charger.refused(
        "StatusNotification", {**told, "customData": {"vendorId": "x" * 256}}
    )
    assert wrong.code == "PropertyConstraintViolation", wrong


_SENT: dict[str, tuple[Payload, Payload]] = {
    "vendor": ({"vendor_id": "org.v"}, {"vendorId": "org.v"}),
    "message": ({"vendor_id": "org.v", "message_id": "m"}, {"vendorId": "org.v", "messageId": "m"}),
    "text": ({"vendor_id": "org.v", "data": "x"}, {"vendorId": "org.v", "data": "x"}),
    "object": (
        {"vendor_id": "org.v", "data": {"someKey": [1, {"b": None}]}},
        {"vendorId": "org.v", "data": {"someKey": [1, {"b": None}]}},
    ),
    "number": ({"vendor_id": "org.v", "data": 0}, {"vendorId": "org.v", "data": 0}),
    "no": ({"vendor_id": "org.v", "data": False}, {"vendorId": "org.v", "data": False}),
    "list": ({"vendor_id": "org.v", "data": []}, {"vendorId": "org.v", "data": []}),
}


@case(
    "X_P_SENT",
    version=V201,
    block="P",
    title="A vendor's message to a station",
    requirements=("P01.FR.01",),
    variants=_SENT,
)
async def sent(stage: Stage) -> None:
    charger = await stage.charger()
    body, wire = _SENT[str(stage.variant)]
    answer = {"status": "Accepted", "data": {"camelCase": {"innerKey": [1, None]}}}
    done = await stage.operate(
        charger, "data_transfer", body, sends=("DataTransfer", wire), answer=answer
    )
    assert done.result["data"] == answer["data"], "a vendor's own data keep their keys"


@case(
    "X_P_SENT_REFUSED",
    version=V201,
    block="P",
    title="A vendor's message that a station does not know",
    requirements=("P01.FR.05", "P01.FR.06"),
    variants=("Rejected", "UnknownMessageId", "UnknownVendorId"),
)
async def sent_refused(stage: Stage) -> None:
    done = await stage.operate(
        await stage.charger(),
        "data_transfer",
        {"vendor_id": "org.v"},
        sends=("DataTransfer", {"vendorId": "org.v"}),
        answer={"status": stage.variant},
    )
    assert done.view["state"] == "refused"


@case("X_P_SENT_16", version=V16, block="Core", title="A vendor's message to a 1.6 station")
async def sent_16(stage: Stage) -> None:
    charger = await stage.charger()
    done = await stage.operate(
        charger,
        "data_transfer",
        {"vendor_id": "org.v", "message_id": "m", "data": "a text"},
        sends=("DataTransfer", {"vendorId": "org.v", "messageId": "m", "data": "a text"}),
        answer={"status": "Accepted", "data": "another"},
    )
    assert done.result["data"] == "another"


@case(
    "X_P_16_TEXT", version=V16, block="Core", title="What 1.6 cannot carry is refused or is a text"
)
async def data_16(stage: Stage) -> None:
    """1.6 has texts only: an object is refused in a sentence, or goes as the text of its JSON."""
    charger = await stage.charger()
    heard = charger.answers("DataTransfer", {"status": "Accepted"})
    path = f"/stations/{charger.id}/operations/data_transfer"
    body = {"vendor_id": "org.v", "data": {"a": [1]}}
    said = await stage.post(path, body, told=(200, 409, 422))
    if heard:
        assert json.loads(heard[0]["data"]) == {"a": [1]}
    else:
        assert said["detail"], said


@case(
    "X_P_UNKNOWN_16",
    version=V16,
    block="Core",
    title="A 1.6 vendor that nobody knows",
    variants=("plain", "message", "data"),
)
async def unknown_16(stage: Stage) -> None:
    charger = await stage.charger()
    told: Payload = {"vendorId": stage.unique("org.vendor")}
    if stage.variant != "plain":
        told["messageId"] = "Ping"
    if stage.variant == "data":
        told["data"] = '{"any": "text", "long": "' + "x" * 20_000 + '"}'
    answer = await charger.call("DataTransfer", told)
    assert answer == {"status": "UnknownVendorId"}, answer
