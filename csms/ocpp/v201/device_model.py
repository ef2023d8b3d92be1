"""Components and variables on the wire. Source: OCPP 2.0.1 part 2, ComponentType, VariableType."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.device_model import ACTUAL, VariableKey, VariableTold
from csms.ocpp.names import snake_case
from csms.ocpp.reading import MAX_PLACE, present
from csms.ocpp.unreadable import CannotCarry

if TYPE_CHECKING:
    from csms.domain.operations.base import Variable
    from csms.domain.operations.provisioning import ReportedVariable
    from csms.ocppj.frames import Payload

_WRITE_ONLY: Final = "WriteOnly"


def encode_component(
    name: str | None, instance: str | None, evse: int | None, connector: int | None
) -> Payload:
    """Writes a component.

    Raises: CannotCarry for one without a name, or a connector without its EVSE.
    """
    if not name:
        raise CannotCarry(
            "OCPP 2.0.1 names a variable by its component, too: component is missing."
        )
    return present(name=name, instance=instance, evse=encode_evse(evse, connector))


def encode_evse(evse: int | None, connector: int | None) -> Payload | None:
    """Writes an EVSE, None for none. Raises: CannotCarry for a connector without its EVSE."""
    if evse is None and connector is not None:
        raise CannotCarry("OCPP 2.0.1 names a connector by its EVSE, too: evse is missing.")
    return None if evse is None else present(id=evse, connectorId=connector)


def encode_place(variable: Variable | ReportedVariable) -> Payload:
    """Writes a component and, if there is one, its variable. Raises: CannotCarry."""
    each = variable
    component = encode_component(each.component, each.component_instance, each.evse, each.connector)
    if each.variable is None:
        return {"component": component}
    named = present(name=each.variable, instance=each.instance)
    return {"component": component, "variable": named}


def key_in(entry: Payload) -> VariableKey:
    """Reads which variable an entry is about.

    Raises: KeyError, TypeError, AttributeError where it is not of that form.
    """
    component, variable = entry["component"], entry["variable"]
    evse = component.get("evse") or {}
    return VariableKey(
        str(component["name"]),
        str(variable["name"]),
        variable.get("instance"),
        component.get("instance"),
        _place(evse.get("id")),
        _place(evse.get("connectorId")),
    )


def _place(number: int | None) -> int | None:
    if number is not None and abs(number) > MAX_PLACE:
        raise TypeError(f"{number} is no EVSE or connector: it has more than 32 bits")
    return number


def named(key: VariableKey) -> dict[str, Any]:
    """Returns a variable's name as operators read it."""
    return {name: part for name, part in key._asdict().items() if part is not None}


def read_reported(entry: Payload) -> VariableTold:
    """Reads one variable of a report. Raises: as `key_in`."""
    key = key_in(entry)
    values: dict[str, str] = {}
    attributes: dict[str, dict[str, Any]] = {}
    for attribute in entry.get("variableAttribute") or ():
        kind = attribute.get("type") or ACTUAL
        attributes[kind] = present(
            mutability=attribute.get("mutability"),
            persistent=attribute.get("persistent"),
            constant=attribute.get("constant"),
        )
        value = attribute.get("value")
        is_hidden = key.is_secret or attribute.get("mutability") == _WRITE_ONLY
        if isinstance(value, str) and not is_hidden:
            values[kind] = value
    told = entry.get("variableCharacteristics") or {}
    characteristics = {
        name: value for name, value in snake_case(told).items() if name != "custom_data"
    }
    return VariableTold(key, values, attributes, characteristics)
