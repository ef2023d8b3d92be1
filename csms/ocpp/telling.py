"""What the answers to calls tell of a station's device model, whoever made the call. PURE."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from csms.ocpp.v16 import settings
from csms.ocpp.v201 import configuration, monitoring
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.domain.commands import MonitorsCleared, MonitorsSet, VariablesTold
    from csms.ocppj.frames import Payload

    Told = VariablesTold | MonitorsSet | MonitorsCleared


def told_by(version: Version, action: str, request: Payload, response: Payload) -> Told | None:
    """Returns what an answer tells of the device model, None for nothing. It never raises."""
    read = _READERS[version].get(action)
    try:
        return None if read is None else read(request, response)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


_READERS: Final[Mapping[Version, Mapping[str, Callable[[Payload, Payload], Told]]]] = (
    MappingProxyType(
        {
            Version.V16: {
                "ChangeConfiguration": settings.told_by_change,
                "GetConfiguration": settings.told_by_get,
            },
            Version.V201: {
                "ClearVariableMonitoring": monitoring.cleared_by,
                "GetVariables": configuration.told_by_get,
                "SetVariableMonitoring": monitoring.set_by,
                "SetVariables": configuration.told_by_set,
            },
        }
    )
)
