"""What a station says of the messages on its display, and of a customer. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class DisplayMessagesReported:
    """Messages that a station shows, or a part of them. Source: 2.0.1 NotifyDisplayMessages.

    Each message has the members of `csms.domain.operations.display.SetDisplayMessage`.
    """

    request_id: int
    messages: tuple[Mapping[str, Any], ...]
    is_partial: bool = False
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomerReported:
    """A part of what a station holds of a customer. Source: 2.0.1 NotifyCustomerInformation."""

    request_id: int
    sequence: int
    text: str
    is_partial: bool = False
    payload: Mapping[str, Any] = field(default_factory=dict)
