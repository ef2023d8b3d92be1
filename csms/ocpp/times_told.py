"""The present time as stations are told it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.times import format_seconds, format_time

if TYPE_CHECKING:
    from csms.domain.facts import BootAnswer, HeartbeatAnswer


def time_told(answer: BootAnswer | HeartbeatAnswer) -> str:
    """Returns the time to the second, which most stations read, or with milliseconds."""
    write = format_time if answer.with_milliseconds else format_seconds
    return write(answer.current_time)
