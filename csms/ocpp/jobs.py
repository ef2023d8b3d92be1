"""What messages of both versions about a station's longer jobs have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload


def number_in(payload: Payload) -> int | None:
    """Returns the request that a message names, None if it names none."""
    number = payload.get("requestId")
    return number if type(number) is int else None
