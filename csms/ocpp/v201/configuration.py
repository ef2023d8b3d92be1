"""GetVariables and SetVariables. Source: OCPP 2.0.1 part 2, B05 and B06."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.domain.answered import Answered
from csms.domain.commands import VariablesTold
from csms.domain.device_model import ACTUAL, VariableTold
from csms.ocpp.reading import present
from csms.ocpp.statuses import AGREED, info_text, one_status
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v201.device_model import encode_place, key_in, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.operations.provisioning import GetVariables, SetVariables
    from csms.ocppj.frames import Payload


def encode_get(operation: GetVariables) -> tuple[str, Payload]:
    """Writes a GetVariables. Raises: CannotCarry for none at all, or one without a component."""
    if not operation.variables:
        raise CannotCarry(
            "OCPP 2.0.1 wants each variable named; get_base_report has the station tell them all."
        )
    asked = [
        {**encode_place(each), **present(attributeType=each.attribute)}
        for each in operation.variables
    ]
    return "GetVariables", {"getVariableData": asked}


def encode_set(operation: SetVariables) -> tuple[str, Payload]:
    """Writes a SetVariables. Raises: CannotCarry for a variable without a component."""
    wanted = [
        {
            **encode_place(each),
            "attributeValue": each.value,
            **present(attributeType=each.attribute),
        }
        for each in operation.variables
    ]
    return "SetVariables", {"setVariableData": wanted}


def read_get(operation: GetVariables, answers: Sequence[Payload]) -> Answered:
    """Reads the values, each with its own status, in the order in which they were told."""
    del operation
    results = [each for said in answers for each in said.get("getVariableResult") or ()]
    return _read(results, all_must_agree=False)


def read_set(operation: SetVariables, answers: Sequence[Payload]) -> Answered:
    """Reads the statuses, in the order in which they were told; one refusal refuses all."""
    del operation
    results = [each for said in answers for each in said.get("setVariableResult") or ()]
    return _read(results, all_must_agree=True)


def _read(results: list[Payload], *, all_must_agree: bool) -> Answered:
    shown = [_shown(each) for each in results]
    status, is_agreed = one_status(
        [each.get("attributeStatus") for each in results], all_must_agree=all_must_agree
    )
    reason = next((each["reason"] for each in shown if "reason" in each), None)
    return Answered(status, reason, is_agreed=is_agreed, result={"variables": shown})


def _shown(result: Payload) -> dict[str, Any]:
    key = key_in(result)
    value = result.get("attributeValue")
    return {
        **named(key),
        "attribute": result.get("attributeType") or ACTUAL,
        "status": result.get("attributeStatus"),
        **present(
            value=None if key.is_secret else value,
            reason=info_text(result.get("attributeStatusInfo")),
        ),
    }


def told_by_get(request: Payload, response: Payload) -> VariablesTold:
    """Reads what a station told of its variables. Raises: KeyError, TypeError, AttributeError."""
    del request
    told: list[VariableTold] = []
    refused = []
    for each in response["getVariableResult"]:
        key, value = key_in(each), each.get("attributeValue")
        if each.get("attributeStatus") != "Accepted":
            refused.append((key, str(each.get("attributeStatus"))))
        elif isinstance(value, str) and not key.is_secret:
            told.append(VariableTold(key, {each.get("attributeType") or ACTUAL: value}))
    return VariablesTold(tuple(told), tuple(refused))


def told_by_set(request: Payload, response: Payload) -> VariablesTold:
    """Reads what a station has set; what waits for a reboot is not its value yet.

    Raises: KeyError, TypeError, AttributeError.
    """
    wanted = {_identity(each): each["attributeValue"] for each in request["setVariableData"]}
    told: list[VariableTold] = []
    refused = []
    for each in response["setVariableResult"]:
        key, status = key_in(each), str(each.get("attributeStatus"))
        value = wanted.get(_identity(each))
        if status not in AGREED:
            refused.append((key, status))
        elif isinstance(value, str) and not key.is_secret:
            kind = each.get("attributeType") or ACTUAL
            waits = {kind: {"awaits_reboot": value if status == "RebootRequired" else None}}
            values = {} if status == "RebootRequired" else {kind: value}
            told.append(VariableTold(key, values, waits))
    return VariablesTold(tuple(told), tuple(refused), is_set=True)


def _identity(entry: Payload) -> tuple[Any, ...]:
    return (*key_in(entry).folded(), entry.get("attributeType") or ACTUAL)
