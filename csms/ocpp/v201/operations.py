"""The tables of all operations in this version: how each is written and read.

Each block has its own tables; a block is added here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.operations import diagnostics as watching
from csms.domain.operations import provisioning as asked
from csms.domain.operations import remote_control as control
from csms.domain.operations import security as keys
from csms.ocpp.v201 import (
    certificates,
    configuration,
    costs,
    customer_information,
    data_transfer,
    display,
    firmware,
    local_list,
    logs,
    monitoring,
    profile_requests,
    remote_control,
    reports,
    reservation,
    resetting,
    security,
    triggers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from csms.domain.answered import Answered
    from csms.domain.follow import Asked
    from csms.domain.operations import Operation
    from csms.ocppj.frames import Payload

    Calls = tuple[str, Payload] | list[tuple[str, Payload]]

ENCODERS: Final[Mapping[type[Operation], Callable[[Any], Calls]]] = {
    **certificates.ENCODERS,
    asked.GetVariables: configuration.encode_get,
    asked.SetVariables: configuration.encode_set,
    asked.GetBaseReport: reports.encode_base,
    asked.GetReport: reports.encode_report,
    control.TriggerMessage: triggers.encode_trigger,
    control.ChangeAvailability: triggers.encode_availability,
    watching.SetMonitoringBase: monitoring.encode_base,
    watching.SetMonitoringLevel: monitoring.encode_level,
    watching.SetVariableMonitoring: monitoring.encode_set,
    watching.ClearVariableMonitoring: monitoring.encode_clear,
    watching.GetMonitoringReport: reports.encode_monitoring_report,
    asked.Reset: resetting.encode_reset,
    **remote_control.ENCODERS,
    **reservation.ENCODERS,
    **local_list.ENCODERS,
    **firmware.ENCODERS,
    **logs.ENCODERS,
    **data_transfer.ENCODERS,
    **profile_requests.ENCODERS,
    **display.ENCODERS,
    **customer_information.ENCODERS,
    **costs.ENCODERS,
    asked.SetNetworkProfile: security.encode_network_profile,
    keys.RotatePassword: security.encode_rotation,
}
"""From an operation to the call, or the calls, that carry it; `CannotCarry` says why not."""

READERS: Final[Mapping[type[Operation], Callable[[Any, Sequence[Payload]], Answered]]] = {
    **firmware.READERS,
    **display.READERS,
    **certificates.READERS,
    **local_list.READERS,
    asked.GetVariables: configuration.read_get,
    asked.SetVariables: configuration.read_set,
    keys.RotatePassword: security.read_rotation,
    watching.SetVariableMonitoring: monitoring.read_set,
    watching.ClearVariableMonitoring: monitoring.read_clear,
}
"""From all answers to one, where the plain reading (a status, a reason, the rest) is not enough."""

RELAYED: Final[Mapping[str, Callable[[Any, Sequence[Payload]], Answered]]] = {
    "ClearVariableMonitoring": monitoring.read_clear,
    "GetDisplayMessages": display.read_get,
    "GetInstalledCertificateIds": certificates.read_list,
    "GetLocalListVersion": local_list.read_version,
    "GetVariables": configuration.read_get,
    "SetVariableMonitoring": monitoring.read_set,
    "SetVariables": configuration.read_set,
    "UnpublishFirmware": firmware.read_unpublish,
}
"""The same by action, for calls that were given as they are: these readers need no operation."""

ASKED: Final[Mapping[str, Callable[[Payload], Asked]]] = {
    "ChangeAvailability": triggers.asked_by_availability,
    "GetBaseReport": reports.asked_by_report,
    "GetMonitoringReport": reports.asked_by_monitoring_report,
    "GetReport": reports.asked_by_report,
    "Reset": resetting.asked_by_reset,
    **remote_control.ASKED,
    **firmware.ASKED,
    **logs.ASKED,
    **profile_requests.ASKED,
    **display.ASKED,
    **customer_information.ASKED,
    "TriggerMessage": triggers.asked_by_trigger,
}
"""From a request, relayed ones too, to what it asks for beyond its answer."""
