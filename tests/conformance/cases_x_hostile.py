"""Beyond certification: every message of a station with texts and numbers that harm somebody.

Whatever is wrong with one is named to the station, by an answer or by an error that is not ours;
the next message is answered as if nothing had been.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, V201, case
from tests.conformance.cases_x_p import ACTIONS, made, schema_of
from tests.conformance.charger import Error
from tests.conformance.states import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage

ACTIONS_16 = (
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
)
"""All that a 1.6 station may send, with the security whitepaper's extensions."""

_TEXTS = ("\x00", "a\x00b", "\ud800", "'; DROP TABLE stations; --", "\u202e\ufeff", "😀" * 9, "")
_NUMBERS = (0, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 1e308)
_TIMES = (
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-02-30T00:00:00Z",
    "now",
    "\x00",
    "",
)


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Returns a payload with each of its texts and numbers changed."""
    if isinstance(value, dict):
        return {name: changed(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [changed(each, change) for each in value]
    return change(value)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and value[:2] == "20" and value.endswith("Z")


def harmful(payload: Payload) -> list[Payload]:
    """Returns a payload in all its harmful forms; words of the specification stay."""
    forms = [
        changed(payload, lambda each, text=text: text if each == "a" else each) for text in _TEXTS
    ]
    forms += [
        changed(payload, lambda each, number=number: number if each == 1 else each)
        for number in _NUMBERS
    ]
    forms += [
        changed(payload, lambda each, time=time: time if _is_time(each) else each)
        for time in _TIMES
    ]
    return [each for each in forms if each != payload]


def full(schema: Payload, root: Payload) -> Any:
    """Returns what fits a schema, with all members that it knows but custom data."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return full(root["definitions"][name], root)
    if schema.get("type") == "object":
        members = schema.get("properties", {})
        return {name: full(each, root) for name, each in members.items() if name != "customData"}
    if schema.get("type") == "array":
        return [full(schema["items"], root)]
    if schema.get("format") == "date-time":
        return stamp()
    return made(schema, root, is_custom=False)


async def suffers(charger: Charger, action: str, payload: Payload) -> None:
    """Sends a harmful message; it is answered, and not by an error of ours."""
    try:
        said = await charger.exchange(action, payload, checked=False)
    except AssertionError as wrong:
        raise AssertionError(f"{wrong}: {json.dumps(payload)[:800]}") from None
    if isinstance(said, Error):
        assert said.code != "InternalError", f"{said} to {json.dumps(payload)[:800]}"


async def _suffers_all(stage: Stage) -> None:
    action, version = str(stage.variant), stage.version
    schema = schema_of(version, action)
    charger = await stage.charger()
    answers = "SetChargingProfile", "GetTransactionStatus"
    for name in answers if version == V201 else ():
        charger.answers(name, Error("NotSupported"))
    for payload in (made(schema, schema, is_custom=False), full(schema, schema)):
        for form in harmful(payload):
            await suffers(charger, action, form)
    assert await charger.call("Heartbeat")


@case(
    "X_HOSTILE",
    version=V201,
    block="X",
    title="Texts, numbers and times that harm",
    variants=ACTIONS,
)
async def hostile(stage: Stage) -> None:
    await _suffers_all(stage)


@case(
    "X_HOSTILE_16",
    version=V16,
    block="X",
    title="Texts, numbers and times that harm",
    variants=ACTIONS_16,
)
async def hostile_16(stage: Stage) -> None:
    await _suffers_all(stage)
