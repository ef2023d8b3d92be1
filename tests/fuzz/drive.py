"""One text against the whole way in: peer, translator, engine; what must never happen, checked.

The engine runs over the store in memory, for every text that is a call it handles, so that a fault
in a handler is found as well. A call of ours is open now and then, and must stay untouched by all
that is no answer to it.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from csms.domain.facts import Registration
from csms.engine.engine import Engine
from csms.engine.policy import Policy
from csms.link.texts import storable
from csms.ocpp.effects import effect_of, effect_of_error
from csms.ocpp.operations import asked_for
from csms.ocpp.routes import ROUTES
from csms.ocpp.unreadable import Unreadable
from csms.ocppj.codes import ERROR_CODES
from csms.ocppj.frames import Call, CallError
from csms.ocppj.peer import AnswerReceived, CallReceived, Ignored, Peer, ReplyDue
from csms.ocppj.schemas import response_violation
from csms.ocppj.version import CSMS_ACTIONS, Role, Version
from csms.store.memory import MemoryStore
from csms.store.numbers import BlockNumbers
from tests.messages import a_payload

if TYPE_CHECKING:
    from random import Random

    from csms.engine.state import StationState

_LONGEST_ANSWER = 2000
_LONGEST_DESCRIPTION = 255
_RENEWED_EVERY = 2000
_BEGINNING = datetime(2026, 11, 21, 8, tzinfo=UTC)


class Escape(Exception):  # noqa: N818 - what the fuzzer looks for
    """A text that did what none may do."""


class Driver:
    """One version's way in, with a station that is never tired."""

    def __init__(self, version: Version, random: Random) -> None:
        self.version, self.random = version, random
        self.peer = Peer(version, Role.CSMS, supported=frozenset(ROUTES[version]))
        self.now, self.handled, self.answered = _BEGINNING, 0, 0
        self.engine: Engine
        self.station: StationState
        self._renew()

    async def take(self, text: str) -> None:
        """Takes a text as a connection would.

        Raises: Escape, or whatever else is wrong.
        """
        self.now += timedelta(seconds=1)
        before = self._maybe_open()
        strays = self.peer.strays
        received = self.peer.receive(text)
        match received:
            case CallReceived():
                self._untouched(before)
                await self._handle(storable(received, text))
            case ReplyDue():
                self._untouched(before)
                _proper_error(self.version, received.text)
            case AnswerReceived():
                if before is None or received.call is not before or self.peer.open_call is not None:
                    raise Escape("an answer closed what it is no answer to")
                self._take_answer(received)
            case Ignored():
                self._untouched(before)
            case _:
                raise Escape(f"no decision but {received!r}")
        if self.peer.strays - strays > 1:
            raise Escape("one text counted as several")

    def _maybe_open(self) -> Call | None:
        if self.peer.open_call is None and self.random.random() < 0.5:
            action = self.random.choice(sorted(CSMS_ACTIONS[self.version]))
            payload = a_payload(self.random, self.version, action)
            self.peer.call("open", action, payload)
        return self.peer.open_call

    def _untouched(self, before: Call | None) -> None:
        if self.peer.open_call is not before:
            raise Escape("the open call was touched")

    def _take_answer(self, received: AnswerReceived) -> None:
        self.answered += 1
        call, answer = received.call, received.answer
        asked_for(self.version, call.action, call.payload)
        if isinstance(answer, CallError):
            effect = effect_of_error(self.version, call.action, call.payload, answer)
        else:
            effect = effect_of(self.version, call.action, call.payload, answer.payload)
        if effect is not None and received.violation is None:
            self.engine.agreed(self.station, effect, self.now)

    async def _handle(self, received: CallReceived) -> None:
        call, violation = received.call, received.violation
        route = ROUTES[self.version][call.action]
        if violation is not None:
            text = self.peer.error(call, violation.code, violation.message)
            _proper_error(self.version, text)
            if not route.keeps:
                return
        try:
            fact = route.decode(call.payload, self.now)
        except Unreadable:
            return
        outcome = await self.engine.handle(self.station, fact, self.now, call.message_id)
        await self.engine.store.submit(outcome.writes)
        self.handled += 1
        if outcome.answer is not None:
            self._proper_answer(call, route.encode(outcome.answer))
        if self.handled % _RENEWED_EVERY == 0:
            self._renew()

    def _proper_answer(self, call: Call, payload: dict[str, Any]) -> None:
        violation = response_violation(self.version, call.action, payload)
        if violation is not None:
            raise Escape(f"our answer to {call.action}: {violation.message}")
        self.peer.result(call, payload)

    def _renew(self) -> None:
        """Begins with an empty store: that of a fuzzed station grows without an end."""
        store = MemoryStore()
        policy = Policy(accept_unknown_tokens=True)
        self.engine = Engine(store, BlockNumbers(store), policy, lambda _: "hash")
        self.station = self.engine.enroll("CP1", self.now)
        self.station.record.registration = Registration.ACCEPTED
        self.station.record.booted_at = self.now


def _proper_error(version: Version, text: str) -> None:
    if len(text.encode()) > _LONGEST_ANSWER:
        raise Escape("an error of more than 2 kB")
    match json.loads(text):
        case [4, str(), str() as code, str() as description, {}] if (
            code in ERROR_CODES[version] and len(description) <= _LONGEST_DESCRIPTION
        ):
            return
    raise Escape(f"no proper error: {text[:200]}")


async def within(driver: Driver, text: str, seconds: float) -> None:
    """Takes a text, and gives up on one that takes too long."""
    async with asyncio.timeout(seconds):
        await driver.take(text)
