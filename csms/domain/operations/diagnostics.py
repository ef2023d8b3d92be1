"""Operations of blocks N and P: logs, monitoring, customer information, data transfer. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Len

from csms.domain.operations.authorization import Moment
from csms.domain.operations.base import Operation, Text, Variable, Whole
from csms.domain.operations.provisioning import ReportedVariable
from csms.domain.operations.remote_control import TokenText, TokenType
from csms.domain.operations.security import CertificateHash


@dataclass(frozen=True, slots=True)
class GetLog(Operation):
    """Have a station upload a log.

    For the diagnostics log a 1.6 station is sent a GetDiagnostics, with `extended` a GetLog.
    Source: OCPP 1.6, 5.9; security whitepaper, N01; OCPP 2.0.1 part 2, N01.
    """

    location: Text
    log_type: Literal["DiagnosticsLog", "SecurityLog"] = "DiagnosticsLog"
    oldest_at: Moment | None = None
    latest_at: Moment | None = None
    retries: Whole | None = None
    retry_interval_s: Whole | None = None
    request_id: Whole | None = None
    extended: bool = False


@dataclass(frozen=True, slots=True)
class SetMonitoringBase(Operation):
    """Choose which monitors are active. Source: OCPP 2.0.1 part 2, N05."""

    monitoring_base: Literal["All", "FactoryDefault", "HardWiredOnly"]


@dataclass(frozen=True, slots=True)
class SetMonitoringLevel(Operation):
    """Choose up to which severity monitors report; 0 is the gravest. Source: 2.0.1, N06."""

    severity: Annotated[int, Ge(0), Le(9)]


@dataclass(frozen=True, slots=True)
class Monitor(Variable):
    """A monitor to be set; with `id` it replaces that one. Source: 2.0.1, SetMonitoringDataType."""

    type: Literal[
        "UpperThreshold", "LowerThreshold", "Delta", "Periodic", "PeriodicClockAligned"
    ] = "UpperThreshold"
    value: float = 0.0
    severity: Annotated[int, Ge(0), Le(9)] = 5
    transaction: bool | None = None
    id: Whole | None = None


@dataclass(frozen=True, slots=True)
class SetVariableMonitoring(Operation):
    """Set monitors on variables. Source: OCPP 2.0.1 part 2, N04."""

    monitors: Annotated[list[Monitor], Len(1, 1000)]


@dataclass(frozen=True, slots=True)
class ClearVariableMonitoring(Operation):
    """Remove monitors by their IDs. Source: OCPP 2.0.1 part 2, N08."""

    ids: Annotated[list[Whole], Len(1, 1000)]


@dataclass(frozen=True, slots=True)
class GetMonitoringReport(Operation):
    """Have the station report its monitors. Source: OCPP 2.0.1 part 2, N02."""

    criteria: (
        list[Literal["ThresholdMonitoring", "DeltaMonitoring", "PeriodicMonitoring"]] | None
    ) = None
    variables: list[ReportedVariable] | None = None
    request_id: Whole | None = None


@dataclass(frozen=True, slots=True)
class CustomerInformation(Operation):
    """Have a station tell, or forget, what it holds of a customer.

    One of `token`, `customer_identifier` and `certificate` says who. What is cleared is also taken
    off the station's local list. Source: OCPP 2.0.1 part 2, N09 and N10.
    """

    report: bool = True
    clear: bool = False
    token: TokenText | None = None
    token_type: TokenType | None = None
    customer_identifier: Annotated[str, Len(1, 64)] | None = None
    certificate: CertificateHash | None = None
    request_id: Whole | None = None


@dataclass(frozen=True, slots=True)
class DataTransfer(Operation):
    """Send a vendor's own message; in 1.6 `data` is a text. Source: 1.6, 5.6; 2.0.1, P01."""

    vendor_id: Annotated[str, Len(1, 255)]
    message_id: Annotated[str, Len(1, 50)] | None = None
    data: Any = None
