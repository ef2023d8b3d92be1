"""A call that waits for its turn, and what is done when it is answered or lost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from csms.ocppj.frames import Payload
    from simulator.faults.bending import Bend


def _ignore_result(_payload: Payload, _now: float) -> None:
    """Most answers carry nothing."""


def _ignore_failure(_now: float) -> None:
    """Most losses are no matter."""


@dataclass(slots=True, eq=False)
class Outgoing:
    """A call to make. `build` gives the message when its turn comes, None to drop it then.

    `is_urgent` may go before the station is accepted. `transaction` is the station's own ID of
    the one that it belongs to. What follows `created_s` is the outbox's; `bends` are the faults
    that change it, and `repeats_for_ever` is their word that it is never given up. `draft` gives
    the message for writing it down where `build` cannot yet.
    """

    action: str
    build: Callable[[], object | None]
    is_durable: bool = False
    is_urgent: bool = False
    on_result: Callable[[Payload, float], None] = field(default=_ignore_result)
    on_failure: Callable[[float], None] = field(default=_ignore_failure)
    transaction: str | None = None
    created_s: float = 0.0
    due_s: float = 0.0
    attempts: int = 0
    number: int = 0
    not_before: float = -math.inf
    sent_s: float = -math.inf
    was_cut: bool = False
    message_id: str | None = None
    payload: Payload | None = None
    bends: tuple[Bend, ...] = ()
    repeats_for_ever: bool = False
    draft: Callable[[], object] | None = None

    @classmethod
    def of(cls, action: str, message: object) -> Outgoing:
        """Return a call on request of the central system, which may go before acceptance."""
        return cls(action, lambda: message, is_urgent=True)

    def again(self) -> Outgoing:
        """Return a fresh call that says the same once more."""
        return replace(
            self,
            attempts=0,
            not_before=-math.inf,
            was_cut=False,
            message_id=None,
            payload=None,
        )
