"""The device model of one 2.0.1 station: what its variables are now.

What is common to a kind of station is in its blueprint; here is what differs, and what follows
from the state of the station. Source: OCPP 2.0.1 part 2, B05 to B08; part 1, 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ocpp.v201 import datatypes, enums

from simulator.v201.blueprint import blueprint
from simulator.v201.definition import Attribute, Key, Mutability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from csms.ocppj.frames import Payload
    from simulator.power.evse import EvseModel
    from simulator.station.dialect import Identity
    from simulator.v201.blueprint import Blueprint
    from simulator.v201.definition import Definition

PASSWORD: Final = ("SecurityCtrlr", "BasicAuthPassword")
ATTEMPTS: Final = "MessageAttempts"
ATTEMPT_INTERVAL: Final = "MessageAttemptInterval"
_EVENT: Final = "TransactionEvent"
_MEASURANDS: Final = {
    "Transaction.Begin": ("SampledDataCtrlr", "TxStartedMeasurands"),
    "Transaction.End": ("SampledDataCtrlr", "TxEndedMeasurands"),
    "Sample.Clock": ("AlignedDataCtrlr", "Measurands"),
}
_UPDATED: Final = ("SampledDataCtrlr", "TxUpdatedMeasurands")


class DeviceModel:
    """The values of one station, as text, by their place in the blueprint."""

    __slots__ = ("_texts", "blueprint")

    def __init__(self, kind: Blueprint) -> None:
        self.blueprint = kind
        self._texts: dict[int, str] = {}

    @classmethod
    def of(
        cls,
        identity: Identity,
        evse: EvseModel,
        meter_interval_s: int,
        *,
        evses: int = 1,
        connectors: int = 1,
    ) -> DeviceModel:
        """Return what a new station of this kind has."""
        model = cls(blueprint(evse, evses, connectors))
        model.put("ChargingStation", "VendorName", identity.vendor)
        model.put("ChargingStation", "Model", identity.model)
        model.put("ChargingStation", "SerialNumber", identity.serial)
        model.put("ChargingStation", "FirmwareVersion", identity.firmware)
        model.put("SampledDataCtrlr", "TxUpdatedInterval", str(meter_interval_s))
        return model

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """All variables, in the order in which they are reported."""
        return self.blueprint.definitions

    def find(self, component: Payload, variable: Payload) -> Definition | None:
        """Return the variable that a request names, None if there is none."""
        place = self.blueprint.places.get(key_of(component, variable))
        return None if place is None else self.definitions[place]

    def has_component(self, component: Payload) -> bool:
        """Whether a component that a request names exists."""
        return key_of(component, {"name": ""})[:4] in self.blueprint.components

    def held(self, definition: Definition) -> str:
        """Return the value that was set, or else the default."""
        return self._texts.get(self.blueprint.places[definition.key], definition.default)

    def hold(self, definition: Definition, text: str) -> None:
        """Set a value that fits."""
        place = self.blueprint.places[definition.key]
        normal = definition.normal(text)
        if normal == definition.default:
            self._texts.pop(place, None)
        else:
            self._texts[place] = normal

    def text(self, component: str, name: str, instance: str = "", evse: int = 0) -> str:
        """Return the value of a variable that every station has; asked often."""
        place = self.blueprint.named[component, name, instance, evse]
        text = self._texts.get(place)
        return self.definitions[place].default if text is None else text

    def number(self, component: str, name: str, instance: str = "") -> int:
        """Return a variable that holds a number."""
        return int(self.text(component, name, instance))

    def flag(self, component: str, name: str, instance: str = "", evse: int = 0) -> bool:
        """Return a variable that holds true or false."""
        return self.text(component, name, instance, evse) == "true"

    def members(self, component: str, name: str) -> list[str]:
        """Return a variable that holds a list."""
        text = self.text(component, name)
        return text.split(",") if text else []

    def put(self, component: str, name: str, text: str, instance: str = "") -> None:
        """Set a variable from within."""
        self.hold(self._own(component, name, instance), text)

    @property
    def retries(self) -> tuple[int, float]:
        """MessageAttempts and MessageAttemptInterval."""
        attempts = self.number("OCPPCommCtrlr", ATTEMPTS, _EVENT)
        return attempts, self.number("OCPPCommCtrlr", ATTEMPT_INTERVAL, _EVENT)

    def set_retries(self, attempts: int, interval_s: float) -> None:
        """Set MessageAttempts and MessageAttemptInterval."""
        self.put("OCPPCommCtrlr", ATTEMPTS, str(attempts), _EVENT)
        self.put("OCPPCommCtrlr", ATTEMPT_INTERVAL, f"{interval_s:.0f}", _EVENT)

    def wants_signed(self, component: str) -> bool:
        """Whether signed values are wanted; a meter that cannot sign has no such variable."""
        place = self.blueprint.named.get((component, "SignReadings", "", 0))
        return place is not None and self.held(self.definitions[place]) == "true"

    def measurands(self, context: str) -> list[str]:
        """Return what meter values of a context hold."""
        return self.members(*_MEASURANDS.get(context, _UPDATED))

    def remember(self) -> list[list[object]]:
        """Return what a central system may have changed, each with its key."""
        return [
            [*self.definitions[place].key, text]
            for place, text in sorted(self._texts.items())
            if self.definitions[place].mutability is Mutability.READ_WRITE
        ]

    def recall(self, remembered: list[list[Any]]) -> None:
        """Set those again; what this kind does not have, or would not take, is left alone."""
        for *key, text in remembered:
            component, instance, evse, connector, name, of = key
            place = self.blueprint.places.get((component, instance, evse, connector, name, of))
            definition = None if place is None else self.definitions[place]
            if definition is not None and definition.flaw(str(text)) is None:
                self.hold(definition, str(text))

    def asked(self, wanted: Payload) -> Iterator[Definition]:
        """Yield the variables that a componentVariable stands for (B08.FR.20 to B08.FR.25)."""
        component, variable = wanted["component"], wanted.get("variable")
        evse = component.get("evse")
        for each in self.definitions:
            if component.get("instance") or each.component.lower() != component["name"].lower():
                continue
            if evse is not None and evse["id"] != each.evse:
                continue
            if evse is not None and evse.get("connectorId") not in (None, each.connector):
                continue
            if variable is None or _is_variable(each, variable):
                yield each

    def _own(self, component: str, name: str, instance: str) -> Definition:
        return self.definitions[self.blueprint.named[component, name, instance, 0]]


def key_of(component: Payload, variable: Payload) -> Key:
    """Return what a request's variable is found under."""
    evse = component.get("evse") or {}
    return (
        component["name"].lower(),
        (component.get("instance") or "").lower(),
        evse.get("id", 0),
        evse.get("connectorId", 0),
        variable["name"].lower(),
        (variable.get("instance") or "").lower(),
    )


def component_of(definition: Definition) -> datatypes.ComponentType:
    """Return the component of a variable as messages carry it."""
    if not definition.evse:
        return datatypes.ComponentType(name=definition.component)
    evse = datatypes.EVSEType(id=definition.evse, connector_id=definition.connector or None)
    return datatypes.ComponentType(name=definition.component, evse=evse)


def variable_of(definition: Definition) -> datatypes.VariableType:
    """Return the variable as messages carry it."""
    return datatypes.VariableType(name=definition.name, instance=definition.instance)


def report_of(definition: Definition, text: str) -> datatypes.ReportDataType:
    """Return a variable with a value as NotifyReport carries it (B07.FR.11)."""
    attributes = [
        datatypes.VariableAttributeType(
            type=enums.AttributeEnumType(each.value),
            value=_told(definition, each, text),
            mutability=enums.MutabilityEnumType(
                definition.mutability.value if each is Attribute.ACTUAL else "ReadOnly"
            ),
            persistent=definition.mutability is not Mutability.READ_ONLY or None,
        )
        for each in definition.attributes
    ]
    return datatypes.ReportDataType(
        component=component_of(definition),
        variable=variable_of(definition),
        variable_attribute=attributes,
        variable_characteristics=datatypes.VariableCharacteristicsType(
            data_type=enums.DataEnumType(_KINDS.get(definition.kind, definition.kind)),
            supports_monitoring=not definition.is_secret,
            unit=definition.unit,
            min_limit=definition.low,
            max_limit=definition.most,
            values_list=",".join(definition.choices) or None,
        ),
    )


# The schema's enumeration has no word for passwords; the errata spell it as a string.
_KINDS: Final = {"passwordString": "string"}


def _told(definition: Definition, attribute: Attribute, text: str) -> str | None:
    if attribute is not Attribute.ACTUAL:
        return definition.bound(attribute)
    return None if definition.is_secret else text


def _is_variable(definition: Definition, variable: Payload) -> bool:
    instance = variable.get("instance")
    same_name = definition.name.lower() == variable["name"].lower()
    return same_name and (not instance or instance.lower() == (definition.instance or "").lower())
