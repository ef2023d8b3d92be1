"""Calls that wait for their turn: one is open at a time, transaction messages survive.

Transaction messages keep their order, wait while the link is down, and are repeated when the
central system fails, as the station's retry dialect has it. Everything else is dropped with the
link. Source: OCPP 1.6, 3.7.1 and 4.8; OCPP 2.0.1 part 2, E04, E13.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from csms.ocppj.frames import CallResult
from csms.ocppj.schemas import request_violation
from simulator.errors import InvalidPayload
from simulator.station.deliveries import Delivery, Outcome, Reason
from simulator.station.message_ids import MessageIdSource
from simulator.station.outgoing import Outgoing
from simulator.station.overflow import spill
from simulator.station.retries import RETRIES, Anchor, RetryDialect
from simulator.wire import to_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from csms.ocppj.frames import Payload
    from csms.ocppj.peer import AnswerReceived, Peer
    from simulator.faults.bending import Bending

__all__ = ["Outbox", "Outgoing"]

_METER_VALUES: Final = "MeterValues"
_MOST_DROPPED: Final = 64
_TRANSACTION_EVENT: Final = "TransactionEvent"


class Outbox:
    """The waiting calls of one station. `strict` checks each against its schema.

    `attempts` and `interval_s` begin as the dialect has them and may be set. `discarded` counts
    what the station threw away, `discarded_for` says why; `tell` is told of every
    step, without `tells_steps` only of what is thrown away.
    """

    def __init__(
        self,
        random: Random,
        *,
        timeout_s: float,
        strict: bool,
        retries: RetryDialect = RETRIES["default"],
        tell: Callable[[Delivery], None] | None = None,
        bend: Callable[[Outgoing, Payload, float], Bending] | None = None,
    ) -> None:
        self.attempts = retries.attempts
        self.interval_s = retries.interval_s
        self.discarded = 0
        self.discarded_for: Counter[Reason] = Counter()
        self._retries = retries
        self._ids = MessageIdSource(retries.ids, random)
        self._timeout_s = timeout_s
        self._strict = strict
        self._tell = tell
        self.tells_steps = True
        self._bend = bend
        self._behind: list[str] = []
        self._ordinary: deque[Outgoing] = deque()
        self._durable: deque[Outgoing] = deque()
        self._open: Outgoing | None = None
        self._deadline = math.inf
        self._is_cut = False
        self._numbers = 0
        self._now = 0.0
        self._dropped: deque[str] = deque(maxlen=_MOST_DROPPED)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits and nothing is open."""
        return self._open is None and not self._ordinary and not self._durable

    @property
    def has_open(self) -> bool:
        """Whether a call waits for its answer."""
        return self._open is not None

    @property
    def has_durable(self) -> bool:
        """Whether a transaction message waits or is open."""
        waiting = (*self._durable, *([] if self._open is None else [self._open]))
        return any(each.is_durable and each.transaction is not None for each in waiting)

    def holds(self, transaction: str) -> bool:
        """Whether a message of a transaction, by the station's own ID, waits or is open."""
        open_ = self._open
        return any(each.transaction == transaction for each in self._durable) or (
            open_ is not None and open_.transaction == transaction
        )

    def waiting(self) -> list[Outgoing]:
        """Return the transaction messages that have no answer yet, in the order of their making."""
        open_ = self._open
        first = [open_] if open_ is not None and open_.is_durable else []
        return sorted([*first, *self._durable], key=lambda each: each.number)

    @property
    def deadline(self) -> float:
        """When the open call is given up; also without a link. Infinity with none."""
        return self._deadline

    def wake_at(self, *, is_accepted: bool) -> float:
        """Return when something is to be done here without a message coming in."""
        if self._open is not None:
            return self._deadline
        if not is_accepted:
            return math.inf
        if not self._durable:
            return math.inf
        waiting = (each.not_before for each in self._candidates())
        return min((at for at in waiting if at > -math.inf), default=math.inf)

    def add(self, outgoing: Outgoing, now: float | None = None) -> None:
        """Put a call at the end of the queue; without `now` it was made when last heard of."""
        self._numbers += 1
        outgoing.number = self._numbers
        outgoing.created_s = outgoing.due_s = self._now if now is None else now
        if outgoing.transaction is not None and outgoing.transaction in self._dropped:
            self._discard(outgoing, outgoing.created_s, Reason.SESSION_DROPPED)
            return
        if not outgoing.is_durable:
            self._ordinary.append(outgoing)
            return
        self._durable.append(outgoing)
        for lost in spill(self._durable, self._retries.queue_limit, self._retries.overflow):
            self._discard(lost, outgoing.created_s, Reason.QUEUE_FULL)

    def next_text(self, peer: Peer, now: float, *, is_accepted: bool) -> str | None:
        """Open the next call and return its text; None when none may go now.

        Calls go in order, but others overtake a transaction message that waits to be repeated.
        Raises: InvalidPayload.
        """
        self._now = now
        if self._open is not None or peer.open_call is not None or self.is_empty:
            return None
        while (outgoing := self._take(now, is_accepted=is_accepted)) is not None:
            payload = self._payload(outgoing)
            if payload is None:
                self._discard(outgoing, now, Reason.NO_TRANSACTION_ID)
                continue
            text = self._sent(peer, outgoing, payload, now)
            if text is not None:
                return text
        return None

    def take_behind(self) -> list[str]:
        """Return what faults send right behind the last call, which waits for no answer."""
        if not self._behind:
            return []
        behind, self._behind = self._behind, []
        return behind

    def answered(self, received: AnswerReceived, now: float) -> None:
        """Close the open call with its answer; a failed transaction message is tried again."""
        self._now = now
        outgoing = self._close()
        if outgoing is None:
            return
        answer = received.answer
        if not isinstance(answer, CallResult):
            self._failed(outgoing, now, Reason.CALL_ERROR)
        elif received.violation is not None:
            self._failed(outgoing, now, Reason.INVALID_ANSWER)
        else:
            if self.tells_steps:
                self._report(Outcome.ANSWERED, outgoing, now, payload=answer.payload)
            outgoing.on_result(answer.payload, now)

    def expire(self, peer: Peer | None, now: float) -> bool:
        """Give the open call up if it has waited too long, and return whether it has."""
        self._now = max(self._now, now)
        if now < self._deadline:
            return False
        if peer is not None:
            peer.abandon()
        outgoing = self._close()
        if outgoing is not None:
            self._failed(outgoing, now, Reason.NO_ANSWER)
        return True

    def link_lost(self, now: float) -> None:
        """Keep transaction messages for the next connection, drop the rest."""
        self._now = now
        lost = list(self._ordinary)
        self._ordinary.clear()
        cut = self._open
        if cut is not None:
            cut.was_cut = True
            self._report(Outcome.FAILED, cut, now, reason=Reason.LINK_LOST)
            if not (cut.is_durable and self._retries.keeps_in_flight):
                cut.attempts -= 1
                lost.insert(0, cut)
                self._close()
            else:
                self._is_cut = True
        if not self._retries.keeps_in_flight:
            _let_go(self._durable)
        for each in reversed(lost):
            if each.is_durable:
                self._durable.appendleft(each)
        for each in lost:
            if not each.is_durable:
                each.on_failure(now)

    def rebooted(self) -> None:
        """Begin message IDs anew where the firmware does; what waits is kept, timers are not."""
        self._ids.restart()
        if self._is_cut and (outgoing := self._close()) is not None:
            outgoing.attempts = 0
            self._durable.appendleft(outgoing)

    def power_lost(self, now: float, *, is_queue_lost: bool) -> None:
        """Keep what is written down, which are the transaction messages or nothing."""
        self.rebooted()
        if is_queue_lost:
            for each in self._durable:
                self._discard(each, now, Reason.POWER_LOST)
            self._durable.clear()

    def shuffle(self, random: Random) -> None:
        """Bring the queue out of order: the latest transaction first, each after its start."""
        groups: dict[str | None, list[Outgoing]] = {}
        for each in self._durable:
            groups.setdefault(each.transaction, []).append(each)
        self._durable.clear()
        for first, *rest in reversed(groups.values()):
            random.shuffle(rest)
            self._durable.extend((first, *rest))

    def _candidates(self) -> Iterable[Outgoing]:
        """Return the transaction messages of which one may be next."""
        if not self._retries.keeps_order:
            return self._durable
        return (self._durable[0],) if self._durable else ()

    def _take(self, now: float, *, is_accepted: bool) -> Outgoing | None:
        if not is_accepted:
            return self._take_urgent()
        durable = next((each for each in self._candidates() if now >= each.not_before), None)
        if self._ordinary and (durable is None or durable.number > self._ordinary[0].number):
            return self._ordinary.popleft()
        if durable is not None:
            self._durable.remove(durable)
        return durable

    def _take_urgent(self) -> Outgoing | None:
        urgent = next((each for each in self._ordinary if each.is_urgent), None)
        if urgent is not None:
            self._ordinary.remove(urgent)
        return urgent

    def _payload(self, outgoing: Outgoing) -> Payload | None:
        """Return what is to be sent: the same again, or as it is known by now."""
        if self._retries.is_same_call and outgoing.payload is not None:
            return outgoing.payload
        message = outgoing.build()
        if message is None:
            return None
        payload = to_payload(message)
        if (
            outgoing.was_cut
            and self._retries.marks_resent_offline
            and outgoing.action == _TRANSACTION_EVENT
        ):
            return {**payload, "offline": True}
        return payload

    def _sent(self, peer: Peer, outgoing: Outgoing, payload: Payload, now: float) -> str | None:
        if outgoing.message_id is None or not self._retries.is_same_call:
            outgoing.message_id = self._ids.next()
        outgoing.payload = payload
        outgoing.attempts += 1
        outgoing.sent_s = now
        if outgoing.bends and self._bend is not None:
            return self._sent_bent(peer, outgoing, self._bend(outgoing, payload, now), now)
        if self._strict:
            violation = request_violation(peer.version, outgoing.action, payload)
            if violation is not None:
                raise InvalidPayload(f"{outgoing.action}: {violation.message}")
        text = peer.call(outgoing.message_id, outgoing.action, payload)
        self._opened(outgoing, payload, now)
        return text

    def _sent_bent(self, peer: Peer, outgoing: Outgoing, bent: Bending, now: float) -> str | None:
        """Send what faults made of a call, as often as they say; None is kept back."""
        outgoing.repeats_for_ever = bent.repeats_for_ever
        if bent.copies == 0:
            self._discard(outgoing, now, Reason.KEPT_BACK)
            return None
        outgoing.message_id = bent.message_id
        text = peer.call(bent.message_id, bent.action, bent.payload)
        for change in bent.texts:
            text = change(text)
        self._behind = [*[text] * (bent.copies - 1), *bent.behind]
        self._opened(outgoing, bent.payload, now)
        return text

    def _opened(self, outgoing: Outgoing, payload: Payload, now: float) -> None:
        self._open = outgoing
        self._deadline = now + self._waits_s(outgoing)
        if self.tells_steps:
            self._report(Outcome.SENT, outgoing, now, payload=payload)

    def _waits_s(self, outgoing: Outgoing) -> float:
        if not outgoing.is_durable:
            return self._timeout_s
        return self._retries.waits_s(outgoing.attempts, self.interval_s, self._timeout_s)

    def _close(self) -> Outgoing | None:
        outgoing, self._open, self._deadline = self._open, None, math.inf
        self._is_cut = False
        return outgoing

    def _failed(self, outgoing: Outgoing, now: float, reason: Reason) -> None:
        self._report(Outcome.FAILED, outgoing, now, reason=reason)
        if not outgoing.is_durable:
            outgoing.on_failure(now)
        elif reason is Reason.NO_ANSWER and not self._retries.silence_counts:
            outgoing.attempts -= 1
            self._durable.appendleft(outgoing)
        elif outgoing.attempts < self.attempts or outgoing.repeats_for_ever:
            outgoing.not_before = self._again_at(outgoing, now)
            self._durable.appendleft(outgoing)
        else:
            self._give_up(outgoing, now, reason)

    def _again_at(self, outgoing: Outgoing, now: float) -> float:
        pause_s = self.interval_s * outgoing.attempts
        match self._retries.anchor:
            case Anchor.FAILURE:
                return now + pause_s
            case Anchor.ATTEMPT:
                return outgoing.sent_s + pause_s
            case Anchor.CREATION:
                # The time for which a message is due moves on from its own, not from now: one
                # that is old already is due again at once.
                outgoing.due_s += pause_s
                return outgoing.due_s

    def _give_up(self, outgoing: Outgoing, now: float, reason: Reason) -> None:
        self._discard(outgoing, now, reason)
        outgoing.on_failure(now)
        transaction = outgoing.transaction
        drops = self._retries.drops_session and outgoing.action != _METER_VALUES
        if not drops or transaction is None:
            return
        self._dropped.append(transaction)
        following = [each for each in self._durable if each.transaction == transaction]
        for each in following:
            self._durable.remove(each)
            self._discard(each, now, Reason.SESSION_DROPPED)

    def _discard(self, outgoing: Outgoing, now: float, reason: Reason) -> None:
        self.discarded += 1
        self.discarded_for[reason] += 1
        self._report(Outcome.DISCARDED, outgoing, now, reason=reason)

    def _report(
        self,
        outcome: Outcome,
        outgoing: Outgoing,
        now: float,
        *,
        payload: Payload | None = None,
        reason: Reason | None = None,
    ) -> None:
        if self._tell is None or not (self.tells_steps or outcome is Outcome.DISCARDED):
            return
        self._tell(
            Delivery(
                outcome=outcome,
                action=outgoing.action,
                number=outgoing.number,
                attempt=outgoing.attempts,
                at_s=now,
                message_id=outgoing.message_id,
                transaction=outgoing.transaction,
                is_durable=outgoing.is_durable,
                payload=payload,
                reason=reason,
            )
        )


def _let_go(waiting: Iterable[Outgoing]) -> None:
    """Let what waits for its repetition go as soon as it can."""
    for each in waiting:
        each.not_before = -math.inf
