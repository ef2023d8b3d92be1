"""The device model on the wire: variables read, set and reported.

Source: OCPP 2.0.1 part 2, B05 to B08.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from ocpp.v201 import call, call_result, enums

from simulator.station.outbox import Outgoing
from simulator.v201.device_model import ATTEMPT_INTERVAL, ATTEMPTS, ENTRIES, PASSWORD
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command
    from simulator.v201.device_model import DeviceModel, Variable

_PER_REPORT: Final = 10
_Result: TypeAlias = "dict[str, object]"
_Model: Final = enums.GenericDeviceModelStatusEnumType


def commands(model: DeviceModel) -> Mapping[str, Command]:
    """Return the commands that read and change a device model."""
    return MappingProxyType(
        {
            "GetBaseReport": partial(_get_base_report, model),
            "GetReport": partial(_get_report, model),
            "GetVariables": partial(_get_variables, model),
            "SetVariables": partial(_set_variables, model),
        }
    )


def _get_variables(model: DeviceModel, station: Station, payload: Payload, _now: float) -> object:
    model.put(*ENTRIES, str(len(station.book.profiles)))
    return call_result.GetVariables(
        get_variable_result=[_got(model, wish) for wish in payload["getVariableData"]]
    )


def _set_variables(model: DeviceModel, station: Station, payload: Payload, now: float) -> object:
    return call_result.SetVariables(
        set_variable_result=[_set(model, station, wish, now) for wish in payload["setVariableData"]]
    )


def _get_base_report(model: DeviceModel, station: Station, payload: Payload, now: float) -> object:
    base = payload["reportBase"]
    chosen = model.variables
    if base == "ConfigurationInventory":
        chosen = [each for each in chosen if each.component.endswith("Ctrlr")]
    elif base == "SummaryInventory":
        chosen = [each for each in chosen if each.name == "Available"]
    _report(station, payload["requestId"], chosen, now)
    return call_result.GetBaseReport(_Model.accepted)


def _get_report(model: DeviceModel, station: Station, payload: Payload, now: float) -> object:
    if payload.get("componentCriteria"):
        return call_result.GetReport(_Model.not_supported)
    chosen = model.variables
    if asked := payload.get("componentVariable"):
        chosen = [each for each in chosen if any(_is_meant(each, one) for one in asked)]
    if not chosen:
        return call_result.GetReport(_Model.empty_result_set)
    _report(station, payload["requestId"], chosen, now)
    return call_result.GetReport(_Model.accepted)


def _report(station: Station, request_id: int, chosen: list[Variable], now: float) -> None:
    """Queue the variables in parts. Source: OCPP 2.0.1 part 2, B07.FR.09."""
    for each in chosen:
        if (each.component, each.name) == ENTRIES:
            each.text = str(len(station.book.profiles))
    parts = [chosen[at : at + _PER_REPORT] for at in range(0, len(chosen), _PER_REPORT)]
    for number, part in enumerate(parts):
        message = call.NotifyReport(
            request_id=request_id,
            generated_at=to_text(station.at(now)),
            seq_no=number,
            tbc=number + 1 < len(parts),
            report_data=[each.report() for each in part],
        )
        station.say(Outgoing.of("NotifyReport", message))


def _got(model: DeviceModel, wish: Payload) -> _Result:
    status = enums.GetVariableStatusEnumType
    has_component, variable = model.find(wish)
    if variable is None:
        found = status.unknown_variable if has_component else status.unknown_component
        return _result(wish, found)
    if wish.get("attributeType") == "MaxSet" and variable.most is not None:
        return {**_result(wish, status.accepted), "attributeValue": str(variable.most)}
    if wish.get("attributeType", "Actual") != "Actual":
        return _result(wish, status.not_supported_attribute_type)
    if variable.mutability == "WriteOnly":
        return _result(wish, status.rejected)
    return {**_result(wish, status.accepted), "attributeValue": variable.text}


def _set(model: DeviceModel, station: Station, wish: Payload, now: float) -> _Result:
    status = enums.SetVariableStatusEnumType
    has_component, variable = model.find(wish)
    if variable is None:
        found = status.unknown_variable if has_component else status.unknown_component
        return _result(wish, found)
    if wish.get("attributeType", "Actual") != "Actual":
        return _result(wish, status.not_supported_attribute_type)
    text = wish["attributeValue"]
    if variable.mutability == "ReadOnly" or not variable.accepts(text):
        return _result(wish, status.rejected)
    if (variable.component, variable.name) == PASSWORD:
        station.change_password(text)
    else:
        variable.text = text
    if variable.name == "HeartbeatInterval":
        station.restart_heartbeat(now)
    elif variable.name == ATTEMPTS:
        station.change_retries(attempts=int(text))
    elif variable.name == ATTEMPT_INTERVAL:
        station.change_retries(interval_s=float(text))
    return _result(wish, status.accepted)


def _result(wish: Payload, status: object) -> _Result:
    same: _Result = {
        name: wish[name] for name in ("component", "variable", "attributeType") if name in wish
    }
    return {"attributeStatus": status, **same}


def _is_meant(variable: Variable, asked: Payload) -> bool:
    component, wanted = asked["component"], asked.get("variable")
    evse = component.get("evse")
    return (
        variable.component.lower() == component["name"].lower()
        and (evse is None or evse["id"] == variable.evse)
        and (wanted is None or wanted["name"].lower() == variable.name.lower())
    )
