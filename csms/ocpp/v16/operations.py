"""The tables of all operations in this version: how each is written and read.

Each block has its own tables; a block is added here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.operations import provisioning as asked
from csms.domain.operations import remote_control as control
from csms.domain.operations import security as keys
from csms.ocpp.v16 import (
    certificates,
    data_transfer,
    firmware,
    local_list,
    logs,
    profile_requests,
    remote_control,
    reservation,
    resetting,
    security,
    settings,
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
    asked.GetVariables: settings.encode_get,
    asked.SetVariables: settings.encode_set,
    control.TriggerMessage: triggers.encode_trigger,
    control.ChangeAvailability: triggers.encode_availability,
    asked.Reset: resetting.encode_reset,
    **remote_control.ENCODERS,
    **reservation.ENCODERS,
    **local_list.ENCODERS,
    **firmware.ENCODERS,
    **logs.ENCODERS,
    **data_transfer.ENCODERS,
    **profile_requests.ENCODERS,
    keys.RotatePassword: security.encode_rotation,
}
"""From an operation to the call, or the calls, that carry it; `CannotCarry` says why not."""

READERS: Final[Mapping[type[Operation], Callable[[Any, Sequence[Payload]], Answered]]] = {
    **logs.READERS,
    **certificates.READERS,
    **local_list.READERS,
    asked.GetVariables: settings.read_get,
    asked.SetVariables: settings.read_set,
}
"""From all answers to one, where the plain reading (a status, a reason, the rest) is not enough."""

RELAYED: Final[Mapping[str, Callable[[Any, Sequence[Payload]], Answered]]] = {
    "GetConfiguration": settings.read_get,
    "GetDiagnostics": logs.read_diagnostics,
    "GetInstalledCertificateIds": certificates.read_relayed_list,
    "GetLocalListVersion": local_list.read_version,
}
"""The same by action, for calls that were given as they are: these readers need no operation."""

ASKED: Final[Mapping[str, Callable[[Payload], Asked]]] = {
    "ChangeAvailability": triggers.asked_by_availability,
    "ExtendedTriggerMessage": triggers.asked_by_trigger,
    "Reset": resetting.asked_by_reset,
    **remote_control.ASKED,
    **firmware.ASKED,
    **logs.ASKED,
    "TriggerMessage": triggers.asked_by_trigger,
}
"""From a request, relayed ones too, to what it asks for beyond its answer."""
