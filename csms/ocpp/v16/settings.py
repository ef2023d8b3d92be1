"""Configuration keys as variables: GetConfiguration, ChangeConfiguration.

Source: OCPP 1.6, 5.3, 5.8 and chapter 9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.answered import Answered
from csms.domain.commands import VariablesTold
from csms.domain.device_model import ACTUAL, VariableKey, VariableTold
from csms.ocpp.reading import present
from csms.ocpp.statuses import AGREED, one_status
from csms.ocpp.unreadable import CannotCarry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from csms.domain.operations.base import Variable
    from csms.domain.operations.provisioning import GetVariables, SetVariables
    from csms.ocppj.frames import Payload

_MAX_VALUE: Final = 500
_UNKNOWN: Final = "UnknownVariable"


def encode_get(operation: GetVariables) -> tuple[str, Payload]:
    """Writes a GetConfiguration; for all keys the list is left out, never empty.

    Raises: CannotCarry for what a key has not: a component, an attribute.
    """
    keys = [_key(each, each.attribute) for each in operation.variables]
    return "GetConfiguration", {"key": keys} if keys else {}


def encode_set(operation: SetVariables) -> list[tuple[str, Payload]]:
    """Writes a ChangeConfiguration for each key. Raises: CannotCarry, also for a long value."""
    return [
        (
            "ChangeConfiguration",
            {"key": _key(each, each.attribute), "value": _value(each.variable, each.value)},
        )
        for each in operation.variables
    ]


def _key(variable: Variable, attribute: str | None) -> str:
    named = (
        variable.component,
        variable.instance,
        variable.component_instance,
        variable.evse,
        variable.connector,
    )
    if any(each is not None for each in named):
        raise CannotCarry(
            "OCPP 1.6 names a configuration key by variable alone: leave component, instance, "
            "evse and connector out."
        )
    if attribute not in {None, ACTUAL}:
        raise CannotCarry(f"A configuration key of OCPP 1.6 has no {attribute} attribute.")
    return variable.variable


def _value(key: str, value: str) -> str:
    if len(value) > _MAX_VALUE:
        raise CannotCarry(f"The value of {key} has more than {_MAX_VALUE} characters.")
    return value


def read_get(operation: GetVariables, answers: Sequence[Payload]) -> Answered:
    """Reads the values; keys that were asked for and are unknown have that as their status."""
    del operation
    entries = [each for said in answers for each in said.get("configurationKey") or ()]
    unknown = [str(each) for said in answers for each in said.get("unknownKey") or ()]
    shown = [_shown(each) for each in _entries(entries)]
    shown += [{"variable": key, "status": _UNKNOWN} for key in unknown]
    result: dict[str, Any] = {"variables": shown, "unknown": unknown}
    return Answered("Accepted", is_agreed=True, result=result)


def _shown(entry: Payload) -> dict[str, Any]:
    key = VariableKey("", str(entry["key"]))
    return {
        "variable": key.variable,
        "status": "Accepted",
        "readonly": bool(entry.get("readonly", False)),
        **present(value=None if key.is_secret else entry.get("value")),
    }


def _entries(entries: Iterable[object]) -> list[Payload]:
    return [each for each in entries if isinstance(each, dict) and "key" in each]


def read_set(operation: SetVariables, answers: Sequence[Payload]) -> Answered:
    """Reads the status of each key, in the order in which they were sent."""
    statuses = [said.get("status") for said in answers]
    shown = [
        {"variable": each.variable, "status": status}
        for each, status in zip(operation.variables, statuses, strict=False)
    ]
    status, is_agreed = one_status(statuses, all_must_agree=True)
    return Answered(status, is_agreed=is_agreed, result={"variables": shown})


def told_by_get(request: Payload, response: Payload) -> VariablesTold:
    """Reads what a station told of its keys. Raises: KeyError, TypeError, AttributeError."""
    del request
    told = []
    for entry in _entries(response.get("configurationKey") or ()):
        key, value = VariableKey("", str(entry["key"])), entry.get("value")
        mutability = "ReadOnly" if entry.get("readonly") else "ReadWrite"
        values = {ACTUAL: value} if isinstance(value, str) and not key.is_secret else {}
        told.append(VariableTold(key, values, {ACTUAL: {"mutability": mutability}}))
    unknown = response.get("unknownKey") or ()
    return VariablesTold(
        tuple(told), tuple((VariableKey("", str(key)), _UNKNOWN) for key in unknown)
    )


def told_by_change(request: Payload, response: Payload) -> VariablesTold:
    """Reads what a station has set; what waits for a reboot is not its value yet.

    Raises: KeyError, TypeError.
    """
    key, value, status = VariableKey("", str(request["key"])), request["value"], response["status"]
    if status not in AGREED:
        return VariablesTold((), ((key, str(status)),), is_set=True)
    if key.is_secret or not isinstance(value, str):
        return VariablesTold((), is_set=True)
    waits = status == "RebootRequired"
    values = {} if waits else {ACTUAL: value}
    attributes = {ACTUAL: {"awaits_reboot": value if waits else None}}
    return VariablesTold((VariableTold(key, values, attributes),), is_set=True)
