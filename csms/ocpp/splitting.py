"""Requests that are longer than a station takes, as several.

Source: OCPP 2.0.1 part 2, B05.FR.11, B06.FR.05, N04, N08 and the variable ItemsPerMessage;
OCPP 1.6, 9.1 (GetConfigurationMaxKeys) and 9.2 (SendLocalListMaxLength).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload

_LISTS: Final[Mapping[Version, Mapping[str, str]]] = {
    Version.V16: {"GetConfiguration": "key"},
    Version.V201: {
        "ClearVariableMonitoring": "id",
        "GetVariables": "getVariableData",
        "SetVariableMonitoring": "setMonitoringData",
        "SetVariables": "setVariableData",
    },
}


def split(
    version: Version, action: str, payload: Payload, limits: Mapping[str, int]
) -> list[Payload]:
    """Returns the payloads that together say what one does, each with no more items than taken.

    `limits` is by action; what has no limit, or is short enough, stays the very payload it was.
    """
    name, most = _LISTS[version].get(action), limits.get(action)
    items = None if name is None else payload.get(name)
    if name is None or not most or not isinstance(items, list) or len(items) <= most:
        return [payload]
    return [{**payload, name: items[start : start + most]} for start in range(0, len(items), most)]
