"""Messages that are kept as they came and answered with nothing but "received"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.facts import MessageReported
from csms.ocpp.reading import instant_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from csms.domain.facts import Acknowledged
    from csms.ocppj.frames import Payload


def kept(
    action: str, time_member: str | None = None
) -> Callable[[Payload, datetime], MessageReported]:
    """Returns the decoder of a message whose time, if it has one, is in `time_member`."""

    def decode(payload: Payload, received_at: datetime) -> MessageReported:
        del received_at
        raw = payload.get(time_member) if time_member else None
        return MessageReported(action, payload, instant_of(raw))

    return decode


def encode_nothing(answer: Acknowledged) -> Payload:
    """Returns the empty answer."""
    del answer
    return {}
