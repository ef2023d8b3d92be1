"""Our calls on one connection: one is open at a time, a bounded number waits behind it.

What bounds a session goes before what an operator asks, and that before our own questions; each
waits no longer than its time. When the connection ends, or a newer one takes its place, all fail at
once: nobody waits for an answer that can no longer come. A question is given up soon when something
waits behind it: some stations never answer one, and no limit may be late for that.
"""

from __future__ import annotations

import asyncio
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from websockets.exceptions import ConnectionClosed

from csms.engine.conduct import Conduct
from csms.errors import NoAnswer, StationBusy, StationOffline
from csms.link.identifiers import new_message_id
from csms.ocppj.frames import CallError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from csms.ocppj.frames import CallResult, Payload
    from csms.ocppj.peer import Peer

    Answer = CallResult | CallError

_T = TypeVar("_T")
_MOST = 32
_QUESTION_S = 2.0
_UNKNOWN = frozenset({"NotImplemented", "NotSupported"})


class Urgency(IntEnum):
    """What goes first, of all that waits for one station."""

    LIMIT = 0
    OPERATOR = 1
    QUESTION = 2


class Calls:
    """The calls to one station on one connection; `send` writes a text to it."""

    __slots__ = (
        "_answer",
        "_conduct",
        "_count",
        "_is_taken",
        "_line",
        "_over",
        "_peer",
        "_pressing",
        "_question_since",
        "_send",
        "_station_id",
        "_taken",
        "_under_way",
        "_watching",
        "untaken",
    )

    def __init__(
        self,
        station_id: str,
        peer: Peer,
        send: Callable[[str], Coroutine[Any, Any, None]],
        conduct: Conduct | None = None,
    ) -> None:
        self._station_id, self._peer, self._send = station_id, peer, send
        self._conduct = conduct or Conduct()
        self._line: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._count = count()
        self._is_taken = False
        self._answer: asyncio.Future[Answer] | None = None
        self._taken: asyncio.Future[None] | None = None
        self.untaken: list[asyncio.Future[None]] = []
        self._over: str | None = None
        self._watching: list[asyncio.Future[None]] = []
        self._under_way = 0
        self._pressing = 0
        self._question_since: float | None = None

    async def call(
        self,
        action: str,
        payload: Payload,
        timeout_s: float,
        message_id: str | None = None,
        *,
        urgency: Urgency = Urgency.OPERATOR,
        taken: asyncio.Future[None] | None = None,
    ) -> Answer:
        """Sends a call when it is its turn, and returns the station's answer.

        Once that has come, what the station says next waits for `taken` (`in_order`).
        A question that has no answer after two seconds gives way to whatever else waits.

        Raises:
            NoAnswer: if there is none within `timeout_s`, waiting for earlier calls included.
            StationBusy: if too many wait already that are as urgent, or come later and are more so.
            StationOffline: if the connection ends first.
        """
        if self._under_way >= _MOST and not self._make_room(urgency):
            raise StationBusy(self._too_many())
        is_question = urgency is Urgency.QUESTION
        self._under_way += 1
        self._pressing += not is_question
        self._press()
        has_left = False
        try:
            async with asyncio.timeout(timeout_s):
                await self._take_turn(urgency)
                has_left = True
                try:
                    self._question_since = self._now() if is_question else None
                    self._taken = taken
                    return await self._call_now(message_id or new_message_id(), action, payload)
                finally:
                    self._question_since = None
                    self._pass_on()
        except TimeoutError:
            if has_left:
                self._conduct.unanswered()
            raise NoAnswer(f"{self._station_id} did not answer within {timeout_s:g} s") from None
        finally:
            self._under_way -= 1
            self._pressing -= not is_question

    async def _take_turn(self, urgency: Urgency) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._line, (urgency, next(self._count), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()  # it was our turn just now
            raise

    def _pass_on(self) -> None:
        while self._line:
            _, _, turn = heappop(self._line)
            if not turn.done():
                turn.set_result(None)
                return
        self._is_taken = False

    def _make_room(self, urgency: Urgency) -> bool:
        """Sends the last of those away that are least urgent, if that is less than this one is."""
        waiting = [each for each in self._line if not each[2].done()]
        last = max(waiting, default=None)
        if last is None or last[0] <= urgency:
            return False
        last[2].set_exception(StationBusy(self._too_many()))
        return True

    def _too_many(self) -> str:
        return f"{_MOST} calls wait for {self._station_id} already"

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _press(self) -> None:
        """Has an open question given up in time, if something else waits behind it."""
        answer, since = self._answer, self._question_since
        if not self._pressing or answer is None or since is None:
            return
        asyncio.get_running_loop().call_at(since + _QUESTION_S, self._give_up, answer)

    def _give_up(self, answer: asyncio.Future[Answer]) -> None:
        if self._pressing and not answer.done():
            why = f"{self._station_id} did not answer while something else waited"
            answer.set_exception(NoAnswer(why))

    def answered(self, answer: Answer) -> None:
        """Takes the station's answer to the open call."""
        if self._answer is not None and not self._answer.done():
            if self._taken is not None:
                self.untaken[:] = [each for each in self.untaken if not each.done()]
                self.untaken.append(self._taken)
            self._answer.set_result(answer)

    async def unless_over(self, result: asyncio.Future[_T]) -> _T:
        """Returns what comes of work that goes on beside.

        Raises:
            StationOffline: as soon as the connection ends, whatever that work still waits for.
        """
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watching.append(over)
        try:
            if self._over is None:
                either: set[asyncio.Future[Any]] = {result, over}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if result.done():
                return result.result()
            raise StationOffline(self._why(), may_have_left=True)
        finally:
            self._watching.remove(over)

    def end(self, why: str) -> None:
        """Fails the open call and all that wait; the first reason stands."""
        self._over = self._over or why
        for over in self._watching:
            if not over.done():
                over.set_result(None)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(StationOffline(self._over, may_have_left=True))

    async def _call_now(self, message_id: str, action: str, payload: Payload) -> Answer:
        if self._over is not None:
            raise StationOffline(self._over)
        text = self._peer.call(message_id, action, payload)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answer, left_at = answer, self._now()
        self._press()
        sending = asyncio.ensure_future(self._send(text))
        sending.add_done_callback(_look_at)
        try:
            # The connection may be given up while the station does not read.
            either: set[asyncio.Future[Any]] = {sending, answer}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            return self._counted(await answer, self._now() - left_at)
        except ConnectionClosed:
            raise StationOffline(self._why(), may_have_left=True) from None
        finally:
            sending.cancel()
            self._answer = None
            self._peer.abandon()
            _look_at(answer)

    def _counted(self, answer: Answer, took_s: float) -> Answer:
        is_error = isinstance(answer, CallError) and answer.error_code not in _UNKNOWN
        self._conduct.answered(took_s, is_error=is_error)
        return answer

    def _why(self) -> str:
        return self._over or f"{self._station_id} has disconnected"


def _look_at(future: asyncio.Future[Any]) -> None:
    """Keeps asyncio from complaining about an error that nobody waits for any more."""
    if future.done() and not future.cancelled():
        future.exception()
