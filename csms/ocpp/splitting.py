"""Requests that are longer than a station takes, as several.

Source: OCPP 2.0.1 part 2, B05.FR.11, B06.FR.05, N04, N08 and the variable ItemsPerMessage;
OCPP 1.6, 9.1 (GetConfigurationMaxKeys) and 9.2 (SendLocalListMaxLength).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson

from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from csms.ocppj.frames import Payload

_FRAME: Final = 100
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
    version: Version,
    action: str,
    payload: Payload,
    limits: Mapping[str, int],
    sizes: Mapping[str, int] = MappingProxyType({}),
) -> list[Payload]:
    """Returns the payloads that together say what one does, each no longer than is taken.

    `limits` is how many items, `sizes` how many bytes of payload, by action. What has no limit, or
    is short enough, stays the very payload it was; a single item is never parted.
    """
    name, most = _LISTS[version].get(action), limits.get(action)
    items = None if name is None else payload.get(name)
    if name is None or not isinstance(items, list):
        return [payload]
    parts = list(_parts(items, most or len(items), sizes.get(action)))
    return [payload] if len(parts) <= 1 else [{**payload, name: part} for part in parts]


def _parts(items: list[Any], most: int, size: int | None) -> Iterator[list[Any]]:
    """Yields the items in order, in lists of at most `most` items and about `size` bytes."""
    part: list[Any] = []
    length = _FRAME
    for item in items:
        added = 0 if size is None else len(orjson.dumps(item)) + 1
        is_long = size is not None and length + added > size
        if part and (len(part) >= most or is_long):
            yield part
            part, length = [], _FRAME
        part.append(item)
        length += added
    yield part
