"""What a station tells of its device model: variables, their monitors, and what these report. PURE.

A 1.6 configuration key is a variable without a component. Names compare without regard to case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from csms.domain.secrets import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ACTUAL: Final = "Actual"


class VariableKey(NamedTuple):
    """What a variable is named by; `component` is empty in 1.6.

    Source: OCPP 2.0.1 part 2, ComponentType and VariableType.
    """

    component: str
    variable: str
    instance: str | None = None
    component_instance: str | None = None
    evse: int | None = None
    connector: int | None = None

    def folded(self) -> VariableKey:
        """Returns the key by which it is compared."""
        return VariableKey(
            self.component.casefold(),
            self.variable.casefold(),
            (self.instance or "").casefold() or None,
            (self.component_instance or "").casefold() or None,
            self.evse,
            self.connector,
        )

    @property
    def is_secret(self) -> bool:
        """Whether its value is nothing to be kept or shown."""
        return is_secret_name(self.variable)

    def __str__(self) -> str:
        """Returns it for a log line or a sentence: Connector[a]@1.2/AvailabilityState."""
        where = "" if self.evse is None else f"@{self.evse}"
        if self.connector is not None:
            where += f".{self.connector}"
        named = f"[{self.component_instance}]" if self.component_instance else ""
        kind = f"[{self.instance}]" if self.instance else ""
        return f"{self.component}{named}{where}/{self.variable}{kind}".removeprefix("/")


@dataclass(frozen=True, slots=True)
class VariableTold:
    """What was told of one variable; what is not in it stays as it was told before.

    `values` are texts by attribute type (Actual, Target, MinSet, MaxSet), `attributes` what is
    known of each beside its value, `characteristics` what kind of values there are; snake_case.
    A value of a write-only attribute is never among them.
    """

    key: VariableKey
    values: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    characteristics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MonitorTold:
    """A monitor on a variable. Source: 2.0.1 part 2, VariableMonitoringType."""

    id: int
    key: VariableKey
    type: str
    value: float
    severity: int
    is_of_transaction: bool = False


@dataclass(frozen=True, slots=True)
class EventTold:
    """What a monitor, or the station itself, found. Source: 2.0.1 part 2, EventDataType.

    `at` is the station's time, None if it cannot be read. `value` is as it was sent, also empty.
    """

    event_id: int
    key: VariableKey
    at: datetime | None
    trigger: str
    value: str
    notification: str
    is_cleared: bool = False
    cause: int | None = None
    monitor_id: int | None = None
    transaction_id: str | None = None
    tech_code: str | None = None
    tech_info: str | None = None
