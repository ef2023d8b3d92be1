"""Variables read and set. Source: OCPP 2.0.1 part 2, B05 and B06."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from ocpp.v201 import call_result, datatypes, enums

from simulator.station.dialect import Refused
from simulator.v201.access import model_of
from simulator.v201.definition import Attribute, Mutability
from simulator.v201.live import text_of
from simulator.v201.settings import apply, objection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command
    from simulator.v201.definition import Definition

_Result: TypeAlias = "dict[str, object]"
_Got: Final = enums.GetVariableStatusEnumType
_Set: Final = enums.SetVariableStatusEnumType
_ACTUAL: Final = Attribute.ACTUAL.value


def too_many(station: Station, component: str, message: str, count: int) -> Refused | None:
    """Return the refusal of more items than a message may have (B06.FR.16, B08.FR.17)."""
    most = model_of(station).number(component, "ItemsPerMessage", message)
    if count <= most:
        return None
    return Refused("OccurrenceConstraintViolation", f"{message} takes {most} items at most")


def _get_variables(station: Station, payload: Payload, now: float) -> object:
    wishes = payload["getVariableData"]
    if refused := too_many(station, "DeviceDataCtrlr", "GetVariables", len(wishes)):
        return refused
    return call_result.GetVariables(
        get_variable_result=[_got(station, wish, now) for wish in wishes]
    )


def _set_variables(station: Station, payload: Payload, now: float) -> object:
    wishes = payload["setVariableData"]
    if refused := too_many(station, "DeviceDataCtrlr", "SetVariables", len(wishes)):
        return refused
    return call_result.SetVariables(
        set_variable_result=[_set(station, wish, now) for wish in wishes]
    )


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {"GetVariables": _get_variables, "SetVariables": _set_variables}
)


def _got(station: Station, wish: Payload, now: float) -> _Result:
    model = model_of(station)
    definition = model.find(wish["component"], wish["variable"])
    if definition is None:
        known = model.has_component(wish["component"])
        return _result(wish, _Got.unknown_variable if known else _Got.unknown_component)
    attribute = Attribute(wish.get("attributeType", _ACTUAL))
    if attribute not in definition.attributes:
        return _result(wish, _Got.not_supported_attribute_type)
    if definition.is_secret:
        return _result(wish, _Got.rejected)
    if attribute is Attribute.ACTUAL:
        text = text_of(model, station, definition, now)
    else:
        text = definition.bound(attribute)
    return {**_result(wish, _Got.accepted), "attributeValue": text}


def _set(station: Station, wish: Payload, now: float) -> _Result:
    model = model_of(station)
    definition = model.find(wish["component"], wish["variable"])
    if definition is None:
        known = model.has_component(wish["component"])
        return _result(wish, _Set.unknown_variable if known else _Set.unknown_component)
    if Attribute(wish.get("attributeType", _ACTUAL)) not in definition.attributes:
        return _result(wish, _Set.not_supported_attribute_type)
    text = wish["attributeValue"]
    flaw = _flaw(station, definition, wish, text)
    if flaw is not None:
        code = "ReadOnly" if flaw == _READ_ONLY else "InvalidValue"
        info = datatypes.StatusInfoType(reason_code=code, additional_info=flaw[:512])
        return {**_result(wish, _Set.rejected), "attributeStatusInfo": info}
    model.hold(definition, text)
    apply(station, definition, definition.normal(text), now)
    return _result(wish, _Set.reboot_required if definition.reboots else _Set.accepted)


_READ_ONLY: Final = "it can only be read"


def _flaw(station: Station, definition: Definition, wish: Payload, text: str) -> str | None:
    """Return why a value is not taken."""
    is_bound = wish.get("attributeType", _ACTUAL) != _ACTUAL
    if definition.mutability is Mutability.READ_ONLY or is_bound:
        return _READ_ONLY
    return definition.flaw(text) or objection(station, definition, text)


def _result(wish: Payload, status: object) -> _Result:
    """Return what every result has (B05.FR.02, B05.FR.12, B06.FR.02, B06.FR.11)."""
    return {
        "attributeStatus": status,
        "component": wish["component"],
        "variable": wish["variable"],
        "attributeType": wish.get("attributeType", _ACTUAL),
    }
