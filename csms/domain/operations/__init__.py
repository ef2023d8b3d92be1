"""What an operator may ask of a station, in the words of neither version. PURE.

An operation is a frozen dataclass; `OPERATIONS` names each. What becomes of one is in
`csms.engine.operations`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from csms.domain.operations import (
    authorization,
    diagnostics,
    display,
    firmware,
    provisioning,
    remote_control,
    security,
    smart_charging,
)
from csms.domain.operations.base import Operation, RelayedCall, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OPERATIONS", "Operation", "RelayedCall", "name_of"]

_ALL: Final = (
    provisioning.GetVariables,
    provisioning.SetVariables,
    provisioning.GetBaseReport,
    provisioning.GetReport,
    provisioning.Reset,
    provisioning.SetNetworkProfile,
    remote_control.StartTransaction,
    remote_control.StopTransaction,
    remote_control.GetTransactionStatus,
    remote_control.UnlockConnector,
    remote_control.TriggerMessage,
    remote_control.ChangeAvailability,
    authorization.ClearCache,
    authorization.GetLocalListVersion,
    authorization.SendLocalList,
    authorization.ReserveNow,
    authorization.CancelReservation,
    smart_charging.SetChargingProfile,
    smart_charging.ClearChargingProfile,
    smart_charging.GetChargingProfiles,
    smart_charging.GetCompositeSchedule,
    smart_charging.CostUpdated,
    firmware.UpdateFirmware,
    firmware.PublishFirmware,
    firmware.UnpublishFirmware,
    diagnostics.GetLog,
    diagnostics.SetMonitoringBase,
    diagnostics.SetMonitoringLevel,
    diagnostics.SetVariableMonitoring,
    diagnostics.ClearVariableMonitoring,
    diagnostics.GetMonitoringReport,
    diagnostics.CustomerInformation,
    diagnostics.DataTransfer,
    display.SetDisplayMessage,
    display.GetDisplayMessages,
    display.ClearDisplayMessage,
    security.RotatePassword,
    security.RenewCertificate,
    security.CertificateSigned,
    security.InstallCertificate,
    security.GetInstalledCertificateIds,
    security.DeleteCertificate,
)


OPERATIONS: Final[Mapping[str, type[Operation]]] = MappingProxyType(
    {name_of(kind): kind for kind in _ALL}
)
