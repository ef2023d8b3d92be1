"""Vendors whose own messages are understood, and what they are answered. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class VendorAnswer:
    """Accepted or Rejected, with data of any JSON; None: no data."""

    status: str = "Accepted"
    data: Any = None


@dataclass(frozen=True, slots=True)
class Vendor:
    """What becomes of a vendor's messages.

    With `url` each is posted there, and the answer comes from there; else it is that of its
    message ID, or `answer`. Where `messages` are given, no others are known.
    """

    id: str
    answer: VendorAnswer = VendorAnswer()
    messages: Mapping[str, VendorAnswer] = field(default_factory=dict)
    url: str | None = None
    timeout_s: float = 5.0

    @property
    def key(self) -> str:
        """What it is found by: identifiers know no case. Source: OCPP, CiString."""
        return self.id.casefold()

    def knows(self, message_id: str | None) -> bool:
        """Tells whether a message is one of those that are known."""
        return not self.messages or message_id in self.messages
