"""Lists that are longer than a station takes, as several messages of one list.

The first is of the type that is wanted, the others add to it, each with a version of its own: a
station refuses a Differential list that is not newer. Source: OCPP 2.0.1 part 2, D01.FR.11, FR.15
and FR.19; OCPP 1.6, 9.2 (SendLocalListMaxLength).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.operations.prepared import PreparedList
    from csms.ocppj.frames import Payload

_ENVELOPE_BYTES = 200


def messages_of(
    operation: PreparedList, entries: Sequence[Payload], version_name: str
) -> list[Payload]:
    """Returns the payloads that carry a list. One without entries has no member for them."""
    parts = _parts(entries, operation.most_entries, operation.most_bytes) or [[]]
    messages: list[Payload] = []
    for index, part in enumerate(parts):
        is_full = operation.is_full and index == 0
        messages.append(
            {
                version_name: operation.version + index,
                **({"localAuthorizationList": part} if part else {}),
                "updateType": "Full" if is_full else "Differential",
            }
        )
    return messages


def _parts(
    entries: Sequence[Payload], most: int | None, most_bytes: int | None
) -> list[list[Payload]]:
    parts: list[list[Payload]] = []
    size = 0
    for entry in entries:
        length = len(orjson.dumps(entry)) + 1 if most_bytes else 0
        is_long = bool(parts and most and len(parts[-1]) >= most)
        is_large = bool(most_bytes and size + length > most_bytes - _ENVELOPE_BYTES)
        if not parts or is_long or (is_large and parts[-1]):
            parts.append([])
            size = 0
        parts[-1].append(entry)
        size += length
    return parts
