"""A few at a time: what happens to thousands at once is done in many rounds of the loop.

Between two rounds the loop serves everybody else, so that nobody waits for all of it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_IN_A_ROUND = 8


class Pace:
    """Lets `most` through in each round of the loop, in the order of their coming."""

    __slots__ = ("_is_running", "_left", "_most", "_waiting")

    def __init__(self, most: int = _IN_A_ROUND) -> None:
        self._most = self._left = most
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_running = False

    async def turn(self) -> None:
        """Returns when it is the caller's turn: at once, unless many came before in this round."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.later(lambda: None if mine.done() else mine.set_result(None))
        if not mine.done():
            await mine

    def later(self, call: Callable[[], None]) -> None:
        """Calls it at its turn."""
        if not self._is_running:
            self._is_running = True
            loop = asyncio.get_running_loop()
            loop.call_soon(self._begin_round, loop)
        if self._left and not self._waiting:
            self._left -= 1
            call()
        else:
            self._waiting.append(call)

    def _begin_round(self, loop: asyncio.AbstractEventLoop) -> None:
        self._left = self._most
        while self._left and self._waiting:
            self._left -= 1
            self._waiting.popleft()()
        self._is_running = bool(self._waiting) or self._left < self._most
        if self._is_running:
            loop.call_soon(self._begin_round, loop)
