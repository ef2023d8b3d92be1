"""Protocol versions, roles, and which side may call which action.

Source: OCPP 1.6 edition 2, chapters 4 and 5; OCPP 1.6 security whitepaper
edition 3, chapter 5; OCPP 2.0.1 part 2, chapter 1 of "Messages".
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Version(StrEnum):
    """A version of OCPP that travels over OCPP-J here."""

    V16 = "1.6"
    V201 = "2.0.1"

    @property
    def subprotocol(self) -> str:
        """The websocket subprotocol that names this version."""
        return f"ocpp{self.value}"


class Role(StrEnum):
    """The side of the connection an endpoint stands for."""

    CSMS = "csms"
    STATION = "station"


STATION_ACTIONS: Final[Mapping[Version, frozenset[str]]] = MappingProxyType(
    {
        Version.V16: frozenset(
            {
                "Authorize",
                "BootNotification",
                "DataTransfer",
                "DiagnosticsStatusNotification",
                "FirmwareStatusNotification",
                "Heartbeat",
                "LogStatusNotification",
                "MeterValues",
                "SecurityEventNotification",
                "SignCertificate",
                "SignedFirmwareStatusNotification",
                "StartTransaction",
                "StatusNotification",
                "StopTransaction",
            }
        ),
        Version.V201: frozenset(
            {
                "Authorize",
                "BootNotification",
                "ClearedChargingLimit",
                "DataTransfer",
                "FirmwareStatusNotification",
                "Get15118EVCertificate",
                "GetCertificateStatus",
                "Heartbeat",
                "LogStatusNotification",
                "MeterValues",
                "NotifyChargingLimit",
                "NotifyCustomerInformation",
                "NotifyDisplayMessages",
                "NotifyEVChargingNeeds",
                "NotifyEVChargingSchedule",
                "NotifyEvent",
                "NotifyMonitoringReport",
                "NotifyReport",
                "PublishFirmwareStatusNotification",
                "ReportChargingProfiles",
                "ReservationStatusUpdate",
                "SecurityEventNotification",
                "SignCertificate",
                "StatusNotification",
                "TransactionEvent",
            }
        ),
    }
)
"""The actions that a station may call on a CSMS, 1.6 with its security extensions."""

CSMS_ACTIONS: Final[Mapping[Version, frozenset[str]]] = MappingProxyType(
    {
        Version.V16: frozenset(
            {
                "CancelReservation",
                "CertificateSigned",
                "ChangeAvailability",
                "ChangeConfiguration",
                "ClearCache",
                "ClearChargingProfile",
                "DataTransfer",
                "DeleteCertificate",
                "ExtendedTriggerMessage",
                "GetCompositeSchedule",
                "GetConfiguration",
                "GetDiagnostics",
                "GetInstalledCertificateIds",
                "GetLocalListVersion",
                "GetLog",
                "InstallCertificate",
                "RemoteStartTransaction",
                "RemoteStopTransaction",
                "ReserveNow",
                "Reset",
                "SendLocalList",
                "SetChargingProfile",
                "SignedUpdateFirmware",
                "TriggerMessage",
                "UnlockConnector",
                "UpdateFirmware",
            }
        ),
        Version.V201: frozenset(
            {
                "CancelReservation",
                "CertificateSigned",
                "ChangeAvailability",
                "ClearCache",
                "ClearChargingProfile",
                "ClearDisplayMessage",
                "ClearVariableMonitoring",
                "CostUpdated",
                "CustomerInformation",
                "DataTransfer",
                "DeleteCertificate",
                "GetBaseReport",
                "GetChargingProfiles",
                "GetCompositeSchedule",
                "GetDisplayMessages",
                "GetInstalledCertificateIds",
                "GetLocalListVersion",
                "GetLog",
                "GetMonitoringReport",
                "GetReport",
                "GetTransactionStatus",
                "GetVariables",
                "InstallCertificate",
                "PublishFirmware",
                "RequestStartTransaction",
                "RequestStopTransaction",
                "ReserveNow",
                "Reset",
                "SendLocalList",
                "SetChargingProfile",
                "SetDisplayMessage",
                "SetMonitoringBase",
                "SetMonitoringLevel",
                "SetNetworkProfile",
                "SetVariableMonitoring",
                "SetVariables",
                "TriggerMessage",
                "UnlockConnector",
                "UnpublishFirmware",
                "UpdateFirmware",
            }
        ),
    }
)
"""The actions that a CSMS may call on a station."""
