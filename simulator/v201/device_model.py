"""The device model of a 2.0.1 station: components, variables, and who may change them.

Small but true: what is listed is what the station does. Source: OCPP 2.0.1 part 2, appendix
"Components" and chapter B05 to B08.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocpp.v201 import datatypes, enums

from simulator.metering.sampling import default_measurands, is_known
from simulator.station.limits import MAX_PERIODS, MAX_PROFILES, MAX_STACK_LEVEL
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload
    from simulator.power.evse import EvseModel
    from simulator.station.dialect import Identity

ENTRIES: Final = ("SmartChargingCtrlr", "Entries")
PASSWORD: Final = ("SecurityCtrlr", "BasicAuthPassword")
ATTEMPTS: Final = "MessageAttempts"
ATTEMPT_INTERVAL: Final = "MessageAttemptInterval"
_MEASURANDS: Final = {
    "Transaction.Begin": "TxStartedMeasurands",
    "Transaction.End": "TxEndedMeasurands",
}
_UPDATED_MEASURANDS: Final = "TxUpdatedMeasurands"
_MIN_PASSWORD: Final = 16


@dataclass(slots=True)
class Variable:
    """One variable with its actual value, always text. `evse` 0 belongs to the station.

    `most` is the highest value, as MaxSet and in the characteristics.
    """

    component: str
    name: str
    text: str
    kind: str = "string"
    mutability: str = "ReadOnly"
    instance: str | None = None
    evse: int = 0
    unit: str | None = None
    most: int | None = None

    def accepts(self, text: str) -> bool:
        """Whether a new value fits the kind."""
        match self.kind:
            case "integer":
                return text.isascii() and text.isdigit()
            case "boolean":
                return text.lower() in ("true", "false")
            case "MemberList":
                return all(is_known(name) for name in text.split(","))
        return self.mutability != "WriteOnly" or len(text) >= _MIN_PASSWORD

    def report(self) -> datatypes.ReportDataType:
        """Return the variable as NotifyReport carries it."""
        is_secret = self.mutability == "WriteOnly"
        return datatypes.ReportDataType(
            component=_component(self.component, self.evse),
            variable=datatypes.VariableType(name=self.name, instance=self.instance),
            variable_attribute=[
                datatypes.VariableAttributeType(
                    type=enums.AttributeEnumType.actual,
                    value=None if is_secret else self.text,
                    mutability=enums.MutabilityEnumType(self.mutability),
                )
            ],
            variable_characteristics=datatypes.VariableCharacteristicsType(
                data_type=enums.DataEnumType(self.kind),
                supports_monitoring=False,
                unit=self.unit,
                max_limit=self.most,
            ),
        )


class DeviceModel:
    """All variables of a station, in the order in which they are reported."""

    def __init__(self, variables: list[Variable]) -> None:
        self.variables = variables

    @classmethod
    def of(cls, identity: Identity, evse: EvseModel, meter_interval_s: int) -> DeviceModel:
        """Return what a new station of this kind has."""
        return cls(
            [
                *_identity(identity),
                *_controllers(),
                *_metering(evse.current, meter_interval_s),
                *_smart_charging(),
                *_evse(evse),
            ]
        )

    def find(self, wire: Payload) -> tuple[bool, Variable | None]:
        """Return whether the component of a request exists, and its variable if that does."""
        component, variable = wire["component"], wire["variable"]
        evse = (component.get("evse") or {}).get("id", 0)
        of_component = [
            each
            for each in self.variables
            if each.component.lower() == component["name"].lower() and each.evse == evse
        ]
        for each in of_component:
            same_name = each.name.lower() == variable["name"].lower()
            if same_name and each.instance == variable.get("instance"):
                return True, each
        return bool(of_component), None

    def text(self, component: str, name: str) -> str:
        """Return the value of a variable that every station has."""
        return self._variable(component, name).text

    def number(self, component: str, name: str) -> int:
        """Return a variable that holds a number."""
        return int(self.text(component, name))

    def put(self, component: str, name: str, text: str) -> None:
        """Set a variable from within."""
        self._variable(component, name).text = text

    def changed(self) -> list[list[object]]:
        """Return writable variables as [component, name, instance, EVSE, text]; no secrets."""
        return [
            [each.component, each.name, each.instance, each.evse, each.text]
            for each in self.variables
            if each.mutability == "ReadWrite"
        ]

    def restore(self, changed: list[list[object]]) -> None:
        """Set what `changed` returned; what does not exist here or does not fit is left out."""
        for component, name, instance, evse, text in changed:
            for each in self.variables:
                place = (each.component, each.name, each.instance, each.evse)
                if place == (component, name, instance, evse) and each.accepts(str(text)):
                    each.text = str(text)

    def measurands(self, context: str) -> list[str]:
        """Return what meter values of a context hold."""
        name = _MEASURANDS.get(context, _UPDATED_MEASURANDS)
        return self.text("SampledDataCtrlr", name).split(",")

    def _variable(self, component: str, name: str) -> Variable:
        return next(
            each
            for each in self.variables
            if each.component == component and each.name == name and each.evse == 0
        )


def _component(name: str, evse: int) -> datatypes.ComponentType:
    return datatypes.ComponentType(name=name, evse=datatypes.EVSEType(id=evse) if evse else None)


def _identity(identity: Identity) -> list[Variable]:
    name = "ChargingStation"
    return [
        Variable(name, "VendorName", identity.vendor),
        Variable(name, "Model", identity.model),
        Variable(name, "SerialNumber", identity.serial),
        Variable(name, "Available", "true", "boolean"),
    ]


def _controllers() -> list[Variable]:
    comm, tx, auth = "OCPPCommCtrlr", "TxCtrlr", "AuthCtrlr"
    writable, event = "ReadWrite", "TransactionEvent"
    return [
        Variable(comm, "HeartbeatInterval", "300", "integer", writable, unit="s"),
        Variable(comm, "WebSocketPingInterval", "60", "integer", writable, unit="s"),
        Variable(comm, "NetworkConfigurationPriority", "1", "SequenceList"),
        Variable(comm, "MessageTimeout", "30", "integer", instance="Default", unit="s"),
        Variable(comm, ATTEMPTS, "3", "integer", writable, instance=event),
        Variable(comm, ATTEMPT_INTERVAL, "10", "integer", writable, instance=event, unit="s"),
        Variable(comm, "OfflineThreshold", "60", "integer", writable, unit="s"),
        Variable("DeviceDataCtrlr", "ItemsPerMessage", "20", "integer", instance="GetVariables"),
        Variable("DeviceDataCtrlr", "ItemsPerMessage", "20", "integer", instance="SetVariables"),
        Variable(auth, "AuthorizeRemoteStart", "false", "boolean"),
        Variable(auth, "LocalAuthorizeOffline", "true", "boolean"),
        Variable(tx, "TxStartPoint", "Authorized,EVConnected", "string"),
        Variable(tx, "TxStopPoint", "Authorized,EVConnected", "string"),
        Variable(tx, "EVConnectionTimeOut", "60", "integer", writable, unit="s"),
        Variable(tx, "StopTxOnEVSideDisconnect", "true", "boolean"),
        Variable(tx, "StopTxOnInvalidId", "true", "boolean"),
        Variable("SecurityCtrlr", "SecurityProfile", "1", "integer"),
        Variable(*PASSWORD, "", "string", "WriteOnly"),
        Variable("ClockCtrlr", "TimeSource", "Heartbeat", "SequenceList"),
    ]


def _metering(current: CurrentType, interval_s: int) -> list[Variable]:
    name, measurands = "SampledDataCtrlr", ",".join(default_measurands(current))
    members = [*_MEASURANDS.values(), _UPDATED_MEASURANDS]
    return [
        Variable(name, "Enabled", "true", "boolean"),
        Variable(name, "TxUpdatedInterval", str(interval_s), "integer", "ReadWrite", unit="s"),
        *(Variable(name, each, measurands, "MemberList", "ReadWrite") for each in members),
    ]


def _smart_charging() -> list[Variable]:
    name = "SmartChargingCtrlr"
    return [
        Variable(name, "Enabled", "true", "boolean"),
        Variable(name, "ProfileStackLevel", str(MAX_STACK_LEVEL), "integer"),
        Variable(name, "RateUnit", "A,W", "MemberList"),
        Variable(name, "PeriodsPerSchedule", str(MAX_PERIODS), "integer"),
        Variable(name, "Phases3to1", "true", "boolean"),
        Variable(*ENTRIES, "0", "integer", instance="ChargingProfiles", most=MAX_PROFILES),
        Variable(name, "LimitChangeSignificance", "1", "decimal"),
    ]


def _evse(evse: EvseModel) -> list[Variable]:
    is_ac = evse.current is CurrentType.AC
    watts = evse.max_offer * evse.nominal_v * evse.phases if is_ac else evse.max_offer
    kind = "sType2" if is_ac else "cCCS2"
    return [
        Variable("EVSE", "Available", "true", "boolean", evse=1),
        Variable("EVSE", "SupplyPhases", str(evse.phases if is_ac else 0), "integer", evse=1),
        Variable("EVSE", "Power", f"{watts:.0f}", "decimal", evse=1, unit="W"),
        Variable("Connector", "ConnectorType", kind, evse=1),
    ]
