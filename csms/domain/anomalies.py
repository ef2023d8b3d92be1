"""What was odd about something received, and what was made of it. PURE.

An anomaly is data, never an exception: the message is kept and answered all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One oddity.

    `kind` is a constant dotted name, such as `schema.violation` or `time.unreadable`; `details`
    hold the raw value and what was assumed instead; small, JSON.
    """

    kind: str
    details: Mapping[str, Any] = field(default_factory=dict)
