"""Operations of block B: settings, reports, restarts, network profiles. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len

from csms.domain.operations.base import Operation, Place, Text, Variable, Whole

Attribute = Literal["Actual", "Target", "MinSet", "MaxSet"]


@dataclass(frozen=True, slots=True)
class GetVariable(Variable):
    """A variable to read; without `attribute` its Actual value."""

    attribute: Attribute | None = None


@dataclass(frozen=True, slots=True)
class SetVariable(Variable):
    """A variable to write, with its value as text."""

    value: Annotated[str, Len(0, 2500)] = ""
    attribute: Attribute | None = None


@dataclass(frozen=True, slots=True)
class GetVariables(Operation):
    """Read variables, or 1.6 configuration keys, none of which means all of them (1.6 only).

    Source: OCPP 1.6, 5.8; OCPP 2.0.1 part 2, B06.
    """

    variables: Annotated[list[GetVariable], Len(0, 1000)]


@dataclass(frozen=True, slots=True)
class SetVariables(Operation):
    """Write variables, or 1.6 configuration keys, one after another.

    Source: OCPP 1.6, 5.3; OCPP 2.0.1 part 2, B05.
    """

    variables: Annotated[list[SetVariable], Len(1, 1000)]


@dataclass(frozen=True, slots=True)
class GetBaseReport(Operation):
    """Have the station report its device model. Source: OCPP 2.0.1 part 2, B07."""

    report_base: Literal["ConfigurationInventory", "FullInventory", "SummaryInventory"] = (
        "FullInventory"
    )
    request_id: Whole | None = None


@dataclass(frozen=True, slots=True)
class ReportedVariable(Operation):
    """A component, or one variable of it, that a report shall be about."""

    component: Annotated[str, Len(1, 50)]
    variable: Annotated[str, Len(1, 50)] | None = None
    instance: Annotated[str, Len(1, 50)] | None = None
    component_instance: Annotated[str, Len(1, 50)] | None = None
    evse: Place | None = None
    connector: Place | None = None


@dataclass(frozen=True, slots=True)
class GetReport(Operation):
    """Have the station report some variables. Source: OCPP 2.0.1 part 2, B08.

    An entry of `variables` without a `variable` means the whole component.
    """

    criteria: list[Literal["Active", "Available", "Enabled", "Problem"]] | None = None
    variables: list[ReportedVariable] | None = None
    request_id: Whole | None = None


@dataclass(frozen=True, slots=True)
class Reset(Operation):
    """Restart a station, or with `evse` one EVSE (2.0.1 only).

    Soft and OnIdle are the same wish, as are Hard and Immediate. Source: OCPP 1.6, 5.14;
    OCPP 2.0.1 part 2, B11 and B12.
    """

    type: Literal["Soft", "Hard", "OnIdle", "Immediate"] = "OnIdle"
    evse: Place | None = None


@dataclass(frozen=True, slots=True)
class SetNetworkProfile(Operation):
    """Store a network connection profile on a station. Source: OCPP 2.0.1 part 2, B09.

    `security_profile` may not be below the station's own.
    """

    configuration_slot: Whole
    security_profile: Annotated[int, Ge(0), Le(3)]
    csms_url: Text
    message_timeout_s: Whole = 30
    interface: Literal[
        "Wired0", "Wired1", "Wired2", "Wired3", "Wireless0", "Wireless1", "Wireless2", "Wireless3"
    ] = "Wired0"
    ocpp_version: Literal["OCPP12", "OCPP15", "OCPP16", "OCPP20"] = "OCPP20"
    ocpp_transport: Literal["JSON", "SOAP"] = "JSON"
