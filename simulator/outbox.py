"""Calls that wait for their turn: one is open at a time, transaction messages survive.

Transaction messages keep their order, wait while the link is down, and are repeated when the
central system fails. Everything else is dropped with the link. Source: OCPP 1.6, 3.7.1 and
4.8; OCPP 2.0.1 part 2, E04, E13.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from csms.ocppj.frames import CallResult
from csms.ocppj.schemas import request_violation
from simulator.errors import InvalidPayload
from simulator.wire import to_payload

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from csms.ocppj.frames import Payload
    from csms.ocppj.peer import AnswerReceived, Peer

_ATTEMPTS = 3
_RETRY_S = 10.0


def _ignore_result(_payload: Payload, _now: float) -> None:
    """Most answers carry nothing."""


def _ignore_failure(_now: float) -> None:
    """Most losses are no matter."""


@dataclass(slots=True)
class Outgoing:
    """A call to make. `build` gives the message when its turn comes, None to drop it then.

    `is_urgent` may go before the station is accepted.
    """

    action: str
    build: Callable[[], object | None]
    is_durable: bool = False
    is_urgent: bool = False
    on_result: Callable[[Payload, float], None] = field(default=_ignore_result)
    on_failure: Callable[[float], None] = field(default=_ignore_failure)
    attempts: int = 0
    number: int = 0

    @classmethod
    def of(cls, action: str, message: object) -> Outgoing:
        """Return a call on request of the central system, which may go before acceptance."""
        return cls(action, lambda: message, is_urgent=True)


class Outbox:
    """The waiting calls of one station. `strict` checks each against its schema."""

    def __init__(self, random: Random, *, timeout_s: float, strict: bool) -> None:
        self._random = random
        self._timeout_s = timeout_s
        self._strict = strict
        self._ordinary: deque[Outgoing] = deque()
        self._durable: deque[Outgoing] = deque()
        self._open: Outgoing | None = None
        self._deadline = math.inf
        self._not_before = -math.inf
        self._numbers = 0
        self.discarded = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits and nothing is open."""
        return self._open is None and not self._ordinary and not self._durable

    @property
    def has_durable(self) -> bool:
        """Whether a transaction message waits or is open."""
        return bool(self._durable) or (self._open is not None and self._open.is_durable)

    def wake_at(self, *, is_accepted: bool) -> float:
        """Return when something is to be done here without a message coming in."""
        if self._open is not None:
            return self._deadline
        waits = is_accepted and self._durable and self._not_before > -math.inf
        return self._not_before if waits else math.inf

    def add(self, outgoing: Outgoing) -> None:
        """Put a call at the end of the queue."""
        self._numbers += 1
        outgoing.number = self._numbers
        (self._durable if outgoing.is_durable else self._ordinary).append(outgoing)

    def next_text(self, peer: Peer, now: float, *, is_accepted: bool) -> str | None:
        """Open the next call and return its text; None when none may go now.

        Calls go in order, but others overtake a transaction message that waits to be repeated.
        Raises: InvalidPayload.
        """
        while (
            peer.open_call is None
            and (outgoing := self._take(now, is_accepted=is_accepted)) is not None
        ):
            message = outgoing.build()
            if message is None:
                self.discarded += 1
                continue
            return self._sent(peer, outgoing, to_payload(message), now)
        return None

    def answered(self, received: AnswerReceived, now: float) -> None:
        """Close the open call with its answer; a failed transaction message is tried again."""
        outgoing = self._close()
        if outgoing is None:
            return
        if isinstance(received.answer, CallResult) and received.violation is None:
            self._not_before = -math.inf
            outgoing.on_result(received.answer.payload, now)
        else:
            self._failed(outgoing, now)

    def expire(self, peer: Peer, now: float) -> bool:
        """Give the open call up if it has waited too long, and return whether it has."""
        if now < self._deadline:
            return False
        peer.abandon()
        outgoing = self._close()
        if outgoing is not None:
            self._failed(outgoing, now)
        return True

    def link_lost(self, now: float) -> None:
        """Keep transaction messages for the next connection, drop the rest."""
        outgoing = self._close()
        lost = [*([outgoing] if outgoing else []), *self._ordinary]
        self._ordinary.clear()
        self._not_before = -math.inf
        for each in reversed(lost):
            if each.is_durable:
                self._durable.appendleft(each)
        for each in lost:
            if not each.is_durable:
                each.on_failure(now)

    def _take(self, now: float, *, is_accepted: bool) -> Outgoing | None:
        if not is_accepted:
            return self._take_urgent()
        may_durable = bool(self._durable) and now >= self._not_before
        if self._ordinary and not (
            may_durable and self._durable[0].number < self._ordinary[0].number
        ):
            return self._ordinary.popleft()
        return self._durable.popleft() if may_durable else None

    def _take_urgent(self) -> Outgoing | None:
        urgent = next((each for each in self._ordinary if each.is_urgent), None)
        if urgent is not None:
            self._ordinary.remove(urgent)
        return urgent

    def _sent(self, peer: Peer, outgoing: Outgoing, payload: Payload, now: float) -> str:
        if self._strict:
            violation = request_violation(peer.version, outgoing.action, payload)
            if violation is not None:
                raise InvalidPayload(f"{outgoing.action}: {violation.message}")
        text = peer.call(f"{self._random.getrandbits(128):032x}", outgoing.action, payload)
        self._open = outgoing
        self._deadline = now + self._timeout_s
        return text

    def _close(self) -> Outgoing | None:
        outgoing, self._open, self._deadline = self._open, None, math.inf
        return outgoing

    def _failed(self, outgoing: Outgoing, now: float) -> None:
        outgoing.attempts += 1
        if not outgoing.is_durable:
            outgoing.on_failure(now)
        elif outgoing.attempts < _ATTEMPTS:
            self._durable.appendleft(outgoing)
            self._not_before = now + _RETRY_S * outgoing.attempts
        else:
            self.discarded += 1
            self._not_before = -math.inf
            outgoing.on_failure(now)
